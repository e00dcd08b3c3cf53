//! `{ … }`, where the parser recovers.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::tokens::Tokens;
use super::{attribute, call, choice, looping, message, par, words};
use crate::ast::{Block, Docs, Statement};
use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::instead::Instead;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::span::SpanRange;

/// How many senders are looked at to find out whether a message begins.
const SENDERS_SEEN: usize = 8;

/// Words that are written for `or` and `and`.
const SEPARATORS: [&str; 6] = ["or", "and", "else", "also", "with", "then"];

/// Words that go on with what a block has begun.
const GOES_ON: [&str; 6] = ["or", "and", "else", "catch", "finally", "until"];

/// Reads a block if one comes next.
pub(super) fn block(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Block, Diagnostic> {
    match tokens.group(Delimiter::Brace) {
        Some(group) => Ok(inside(&group, Docs::default(), mistakes)),
        None => Err(tokens.expected("`{`")),
    }
}

/// What stands between blocks.
#[derive(Clone, Copy)]
pub(super) enum Between {
    /// `or`
    Branches,
    /// `and`
    Arms,
}

impl Between {
    fn word(self) -> &'static str {
        match self {
            Self::Branches => "or",
            Self::Arms => "and",
        }
    }

    fn form(self) -> Instead {
        match self {
            Self::Branches => Instead::Choice,
            Self::Arms => Instead::Par,
        }
    }

    fn expected(self, tokens: &Tokens) -> Diagnostic {
        let expected = match self {
            Self::Branches => "`or`",
            Self::Arms => "`and`",
        };
        tokens.expected_instead(expected, self.form())
    }
}

/// Reads `{ … } word { … }`, each block with its documentation.
pub(super) fn alternatives(
    tokens: &mut Tokens,
    between: Between,
    mistakes: &mut Mistakes,
) -> Result<Vec<Block>, Diagnostic> {
    let mut blocks = Vec::new();
    loop {
        let docs = attribute::docs(tokens, mistakes);
        let Some(group) = tokens.group(Delimiter::Brace) else {
            return Err(tokens.expected_instead("`{`", between.form()));
        };
        blocks.push(inside(&group, docs, mistakes));
        if tokens.word(between.word()).is_some() {
            continue;
        }
        let Some(length) = wrong_word(tokens, between) else { return Ok(blocks) };
        mistakes.push(between.expected(tokens));
        tokens.skip(length);
    }
}

/// How many tokens stand in front of the next block instead of the word that should.
fn wrong_word(tokens: &Tokens, between: Between) -> Option<usize> {
    let is_next = |length: &usize| tokens.is_block(*length);
    match tokens.peek(0)? {
        TokenTree::Group(_) => Some(0).filter(is_next),
        TokenTree::Ident(word) => {
            let is_separator = SEPARATORS.contains(&word.to_string().as_str());
            Some(1).filter(is_next).filter(|_| is_separator)
        }
        // One too many.
        TokenTree::Punct(_) if tokens.is_signs(0, ";") => {
            (tokens.is_word(1, between.word()) && tokens.is_block(2)).then_some(2)
        }
        TokenTree::Punct(_) => [1, 2].into_iter().find(is_next),
        TokenTree::Literal(_) => None,
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
    let is_exchange = tokens.is_any_word(0) && tokens.is_signs(1, "->");
    if is_exchange || (tokens.is_name(0) && tokens.is_signs(1, ",")) {
        return message::message(tokens, outer, mistakes);
    }
    if tokens.is_word(0, "choice") {
        return choice::choice(tokens, outer, mistakes);
    }
    attribute::none(&outer, mistakes);
    match tokens.peek(0) {
        Some(TokenTree::Punct(_)) if tokens.is_loop_label() => looping::looping(tokens, mistakes),
        Some(TokenTree::Ident(_)) if is_loop_without_apostrophe(tokens) => {
            looping::looping(tokens, mistakes)
        }
        Some(TokenTree::Ident(word)) => match word.to_string().as_str() {
            "loop" => looping::looping(tokens, mistakes),
            "break" => looping::jump(tokens, Statement::Break, mistakes),
            "continue" => looping::jump(tokens, Statement::Continue, mistakes),
            "do" => call::call(tokens, mistakes),
            "par" => par::par(tokens, mistakes),
            word if is_like_a_message(word, tokens) => message::message(tokens, outer, mistakes),
            word => Err(no_statement(word, tokens)),
        },
        Some(TokenTree::Group(_)) => Err(tokens.expected_instead("a statement", Instead::Block)),
        Some(_) if tokens.is_signs(0, ";") => {
            Err(tokens.expected_instead("a statement", Instead::Nothing))
        }
        _ => Err(tokens.expected_instead("a statement", Instead::Statement)),
    }
}

fn is_loop_without_apostrophe(tokens: &Tokens) -> bool {
    tokens.is_name(0) && tokens.is_signs(1, ":") && tokens.is_word(2, "loop")
}

/// Whether a word can be meant as a role; others are more likely meant as words of the language.
fn is_like_a_message(word: &str, tokens: &Tokens) -> bool {
    if !tokens.is_name(0) {
        return false;
    }
    let (signs, length) = tokens.signs_ahead(1);
    if signs.contains(['<', '>']) && tokens.is_name(1 + length) {
        return true;
    }
    let is_alone = tokens.peek(1).is_none() || tokens.is_signs(1, ";") || is_arguments(tokens);
    !word.starts_with(char::is_lowercase) && !words::is_own(word) && !is_alone
}

/// A mistake where a word begins no statement.
fn no_statement(word: &str, tokens: &Tokens) -> Diagnostic {
    let next = match tokens.peek(1) {
        Some(TokenTree::Ident(next)) => Some(next.to_string()),
        _ => None,
    };
    let is_like_a_name = tokens.is_name(0) && !word.starts_with(char::is_lowercase);
    let instead = if !is_like_a_name || words::is_own(word) {
        words::instead(word, next.as_deref())
    } else if !is_arguments(tokens) {
        Instead::Name { name: word.to_owned() }
    } else if tokens.is_signs(2, ";") || tokens.peek(2).is_none() {
        let arguments = tokens.peek(1).map(excerpt).unwrap_or_default().replace(" ,", ",");
        Instead::Write(format!("do {word}{arguments};"))
    } else {
        Instead::Message
    };
    tokens.expected_instead("a statement", instead)
}

fn is_arguments(tokens: &Tokens) -> bool {
    tokens.is_group(1) && !tokens.is_block(1) && !tokens.is_signs(2, "->")
}

/// Reads the `;` behind a statement.
///
/// A statement that is whole without it is kept, if something else begins behind it.
pub(super) fn semicolon(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<(), Diagnostic> {
    if tokens.signs(";").is_some() {
        return Ok(());
    }
    let end = tokens.previous();
    if tokens.is_empty() || starts_statement(tokens) || tokens.is_on_new_line() {
        mistakes.push(Diagnostic::new(Mistake::MissingSemicolon, end));
        return Ok(());
    }
    Err(tokens.expected("`;`"))
}

/// Whether what comes next can only be the beginning of a statement.
pub(super) fn starts_statement(tokens: &Tokens) -> bool {
    match tokens.peek(0) {
        Some(TokenTree::Ident(word)) => match word.to_string().as_str() {
            "loop" | "par" => tokens.is_group(1),
            "break" | "continue" => tokens.is_signs(1, ";") || tokens.is_signs(1, "'"),
            "do" => tokens.is_name(1),
            "choice" => tokens.is_word(1, "at") || tokens.is_word(2, "at"),
            _ => starts_message(tokens),
        },
        Some(TokenTree::Punct(_)) => {
            tokens.is_signs(0, "#") || (tokens.is_loop_label() && tokens.is_signs(2, ":"))
        }
        _ => false,
    }
}

/// Whether names and an arrow come. Few are looked at, for this is asked in many places.
fn starts_message(tokens: &Tokens) -> bool {
    (0..SENDERS_SEEN)
        .map(|nth| 2 * nth)
        .take_while(|&at| tokens.is_name(at) && (at == 0 || tokens.is_signs(at - 1, ",")))
        .any(|at| tokens.is_signs(at + 1, "->"))
}

/// Whether what comes next is no more of a statement that could not be read. What looks like a message
/// on the same line is some more of it.
fn starts_next(tokens: &Tokens) -> bool {
    starts_statement(tokens) && (tokens.is_on_new_line() || !starts_message(tokens))
}

/// Leaves a statement that could not be read: behind its `;` or its last block, or where the
/// next one begins.
fn recover(tokens: &mut Tokens, start: usize) {
    if tokens.position() == start {
        tokens.skip(usize::from(!tokens.is_signs(0, ";")));
        while tokens.is_signs(0, ";;") {
            tokens.skip(1);
        }
    }
    while !tokens.is_empty() && !starts_next(tokens) {
        if tokens.signs(";").is_some() {
            return;
        }
        let block = tokens.group(Delimiter::Brace).is_some();
        if block && !GOES_ON.iter().any(|word| tokens.is_word(0, word)) {
            tokens.signs(";");
            return;
        }
        if !block {
            tokens.skip(1);
        }
    }
}
