//! A mistake and where it is.

use std::fmt;

use proc_macro2::{LineColumn, TokenStream};
use quote::quote_spanned;

use crate::forget::Forget;
use crate::instead::Instead;
use crate::mistake::Mistake;
use crate::span::SpanRange;

/// What is wrong, where, and what would help.
///
/// Prints as `line 3, column 9: unknown role …`, with the remedy on a line of its own.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    mistake: Box<Mistake>,
    span: SpanRange,
    annotations: Vec<Annotation>,
}

/// A place that a mistake speaks of, and what to say there.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// The tokens that are underlined.
    pub span: SpanRange,
    /// Where it begins: lines count from 1, columns from 0.
    pub start: LineColumn,
    /// Where it ends: just behind its last character.
    pub end: LineColumn,
    /// A few words.
    pub label: String,
}

impl Annotation {
    pub(crate) fn new(span: SpanRange, label: String) -> Self {
        Self { span, start: span.start(), end: span.end(), label }
    }
}

impl Forget for Diagnostic {
    fn forget(&mut self) {
        self.span.forget();
        self.annotations.iter_mut().for_each(|annotation| annotation.span.forget());
    }
}

impl Diagnostic {
    /// A mistake at tokens that are there.
    pub fn new(mistake: Mistake, span: impl Into<SpanRange>) -> Self {
        Self { mistake: Box::new(mistake), span: span.into(), annotations: Vec::new() }
    }

    /// The same, with what to write instead, if something was expected.
    pub(crate) fn with_instead(mut self, remedy: Instead) -> Self {
        if let Mistake::Expected { instead, .. } = &mut *self.mistake {
            *instead = Some(remedy);
        }
        self
    }

    pub(crate) fn spanning(self, span: SpanRange) -> Self {
        Self { span, ..self }
    }

    pub(crate) fn with_annotations(self, annotations: Vec<Annotation>) -> Self {
        Self { annotations, ..self }
    }

    /// A mistake in a text that has no tokens yet; it covers one character.
    pub(crate) fn in_text(mistake: Mistake, start: LineColumn) -> Self {
        let end = LineColumn { line: start.line, column: start.column + 1 };
        Self::new(mistake, SpanRange::in_text(start, end))
    }

    /// What is wrong.
    pub fn mistake(&self) -> &Mistake {
        &self.mistake
    }

    /// What is wrong, in words.
    pub fn message(&self) -> String {
        self.mistake.to_string()
    }

    /// What would help, if that is known.
    pub fn help(&self) -> Option<String> {
        self.mistake.help()
    }

    /// The tokens that are underlined.
    pub fn span(&self) -> SpanRange {
        self.span
    }

    /// Where it begins: lines count from 1, columns from 0.
    pub fn start(&self) -> LineColumn {
        self.span.start()
    }

    /// Where it ends: just behind its last character.
    pub fn end(&self) -> LineColumn {
        self.span.end()
    }

    /// What there is to say at places, if more than one matters; the underlined one comes first.
    pub fn annotations(&self) -> &[Annotation] {
        &self.annotations
    }

    /// All there is to say as one text, for where there is room for one only.
    pub fn text(&self) -> String {
        match (&*self.mistake, self.help()) {
            (Mistake::CannotKnow(why), _) => why.to_string(),
            (mistake, Some(help)) => format!("{mistake}\nhelp: {help}"),
            (mistake, None) => mistake.to_string(),
        }
    }

    /// `compile_error! { "…" }` that underlines the right tokens.
    pub fn to_compile_error(&self) -> TokenStream {
        let text = self.text();
        // The compiler underlines from the first token of the macro call to its last.
        let (first, last) = (self.span.first(), self.span.last());
        let name = quote_spanned!(first=> ::core::compile_error!);
        let body = quote_spanned!(last=> { #text });
        quote::quote!(#name #body)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LineColumn { line, column } = self.start();
        write!(f, "line {line}, column {}: {}", column + 1, self.text())
    }
}

impl std::error::Error for Diagnostic {}
