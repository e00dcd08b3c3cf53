//! `{ … }`, where the parser recovers.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::tokens::Tokens;
use super::{attribute, call, choice, looping, message, par};
use crate::ast::{Block, Docs, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::span::SpanRange;

/// Reads a block if one comes next.
pub(super) fn block(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Block, Diagnostic> {
    match tokens.group(Delimiter::Brace) {
        Some(group) => Ok(inside(&group, Docs::default(), mistakes)),
        None => Err(tokens.expected("`{`")),
    }
}

/// Reads `{ … } word { … }`, each block with its documentation.
pub(super) fn alternatives(
    tokens: &mut Tokens,
    word: &str,
    mistakes: &mut Mistakes,
) -> Result<Vec<Block>, Diagnostic> {
    let mut blocks = Vec::new();
    loop {
        let docs = attribute::docs(tokens, mistakes);
        let Some(group) = tokens.group(Delimiter::Brace) else {
            return Err(tokens.expected("`{`"));
        };
        blocks.push(inside(&group, docs, mistakes));
        if tokens.word(word).is_none() {
            return Ok(blocks);
        }
    }
}

fn inside(group: &Group, docs: Docs, mistakes: &mut Mistakes) -> Block {
    let mut tokens = Tokens::inside(group);
    let mut statements = Vec::new();
    while !tokens.is_empty() {
        let start = tokens.position();
        match statement(&mut tokens, mistakes) {
            Ok(statement) => statements.push(statement),
            Err(mistake) => {
                mistakes.push(mistake);
                recover(&mut tokens, start);
            }
        }
    }
    let span = SpanRange::from(group.span_open()).to(group.span_close());
    Block { docs, statements, span }
}

/// Whatever is read is put together where it is read: blocks nest, and each copy of a statement on the
/// way would be on the stack as often as they do.
fn statement(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Statement, Diagnostic> {
    let outer = attribute::outer(tokens, mistakes);
    if tokens.is_signs(1, "->") && tokens.is_name(0) {
        return message::message(tokens, outer, mistakes);
    }
    if tokens.is_word(0, "choice") {
        return choice::choice(tokens, outer, mistakes);
    }
    attribute::none(&outer, mistakes);
    match tokens.peek(0) {
        Some(TokenTree::Punct(_)) if tokens.is_loop_label() => looping::looping(tokens, mistakes),
        Some(TokenTree::Ident(word)) => match word.to_string().as_str() {
            "loop" => looping::looping(tokens, mistakes),
            "break" => looping::jump(tokens, Statement::Break, mistakes),
            "continue" => looping::jump(tokens, Statement::Continue, mistakes),
            "do" => call::call(tokens, mistakes),
            "par" => par::par(tokens, mistakes),
            word if tokens.is_name(0) && is_like_a_role(word) => {
                message::message(tokens, outer, mistakes)
            }
            _ => Err(tokens.expected("a statement")),
        },
        _ => Err(tokens.expected("a statement")),
    }
}

/// Reads the `;` behind a statement.
///
/// A statement that is whole without it is kept, if something else begins behind it.
pub(super) fn semicolon(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<(), Diagnostic> {
    if tokens.signs(";").is_some() {
        return Ok(());
    }
    let end = tokens.previous();
    if tokens.is_empty() || starts_statement(tokens) || tokens.span().line() > end.end().line {
        mistakes.push(Diagnostic::new(Mistake::MissingSemicolon, end));
        return Ok(());
    }
    Err(tokens.expected("`;`"))
}

/// Whether what comes next can only be the beginning of a statement.
pub(super) fn starts_statement(tokens: &Tokens) -> bool {
    match tokens.peek(0) {
        Some(TokenTree::Ident(word)) => match word.to_string().as_str() {
            "loop" | "par" => is_group(tokens),
            "break" | "continue" => tokens.is_signs(1, ";") || tokens.is_signs(1, "'"),
            "do" => tokens.is_name(1),
            "choice" => tokens.is_word(1, "at") || tokens.is_word(2, "at"),
            _ => tokens.is_name(0) && tokens.is_signs(1, "->"),
        },
        Some(TokenTree::Punct(_)) => {
            tokens.is_signs(0, "#") || (tokens.is_loop_label() && tokens.is_signs(2, ":"))
        }
        _ => false,
    }
}

fn is_group(tokens: &Tokens) -> bool {
    matches!(tokens.peek(1), Some(TokenTree::Group(_)))
}

/// Whether a word can be meant as a role; others are more likely meant as words of the language.
fn is_like_a_role(word: &str) -> bool {
    !word.starts_with(char::is_lowercase)
}

/// Leaves a statement that could not be read: behind its `;` or its last block, or where the
/// next one begins.
fn recover(tokens: &mut Tokens, start: usize) {
    if tokens.position() == start {
        tokens.skip(usize::from(!tokens.is_signs(0, ";")));
    }
    while !tokens.is_empty() && !starts_statement(tokens) {
        if tokens.signs(";").is_some() {
            return;
        }
        let block = tokens.group(Delimiter::Brace).is_some();
        if block && !tokens.is_word(0, "or") && !tokens.is_word(0, "and") {
            return;
        }
        if !block {
            tokens.skip(1);
        }
    }
}
