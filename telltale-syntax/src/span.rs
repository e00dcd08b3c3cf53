//! Where something stands in the source.

use proc_macro2::{Ident, LineColumn, Span, TokenStream, TokenTree};

/// The first and the last token of something the user wrote.
///
/// Two spans rather than one, because a stable compiler does not join them; what is between is
/// underlined all the same. Lines and columns stand beside them, because the spans of a text say
/// nothing once it has been read.
#[derive(Clone, Copy, Debug)]
pub struct SpanRange {
    first: Span,
    last: Span,
    start: Place,
    end: Place,
}

/// A line and a column in as many bits as a span has; there are many of them.
#[derive(Clone, Copy, Debug)]
struct Place {
    line: u32,
    column: u32,
}

impl From<LineColumn> for Place {
    fn from(LineColumn { line, column }: LineColumn) -> Self {
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: number(line), column: number(column) }
    }
}

impl From<Place> for LineColumn {
    fn from(Place { line, column }: Place) -> Self {
        Self { line: line as usize, column: column as usize }
    }
}

impl SpanRange {
    /// From the beginning of `self` to the end of `last`.
    #[must_use]
    pub fn to(self, last: impl Into<Self>) -> Self {
        let Self { last, end, .. } = last.into();
        Self { last, end, ..self }
    }

    /// All of these tokens, or `otherwise` if there are none.
    pub fn of_tokens(tokens: TokenStream, otherwise: Self) -> Self {
        let mut trees = tokens.into_iter();
        let Some(first) = trees.next() else { return otherwise };
        let last = trees.last();
        Self::from(&first).to(last.as_ref().unwrap_or(&first))
    }

    /// A place in a text that has no tokens there.
    pub(crate) fn in_text(start: LineColumn, end: LineColumn) -> Self {
        let nowhere = Span::call_site();
        Self { first: nowhere, last: nowhere, start: start.into(), end: end.into() }
    }

    /// The span of the first token; for a text, one of no place.
    pub fn first(&self) -> Span {
        self.first
    }

    /// The span of the last token; for a text, one of no place.
    pub fn last(&self) -> Span {
        self.last
    }

    /// Where it begins: lines count from 1, columns from 0.
    pub fn start(&self) -> LineColumn {
        self.start.into()
    }

    /// Where it ends: just behind its last character.
    pub fn end(&self) -> LineColumn {
        self.end.into()
    }

    /// The line it begins on.
    pub fn line(&self) -> usize {
        self.start().line
    }
}

impl From<Span> for SpanRange {
    fn from(span: Span) -> Self {
        Self { first: span, last: span, start: span.start().into(), end: span.end().into() }
    }
}

impl From<&Ident> for SpanRange {
    fn from(ident: &Ident) -> Self {
        ident.span().into()
    }
}

impl From<&TokenTree> for SpanRange {
    fn from(tree: &TokenTree) -> Self {
        tree.span().into()
    }
}
