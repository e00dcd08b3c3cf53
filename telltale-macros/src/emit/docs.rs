//! Documentation of what is generated: what the user wrote, and what the protocol says.

use std::fmt::Display;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use telltale_bytecode::CodeImage;
use telltale_diagram::{Page, Sequence, StateGraph};
use telltale_syntax::Analysed;
use telltale_syntax::ast::{self, Docs};
use telltale_syntax::interface::{Interface, LabelInterface};
use telltale_types::{LabelView, RoleId};

/// The longest part of a role that is shown, in bytes. A reader follows no longer one.
const PART_LIMIT: usize = 600;

/// How many messages and other things below each other a picture has at most, and how many states and arrows. Larger ones are no
/// help on a page, and everybody who compiles the protocol would wait for them.
const ROW_LIMIT: usize = 80;
const STATE_LIMIT: usize = 80;
const ROLE_LIMIT: usize = 16;

/// The user's documentation of the protocol, its picture, its text, and the part of each role.
pub(super) fn module(
    protocol: &Analysed,
    ast: &ast::Protocol,
    image: Option<&CodeImage>,
) -> TokenStream {
    let roles = 0..protocol.interface.roles.len();
    let roles: String =
        roles.map(|role| part(&protocol.interface, RoleId::at(role), image)).collect();
    let text = format!("\n```text\n{}\n```\n\n# Roles\n{roles}", protocol.text);
    let docs = &protocol.attributes.docs.tokens;
    let name = docs.is_empty().then(|| doc(&format!("The protocol `{}`.", protocol.name)));
    let (picture, text) = (image.map(|_| sequence(ast)), doc(&text));
    quote!(#docs #name #picture #text)
}

/// The protocol as a sequence diagram.
fn sequence(ast: &ast::Protocol) -> TokenStream {
    let sequence = Sequence::of_protocol(ast);
    let is_small = sequence.rows() <= ROW_LIMIT && sequence.roles.len() <= ROLE_LIMIT;
    picture(is_small.then(|| sequence.svg(Page::Inline)), "protocol", "diagram")
}

/// The part of a role as a state diagram.
pub(super) fn states(role: &Ident, image: Option<&CodeImage>) -> Option<TokenStream> {
    let role = role.to_string();
    let graph = StateGraph::of_local(&role, image?.local_types.get(&role)?);
    let svg = (graph.size() <= STATE_LIMIT).then(|| graph.svg(Page::Inline));
    Some(picture(svg, "part of this role", &format!("diagram --role {role}")))
}

/// A picture, or where to have it, for `rustdoc` only: editors show such markup as it is written, or not at all, and what is
/// not there takes no time and no room in a program that is compiled.
fn picture(svg: Option<String>, what: &str, command: &str) -> TokenStream {
    let text = match svg {
        Some(svg) => format!("\n<figure style=\"margin:1em 0;overflow-x:auto\">{svg}</figure>\n"),
        None => format!(
            "\nThe {what} is too long for a picture here; the command `telltale {command}` draws it.\n"
        ),
    };
    quote!(#[cfg_attr(doc, doc = #text)])
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
