//! `pub protocol Name(Role, …) { … }`

use proc_macro2::{Delimiter, TokenTree};
use syn::Visibility;
use syn::parse::{Parse, Parser};

use super::tokens::Tokens;
use super::{attribute, block};
use crate::ast::{Protocol, Role};
use crate::diagnostic::Diagnostic;
use crate::mistakes::Mistakes;

pub(super) fn protocol(
    tokens: &mut Tokens,
    mistakes: &mut Mistakes,
) -> Result<Protocol, Diagnostic> {
    let attributes = attribute::protocol_attributes(tokens, mistakes);
    let visibility = visibility(tokens)?;
    if tokens.word("protocol").is_none() {
        return Err(tokens.expected("`protocol`"));
    }
    let name = tokens.name("the name of the protocol")?;
    let Some(group) = tokens.group(Delimiter::Parenthesis) else {
        return Err(tokens.expected("`(`"));
    };
    let roles = roles(&mut Tokens::inside(&group), mistakes);
    let body = block::block(tokens, mistakes)?;
    Ok(Protocol { attributes, visibility, name, roles, body })
}

/// Leaves a protocol that could not be read: behind its block, or where the next one begins.
pub(super) fn recover(tokens: &mut Tokens) {
    while !tokens.is_empty() {
        if tokens.group(Delimiter::Brace).is_some() {
            return;
        }
        tokens.skip(1);
        if tokens.is_word(0, "protocol") || tokens.is_word(0, "pub") {
            return;
        }
    }
}

fn visibility(tokens: &mut Tokens) -> Result<Visibility, Diagnostic> {
    if !tokens.is_word(0, "pub") {
        return Ok(Visibility::Inherited);
    }
    let restricted = matches!(
        tokens.peek(1),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis
    );
    let length = 1 + usize::from(restricted);
    let written = (0..length).filter_map(|ahead| tokens.peek(ahead).cloned()).collect();
    tokens.skip(1);
    match Visibility::parse.parse2(written) {
        Ok(visibility) => {
            tokens.skip(length - 1);
            Ok(visibility)
        }
        Err(_) => Err(tokens.expected("`protocol`")),
    }
}

/// Reads the roles; one that cannot be read costs no other.
fn roles(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Vec<Role> {
    let mut roles = Vec::new();
    while !tokens.is_empty() {
        let docs = attribute::docs(tokens, mistakes);
        let read = tokens.name("a role").map(|name| roles.push(Role { docs, name }));
        let read = read.and_then(|()| match tokens.signs(",") {
            None if !tokens.is_empty() => Err(tokens.expected("`,`")),
            _ => Ok(()),
        });
        if let Err(mistake) = read {
            mistakes.push(mistake);
            while !tokens.is_empty() && tokens.signs(",").is_none() {
                tokens.skip(1);
            }
        }
    }
    roles
}
