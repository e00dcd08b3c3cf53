//! Where something stands in the source.

use proc_macro2::{Ident, LineColumn, Span, TokenStream, TokenTree};

/// The first and the last token of something the user wrote.
///
/// Two spans rather than one, because a stable compiler does not join them; what is between is
/// underlined all the same.
#[derive(Clone, Copy, Debug)]
pub struct SpanRange {
    /// The span of the first token.
    pub first: Span,
    /// The span of the last token.
    pub last: Span,
}

impl SpanRange {
    /// From the beginning of `self` to the end of `last`.
    #[must_use]
    pub fn to(self, last: impl Into<Self>) -> Self {
        Self { first: self.first, last: last.into().last }
    }

    /// All of these tokens, or `otherwise` if there are none.
    pub fn of_tokens(tokens: TokenStream, otherwise: Self) -> Self {
        let mut trees = tokens.into_iter();
        let Some(first) = trees.next() else { return otherwise };
        let last = trees.last().map_or_else(|| first.span(), |last| last.span());
        Self { first: first.span(), last }
    }

    /// Where it begins: lines count from 1, columns from 0.
    pub fn start(&self) -> LineColumn {
        self.first.start()
    }

    /// Where it ends: just behind its last character.
    pub fn end(&self) -> LineColumn {
        self.last.end()
    }

    /// The line it begins on.
    pub fn line(&self) -> usize {
        self.start().line
    }
}

impl From<Span> for SpanRange {
    fn from(span: Span) -> Self {
        Self { first: span, last: span }
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
