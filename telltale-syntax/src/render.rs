//! Mistakes in a text, with the lines they stand in.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use proc_macro2::LineColumn;

use crate::diagnostic::Diagnostic;

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
        let (message, help) = (diagnostic.message(), diagnostic.help());
        let group = group(&message, help.as_deref(), lines.range(diagnostic), path, text);
        printed.push_str(&renderer.render(&[group]));
        printed.push('\n');
    }
    printed
}

fn group<'a>(
    message: &'a str,
    help: Option<&'a str>,
    range: Range<usize>,
    path: &'a str,
    text: &'a str,
) -> Group<'a> {
    let annotation = AnnotationKind::Primary.span(range);
    let snippet = Snippet::source(text).path(path).annotation(annotation);
    let group = Level::ERROR.primary_title(message).element(snippet);
    group.elements(help.map(|help| Level::HELP.message(help)))
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

    fn range(&self, diagnostic: &Diagnostic) -> Range<usize> {
        let start = self.offset(diagnostic.start());
        start..self.offset(diagnostic.end()).max(start)
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
