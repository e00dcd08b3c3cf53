//! `pub protocol Name(Role, …) { … }`

use proc_macro2::{Delimiter, Group, TokenTree};
use syn::Visibility;
use syn::parse::{Parse, Parser};

use super::tokens::Tokens;
use super::{attribute, block, words};
use crate::ast::{Block, Protocol, Role, Statement};
use crate::diagnostic::Diagnostic;
use crate::instead::Instead;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::name::Name;
use crate::similar::similar;

/// How many roles are named in a proposal.
const ROLES_NAMED: usize = 8;

pub(super) fn protocol(
    tokens: &mut Tokens,
    mistakes: &mut Mistakes,
) -> Result<Protocol, Diagnostic> {
    let attributes = attribute::protocol_attributes(tokens, mistakes);
    let visibility = visibility(tokens)?;
    if tokens.word("protocol").is_none() {
        return Err(no_protocol(tokens));
    }
    let name = tokens.name("the name of the protocol")?;
    let type_parameters = type_parameters(tokens);
    let is_generic = type_parameters.is_some();
    if let Some(mistake) = type_parameters {
        mistakes.push(mistake);
    }
    let roles = match tokens.group(Delimiter::Parenthesis) {
        Some(group) => roles(&mut Tokens::inside(&group), mistakes),
        None if tokens.is_block(0) => {
            let mistake = tokens.expected("the roles in parentheses");
            let body = block::block(tokens, mistakes)?;
            let instead = Instead::Write(format!("protocol {name}({}) {{ … }}", who_acts(&body)));
            mistakes.push(mistake.with_instead(instead));
            return Ok(Protocol { attributes, visibility, name, roles: Vec::new(), body });
        }
        None => return Err(tokens.expected_instead("`(`", Instead::Protocol)),
    };
    while is_generic && !tokens.is_empty() && !tokens.is_block(0) {
        tokens.skip(1);
    }
    if !tokens.is_block(0) {
        return Err(tokens.expected_instead("`{`", Instead::Protocol));
    }
    let body = block::block(tokens, mistakes)?;
    Ok(Protocol { attributes, visibility, name, roles, body })
}

/// A mistake at something else than a protocol.
fn no_protocol(tokens: &Tokens) -> Diagnostic {
    let instead = match tokens.peek(0) {
        Some(TokenTree::Ident(word)) => {
            let word = word.to_string();
            match words::instead(&word, None) {
                Instead::Item => Instead::Item,
                _ if similar(&word, ["protocol"]).is_some() => {
                    Instead::Write("protocol".to_owned())
                }
                _ => Instead::Protocol,
            }
        }
        Some(TokenTree::Punct(_)) if tokens.is_signs(0, ";") || tokens.is_signs(0, ",") => {
            Instead::Nothing
        }
        _ => Instead::Protocol,
    };
    tokens.expected_instead("`protocol`", instead)
}

/// Reads past `<T, …>`, which is a mistake.
fn type_parameters(tokens: &mut Tokens) -> Option<Diagnostic> {
    if !tokens.is_signs(0, "<") {
        return None;
    }
    let first = tokens.span();
    while !tokens.is_empty() && !tokens.is_group(0) {
        tokens.skip(1);
    }
    Some(Diagnostic::new(Mistake::GenericProtocol, first.to(tokens.previous())))
}

/// Those who do something, in the order in which they do.
fn who_acts(body: &Block) -> String {
    let mut names = Vec::new();
    let mut open = vec![body];
    while let Some(block) = open.pop() {
        for statement in &block.statements {
            let here: &[&[Name]] = match statement {
                Statement::Message(message) => &[&message.senders, &message.receivers],
                Statement::Do(call) => &[&call.roles],
                _ => &[],
            };
            for name in here.iter().copied().flatten().map(ToString::to_string) {
                if names.len() < ROLES_NAMED && !names.contains(&name) {
                    names.push(name);
                }
            }
            open.extend(statement.blocks());
        }
    }
    if names.is_empty() { "A, B".to_owned() } else { names.join(", ") }
}

/// Reads a role, and past an index, which is a mistake.
pub(super) fn role(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Name, Diagnostic> {
    role_called(tokens, "a role", mistakes)
}

pub(super) fn role_called(
    tokens: &mut Tokens,
    expected: &'static str,
    mistakes: &mut Mistakes,
) -> Result<Name, Diagnostic> {
    let name = tokens.name(expected)?;
    if let Some(group) = tokens.group(Delimiter::Bracket) {
        let index = number(&group);
        let instead = index.map_or_else(|| several(&name, 2), |index| format!("{name}{index}"));
        mistakes.push(indexed(&name, instead, tokens));
    }
    Ok(name)
}

fn indexed(name: &Name, instead: String, tokens: &Tokens) -> Diagnostic {
    let mistake = Mistake::IndexedRole { name: name.to_string(), instead };
    Diagnostic::new(mistake, name.place().to(tokens.previous()))
}

/// `Worker1, Worker2, Worker3`
fn several(name: &Name, count: usize) -> String {
    let names: Vec<String> = (1..=count).map(|number| format!("{name}{number}")).collect();
    names.join(", ")
}

fn number(group: &Group) -> Option<usize> {
    group.stream().to_string().parse().ok()
}

/// Leaves a protocol that could not be read: behind a sign that ends it, behind its block, or where the next one begins.
pub(super) fn recover(tokens: &mut Tokens) {
    if tokens.signs(";").is_some() || tokens.signs(",").is_some() {
        return;
    }
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
        Err(_) => Err(no_protocol(tokens)),
    }
}

/// Reads the roles; one that cannot be read costs no other.
fn roles(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Vec<Role> {
    let mut roles = Vec::new();
    let mut has_mistake = false;
    while !tokens.is_empty() {
        let (docs, like) = attribute::of_role(tokens, mistakes);
        let read = declared(tokens, mistakes).map(|name| roles.push(Role { docs, like, name }));
        let read = read.and_then(|()| match tokens.signs(",") {
            None if !tokens.is_empty() => Err(tokens.expected_instead("`,`", Instead::PlainRoles)),
            _ => Ok(()),
        });
        if let Err(mistake) = read {
            // What is written at one role for no use is written at the others as well.
            if !std::mem::replace(&mut has_mistake, true) {
                mistakes.push(mistake);
            }
            while !tokens.is_empty() && tokens.signs(",").is_none() {
                tokens.skip(1);
            }
        }
    }
    roles
}

/// Reads a role of a protocol, and past how many there should be of it, which is a mistake.
fn declared(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Name, Diagnostic> {
    let is_alone = tokens.peek(1).is_none() || tokens.is_signs(1, ",");
    if !tokens.is_name(0) && !is_alone {
        return Err(tokens.expected_instead("a role", Instead::PlainRoles));
    }
    let name = tokens.name("a role")?;
    let count = match tokens.group(Delimiter::Bracket) {
        Some(group) => number(&group),
        None if tokens.is_signs(0, "*") || tokens.is_signs(0, "+") => {
            tokens.skip(1);
            None
        }
        None => return Ok(name),
    };
    let is_listed = |count: &usize| (1..=ROLES_NAMED).contains(count);
    let instead = match count.filter(is_listed) {
        Some(count) => several(&name, count),
        None => several(&name, 2) + ", …",
    };
    mistakes.push(indexed(&name, instead, tokens));
    Ok(name)
}
