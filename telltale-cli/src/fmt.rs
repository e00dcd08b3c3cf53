//! `telltale fmt`: protocols in the layout of the language reference.
//!
//! The tree prints itself, without comments and empty lines. Those are put back at the tokens beside which they stood. What comes out is read again
//! and has to say the same, with the same tokens and comments; a block for which that cannot be had is left as it is.

mod comments;
mod kept;
mod merge;
mod split;
mod tokens;

use std::io::Write;
use std::path::PathBuf;

use similar::TextDiff;
use telltale_syntax::{Analysis, analyse_str};

use crate::Verdict;
use crate::blocks::{Block, blocks};
use crate::error::Failure;
use crate::output::{stderr, write};
use crate::source::{Source, each};

use kept::lost;
use split::Split;

/// What is inside of something stands so much further to the right; in files with tabs, it is one of those.
const STEP: &str = "    ";

/// How many lines are compared; the time for it may grow with their square.
const DIFFERENCE_LIMIT: usize = 20_000;

/// Why a block is left as it is.
#[derive(Debug)]
enum Left {
    /// There are mistakes in it.
    Mistakes,
    /// Something that is no part of the protocol stands in it, on this line.
    Comment { line: usize },
    /// The tree does not hold something that stands on this line.
    Unknown { line: usize, what: String },
    /// What would be written says something else.
    Changed,
}

pub(crate) fn run(
    paths: &[PathBuf],
    check: bool,
    out: &mut impl Write,
) -> Result<Verdict, Failure> {
    let mut is_good = true;
    let unread = each(paths, |source| {
        let formatted = file(source, &mut is_good)?;
        let is_changed = formatted != source.text;
        match &source.path {
            _ if check => {
                is_good &= !is_changed;
                difference(source, &formatted, out)?;
            }
            None => out.write_all(formatted.as_bytes())?,
            Some(path) if is_changed => {
                let mark = if source.is_marked { "\u{feff}" } else { "" };
                write(path, &format!("{mark}{formatted}"))?;
                writeln!(out, "formatted {}", source.name)?;
            }
            Some(_) => {}
        }
        Ok(())
    })?;
    unread.map_or(Ok(Verdict::of(is_good)), Err)
}

/// A file with its blocks formatted; says which are not.
fn file(source: &Source, is_good: &mut bool) -> Result<String, Failure> {
    let newline = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut formatted = String::with_capacity(source.text.len());
    let mut at = 0;
    for block in blocks(source) {
        formatted.push_str(&source.text[at..block.range.start]);
        match self::block(block.text(source), block.indent.as_deref()) {
            Ok(text) => formatted.push_str(&text.replace('\n', newline)),
            Err(left) => {
                *is_good = false;
                formatted.push_str(block.text(source));
                writeln!(stderr(), "{}", why(&left, source, &block))?;
            }
        }
        at = block.range.end;
    }
    formatted.push_str(&source.text[at..]);
    Ok(formatted)
}

fn why(left: &Left, source: &Source, block: &Block) -> String {
    let name = &source.name;
    match left {
        Left::Mistakes => format!(
            "{name}:{}: left as it is, because there are mistakes in it; `telltale check` shows them",
            block.lines_before + 1
        ),
        Left::Comment { line } => format!(
            "{name}:{}: left as it is, because the layout has no place for the comment here; put it on a line of its own, in front of a statement",
            block.lines_before + line
        ),
        Left::Unknown { line, what } => format!(
            "{name}:{}: left as it is, because the layout has no place for `{what}`, which means nothing here; take it away",
            block.lines_before + line
        ),
        Left::Changed => format!(
            "{name}:{}: left as it is, because it would not say the same in the layout",
            block.lines_before + 1
        ),
    }
}

fn difference(source: &Source, formatted: &str, out: &mut impl Write) -> Result<(), Failure> {
    if source.text == formatted {
        return Ok(());
    }
    let lines = source.text.lines().count() + formatted.lines().count();
    if lines > DIFFERENCE_LIMIT {
        let name = &source.name;
        return Ok(writeln!(out, "{name}: not formatted, and too long to show the difference")?);
    }
    let diff = TextDiff::from_lines(source.text.as_str(), formatted);
    let mut unified = diff.unified_diff();
    let text = unified.header(&source.name, &format!("{} (formatted)", source.name)).to_string();
    for line in text.lines() {
        let colour = match line.as_bytes().first() {
            Some(b'+') => "\u{1b}[32m",
            Some(b'-') => "\u{1b}[31m",
            _ => "",
        };
        let end = if colour.is_empty() { "" } else { "\u{1b}[0m" };
        writeln!(out, "{colour}{line}{end}")?;
    }
    Ok(())
}

/// A block in its layout.
fn block(text: &str, indent: Option<&str>) -> Result<String, Left> {
    let text = text.replace("\r\n", "\n");
    let analysis = analyse_str(&text);
    if !analysis.diagnostics.is_empty() {
        return Err(Left::Mistakes);
    }
    let split = Split::of(&text);
    let step = if indent.is_some_and(|indent| indent.contains('\t')) { "\t" } else { STEP };
    let inner = indent.map_or(String::new(), |indent| format!("{indent}{step}"));
    let merged = merge::merge(&split, &stepped(&printed(&analysis), step), (&inner, step))
        .map_err(|place| Left::Comment { line: line_of(&text, place) })?;
    let formatted = match indent {
        None => merged,
        Some(indent) => format!("\n{merged}{indent}"),
    };
    if let Some(lost) = lost(&text, &formatted) {
        return Err(Left::Unknown { line: line_of(&text, lost.place), what: lost.text });
    }
    if is_same(&split, &analysis, &formatted) { Ok(formatted) } else { Err(Left::Changed) }
}

fn printed(analysis: &Analysis) -> String {
    let protocols = analysis.ast.protocols.iter().map(|protocol| format!("{protocol}\n"));
    protocols.collect::<Vec<_>>().join("\n")
}

/// A text with other indentation.
fn stepped(text: &str, step: &str) -> String {
    let line = |line: &str| {
        let inside = line.trim_start_matches(' ');
        format!("{}{inside}", step.repeat((line.len() - inside.len()) / STEP.len()))
    };
    text.split_inclusive('\n').map(line).collect()
}

fn line_of(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count() + 1
}

/// Whether both texts mean the same and have the same comments.
fn is_same(split: &Split<'_>, analysis: &Analysis, formatted: &str) -> bool {
    let again = analyse_str(formatted);
    let globals = |analysis: &Analysis| {
        let lowered = analysis.protocols.iter().map(|one| one.lowered.as_ref());
        lowered.map(|lowered| lowered.map(|lowered| lowered.global.clone())).collect::<Vec<_>>()
    };
    again.diagnostics.is_empty()
        && printed(&again) == printed(analysis)
        && globals(&again) == globals(analysis)
        && Split::of(formatted).comments() == split.comments()
}

#[cfg(test)]
mod tests;
