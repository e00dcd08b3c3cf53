//! `do Handshake(Alice, Bob);`

use proc_macro2::{Delimiter, Ident};

use super::block;
use super::tokens::Tokens;
use crate::ast::Do;
use crate::diagnostic::Diagnostic;
use crate::mistakes::Mistakes;

pub(super) fn call(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Do, Diagnostic> {
    let start = tokens.span();
    tokens.skip(1);
    let protocol = tokens.name("a protocol")?;
    let Some(group) = tokens.group(Delimiter::Parenthesis) else {
        return Err(tokens.expected("`(`"));
    };
    let roles = roles(&mut Tokens::inside(&group))?;
    let span = start.to(tokens.previous());
    block::semicolon(tokens, mistakes)?;
    Ok(Do { protocol, roles, span })
}

fn roles(tokens: &mut Tokens) -> Result<Vec<Ident>, Diagnostic> {
    let mut roles = Vec::new();
    while !tokens.is_empty() {
        roles.push(tokens.name("a role")?);
        if tokens.signs(",").is_none() && !tokens.is_empty() {
            return Err(tokens.expected("`,`"));
        }
    }
    Ok(roles)
}
