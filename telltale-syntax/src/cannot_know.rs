//! What some role cannot know, and what to write.

use std::fmt;

use proc_macro2::LineColumn;
use telltale_theory::{Condition, Explanation};

use crate::quote::Quote;

/// Why some role cannot know what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CannotKnow {
    /// Who cannot know.
    pub role: String,
    /// What cannot be known, and a run that goes wrong.
    pub explanation: Explanation,
    /// Lines that, written together, put it right. There are none where none can be written, or none is known.
    pub proposals: Vec<Proposal>,
    /// The other protocol, if all of it happens within one `do` of that.
    pub inside: Option<String>,
    /// Which condition is violated.
    pub condition: Condition,
}

/// Something to write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// One or more statements, such as `Alice -> Carol: Left;`.
    pub text: String,
    /// The statement directly after which it goes.
    pub after: Quote,
    /// Where that statement begins.
    pub start: LineColumn,
    /// Where it ends, without its semicolon.
    pub end: LineColumn,
    /// Whether the same statement stands on that line once more.
    pub(crate) is_repeated: bool,
}

impl CannotKnow {
    /// What would help instead of writing a line, if anything.
    pub fn otherwise(&self) -> Option<String> {
        (self.condition == Condition::SilentEnd).then(|| {
            let role = &self.role;
            format!("write `#[allow(silent_end)]` above the protocol; `{role}` then stops when the session does")
        })
    }
}

impl Proposal {
    /// ``line 13, `Carol -> Bob: X` ``, with the column if that could be one of two places.
    pub fn place(&self) -> String {
        let Quote { line, text } = &self.after;
        if self.is_repeated {
            format!("line {line}, column {}, `{text}`", self.start.column + 1)
        } else {
            self.after.to_string()
        }
    }
}

/// Title, explanation and help with the lines to write.
impl fmt::Display for CannotKnow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        aligned(&self.explanation).fmt(f)?;
        let insert = |proposal: &Proposal| format!("insert `{}`", proposal.text);
        let width = self.proposals.iter().map(|one| insert(one).chars().count()).max();
        for proposal in &self.proposals {
            let width = width.unwrap_or_default();
            write!(f, "\n    {:width$}  after {}", insert(proposal), proposal.place())?;
        }
        self.otherwise().map_or(Ok(()), |otherwise| write!(f, "\n  or {otherwise}"))
    }
}

/// An explanation with its title set off and the line numbers below each other.
fn aligned(explanation: &Explanation) -> Explanation {
    let mut aligned = explanation.clone();
    aligned.title.push('\n');
    let length = |place: &Option<String>| place.as_ref().map_or(0, String::len);
    let width = aligned.branches.iter().map(|branch| length(&branch.place)).max().unwrap_or(0);
    for place in aligned.branches.iter_mut().filter_map(|branch| branch.place.as_mut()) {
        *place = format!("{place:>width$}");
    }
    aligned
}
