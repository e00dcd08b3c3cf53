//! Why a payload is not written or not read.

use std::fmt;

use telltale_types::foreign::sentence;
use telltale_types::{LabelId, LabelView};

use super::CodecError;
use crate::Value;
use crate::error::in_words;

/// A payload that cannot be written down, or bytes that are no payload.
pub struct WireError {
    // Boxed, so that results with it are small.
    inner: Box<Inner>,
}

struct Inner {
    /// The message as its protocol writes it: `Order { drink: String }`.
    message: String,
    doing: &'static str,
    problem: WireProblem,
}

/// What is the matter with it.
#[derive(Debug)]
#[non_exhaustive]
pub enum WireProblem {
    /// The image has no such label.
    UnknownLabel {
        /// How many labels it has.
        labels: usize,
    },
    /// The payload is of another type than the message carries.
    Wrong {
        /// The type.
        expected: String,
        /// What it is instead, in words.
        found: String,
    },
    /// The payload is an opaque Rust value, and the image has no codecs.
    Opaque {
        /// The Rust value, in words.
        found: String,
    },
    /// The payload is the endpoint of a session, which there is only once.
    Endpoint,
    /// The payload is larger than is allowed.
    TooLarge {
        /// How many bytes it has.
        size: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The codec says no.
    Codec(CodecError),
}

impl WireError {
    pub(super) fn writing(label: LabelView<'_>, problem: WireProblem) -> Self {
        Self::of(label.to_string(), "written down", problem)
    }

    pub(super) fn reading(label: LabelView<'_>, problem: WireProblem) -> Self {
        Self::of(label.to_string(), "read", problem)
    }

    pub(super) fn unknown(label: LabelId, labels: usize) -> Self {
        Self::of(format!("message {}", label.0), "converted", WireProblem::UnknownLabel { labels })
    }

    #[cold]
    fn of(message: String, doing: &'static str, problem: WireProblem) -> Self {
        Self { inner: Box::new(Inner { message, doing, problem }) }
    }

    /// The message with its payload type, as its protocol writes it.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// What is the matter.
    pub fn problem(&self) -> &WireProblem {
        &self.inner.problem
    }
}

impl WireProblem {
    pub(super) fn wrong(expected: &str, found: &Value) -> Self {
        Self::Wrong { expected: expected.to_owned(), found: in_words(found) }
    }

    pub(super) fn opaque(payload: &Value) -> Self {
        Self::Opaque { found: in_words(payload) }
    }
}

impl From<CodecError> for WireProblem {
    fn from(error: CodecError) -> Self {
        Self::Codec(error)
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, doing, problem } = &*self.inner;
        write!(f, "`{message}` cannot be {doing}: {problem}")
    }
}

impl fmt::Display for WireProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLabel { labels } => write!(f, "the protocol has {labels} messages"),
            Self::Wrong { expected, found } => write!(f, "expected `{expected}`, found {found}"),
            Self::Opaque { found } => write!(
                f,
                "it carries {found}, and its protocol is not marked `#[serde]`; images that were read have no \
                 codecs either"
            ),
            Self::Endpoint => f.write_str("it carries an endpoint of a session"),
            Self::TooLarge { size, limit } => {
                write!(f, "it has {size} bytes, and the limit is {limit}")
            }
            // It may quote what it has read.
            Self::Codec(error) => f.write_str(&sentence(error)),
        }
    }
}

/// `main` prints errors with `Debug`, and a reader wants a sentence there.
impl fmt::Debug for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for WireError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.inner.problem {
            WireProblem::Codec(error) => error.source(),
            _ => None,
        }
    }
}
