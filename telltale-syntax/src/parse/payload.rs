//! `(u64, String)` or `{ address: String }`, where `syn` reads the types.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Token, Type};

use super::tokens::{Tokens, check_length};
use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::instead::Instead;
use crate::keyword::to_ident;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::nesting::check_types;
use crate::payload::{Field, Payload};
use crate::span::SpanRange;

/// How deep a type may nest for `syn` to read it, which takes much of the stack for each level when
/// it is not optimised. Deeper ones are passed on as they are, for the compiler to judge.
const SYN_LIMIT: usize = 24;

/// Reads the payload of a label; one that cannot be read counts as none.
pub(super) fn payload(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Payload {
    let payload = if let Some(group) = tokens.group(Delimiter::Parenthesis) {
        list::<TupleField>(&group).map(tuple)
    } else if let Some(group) = tokens.group(Delimiter::Brace) {
        list::<NamedField>(&group).and_then(record)
    } else {
        Ok(Payload::Unit)
    };
    payload.unwrap_or_else(|mistake| {
        mistakes.push(mistake);
        Payload::Unit
    })
}

fn tuple(fields: Vec<TupleField>) -> Payload {
    let types: Vec<Type> = fields.into_iter().map(|field| field.ty).collect();
    if types.is_empty() { Payload::Unit } else { Payload::Tuple(types) }
}

fn record(fields: Vec<NamedField>) -> Result<Payload, Diagnostic> {
    for NamedField { name, .. } in &fields {
        check_length(&name.unraw().to_string(), name)?;
    }
    let field = |NamedField { name, field }: NamedField| Field { name, ty: field.ty };
    let fields: Vec<Field> = fields.into_iter().map(field).collect();
    Ok(if fields.is_empty() { Payload::Unit } else { Payload::Record(fields) })
}

struct TupleField {
    ty: Type,
}

struct NamedField {
    name: Ident,
    field: TupleField,
}

impl Parse for TupleField {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.parse().map(|ty| Self { ty })
    }
}

impl Parse for NamedField {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        Ok(Self { name, field: input.parse()? })
    }
}

/// A field whose type is not looked at.
trait Unread: Parse {
    fn unread(input: ParseStream<'_>) -> syn::Result<Self>;
}

impl Unread for TupleField {
    fn unread(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut tokens = TokenStream::new();
        let mut angles = 0_usize;
        while !input.is_empty() && (angles > 0 || !input.peek(Token![,])) {
            if input.peek(Token![->]) {
                input.parse::<Token![->]>()?.to_tokens(&mut tokens);
                continue;
            }
            let tree: TokenTree = input.parse()?;
            match &tree {
                TokenTree::Punct(punct) if punct.as_char() == '<' => angles += 1,
                TokenTree::Punct(punct) if punct.as_char() == '>' => {
                    angles = angles.saturating_sub(1);
                }
                _ => {}
            }
            tokens.extend([tree]);
        }
        if tokens.is_empty() {
            return Err(input.error("expected a type"));
        }
        Ok(Self { ty: Type::Verbatim(tokens) })
    }
}

impl Unread for NamedField {
    fn unread(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        Ok(Self { name, field: TupleField::unread(input)? })
    }
}

fn list<T: Unread>(group: &Group) -> Result<Vec<T>, Diagnostic> {
    let all = SpanRange::from(group.span_open()).to(group.span_close());
    let depth = check_types(group.stream(), all)?;
    let field = if depth > SYN_LIMIT { T::unread } else { T::parse };
    let fields =
        |input: ParseStream<'_>| Punctuated::<T, Token![,]>::parse_terminated_with(input, field);
    fields
        .parse2(group.stream())
        .map(|list| list.into_iter().collect())
        .map_err(|error| invalid(&error, group))
}

/// A type that could be a payload, as far as tokens that were meant as something else are one.
pub(super) fn read_type(tokens: TokenStream, place: SpanRange) -> Option<Type> {
    let depth = check_types(tokens.clone(), place).ok()?;
    if depth > SYN_LIMIT { None } else { syn::parse2(tokens).ok() }
}

/// `syn`'s sentence, except where it lists everything that a type can begin with.
fn invalid(error: &syn::Error, group: &Group) -> Diagnostic {
    let text = error.to_string();
    let reason = text.strip_prefix("unexpected end of input, ").unwrap_or(&text);
    let reason = if reason.starts_with("expected one of") { "expected a type" } else { reason };
    // What is missing at the end has no token, and `syn` would blame the whole macro.
    let is_at_end = error.span().start() == Span::call_site().start();
    let span = if is_at_end { group.span_close() } else { error.span() };
    let mistake = match reason.strip_prefix("expected identifier, found keyword `") {
        Some(keyword) => keyword_as_field(keyword.trim_end_matches('`')),
        None => Mistake::InvalidType { reason: excerpt(reason) },
    };
    Diagnostic::new(mistake, span)
}

fn keyword_as_field(keyword: &str) -> Mistake {
    let can_be_raw = to_ident(keyword, Span::call_site()).to_string().starts_with("r#");
    let instead =
        if can_be_raw { Instead::Write(format!("r#{keyword}")) } else { Instead::OtherName };
    let found = Some(format!("keyword `{keyword}`"));
    Mistake::Expected { expected: "the name of a field", found, instead: Some(instead) }
}
