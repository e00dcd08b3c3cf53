//! Where what is generated stands: at a word of the protocol, for the compiler and for editors.
//!
//! The compiler underlines from the first token of an item to its last. An editor looks for tokens that stand exactly
//! where the cursor does, and says of each word among them what it is. So of all words only the names of items stand at
//! the whole of a word of the protocol; `fn`, `Send` and the like stand where it begins or ends, and have no width.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use telltale_syntax::interface::Interface;
use telltale_syntax::{Field, Payload};

/// Where the user's word begins, for what is made of it. So errors about what is generated point there, and lints know
/// that nobody wrote it.
pub(super) fn at(word: Span) -> Span {
    ours(beginning(word))
}

/// Where the user's word is, for what is made of it.
fn ours(word: Span) -> Span {
    Span::call_site().located_at(word)
}

/// Something that is made of a word and begins where it does, so that it ends where it does: all of it for the compiler.
pub(super) fn across(word: Span, tokens: TokenStream) -> TokenStream {
    let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
    if let Some(last) = trees.last_mut() {
        end_at(last, word);
    }
    trees.into_iter().collect()
}

/// Signs can stand at the whole of the word: there is nothing to say of them.
fn end_at(tree: &mut TokenTree, word: Span) {
    match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            *group = Group::new(Delimiter::None, across(word, group.stream()));
        }
        TokenTree::Group(_) | TokenTree::Punct(_) => tree.set_span(ours(word)),
        TokenTree::Ident(_) | TokenTree::Literal(_) => tree.set_span(ours(end(word))),
    }
}

/// The same tokens, all of them where a word begins.
pub(super) fn moved(word: Span, tokens: TokenStream) -> TokenStream {
    tokens.into_iter().map(|tree| set_all(at(word), tree)).collect()
}

fn set_all(span: Span, mut tree: TokenTree) -> TokenTree {
    if let TokenTree::Group(group) = &mut tree {
        let inside = group.stream().into_iter().map(|tree| set_all(span, tree)).collect();
        *group = Group::new(group.delimiter(), inside);
    }
    tree.set_span(span);
    tree
}

/// The name of an item that is made of the user's word. To rename it must not change the word; an editor that renames
/// what the user wrote changes whatever is called like it.
pub(super) fn made_of(name: &Ident, word: Span) -> Ident {
    renamed(name, ours(word))
}

/// A name of ours that no local name of the user's can be mistaken for.
pub(super) fn local(name: &str, word: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(beginning(word)))
}

/// The same names, for code that only uses what they stand for: an editor does not find it.
pub(super) fn without_places(interface: &Interface) -> Interface {
    let mut interface = interface.clone();
    for role in &mut interface.roles {
        role.sends.iter_mut().for_each(|method| {
            hide(&mut method.name);
            method.to.iter_mut().for_each(hide);
        });
        role.receives.iter_mut().for_each(|method| {
            hide(&mut method.name);
            method.from.iter_mut().for_each(hide);
        });
        hide(&mut role.name);
        hide(&mut role.argument);
    }
    for choice in &mut interface.choices {
        choice.variants.iter_mut().for_each(|variant| hide(&mut variant.name));
        hide(&mut choice.name);
        hide(&mut choice.method);
    }
    for label in &mut interface.labels {
        hide(&mut label.name);
        label.payload = payload_without_places(&label.payload);
    }
    interface
}

/// The same names of fields, to take a payload apart.
pub(super) fn payload_without_places(payload: &Payload) -> Payload {
    let mut payload = payload.clone();
    if let Payload::Record(fields) = &mut payload {
        for Field { name, .. } in fields {
            hide(name);
        }
    }
    payload
}

fn hide(name: &mut Ident) {
    *name = hidden(name);
}

/// The name of a method. An editor that renames it must not change the word that it is made of.
pub(super) fn unnamed(name: &Ident) -> Ident {
    renamed(name, at(name.span()))
}

/// A name for code that only uses what it stands for: the last token of what is made of a word.
pub(super) fn hidden(name: &Ident) -> Ident {
    renamed(name, ours(end(name.span())))
}

fn renamed(name: &Ident, span: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(span);
    name
}

/// Outside of a compiler there are no places without width.
fn beginning(word: Span) -> Span {
    if proc_macro::is_available() { word.unwrap().start().into() } else { word }
}

fn end(word: Span) -> Span {
    if proc_macro::is_available() { word.unwrap().end().into() } else { word }
}
