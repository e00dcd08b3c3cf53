//! What a script says when something else happens. All of its sentences are here.

use std::fmt;
use std::panic::Location;

use telltale_vm::SessionId;

use super::line::Line;

/// Something else happened than a [`Script`](crate::Script) says, or something that it says did not happen.
///
/// It is what [`Script::finish`](crate::Script::finish) gives, and what a session faults with.
///
/// ```
/// use telltale_testing::{Script, ScriptError};
///
/// let script = Script::new().send("Warehouse", "Parcel", 4711);
/// let error: ScriptError = script.finish().expect_err("nobody has played it");
/// assert_eq!(error.role(), "Warehouse");
/// assert!(error.location().is_some_and(|location| location.file().ends_with(".rs")));
/// ```
pub struct ScriptError(Box<Inner>);

struct Inner {
    role: String,
    /// What the line says; nothing if there is none.
    expected: Option<String>,
    at: Option<&'static Location<'static>>,
    happened: Happened,
}

/// What happened in place of what is written.
pub(super) enum Happened {
    Asked {
        label: String,
    },
    Decides {
        labels: Vec<String>,
    },
    Told {
        label: String,
        payload: String,
    },
    /// The payload has been given before.
    Spent,
    /// The payload is not one of the message.
    Misfit(String),
    /// The role has come to its end.
    End {
        session: Option<SessionId>,
    },
    /// The role did not play.
    Nothing {
        session: Option<SessionId>,
    },
}

impl ScriptError {
    /// Something else than the line says.
    pub(super) fn new(role: &str, line: &Line, happened: Happened) -> Self {
        let (expected, at) = (Some(line.to_string()), Some(line.at));
        Self(Box::new(Inner { role: role.to_owned(), expected, at, happened }))
    }

    /// Something for which the role has no line any more.
    pub(super) fn no_line(role: &str, last: Option<&Line>, happened: Happened) -> Self {
        let at = last.map(|line| line.at);
        Self(Box::new(Inner { role: role.to_owned(), expected: None, at, happened }))
    }

    /// The role.
    pub fn role(&self) -> &str {
        &self.0.role
    }

    /// Where the line is written; if the role has none any more, its last one.
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.0.at
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { role, expected, at, happened } = &*self.0;
        match (expected, at) {
            (Some(expected), Some(at)) => {
                write!(f, "expected `{role}` to {expected} ({at}), but ")?;
            }
            (None, Some(at)) => write!(f, "the last line for `{role}` is at {at}, but ")?,
            _ => write!(f, "the script has no line for `{role}`, but ")?,
        }
        happened.fmt(f)
    }
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |session: &Option<SessionId>| {
            session.map_or_else(String::new, |session| format!(" in session {session}"))
        };
        match self {
            Self::Asked { label } => write!(f, "it is asked for `{label}`"),
            Self::Decides { labels } => {
                let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
                write!(f, "it decides between {}", labels.join(" and "))
            }
            Self::Told { label, payload } => write!(f, "it received `{label}` with {payload}"),
            Self::Spent => f.write_str(
                "its payload has been sent before and cannot be copied: `send_with` and `choose_with` make one \
                 for each session",
            ),
            Self::Misfit(misfit) => f.write_str(misfit),
            Self::End { session } => write!(f, "it did not come to that{}", of(session)),
            Self::Nothing { session } => {
                write!(f, "no role of this name was asked or told anything{}", of(session))
            }
        }
    }
}

/// Tests print errors with `Debug`, and a reader wants a sentence there.
impl fmt::Debug for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ScriptError {}
