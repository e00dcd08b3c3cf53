//! A line of a recording, as it is written and read.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::{Outcome, SessionError, VMConfig};

/// The version of the format. It is raised when a reader of this version would misunderstand.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The version of the format.
    pub(super) telltale_recording: u32,
    /// How the machine was set up, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<VMConfig>,
}

/// The version alone, which is looked at before anything else is.
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) telltale_recording: u32,
}

/// What tells other lines apart.
#[derive(Deserialize)]
pub(super) struct Keys {
    protocol: Option<IgnoredAny>,
    of: Option<IgnoredAny>,
    ends: Option<IgnoredAny>,
    end: Option<IgnoredAny>,
}

/// Any other line.
pub(super) enum Line {
    Protocol(Protocol),
    Opened(Opened),
    Ended(Ended),
    End(End),
    Event(Box<Event>),
}

impl Line {
    pub(super) fn read(text: &[u8]) -> serde_json::Result<Self> {
        let keys: Keys = serde_json::from_slice(text)?;
        Ok(if keys.protocol.is_some() {
            Self::Protocol(serde_json::from_slice(text)?)
        } else if keys.of.is_some() {
            Self::Opened(serde_json::from_slice(text)?)
        } else if keys.ends.is_some() {
            Self::Ended(serde_json::from_slice(text)?)
        } else if keys.end.is_some() {
            Self::End(serde_json::from_slice(text)?)
        } else {
            Self::Event(serde_json::from_slice(text)?)
        })
    }
}

/// A protocol of which there are sessions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Protocol {
    /// The content hash of its image.
    #[serde(rename = "protocol")]
    pub(super) hash: String,
    pub(super) roles: Vec<String>,
    /// The messages with their payloads, by name.
    pub(super) messages: BTreeMap<String, String>,
}

/// The first that was seen of a session.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opened {
    pub(super) session: u64,
    /// The content hash of its image.
    pub(super) of: String,
}

/// A session has ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ended {
    pub(super) session: u64,
    pub(super) ends: How,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) why: String,
}

/// How a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum How {
    Complete,
    Faulted,
    /// From outside, as the next one.
    Closed,
    Cancelled,
}

impl How {
    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Ok(()) => Self::Complete,
            Err(SessionError::Closed) => Self::Closed,
            Err(SessionError::Cancelled { .. }) => Self::Cancelled,
            Err(SessionError::Faulted(_)) => Self::Faulted,
        }
    }

    /// Whether it has ended by itself.
    pub(super) fn is_by_itself(self) -> bool {
        matches!(self, Self::Complete | Self::Faulted)
    }
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// How many lines there are before it.
    pub(super) end: usize,
}

/// What a role was asked or told, and its answer.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    pub(super) session: u64,
    pub(super) role: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) lane: u8,
    /// One of the following says what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sends: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chooses: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chooses_among: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) receives: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) invokes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) loses: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) defers: Option<String>,
    /// With whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    /// What an effect was given.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) argument: Option<Box<RawValue>>,
    /// What was sent, received or given back; as JSON, or as the bytes of another codec.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) payload: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<String>,
    /// Or else what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fails: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) panics: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) pending: bool,
}

/// What stands there, also if it is `null`.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
