//! What is to be said of each protocol of a block.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use telltale_syntax::ast::Protocol;
use telltale_syntax::{Analysed, Diagnostic, Mistake, Projected, SourceMap, analyse_str, project};

use crate::blocks::Block;
use crate::lines::Lines;
use crate::source::Source;

/// A protocol, and what is to be said of it.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What it is called; empty if no protocol can be read at all.
    pub(crate) name: String,
    /// The line of its name in the file, and the column, from 1.
    pub(crate) place: (usize, usize),
    /// What somebody wrote.
    pub(crate) ast: Option<Protocol>,
    /// What it means, or why it cannot be played.
    pub(crate) result: Result<Sound, Wrong>,
    /// The lines of the file in front of those that steps and mistakes speak of.
    pub(crate) lines_before: usize,
}

/// A protocol that can be played.
#[derive(Debug)]
pub(crate) struct Sound {
    /// What each role does.
    pub(crate) projected: Projected,
    /// Where its steps stand, behind the [`Judged::lines_before`].
    pub(crate) source: SourceMap,
}

impl Sound {
    /// The names of the roles, in their order.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &str> + Clone {
        self.projected.global.names().roles().map(|(_, name)| name)
    }
}

/// Why a protocol cannot be played.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// What is wrong with it.
    Mistakes(Vec<Diagnostic>),
    /// It needs others, with which something is wrong.
    Unchecked,
    /// There is nothing at all. What is said of it has no place of its own.
    Empty(Box<Diagnostic>),
}

/// Once more for the whole block, without the protocols in which there are mistakes: how often at most.
const ROUNDS: usize = 8;

/// What is to be said of the protocols of a block. Mistakes have the lines of the file.
pub(crate) fn judge(source: &Source, block: &Block) -> Vec<Judged> {
    let judged = judge_text(block.text(source), block);
    let is_placed =
        |one: &Judged| matches!(one.result, Ok(_) | Err(Wrong::Unchecked | Wrong::Empty(_)));
    if block.lines_before + block.columns_before == 0 || judged.iter().all(is_placed) {
        return judged;
    }
    // Explanations speak of lines, so all in front has to be there; for protocols without mistakes that would be a waste.
    let in_place = Block { lines_before: 0, columns_before: 0, ..block.clone() };
    judge_text(&block.in_place(source), &in_place)
}

fn judge_text(text: &str, block: &Block) -> Vec<Judged> {
    let mut analysis = analyse_str(text);
    let asts = std::mem::take(&mut analysis.ast.protocols);
    let mut own = by_owner(&asts, std::mem::take(&mut analysis.diagnostics));
    if asts.is_empty() {
        let mut mistakes = own.pop().unwrap_or_default();
        let place = mistakes.first().map_or((1, 1), |mistake| place(mistake.start(), block));
        let is_empty = text.parse().is_ok_and(|tokens: TokenStream| tokens.is_empty());
        let result = Err(match mistakes.pop() {
            Some(only) if is_empty => Wrong::Empty(Box::new(only)),
            last => {
                mistakes.extend(last);
                Wrong::Mistakes(mistakes)
            }
        });
        let name = String::new();
        return vec![Judged { name, place, ast: None, result, lines_before: block.lines_before }];
    }
    let mut analysed = by_name(analysis.protocols);
    if own.iter().any(|mistakes| !mistakes.is_empty()) {
        analysed = without_wrong(text, &asts, &own);
    }
    let parts = asts.into_iter().zip(own);
    parts.map(|(ast, mistakes)| one(ast, mistakes, &mut analysed, block)).collect()
}

fn one(
    ast: Protocol,
    mistakes: Vec<Diagnostic>,
    analysed: &mut BTreeMap<String, Analysed>,
    block: &Block,
) -> Judged {
    let name = ast.name.to_string();
    let place = place(ast.name.place().start(), block);
    let result = if mistakes.is_empty() {
        analysed.remove(&name).map_or(Err(Wrong::Unchecked), sound)
    } else {
        Err(Wrong::Mistakes(mistakes))
    };
    Judged { name, place, ast: Some(ast), result, lines_before: block.lines_before }
}

fn sound(analysed: Analysed) -> Result<Sound, Wrong> {
    let projected = project(&analysed).map_err(Wrong::Mistakes)?;
    let lowered = analysed.lowered.expect("only what was lowered is projected");
    Ok(Sound { projected, source: lowered.source })
}

fn place(start: proc_macro2::LineColumn, block: &Block) -> (usize, usize) {
    let columns = if start.line == 1 { block.columns_before } else { 0 };
    (start.line + block.lines_before, start.column + columns + 1)
}

fn by_name(protocols: Vec<Analysed>) -> BTreeMap<String, Analysed> {
    protocols.into_iter().map(|protocol| (protocol.name.to_string(), protocol)).collect()
}

/// The mistakes of each protocol: those up to its last brace. Without a protocol, all in one list.
fn by_owner(asts: &[Protocol], mistakes: Vec<Diagnostic>) -> Vec<Vec<Diagnostic>> {
    let end = |ast: &Protocol| (ast.body.span.end().line, ast.body.span.end().column);
    let mut own: Vec<Vec<Diagnostic>> = (0..asts.len().max(1)).map(|_| Vec::new()).collect();
    let last = own.len() - 1;
    for mistake in mistakes {
        let start = (mistake.start().line, mistake.start().column);
        own[asts.partition_point(|ast| end(ast) < start).min(last)].push(mistake);
    }
    own
}

/// What the protocols mean in which there are no mistakes, and which need none of those in which there are.
fn without_wrong(
    text: &str,
    asts: &[Protocol],
    own: &[Vec<Diagnostic>],
) -> BTreeMap<String, Analysed> {
    let is_wrong = |at: &usize| !own[*at].is_empty();
    let mut wrong: BTreeSet<usize> = (0..asts.len()).filter(is_wrong).collect();
    for _ in 0..ROUNDS {
        if wrong.len() == asts.len() {
            break;
        }
        let analysis = analyse_str(&blanked(text, asts, &wrong));
        if analysis.diagnostics.is_empty() {
            return by_name(analysis.protocols);
        }
        let follow = by_owner(asts, analysis.diagnostics);
        wrong.extend((0..asts.len()).filter(|&at| !follow[at].is_empty()));
    }
    BTreeMap::new()
}

/// The text with space in place of some protocols.
fn blanked(text: &str, asts: &[Protocol], which: &BTreeSet<usize>) -> String {
    let lines = Lines::of(text);
    let mut blanked = String::with_capacity(text.len());
    let mut start = 0;
    for (at, ast) in asts.iter().enumerate() {
        let end = lines.offset(ast.body.span.end());
        let part = &text[start..end];
        if which.contains(&at) {
            blanked.extend(part.chars().map(|sign| if sign == '\n' { '\n' } else { ' ' }));
        } else {
            blanked.push_str(part);
        }
        start = end;
    }
    blanked
}

impl Judged {
    /// The mistakes that are not those of another protocol, which this one runs.
    pub(crate) fn own_mistakes(&self, wrong: &BTreeSet<&str>) -> Vec<Diagnostic> {
        let Err(Wrong::Mistakes(mistakes)) = &self.result else { return Vec::new() };
        let is_own = |mistake: &&Diagnostic| match mistake.mistake() {
            Mistake::CannotKnow(why) => {
                !why.inside.as_deref().is_some_and(|name| wrong.contains(name))
            }
            _ => true,
        };
        mistakes.iter().filter(is_own).cloned().collect()
    }
}
