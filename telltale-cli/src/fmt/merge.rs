//! Comments and empty lines, put back into a text that has the same tokens in another layout.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::comments::{Comment, Gap};
use super::split::Split;
use super::tokens::{Token, tokens};

/// What is added to a line of the printed text.
#[derive(Default)]
struct Added<'t> {
    /// Lines in front of it.
    before: Vec<Comment<'t>>,
    /// Whether an empty line stands in front of it, behind those.
    empty_line: bool,
    /// What stands behind it.
    behind: Option<Comment<'t>>,
}

/// A line of the printed text, and the tokens on it.
struct Line<'p> {
    text: &'p str,
    first: usize,
    last: usize,
}

/// `printed` with the comments and the empty lines of a text, each line behind `indent`, and what is inside of something one `step` further.
///
/// # Errors
///
/// Where a comment stands in the text for which there is no place.
pub(super) fn merge(
    Split { tokens: before, gaps }: &Split<'_>,
    printed: &str,
    (indent, step): (&str, &str),
) -> Result<String, usize> {
    let after = tokens(printed);
    let place = places(before, &after);
    let lines = lines(printed, &after);
    let mut added: BTreeMap<usize, Added<'_>> = BTreeMap::new();
    let (at_end, gaps) = gaps.split_last().expect("there is one behind the last token");
    for (at, gap) in gaps.iter().enumerate() {
        let next = place.get(at).copied().flatten();
        let starts =
            next.and_then(|token| lines.binary_search_by_key(&token, |line| line.first).ok());
        if gap.empty_line
            && let Some(line) = starts
        {
            added.entry(line).or_default().empty_line = true;
        }
        for &comment in &gap.comments {
            let start = comment.start;
            if comment.begins_line {
                let line = starts.or_else(|| inside(before, at, &place, &lines));
                added
                    .entry(line.filter(|_| comment.ends_line).ok_or(start)?)
                    .or_default()
                    .before
                    .push(comment);
            } else {
                let line = at.checked_sub(1).and_then(|last| ends(last, &place, &lines));
                let line =
                    added.entry(line.filter(|_| comment.ends_line).ok_or(start)?).or_default();
                if line.behind.replace(comment).is_some() {
                    return Err(start);
                }
            }
        }
    }
    write(&lines, &added, at_end, (indent, step))
}

/// Where each token of a text is in another, if it is there.
fn places(before: &[Token<'_>], after: &[Token<'_>]) -> Vec<Option<usize>> {
    let words =
        |tokens: &[Token<'_>]| tokens.iter().map(|token| token.text.to_owned()).collect::<Vec<_>>();
    let mut places = vec![None; before.len()];
    for op in capture_diff_slices(Algorithm::Myers, &words(before), &words(after)) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            (0..len).for_each(|nth| places[old_index + nth] = Some(new_index + nth));
        }
    }
    places
}

/// The lines that have tokens; they are in the order of their first ones.
fn lines<'p>(printed: &'p str, tokens: &[Token<'_>]) -> Vec<Line<'p>> {
    let mut lines = Vec::new();
    let (mut start, mut token) = (0, 0);
    for text in printed.split_inclusive('\n') {
        let end = start + text.len();
        let first = token;
        while tokens.get(token).is_some_and(|token| token.range.start < end) {
            token += 1;
        }
        if token > first {
            // Space at the end of a line of documentation is a part of it.
            lines.push(Line { text: text.trim_end_matches('\n'), first, last: token - 1 });
        }
        start = end;
    }
    lines
}

/// The line that ends with a token.
fn ends(token: usize, place: &[Option<usize>], lines: &[Line<'_>]) -> Option<usize> {
    let token = place.get(token).copied().flatten()?;
    lines.binary_search_by_key(&token, |line| line.last).ok()
}

/// In front of `or { … }` or `and { … }`, which do not begin a line, a comment goes to the beginning of the block.
fn inside(
    before: &[Token<'_>],
    at: usize,
    place: &[Option<usize>],
    lines: &[Line<'_>],
) -> Option<usize> {
    let is_between =
        ["or", "and"].contains(&before.get(at)?.text) && before.get(at + 1)?.text == "{";
    let next = place.get(at + 2).copied().flatten().filter(|_| is_between)?;
    lines.binary_search_by_key(&next, |line| line.first).ok()
}

fn write(
    lines: &[Line<'_>],
    added: &BTreeMap<usize, Added<'_>>,
    at_end: &Gap<'_>,
    (indent, step): (&str, &str),
) -> Result<String, usize> {
    let mut text = String::new();
    let mut tail = &at_end.comments[..];
    if tail.first().is_some_and(|comment| !comment.begins_line && !comment.ends_line) {
        return Err(tail[0].start);
    }
    let nothing = Added::default();
    let mut opens = true;
    for (at, line) in lines.iter().enumerate() {
        let add = added.get(&at).unwrap_or(&nothing);
        let space = &line.text[..line.text.len() - line.text.trim_start().len()];
        let closes = line.text.trim_start().starts_with(['}', ')']);
        let is_protocol = space.is_empty() && !closes && at > 0 && is_behind_protocol(lines, at);
        for comment in &add.before {
            let is_first = std::ptr::eq(comment, &raw const add.before[0]);
            if (comment.after_empty_line && !opens) || (is_protocol && is_first) {
                text.push('\n');
            }
            opens = false;
            let deeper = if closes { step } else { "" };
            push(&mut text, &[indent, space, deeper, comment.text]);
        }
        let is_apart =
            (add.empty_line && !opens && !closes) || (is_protocol && add.before.is_empty());
        if is_apart {
            text.push('\n');
        }
        match &add.behind {
            Some(comment) => push(&mut text, &[indent, line.text, " ", comment.text]),
            None => push(&mut text, &[indent, line.text]),
        }
        opens = line.text.ends_with(['{', '(']);
    }
    if let [comment, rest @ ..] = tail
        && !comment.begins_line
    {
        tail = rest;
        text.truncate(text.trim_end().len());
        push(&mut text, &[" ", comment.text]);
    }
    for comment in tail {
        if comment.after_empty_line {
            text.push('\n');
        }
        push(&mut text, &[indent, comment.text]);
    }
    Ok(text)
}

/// Whether the line in front ends a protocol.
fn is_behind_protocol(lines: &[Line<'_>], at: usize) -> bool {
    lines[at - 1].text == "}"
}

fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
    text.push('\n');
}
