//! `choice Name at Alice { … } or { … }`

use proc_macro2::TokenTree;

use super::attribute::{self, Outer};
use super::tokens::Tokens;
use super::{block, protocol};
use crate::ast::{Choice, Statement};
use crate::diagnostic::Diagnostic;
use crate::instead::Instead;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::name::Name;

pub(super) fn choice(
    tokens: &mut Tokens,
    mut outer: Outer,
    mistakes: &mut Mistakes,
) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    tokens.skip(1);
    attribute::late(tokens, &mut outer, mistakes);
    let (name, chooser) = head(tokens, mistakes)?;
    let head = start.to(tokens.previous());
    let joined = ["or", "and"].iter().any(|word| tokens.is_word(0, word) && tokens.is_name(1));
    if tokens.is_signs(0, ",") || joined {
        return Err(tokens.expected_instead("`{`", Instead::OneDecides));
    }
    if !tokens.is_block(0) && !tokens.is_signs(0, "#") {
        return Err(tokens.expected_instead("`{`", Instead::Choice));
    }
    let branches = block::alternatives(tokens, block::Between::Branches, mistakes)?;
    if branches.len() == 1 {
        mistakes.push(Diagnostic::new(Mistake::OneBranch, head));
    }
    let Outer { docs, derives, state } = outer;
    Ok(Statement::Choice(Choice { docs, derives, state, name, chooser, branches, head }))
}

/// Reads `Name at Alice`, and past what is written for `at`.
fn head(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<(Option<Name>, Name), Diagnostic> {
    let is_unnamed = tokens.is_word(0, "at") && !tokens.is_word(1, "at");
    if !is_unnamed && !tokens.is_name(0) {
        return Err(tokens.expected_instead("`at`", Instead::Choice));
    }
    if tokens.is_block(1) && !is_unnamed {
        let name = protocol::role(tokens, mistakes)?;
        let instead = Instead::ChooserOrName { name: name.to_string() };
        mistakes.push(tokens.expected_instead("`at`", instead));
        return Ok((None, name));
    }
    // Another word for `at`, or none between two names.
    let is_other_word = tokens.is_name(1) && tokens.is_block(2) && !is_unnamed;
    let is_small = |word: &TokenTree| word.to_string().starts_with(char::is_lowercase);
    let name = match tokens.peek(0) {
        Some(word) if is_unnamed || (is_other_word && is_small(word)) => None,
        _ => Some(tokens.name("`at`")?),
    };
    if tokens.word("at").is_none() {
        let other = usize::from(tokens.is_block(2) || (name.is_none() && is_other_word));
        let Some(TokenTree::Ident(chooser)) = tokens.peek(other).filter(|_| tokens.is_name(other))
        else {
            return Err(tokens.expected_instead("`at`", Instead::Choice));
        };
        let named = name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
        let instead = Instead::Write(format!("choice {named}at {chooser}"));
        mistakes.push(tokens.expected_instead("`at`", instead));
        tokens.skip(other);
    }
    if tokens.is_block(0) {
        return Err(tokens.expected_instead("the role that decides", Instead::Choice));
    }
    Ok((name, protocol::role_called(tokens, "the role that decides", mistakes)?))
}
