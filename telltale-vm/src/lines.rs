//! Texts that are put together from several, as they come.

use std::fmt;

/// The texts so far, and what stands between two of them.
pub(crate) struct Lines {
    pub(crate) all: String,
    between: &'static str,
}

impl Lines {
    pub(crate) fn joined_by(between: &'static str) -> Self {
        Self { all: String::new(), between }
    }

    /// One more, which is not empty.
    pub(crate) fn add(&mut self, line: fmt::Arguments<'_>) {
        if !self.all.is_empty() {
            self.all.push_str(self.between);
        }
        self.all.push_str(&line.to_string());
    }
}
