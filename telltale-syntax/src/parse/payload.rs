//! `(u64, String)` or `{ address: String }`, where `syn` reads the types.

use proc_macro2::{Delimiter, Group, Span};
use syn::parse::{Parse, Parser};
use syn::punctuated::Punctuated;
use syn::{Token, Type};

use super::Mistakes;
use super::tokens::Tokens;
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::nesting::check_types;
use crate::payload::{Field, Payload};
use crate::span::SpanRange;

/// Reads the payload of a label; one that cannot be read counts as none.
pub(super) fn payload(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Payload {
    let payload = if let Some(group) = tokens.group(Delimiter::Parenthesis) {
        list::<Type>(&group).map(tuple)
    } else if let Some(group) = tokens.group(Delimiter::Brace) {
        list::<NamedField>(&group).map(record)
    } else {
        Ok(Payload::Unit)
    };
    payload.unwrap_or_else(|mistake| {
        mistakes.push(mistake);
        Payload::Unit
    })
}

struct NamedField(Field);

impl Parse for NamedField {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        Ok(Self(Field { name, ty: input.parse()? }))
    }
}

fn tuple(types: Vec<Type>) -> Payload {
    if types.is_empty() { Payload::Unit } else { Payload::Tuple(types) }
}

fn record(fields: Vec<NamedField>) -> Payload {
    if fields.is_empty() {
        Payload::Unit
    } else {
        Payload::Record(fields.into_iter().map(|field| field.0).collect())
    }
}

fn list<T: Parse>(group: &Group) -> Result<Vec<T>, Diagnostic> {
    let all = SpanRange { first: group.span_open(), last: group.span_close() };
    check_types(group.stream(), all)?;
    Punctuated::<T, Token![,]>::parse_terminated
        .parse2(group.stream())
        .map(|list| list.into_iter().collect())
        .map_err(|error| invalid(&error, group))
}

/// `syn`'s sentence, except where it lists everything that a type can begin with.
fn invalid(error: &syn::Error, group: &Group) -> Diagnostic {
    let text = error.to_string();
    let reason = text.strip_prefix("unexpected end of input, ").unwrap_or(&text);
    let reason = if reason.starts_with("expected one of") { "expected a type" } else { reason };
    // What is missing at the end has no token, and `syn` would blame the whole macro.
    let is_at_end = error.span().start() == Span::call_site().start();
    let span = if is_at_end { group.span_close() } else { error.span() };
    Diagnostic::new(Mistake::InvalidType { reason: reason.to_owned() }, span)
}
