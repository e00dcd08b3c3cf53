//! `Alice, Bob -> Carol, Dave: Title(String);`

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::attribute::{self, Outer};
use super::tokens::Tokens;
use super::{block, payload, protocol};
use crate::ast::{Message, Statement};
use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::instead::Instead;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::name::Name;
use crate::payload::{Payload, find_unfit, is_type_name, type_text};
use crate::print::list;
use crate::span::SpanRange;

pub(super) fn message(
    tokens: &mut Tokens,
    mut outer: Outer,
    mistakes: &mut Mistakes,
) -> Result<Statement, Diagnostic> {
    let start = tokens.span();
    let senders = senders(tokens, mistakes)?;
    let wrong_arrow = arrow(tokens)?;
    let (receivers, label, payload) = match rest(tokens, &senders, &mut outer, mistakes) {
        Ok(rest) => rest,
        Err(mistake) => return Err(wrong_arrow.map_or(mistake, WrongArrow::alone)),
    };
    let span = start.to(tokens.previous());
    let payload_text = payload.text().into();
    let Outer { docs, derives, state } = outer;
    let message =
        Message { docs, derives, state, senders, receivers, label, payload, payload_text, span };
    if let Some(wrong) = wrong_arrow {
        mistakes.push(wrong.in_message(&message));
    }
    semicolon(tokens, &message, mistakes)?;
    Ok(Statement::Message(message))
}

fn rest(
    tokens: &mut Tokens,
    senders: &[Name],
    outer: &mut Outer,
    mistakes: &mut Mistakes,
) -> Result<(Vec<Name>, Name, Payload), Diagnostic> {
    let receivers = receivers(tokens, senders, mistakes)?;
    attribute::late(tokens, outer, mistakes);
    let label = label(tokens, senders, &receivers)?;
    Ok((receivers, label, payload::payload(tokens, mistakes)))
}

fn senders(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Vec<Name>, Diagnostic> {
    let mut senders = vec![protocol::role(tokens, mistakes)?];
    while tokens.signs(",").is_some() {
        if tokens.is_name(0) {
            senders.push(protocol::role(tokens, mistakes)?);
        }
    }
    Ok(senders)
}

fn receivers(
    tokens: &mut Tokens,
    senders: &[Name],
    mistakes: &mut Mistakes,
) -> Result<Vec<Name>, Diagnostic> {
    refuse_next_message(tokens, "a role")?;
    if tokens.is_group(0) || tokens.is_signs(0, "*") {
        return Err(tokens.expected_instead("a role", Instead::List));
    }
    let mut receivers = vec![protocol::role(tokens, mistakes)?];
    loop {
        if tokens.signs(":").is_some() {
            return Ok(receivers);
        }
        if tokens.signs(",").is_some() {
            if !tokens.is_signs(0, ":") {
                refuse_next_message(tokens, "a role")?;
                receivers.push(protocol::role(tokens, mistakes)?);
            }
            continue;
        }
        if tokens.is_signs(0, "->") {
            return Err(tokens.expected_instead("`:`", Instead::OneArrow));
        }
        if !is_label(tokens) {
            let instead = if is_and(tokens) { Instead::List } else { Instead::Message };
            return Err(tokens.expected_instead("`,` or `:`", instead));
        }
        let label = tokens.peek(0).map(ToString::to_string).unwrap_or_default();
        let instead = Instead::Write(format!("{}: {label}", exchange(senders, &receivers)));
        mistakes.push(tokens.expected_instead("`:`", instead));
        return Ok(receivers);
    }
}

/// Whether something else than a comma stands between roles.
fn is_and(tokens: &Tokens) -> bool {
    let word = ["and", "or", "&", "&&", "|", "||", "+"]
        .into_iter()
        .find(|word| tokens.is_word(0, word) || tokens.is_signs(0, word));
    word.is_some() && (tokens.is_name(1) || tokens.is_name(2))
}

/// Whether the next word can be meant as a label although there is no colon in front of it.
fn is_label(tokens: &Tokens) -> bool {
    tokens.is_name(0)
        && match tokens.peek(1) {
            Some(TokenTree::Group(group)) => group.delimiter() != Delimiter::Bracket,
            Some(_) => tokens.is_signs(1, ";"),
            None => true,
        }
}

fn label(tokens: &mut Tokens, senders: &[Name], receivers: &[Name]) -> Result<Name, Diagnostic> {
    refuse_next_message(tokens, "a label")?;
    if let Some(ty) = type_ahead(tokens) {
        let instead = match ty.written {
            Some(ty) => Instead::PayloadMeant {
                message: format!("{}: Label{ty}", exchange(senders, receivers)),
            },
            None => Instead::Message,
        };
        let mistake = tokens.expected_instead("a label", instead);
        return Err(mistake.spanning(ty.span));
    }
    if tokens.is_group(0) {
        return Err(tokens.expected_instead("a label", Instead::Message));
    }
    tokens.name("a label")
}

/// What stands where a label should, if that is rather a type.
struct TypeAhead {
    /// It as a payload, in its parentheses, if a message can carry it.
    written: Option<String>,
    span: SpanRange,
}

fn type_ahead(tokens: &Tokens) -> Option<TypeAhead> {
    let is_type = match tokens.peek(0)? {
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
        TokenTree::Ident(word) => {
            let is_whole = !matches!(tokens.peek(1), Some(TokenTree::Group(_)));
            let is_path = tokens.is_signs(1, "<") || tokens.is_signs(1, "::");
            is_path || (is_whole && is_type_name(&word.to_string()))
        }
        TokenTree::Punct(punct) => ['&', '*'].contains(&punct.as_char()),
        TokenTree::Literal(_) => true,
    };
    if !is_type {
        return None;
    }
    let (trees, span) = tokens.up_to_semicolon();
    let ty = payload::read_type(trees.into_iter().collect::<TokenStream>(), span);
    let ty = ty.filter(|ty| find_unfit(ty).is_none()).map(|ty| type_text(&ty));
    let written = ty.filter(|ty| ty != "()").map(|ty| in_parentheses(&ty));
    Some(TypeAhead { written, span })
}

fn in_parentheses(ty: &str) -> String {
    if ty.starts_with('(') { excerpt(ty) } else { format!("({})", excerpt(ty)) }
}

/// A mistake if the next message begins on this line: then the one before is half-typed.
fn refuse_next_message(tokens: &Tokens, expected: &'static str) -> Result<(), Diagnostic> {
    if tokens.is_on_new_line() && block::starts_statement(tokens) {
        return Err(tokens.expected_instead(expected, Instead::Message));
    }
    Ok(())
}

/// Reads the `;`, or says what may have been meant by what stands there.
fn semicolon(
    tokens: &mut Tokens,
    message: &Message,
    mistakes: &mut Mistakes,
) -> Result<(), Diagnostic> {
    let Err(mistake) = block::semicolon(tokens, mistakes) else { return Ok(()) };
    let skipped = usize::from(tokens.is_signs(0, ":") || tokens.is_signs(0, "="));
    let (trees, span) = tokens.up_to_semicolon();
    let instead = if tokens.is_signs(0, ",") {
        Instead::OneLabel
    } else if message.payload.is_unit()
        && let Some(ty) = payload::read_type(trees.into_iter().skip(skipped).collect(), span)
        && find_unfit(&ty).is_none()
    {
        let message = format!("{message}{}", in_parentheses(&type_text(&ty)));
        Instead::Parentheses { message }
    } else {
        Instead::Message
    };
    Err(mistake.with_instead(instead))
}

/// `A, B -> C`
fn exchange(senders: &[Name], receivers: &[Name]) -> String {
    excerpt(&format!("{} -> {}", list(senders), list(receivers)))
}

/// What was written for an arrow, and where.
struct WrongArrow {
    found: String,
    span: SpanRange,
}

impl WrongArrow {
    fn in_message(self, message: &Message) -> Diagnostic {
        let (senders, receivers) = (&message.senders, &message.receivers);
        let written = excerpt(message);
        let instead = match self.found.as_str() {
            "- >" => Instead::OneSign { message: written },
            found if found.starts_with('<') && found.ends_with('>') => Instead::OneWay {
                there: exchange(senders, receivers),
                back: exchange(receivers, senders),
            },
            found if found.starts_with('<') => {
                let text = written.strip_prefix(&exchange(senders, receivers)).unwrap_or_default();
                Instead::SenderFirst { message: exchange(receivers, senders) + text }
            }
            _ => Instead::Write(written),
        };
        self.with(instead)
    }

    /// The mistake if there is more that is wrong with the message.
    fn alone(self) -> Diagnostic {
        self.with(Instead::Message)
    }

    fn with(self, instead: Instead) -> Diagnostic {
        let found = Some(format!("`{}`", self.found));
        let mistake = Mistake::Expected { expected: "`->`", found, instead: Some(instead) };
        Diagnostic::new(mistake, self.span)
    }
}

/// Reads `->`, or what was written for it.
fn arrow(tokens: &mut Tokens) -> Result<Option<WrongArrow>, Diagnostic> {
    let (found, length) = match tokens.peek(0) {
        Some(TokenTree::Ident(word)) if word == "to" && tokens.is_name(1) => ("to".to_owned(), 1),
        _ => tokens.signs_ahead(0),
    };
    let is_right = tokens.is_signs(0, "->");
    if is_right && (length == 2 || !tokens.is_name(length)) {
        tokens.signs("->");
        return Ok(None);
    }
    if is_and(tokens) {
        return Err(tokens.expected_instead("`->`", Instead::List));
    }
    if length == 0 || !tokens.is_name(length) {
        return Err(tokens.expected_instead("`->`", Instead::Message));
    }
    let first = tokens.span();
    tokens.skip(length);
    Ok(Some(WrongArrow { found, span: first.to(tokens.previous()) }))
}
