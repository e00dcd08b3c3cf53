//! What happened to a role, in words.

use std::fmt;

use super::{Answer, What};

impl What {
    /// What is different in the same question, behind "found".
    pub(in crate::recording) fn instead(&self, found: &Self) -> String {
        match (self, found) {
            (
                Self::Receive { payload, .. },
                Self::Receive { payload: found_payload, answer, .. },
            ) if !payload.is_same(found_payload) => format!("{found_payload}{answer}"),
            (Self::Send { .. }, Self::Send { answer: Answer::Given(payload), .. }) => {
                payload.to_string()
            }
            (
                Self::Choose { picked, .. },
                Self::Choose { picked: found_picked, answer: Answer::Given(payload), .. },
            ) if picked == found_picked => payload.to_string(),
            (_, found) => format!("it to {found}"),
        }
    }
}

/// Behind "expected `Bob` to".
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { label, to, answer } => write!(f, "send `{label}` to `{to}`{answer}"),
            Self::Choose { picked: Some((label, to)), answer, .. } => {
                write!(f, "choose `{label}` to `{to}`{answer}")
            }
            Self::Choose { among, picked: None, answer } => {
                write!(f, "choose among `{}`{answer}", among.join("`, `"))
            }
            Self::Receive { label, from, payload, answer } => {
                write!(f, "receive `{label}` from `{from}` with {payload}{answer}")
            }
            Self::Invoke { effect, argument, answer } => {
                let argument = argument.as_ref().map(|argument| format!(" for {argument}"));
                write!(f, "invoke `{effect}`{}", argument.unwrap_or_default())?;
                match answer {
                    Answer::Given(result) => write!(f, " and get {result}"),
                    answer => answer.fmt(f),
                }
            }
            // What became of it on its way is no deed of the role.
            Self::Network { label, to, .. } => write!(f, "send `{label}` to `{to}`"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(payload) => write!(f, " with {payload}"),
            Self::Done => Ok(()),
            Self::Failed(text) => write!(f, " and fail: {text}"),
            Self::Panicked(text) => write!(f, " and panic: {text}"),
            Self::Pending => f.write_str(" and have no answer yet"),
        }
    }
}
