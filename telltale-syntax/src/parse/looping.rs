//! `'name: loop { … }`, `break 'name;` and `continue 'name;`

use super::block;
use super::tokens::Tokens;
use crate::ast::{Jump, Loop, LoopLabel, Statement};
use crate::diagnostic::Diagnostic;
use crate::instead::Instead;
use crate::mistakes::Mistakes;

pub(super) fn looping(
    tokens: &mut Tokens,
    mistakes: &mut Mistakes,
) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    let mut label = tokens.loop_label()?;
    if label.is_none() && tokens.is_name(0) {
        label = Some(bare_label(tokens, ("", ": loop"), mistakes)?);
    }
    if let Some(label) = &label
        && tokens.signs(":").is_none()
    {
        let instead = Instead::Write(format!("'{}: loop {{ … }}", label.name));
        return Err(tokens.expected_instead("`:`", instead));
    }
    if tokens.word("loop").is_none() {
        let instead = label.map_or(Instead::Loop, |label| {
            Instead::Write(format!("'{}: loop {{ … }}", label.name))
        });
        return Err(tokens.expected_instead("`loop`", instead));
    }
    let head = start.to(tokens.previous());
    if label.is_none() && (tokens.is_name(0) || tokens.is_loop_label()) {
        label = label_behind(tokens, mistakes)?;
    }
    if !tokens.is_block(0) {
        // A name, a message: what is to be repeated; a number, a condition: how often.
        let is_body = tokens.is_name(0) || tokens.is_on_new_line() || tokens.is_empty();
        let instead = if is_body { Instead::Loop } else { Instead::Repetition };
        return Err(tokens.expected_instead("`{`", instead));
    }
    let body = block::block(tokens, mistakes)?;
    Ok(Statement::Loop(Loop { label, body, head }))
}

pub(super) fn jump(
    tokens: &mut Tokens,
    statement: fn(Jump) -> Statement,
    mistakes: &mut Mistakes,
) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    let word = tokens.peek(0).map(ToString::to_string).unwrap_or_default();
    tokens.skip(1);
    let label = if tokens.is_name(0) && !tokens.is_on_new_line() && tokens.is_last() {
        Some(bare_label(tokens, (&format!("{word} "), ""), mistakes)?)
    } else if tokens.is_signs(2, ":") {
        // A label with a colon belongs to the loop that comes next.
        None
    } else {
        tokens.loop_label()?
    };
    let span = start.to(tokens.previous());
    block::semicolon(tokens, mistakes)?;
    Ok(statement(Jump { label, span }))
}

/// Reads a label that has no apostrophe.
fn bare_label(
    tokens: &mut Tokens,
    (before, behind): (&str, &str),
    mistakes: &mut Mistakes,
) -> Result<LoopLabel, Diagnostic> {
    let name = tokens.peek(0).map(ToString::to_string).unwrap_or_default();
    let instead = Instead::LoopLabel { label: format!("{before}'{name}{behind}") };
    mistakes.push(tokens.expected_instead("a loop label", instead));
    name_as_label(tokens)
}

/// Reads a label that stands behind `loop`, unless it is something else.
fn label_behind(
    tokens: &mut Tokens,
    mistakes: &mut Mistakes,
) -> Result<Option<LoopLabel>, Diagnostic> {
    let is_bare = tokens.is_name(0);
    if !tokens.is_block(if is_bare { 1 } else { 2 }) {
        return Ok(None);
    }
    let word = tokens.peek(usize::from(!is_bare)).map(ToString::to_string).unwrap_or_default();
    let instead = Instead::Write(format!("'{word}: loop {{ … }}"));
    mistakes.push(tokens.expected_instead("`{`", instead));
    if is_bare { name_as_label(tokens).map(Some) } else { tokens.loop_label() }
}

fn name_as_label(tokens: &mut Tokens) -> Result<LoopLabel, Diagnostic> {
    let name = tokens.name("a loop label")?;
    Ok(LoopLabel { name: name.to_string(), span: name.place() })
}
