//! Documentation of what is generated: what the user wrote, and what the protocol says.

use std::fmt::Display;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use telltale_syntax::interface::{Interface, LabelInterface, RoleInterface};
use telltale_syntax::{Analysed, ast::Docs};
use telltale_types::{LabelId, LabelView, RoleId};

use super::span;

/// The user's documentation of the protocol, its text, and its roles.
pub(super) fn module(protocol: &Analysed) -> TokenStream {
    let row = |role: &RoleInterface| {
        let summary = role.docs.lines.first().map_or("", |line| line.trim());
        format!("| [`{0}`](trait@{0}) | {summary} |", role.name)
    };
    let rows: Vec<_> = protocol.interface.roles.iter().map(row).collect();
    let rows = rows.join("\n");
    let text = format!("```text\n{}\n```\n\n| role | |\n|---|---|\n{rows}", protocol.text);
    let docs = &protocol.attributes.docs;
    if docs.is_empty() {
        return doc(&format!("The protocol `{}`.\n\n{text}", protocol.name));
    }
    with(protocol.name.span(), docs, &text)
}

/// Documentation of what is made of a word, with the space in front of each line that `///` has.
pub(super) fn of(word: Span, text: &str) -> TokenStream {
    span::moved(word, doc(text))
}

/// Documentation of what belongs to the whole protocol.
fn doc(text: &str) -> TokenStream {
    let text: Vec<_> = text.lines().map(|line| format!(" {line}")).collect();
    let text = text.join("\n");
    quote!(#[doc = #text])
}

/// What the user wrote, and behind it what there is to know of what is made of a word.
pub(super) fn with(word: Span, docs: &Docs, more: &str) -> TokenStream {
    let more = of(word, more);
    if docs.is_empty() {
        return more;
    }
    let user = &docs.tokens;
    quote_spanned!(span::at(word)=> #user #[doc = ""] #more)
}

/// A label with what it carries: ``Quote(u64)``.
pub(super) fn label(label: &LabelInterface) -> String {
    let name = label.name.to_string();
    LabelView { name: &name, payload: &label.text }.to_string()
}

/// What a label carries, and the methods that give and take it.
pub(super) fn methods(interface: &Interface, id: LabelId) -> String {
    let methods = interface.roles.iter().flat_map(|role| {
        let sends = role.sends.iter().map(|method| (method.label, &method.name));
        let receives = role.receives.iter().map(|method| (method.label, &method.name));
        let methods = sends.chain(receives).filter(|(label, _)| *label == id);
        methods.map(|(_, name)| format!("{}::{name}", role.name))
    });
    format!("`{}`: {}.", label(&interface.labels[id.index()]), list(methods))
}

/// `` `Alice`, `Bob` ``
pub(super) fn roles(interface: &Interface, roles: &[RoleId]) -> String {
    list(roles.iter().map(|role| role_name(interface, *role)))
}

/// The name of a role.
pub(super) fn role_name(interface: &Interface, role: RoleId) -> &Ident {
    &interface.roles[role.index()].name
}

/// Names in backticks, with commas.
pub(super) fn list(names: impl Iterator<Item = impl Display>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
