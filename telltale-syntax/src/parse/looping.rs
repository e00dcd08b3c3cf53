//! `'name: loop { … }`, `break 'name;` and `continue 'name;`

use super::block;
use super::tokens::Tokens;
use crate::ast::{Jump, Loop, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistakes::Mistakes;

pub(super) fn looping(
    tokens: &mut Tokens,
    mistakes: &mut Mistakes,
) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    let label = tokens.loop_label()?;
    if label.is_some() && tokens.signs(":").is_none() {
        return Err(tokens.expected("`:`"));
    }
    if tokens.word("loop").is_none() {
        return Err(tokens.expected("`loop`"));
    }
    let head = start.to(tokens.previous());
    let body = block::block(tokens, mistakes)?;
    Ok(Statement::Loop(Loop { label, body, head }))
}

pub(super) fn jump(
    tokens: &mut Tokens,
    statement: fn(Jump) -> Statement,
    mistakes: &mut Mistakes,
) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    tokens.skip(1);
    // A label with a colon belongs to the loop that comes next.
    let label = if tokens.is_signs(2, ":") { None } else { tokens.loop_label()? };
    let span = start.to(tokens.previous());
    block::semicolon(tokens, mistakes)?;
    Ok(statement(Jump { label, span }))
}
