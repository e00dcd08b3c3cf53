//! Faults and outcomes as they are written down.
//!
//! What a handler gave as its error may be any Rust value; what it prints is kept. Two faults are equal when they print the same.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Cause, Fault, Kind, Outcome, SessionError};

/// Who faulted, where, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FaultForm(#[serde(with = "shared")] pub(super) Arc<Fault>);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Fault")]
struct Fields {
    role: Option<String>,
    lane: u8,
    instruction: Option<String>,
    #[serde(with = "CauseForm")]
    cause: Cause,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Cause")]
enum CauseForm {
    #[serde(with = "handler_error")]
    Handler(crate::HandlerError),
    Panicked {
        message: String,
    },
    WrongPayload {
        label: String,
        expected: String,
        found: String,
    },
    NoSuchBranch {
        picked: usize,
        branches: usize,
    },
    UnexpectedMessage {
        from: String,
        found: String,
        expected: String,
    },
    ChannelFull {
        label: String,
        to: String,
        capacity: u16,
    },
    LeftOver {
        from: String,
        to: String,
        label: String,
    },
    Stuck {
        waiting: String,
    },
    NotAllowed {
        expected: String,
        found: String,
    },
    EmptyRegister {
        register: u8,
    },
    NotAnEndpoint {
        register: u8,
        #[serde(with = "kind")]
        found: Kind,
    },
    SessionEnded {
        register: u8,
    },
    EndpointToHandler {
        what: String,
    },
    ImageNotProvided {
        name: String,
    },
    #[serde(with = "limit")]
    CannotOpen(Box<crate::VMError>),
    WrongDelivery {
        expected: String,
        found: String,
    },
    OutOfProgram,
    BadInstruction,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum OutcomeForm {
    #[serde(rename = "complete")]
    Complete,
    #[serde(rename = "closed")]
    Closed,
    #[serde(rename = "cancelled")]
    Cancelled(String),
    #[serde(rename = "faulted")]
    Faulted(FaultForm),
}

impl From<&Outcome> for OutcomeForm {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Ok(()) => Self::Complete,
            Err(SessionError::Closed) => Self::Closed,
            Err(SessionError::Cancelled { reason }) => Self::Cancelled(reason.as_ref().to_owned()),
            Err(SessionError::Faulted(fault)) => Self::Faulted(FaultForm(fault.clone())),
        }
    }
}

impl From<OutcomeForm> for Outcome {
    fn from(form: OutcomeForm) -> Self {
        Err(match form {
            OutcomeForm::Complete => return Ok(()),
            OutcomeForm::Closed => SessionError::Closed,
            OutcomeForm::Cancelled(reason) => SessionError::Cancelled { reason: reason.into() },
            OutcomeForm::Faulted(FaultForm(fault)) => SessionError::Faulted(fault),
        })
    }
}

mod shared {
    use std::sync::Arc;

    use serde::{Deserializer, Serializer};

    use super::{Fault, Fields};

    pub(super) fn serialize<S: Serializer>(fault: &Arc<Fault>, to: S) -> Result<S::Ok, S::Error> {
        Fields::serialize(fault, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Fault>, D::Error> {
        Fields::deserialize(from).map(Arc::new)
    }
}

mod handler_error {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::HandlerError;

    pub(super) fn serialize<S: Serializer>(error: &HandlerError, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(error)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<HandlerError, D::Error> {
        String::deserialize(from).map(HandlerError::msg)
    }
}

mod kind {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Kind;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(*kind as u8)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Kind, D::Error> {
        u8::deserialize(from).map(Kind::from_number)
    }
}

/// Why a program could not open a session: at a limit, or because of what the session is.
mod limit {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::VMError;

    #[derive(Serialize, Deserialize)]
    enum Form {
        SeveralEndpoints(String),
        TooManySessions(u64),
        TooManyCoroutines(u64, u64, u64),
        TooManyRegisters(u64, u64),
        TooManyImages(u64),
    }

    #[allow(clippy::borrowed_box, reason = "serde passes the field")]
    pub(super) fn serialize<S: Serializer>(error: &Box<VMError>, to: S) -> Result<S::Ok, S::Error> {
        let form = match &**error {
            VMError::SeveralEndpoints { role } => Form::SeveralEndpoints(role.clone()),
            VMError::TooManySessions { limit } => Form::TooManySessions(*limit as u64),
            VMError::TooManyCoroutines { given, open, limit } => {
                Form::TooManyCoroutines(*given as u64, *open as u64, *limit as u64)
            }
            VMError::TooManyRegisters { given, limit } => {
                Form::TooManyRegisters(*given as u64, *limit as u64)
            }
            VMError::TooManyImages { limit } => Form::TooManyImages(*limit as u64),
            other => return Err(S::Error::custom(format_args!("no limit: {other}"))),
        };
        form.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Box<VMError>, D::Error> {
        let number = |n: u64| usize::try_from(n).map_err(D::Error::custom);
        Ok(Box::new(match Form::deserialize(from)? {
            Form::SeveralEndpoints(role) => VMError::SeveralEndpoints { role },
            Form::TooManySessions(limit) => VMError::TooManySessions { limit: number(limit)? },
            Form::TooManyCoroutines(given, open, limit) => VMError::TooManyCoroutines {
                given: number(given)?,
                open: number(open)?,
                limit: number(limit)?,
            },
            Form::TooManyRegisters(given, limit) => {
                VMError::TooManyRegisters { given: number(given)?, limit: number(limit)? }
            }
            Form::TooManyImages(limit) => VMError::TooManyImages { limit: number(limit)? },
        }))
    }
}
