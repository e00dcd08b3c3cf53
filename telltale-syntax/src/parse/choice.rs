//! `choice Name at Alice { … } or { … }`

use super::attribute::{self, Outer};
use super::block;
use super::tokens::Tokens;
use crate::ast::{Choice, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

pub(super) fn choice(
    tokens: &mut Tokens,
    mut outer: Outer,
    mistakes: &mut Mistakes,
) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    tokens.skip(1);
    attribute::late(tokens, &mut outer, mistakes);
    let unnamed = tokens.is_word(0, "at") && !tokens.is_word(1, "at");
    let name = if unnamed { None } else { Some(tokens.name("`at`")?) };
    if tokens.word("at").is_none() {
        return Err(tokens.expected("`at`"));
    }
    let chooser = tokens.name("the role that decides")?;
    let head = start.to(tokens.previous());
    let branches = block::alternatives(tokens, "or", mistakes)?;
    if branches.len() == 1 {
        mistakes.push(Diagnostic::new(Mistake::OneBranch, head));
    }
    let Outer { docs, derives } = outer;
    Ok(Statement::Choice(Choice { docs, derives, name, chooser, branches, head }))
}
