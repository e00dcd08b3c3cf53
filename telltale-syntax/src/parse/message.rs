//! `Alice -> Bob, Carol: Title(String);`

use super::attribute::{self, Outer};
use super::tokens::Tokens;
use super::{block, payload};
use crate::ast::{Message, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistakes::Mistakes;
use crate::name::Name;

pub(super) fn message(
    tokens: &mut Tokens,
    mut outer: Outer,
    mistakes: &mut Mistakes,
) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    let sender = tokens.name("a role")?;
    if tokens.signs("->").is_none() {
        return Err(tokens.expected("`->`"));
    }
    let receivers = receivers(tokens)?;
    attribute::late(tokens, &mut outer, mistakes);
    let label = name(tokens, "a label")?;
    let payload = payload::payload(tokens, mistakes);
    let span = start.to(tokens.previous());
    block::semicolon(tokens, mistakes)?;
    let payload_text = payload.text().into();
    let Outer { docs, derives } = outer;
    Ok(Statement::Message(Message {
        docs,
        derives,
        sender,
        receivers,
        label,
        payload,
        payload_text,
        span,
    }))
}

fn receivers(tokens: &mut Tokens) -> Result<Vec<Name>, Diagnostic> {
    let mut receivers = vec![name(tokens, "a role")?];
    loop {
        if tokens.signs(":").is_some() {
            return Ok(receivers);
        }
        if tokens.signs(",").is_none() {
            return Err(tokens.expected("`,` or `:`"));
        }
        if !tokens.is_signs(0, ":") {
            receivers.push(name(tokens, "a role")?);
        }
    }
}

/// Reads a name, unless it is the sender of the next message: then this one is half-typed.
fn name(tokens: &mut Tokens, expected: &'static str) -> Result<Name, Diagnostic> {
    if block::starts_statement(tokens) {
        return Err(tokens.expected(expected));
    }
    tokens.name(expected)
}
