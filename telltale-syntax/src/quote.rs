//! Statements at other places than a mistake.

use std::fmt;

use crate::excerpt::excerpt;
use crate::span::SpanRange;

/// A statement at another place than the mistake, quoted with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The line it begins on.
    pub line: usize,
    /// The statement as it prints itself, without its semicolon; only the beginning of a long one.
    pub text: String,
}

impl Quote {
    pub(crate) fn new(at: SpanRange, text: &impl fmt::Display) -> Self {
        Self { line: at.line(), text: excerpt(text) }
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, `{}`", self.line, self.text)
    }
}
