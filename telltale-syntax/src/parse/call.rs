//! `do Handshake(Alice, Bob);`

use proc_macro2::Delimiter;

use super::tokens::Tokens;
use super::{block, protocol};
use crate::ast::{Do, Statement};
use crate::diagnostic::Diagnostic;
use crate::instead::Instead;
use crate::mistakes::Mistakes;
use crate::name::Name;

pub(super) fn call(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    tokens.skip(1);
    if tokens.is_block(0) {
        return Err(tokens.expected_instead("a protocol", Instead::RunOrRepeat));
    }
    let name = tokens.name("a protocol")?;
    let Some(group) = tokens.group(Delimiter::Parenthesis) else {
        let is_path = tokens.is_signs(0, "::");
        let instead = if is_path { Instead::SameBlock } else { Instead::Do };
        return Err(tokens.expected_instead("`(`", instead));
    };
    let roles = roles(&mut Tokens::inside(&group), mistakes)?;
    let span = start.to(tokens.previous());
    block::semicolon(tokens, mistakes)?;
    Ok(Statement::Do(Do { protocol: name, roles, span }))
}

fn roles(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Vec<Name>, Diagnostic> {
    let mut roles = Vec::new();
    while !tokens.is_empty() {
        roles.push(protocol::role(tokens, mistakes)?);
        if tokens.signs(",").is_none() && !tokens.is_empty() {
            return Err(tokens.expected("`,`"));
        }
    }
    Ok(roles)
}
