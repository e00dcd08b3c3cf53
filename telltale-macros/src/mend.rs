//! What is known of a protocol with mistakes, made fit to be generated.
//!
//! The mistakes have been reported. That two things have one name, or that a payload type is none,
//! must not be reported again by the compiler, so the second name gets an underscore and the type
//! becomes `()`.

use std::collections::BTreeSet;

use proc_macro2::{Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::parse_quote_spanned;
use syn::spanned::Spanned;
use telltale_syntax::interface::{Interface, RESERVED_TYPES};
use telltale_syntax::{Analysis, Diagnostic, Mistake, Payload, Unfit};

/// Mends the interfaces of all protocols.
pub(crate) fn mend(analysis: &mut Analysis) {
    if analysis.diagnostics.is_empty() {
        return;
    }
    let mistakes: Vec<&Mistake> = analysis.diagnostics.iter().map(Diagnostic::mistake).collect();
    let mut modules = Taken::default();
    for protocol in &mut analysis.protocols {
        let interface = &mut protocol.interface;
        modules.take(&mut interface.module);
        part_names(interface);
        interface.labels.iter_mut().for_each(|label| mend_payload(&mut label.payload, &mistakes));
        // Nothing runs, so what a message carries need only be one thing everywhere.
        for role in &mut interface.roles {
            for method in &mut role.receives {
                let label = &interface.labels[method.label.index()];
                let types = label.payload.types().map(ToTokens::to_token_stream);
                let whole = label.payload.as_type();
                let types = whole.map_or_else(|| types.collect(), |whole| vec![whole]);
                let parameters = method.parameters.iter_mut().zip(types);
                parameters.for_each(|(parameter, ty)| parameter.ty = ty);
            }
        }
    }
}

/// The names that are taken.
#[derive(Default)]
struct Taken(BTreeSet<String>);

impl Taken {
    fn new(reserved: &[&str]) -> Self {
        Self(reserved.iter().map(|&name| name.to_owned()).collect())
    }

    /// Takes a name, or changes it until nobody has it.
    fn take(&mut self, name: &mut Ident) {
        while !self.0.insert(name.to_string()) {
            *name = format_ident!("{name}_", span = name.span());
        }
    }
}

fn part_names(interface: &mut Interface) {
    let mut types = Taken::new(&RESERVED_TYPES);
    let mut fields = Taken::default();
    for role in &mut interface.roles {
        types.take(&mut role.name);
        fields.take(&mut role.argument);
    }
    for choice in &mut interface.choices {
        types.take(&mut choice.name);
        let mut variants = Taken::default();
        choice.variants.iter_mut().for_each(|variant| variants.take(&mut variant.name));
    }
    for label in &mut interface.labels {
        if label.has_struct {
            types.take(&mut label.name);
        }
        if let Payload::Record(record) = &mut label.payload {
            let mut fields = Taken::default();
            for field in record {
                fields.take(&mut field.name);
            }
        }
    }
    for role in &mut interface.roles {
        let mut methods = Taken::default();
        role.sends.iter_mut().for_each(|method| methods.take(&mut method.name));
        role.receives.iter_mut().for_each(|method| methods.take(&mut method.name));
        role.choices.iter().for_each(|&at| methods.take(&mut interface.choices[at].method));
        role.sends.iter_mut().filter_map(|one| one.to.as_mut()).for_each(|to| methods.take(to));
        let by_peer = role.receives.iter_mut().filter_map(|one| one.from.as_mut());
        by_peer.for_each(|from| methods.take(from));
    }
}

fn mend_payload(payload: &mut Payload, mistakes: &[&Mistake]) {
    let mend = |ty: &mut syn::Type| {
        let text = Payload::Tuple(vec![ty.clone()]).text();
        let no_type = mistakes.iter().find(|mistake| match mistake {
            Mistake::UnfitPayload { payload, .. } => is_quoted_as(&text, payload),
            Mistake::HiddenPrelude { name, .. } => speaks_of(ty.to_token_stream(), name),
            _ => false,
        });
        if let Some(mistake) = no_type {
            let borrows = matches!(mistake, Mistake::UnfitPayload { unfit: Unfit::Borrowed, .. });
            let owned = borrows.then(|| syn::parse2(without_lifetimes(ty.to_token_stream())).ok());
            *ty = owned.flatten().unwrap_or_else(|| parse_quote_spanned!(ty.span()=> ()));
        }
    };
    match payload {
        Payload::Unit => {}
        Payload::Tuple(types) => types.iter_mut().for_each(mend),
        Payload::Record(fields) => fields.iter_mut().map(|field| &mut field.ty).for_each(mend),
    }
}

/// A type in which everything lives for ever. Where it binds lifetimes itself, it is none.
fn without_lifetimes(tokens: TokenStream) -> TokenStream {
    let forever = || {
        [
            TokenTree::from(Punct::new('\'', Spacing::Joint)),
            Ident::new("static", Span::call_site()).into(),
        ]
    };
    let mut lasting = TokenStream::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), without_lifetimes(group.stream()));
                inside.set_span(group.span());
                lasting.extend([TokenTree::from(inside)]);
            }
            TokenTree::Punct(sign) if sign.as_char() == '\'' => {
                trees.next();
                lasting.extend(forever());
            }
            TokenTree::Punct(sign) if sign.as_char() == '&' => {
                lasting.extend([TokenTree::from(sign)]);
                if !matches!(trees.peek(), Some(TokenTree::Punct(sign)) if sign.as_char() == '\'') {
                    lasting.extend(forever());
                }
            }
            other => lasting.extend([other]),
        }
    }
    lasting
}

/// Whether a mistake repeats a text like this: only the beginning of a long one.
fn is_quoted_as(text: &str, quoted: &str) -> bool {
    let beginning = quoted.strip_suffix('…');
    beginning.map_or(text == quoted, |beginning| text.starts_with(beginning))
}

fn speaks_of(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Group(group) => speaks_of(group.stream(), name),
        TokenTree::Ident(word) => word == name,
        _ => false,
    })
}
