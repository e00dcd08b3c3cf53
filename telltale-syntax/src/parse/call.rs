//! `do Handshake(Alice, Bob);`

use proc_macro2::Delimiter;

use super::block;
use super::tokens::Tokens;
use crate::ast::{Do, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistakes::Mistakes;
use crate::name::Name;

pub(super) fn call(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    tokens.skip(1);
    let protocol = tokens.name("a protocol")?;
    let Some(group) = tokens.group(Delimiter::Parenthesis) else {
        return Err(tokens.expected("`(`"));
    };
    let roles = roles(&mut Tokens::inside(&group))?;
    let span = start.to(tokens.previous());
    block::semicolon(tokens, mistakes)?;
    Ok(Statement::Do(Do { protocol, roles, span }))
}

fn roles(tokens: &mut Tokens) -> Result<Vec<Name>, Diagnostic> {
    let mut roles = Vec::new();
    while !tokens.is_empty() {
        roles.push(tokens.name("a role")?);
        if tokens.signs(",").is_none() && !tokens.is_empty() {
            return Err(tokens.expected("`,`"));
        }
    }
    Ok(roles)
}
