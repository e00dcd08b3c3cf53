//! Documentation of what is generated: what the user wrote, and what the protocol says.

use std::fmt::Display;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use telltale_bytecode::CodeImage;
use telltale_syntax::interface::{Interface, LabelInterface};
use telltale_syntax::{Analysed, ast::Docs};
use telltale_types::{LabelView, RoleId};

/// The longest part of a role that is shown, in bytes. A reader follows no longer one.
const PART_LIMIT: usize = 600;

/// The user's documentation of the protocol, its text, and the part of each role.
pub(super) fn module(protocol: &Analysed, image: Option<&CodeImage>) -> TokenStream {
    let roles = 0..protocol.interface.roles.len();
    let roles: String =
        roles.map(|role| part(&protocol.interface, RoleId::at(role), image)).collect();
    let text = format!("```text\n{}\n```\n\n# Roles\n{roles}", protocol.text);
    let docs = &protocol.attributes.docs;
    if docs.is_empty() {
        return doc(&format!("The protocol `{}`.\n\n{text}", protocol.name));
    }
    with(docs, &text)
}

/// What a role is, and what it does: in the notation of the papers, `!` sends and `?` receives.
fn part(interface: &Interface, role: RoleId, image: Option<&CodeImage>) -> String {
    let model = &interface.model(role).name;
    let role = &interface.roles[role.index()];
    let name = &role.name;
    let summary =
        role.docs.lines.first().map_or_else(String::new, |line| format!(": {}", line.trim()));
    let local_type = image.and_then(|image| image.local_types.get(&name.to_string()));
    // Its table is about as long as its text, and printing a long one takes time.
    let short = local_type.filter(|local_type| local_type.packed().len() <= PART_LIMIT);
    let part = short.map(ToString::to_string).filter(|part| part.len() <= PART_LIMIT);
    let part = part.map_or_else(String::new, |part| format!("\n```text\n{part}\n```\n"));
    format!("\n[`{name}`](trait@{model}){summary}\n{part}")
}

/// Documentation with the space in front of each line that `///` has.
pub(super) fn doc(text: &str) -> TokenStream {
    let text: Vec<_> = text.lines().map(|line| format!(" {line}")).collect();
    let text = text.join("\n");
    quote!(#[doc = #text])
}

/// What the user wrote, and behind it what there is to know.
pub(super) fn with(docs: &Docs, more: &str) -> TokenStream {
    let more = doc(more);
    if docs.is_empty() {
        return more;
    }
    let user = &docs.tokens;
    quote!(#user #[doc = ""] #more)
}

/// A label with what it carries: ``Quote(u64)``.
pub(super) fn label(label: &LabelInterface) -> String {
    let name = label.name.to_string();
    LabelView { name: &name, payload: &label.text }.to_string()
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
