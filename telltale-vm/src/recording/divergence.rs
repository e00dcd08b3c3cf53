//! Where a replay parts from its recording.

use std::fmt;

/// The first thing that was not as it had been recorded.
#[derive(Clone)]
pub struct Divergence {
    /// The number of the session in the recording.
    pub(super) session: u64,
    /// The line of the recording.
    pub(super) line: Option<usize>,
    pub(super) role: Option<String>,
    pub(super) what: String,
    /// The statement of the protocol, and where it is if that is known.
    pub(super) statement: Option<String>,
    /// What has become of the protocol since, if it has changed.
    pub(super) changed: Option<String>,
}

impl Divergence {
    pub(super) fn of(session: u64, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { session, line: None, role: None, what, statement: None, changed: None }
    }

    /// The number of the session in the recording.
    pub fn session(&self) -> u64 {
        self.session
    }

    /// The line of the recording that something should have been like, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The role that did something else.
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session #{}", self.session)?;
        if let Some(line) = self.line {
            write!(f, ", line {line} of the recording")?;
        }
        write!(f, ": {}", self.what)?;
        if let Some(statement) = &self.statement {
            write!(f, "\n  in {statement}")?;
        }
        match &self.changed {
            Some(changed) => write!(f, "\nnote: {changed}"),
            None => Ok(()),
        }
    }
}

/// A test prints errors with `Debug`, and a reader wants sentences there.
impl fmt::Debug for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Divergence {}
