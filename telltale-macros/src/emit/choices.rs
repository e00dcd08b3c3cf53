//! An enum for each choice, and a struct for each message with named fields.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use telltale_syntax::ast::Derives;
use telltale_syntax::interface::{ChoiceInterface, Interface, LabelInterface, Variant};
use telltale_syntax::{Field, Payload};
use telltale_types::LabelId;

use super::docs;
use super::message::{fields, taken_apart_of};
use super::word::{Word, Words, left};

/// All types that carry payloads.
pub(super) fn emit(interface: &Interface, words: &Words) -> TokenStream {
    let choices = interface.choices.iter().zip(&words.choices);
    let own = choices.filter(|(choice, _)| choice.like.is_none());
    let choices = own.map(|(choice, word)| choice_enum(interface, words, choice, *word));
    let labels = interface.labels.iter().zip(&words.labels);
    let structs = labels.filter(|(label, _)| label.has_struct);
    let structs = structs.map(|(label, word)| payload_struct(label, *word));
    quote!(#(#choices)* #(#structs)*)
}

/// `pub enum Verdict { Accept { address: String }, … }`
fn choice_enum(
    interface: &Interface,
    words: &Words,
    choice: &ChoiceInterface,
    word: Word,
) -> TokenStream {
    let ChoiceInterface { name, method, docs, derives, role, variants, .. } = choice;
    let role = docs::role_name(interface, *role);
    let more = format!("What `{role}` can decide; asked for by `{role}::{method}`.");
    let docs = docs::with(docs, &more);
    let variants = variants.iter().map(|one| variant(interface, words, one));
    // Who renames what the user has written, changes it everywhere. Other names are only made of that.
    let is_named = interface.is_named(choice);
    let name = if is_named { name.clone() } else { word.name(name) };
    let used = word.last(&name);
    let derived = derive(derives);
    let debug = debug(
        derives,
        &used,
        choice
            .variants
            .iter()
            .map(|one| (Some(&one.name), &interface.labels[one.label.index()].payload)),
    );
    let several = several_branches(interface, words, choice, &used);
    let block = word.braces(quote!(#(#variants,)*));
    // Without parameters in angle brackets the compiler proposes to write some behind the user's word.
    let item = quote_spanned!(word.begin=> pub enum #name<> #block);
    quote!(#docs #derived #item #debug #several)
}

/// Where a label begins several branches, no variant has its name. Whoever writes it all the same is told which there
/// are.
fn several_branches(
    interface: &Interface,
    words: &Words,
    choice: &ChoiceInterface,
    name: &Ident,
) -> Option<TokenStream> {
    let mut variants: BTreeMap<LabelId, Vec<&Variant>> = BTreeMap::new();
    for variant in &choice.variants {
        variants.entry(variant.label).or_default().push(variant);
    }
    variants.retain(|_, variants| variants.len() > 1);
    let constants = variants.iter().map(|(label, variants)| {
        let word = words.labels[label.index()];
        let label = word.name(&interface.labels[label.index()].name);
        let names = docs::list(variants.iter().map(|variant| &variant.name));
        let note = format!("`{label}` begins several branches, which are called {names}");
        let (ty, semicolon) = (word.last_word("SeveralBranches"), word.sign(';'));
        quote_spanned! {word.begin=>
            #[doc(hidden)]
            #[deprecated(note = #note)]
            pub const #label: __telltale::#ty = __telltale::SeveralBranches #semicolon
        }
    });
    let constants: Vec<_> = constants.collect();
    (!constants.is_empty()).then(|| {
        quote! {
            #[allow(non_upper_case_globals)]
            impl #name { #(#constants)* }
        }
    })
}

/// `#[derive(…)]`
fn derive(derives: &Derives) -> Option<TokenStream> {
    let paths = &derives.paths;
    (!derives.is_empty()).then(|| quote!(#[::core::prelude::v1::derive(#(#paths),*)]))
}

/// `impl Debug`, unless it is derived: what carries a payload that cannot be printed can be printed all the same.
fn debug<'a>(
    derives: &Derives,
    name: &Ident,
    variants: impl Iterator<Item = (Option<&'a Ident>, &'a Payload)>,
) -> Option<TokenStream> {
    if derives.has("Debug") {
        return None;
    }
    let arms = variants.map(|(variant, payload)| {
        let text = variant.unwrap_or(name).to_string();
        let of = variant.map(|variant| {
            let mut variant = variant.clone();
            variant.set_span(name.span());
            quote!(::#variant)
        });
        let (pattern, _) = taken_apart_of(&left(payload), name.span());
        let names = fields(payload.types().count(), name.span());
        let printed = match payload {
            Payload::Unit => quote!(f.write_str(#text)),
            Payload::Tuple(_) => {
                quote!(f.debug_tuple(#text)#(.field((&__telltale::Printed(#names)).printable()))*.finish())
            }
            Payload::Record(record) => {
                let keys = record.iter().map(|field| field.name.to_string());
                quote! {
                    f.debug_struct(#text)
                        #(.field(#keys, (&__telltale::Printed(#names)).printable()))*
                        .finish()
                }
            }
        };
        quote!(Self #of #pattern => #printed,)
    });
    Some(quote! {
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                use __telltale::{PrintedAsDebug as _, PrintedAsHole as _};
                match self { #(#arms)* }
            }
        }
    })
}

fn variant(interface: &Interface, words: &Words, variant: &Variant) -> TokenStream {
    let Variant { name, receiver, label, docs, others } = variant;
    let (label, word) = (&interface.labels[label.index()], words.labels[label.index()]);
    let receivers: Vec<_> = [receiver].into_iter().chain(others).copied().collect();
    let (text, receivers) = (docs::label(label), docs::roles(interface, &receivers));
    let docs = docs::with(docs, &format!("Sends `{text}` to {receivers}."));
    let name = if *name == label.name { name.clone() } else { word.name(name) };
    match &label.payload {
        Payload::Unit => quote!(#docs #name),
        Payload::Tuple(types) => quote!(#docs #name(#(#types),*)),
        Payload::Record(fields) => {
            let fields = fields.iter().map(|one| field(label, None, one));
            quote!(#docs #name { #(#fields),* })
        }
    }
}

/// `pub struct Accept { pub address: String }`
fn payload_struct(label: &LabelInterface, word: Word) -> TokenStream {
    let LabelInterface { name, payload, docs, derives, .. } = label;
    let debug = debug(derives, &word.last(name), [(None, payload)].into_iter());
    let derived = derive(derives);
    let Payload::Record(fields) = payload else { return TokenStream::new() };
    let docs = docs::with(docs, &format!("What `{name}` carries."));
    let public = quote!(pub);
    let fields = fields.iter().map(|one| field(label, Some(&public), one));
    let block = word.braces(quote!(#(#fields),*));
    let item = quote_spanned!(word.begin=> pub struct #name<> #block);
    quote!(#docs #derived #item #debug)
}

fn field(label: &LabelInterface, public: Option<&TokenStream>, field: &Field) -> TokenStream {
    let Field { name, ty } = field;
    let docs = docs::doc(&format!("`{name}` of `{}`.", label.name));
    quote!(#docs #public #name: #ty)
}
