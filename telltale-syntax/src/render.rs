//! Mistakes in a text, with the lines they stand in.

use std::iter::repeat;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use proc_macro2::LineColumn;

use crate::cannot_know::{CannotKnow, Proposal};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;

/// Whether colours are part of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Letters and lines only, for files and comparisons.
    #[default]
    Plain,
    /// With the escape codes of a terminal.
    Coloured,
}

/// Prints mistakes as the compiler does: each with its place, the line and the tokens underlined.
///
/// `text` is what was given to [`analyse_str`](crate::analyse_str), and `path` what to call it.
///
/// ```
/// use telltale_syntax::{Style, analyse_str, render};
///
/// let text = "protocol Talk(Alice, Bob) { Alice -> Bbo: Hello; }";
/// let printed = render(&analyse_str(text).diagnostics, "talk.txt", text, Style::Plain);
/// assert_eq!(printed, "\
/// error: unknown role `Bbo`
///  --> talk.txt:1:38
///   |
/// 1 | protocol Talk(Alice, Bob) { Alice -> Bbo: Hello; }
///   |                                      ^^^
///   |
///   = help: there is `Bob`
/// ");
/// ```
pub fn render(diagnostics: &[Diagnostic], path: &str, text: &str, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let lines = Lines::of(text);
    let mut printed = String::new();
    for diagnostic in diagnostics {
        if !printed.is_empty() {
            printed.push('\n');
        }
        let groups = match diagnostic.mistake() {
            Mistake::CannotKnow(why) => explanation(diagnostic, why, &lines, path),
            _ => vec![mistake(diagnostic, &lines, path)],
        };
        printed.push_str(&renderer.render(&groups));
        printed.push('\n');
    }
    printed
}

fn mistake<'a>(diagnostic: &Diagnostic, lines: &Lines<'a>, path: &'a str) -> Group<'a> {
    let range = lines.range(diagnostic.start(), diagnostic.end());
    let whole = lines.whole(&range);
    let annotation =
        AnnotationKind::Primary.span(range.start - whole.start..range.end - whole.start);
    let snippet = Snippet::source(&lines.text[whole]).line_start(diagnostic.start().line);
    let snippet = snippet.path(path).annotation(annotation);
    let group = Level::ERROR.primary_title(diagnostic.message()).element(snippet);
    group.elements(diagnostic.help().map(|help| Level::HELP.message(help)))
}

/// What a role cannot know, at all places that matter, and the lines to write.
fn explanation<'a>(
    diagnostic: &Diagnostic,
    why: &CannotKnow,
    lines: &Lines<'a>,
    path: &'a str,
) -> Vec<Group<'a>> {
    let kinds = std::iter::once(AnnotationKind::Primary).chain(repeat(AnnotationKind::Context));
    let annotations = kinds.zip(diagnostic.annotations()).map(|(kind, place)| {
        kind.span(lines.range(place.start, place.end)).label(place.label.clone())
    });
    let snippet = Snippet::source(lines.text).path(path).annotations(annotations);
    let CannotKnow { explanation, proposals, .. } = why;
    let error = Level::ERROR
        .primary_title(diagnostic.message())
        .element(snippet)
        .element(Level::NOTE.message(explanation.seen.clone()))
        .element(Level::NOTE.message(explanation.run.clone()));
    let otherwise = why.otherwise().map(|otherwise| Level::HELP.message(format!("or {otherwise}")));
    let help = explanation.help.clone();
    if proposals.is_empty() {
        return vec![error.element(Level::HELP.message(help)).elements(otherwise)];
    }
    let patches = proposals.iter().map(|proposal| lines.patch(proposal));
    let lines_to_write = Snippet::source(lines.text).path(path).patches(patches);
    vec![error, Level::HELP.secondary_title(help).element(lines_to_write).elements(otherwise)]
}

/// Where the lines of a text begin, to find a column counted in characters.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    fn range(&self, start: LineColumn, end: LineColumn) -> Range<usize> {
        let start = self.offset(start);
        start..self.offset(end).max(start)
    }

    /// The lines that a range is in; to look at the others would take time for each mistake.
    fn whole(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[range.end..].find('\n').map_or(self.text.len(), |at| range.end + at);
        start..end
    }

    /// Puts what is proposed on a line of its own, if the statement before it has one.
    fn patch(&self, proposal: &Proposal) -> Patch<'a> {
        let line = self.offset(LineColumn { column: 0, ..proposal.start });
        let before = &self.text[line..self.offset(proposal.start)];
        let space = if before.trim().is_empty() { format!("\n{before}") } else { " ".to_owned() };
        let end = self.offset(proposal.end);
        match self.text[end..].find(|next: char| !next.is_whitespace()) {
            Some(gap) if self.text[end + gap..].starts_with(';') => {
                let place = end + gap + 1;
                Patch::new(place..place, format!("{space}{}", proposal.text))
            }
            // A comment is between the statement and its semicolon, which then ends what is proposed.
            _ => Patch::new(end..end, format!(";{space}{}", proposal.text.trim_end_matches(';'))),
        }
    }

    /// The byte at a place, or the last one that is there.
    fn offset(&self, place: LineColumn) -> usize {
        let Some(&start) = self.starts.get(place.line.saturating_sub(1)) else {
            return self.text.len();
        };
        let rest = &self.text[start..];
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        start + line.char_indices().nth(place.column).map_or(line.len(), |(at, _)| at)
    }
}
