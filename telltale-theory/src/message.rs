//! Every sentence that a user can read.
use std::fmt;

use telltale_types::GlobalType;

use crate::Step;
use crate::error::{LimitReached, Violation};

/// A violation in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    title: String,
}

impl Explanation {
    /// tbd
    pub fn of(
        violation: &Violation,
        global: &GlobalType,
        _line: impl Fn(Step) -> Option<String>,
    ) -> Self {
        Self { title: format!("{violation:?} {global}") }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

pub(crate) fn limit(reached: &LimitReached, _global: &GlobalType) -> String {
    format!("{reached:?}")
}
