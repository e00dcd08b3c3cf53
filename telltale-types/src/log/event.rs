//! What a log is made of.

use std::fmt;

use crate::foreign::{NAME, clipped};

/// What an event of a log tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum EventKind {
    /// A message was sent, and received before anything else happened.
    #[default]
    Exchange,
    /// A message was sent. That it was received is another event.
    Send,
    /// A message was received.
    Receive,
}

/// One event of a log: a message, and whether it was sent, received, or both.
///
/// With the feature `serde` it is read from and written as
/// `{"event": "send", "sender": "Customer", "receiver": "Shop", "label": "Ask"}`, where `event` may be left out for
/// both at once. Fields of other names are of no interest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object with `sender`, `receiver` and `label`"))]
pub struct LogEvent {
    /// What happened to the message.
    #[cfg_attr(feature = "serde", serde(default, rename = "event"))]
    pub kind: EventKind,
    /// Who sends.
    pub sender: String,
    /// Who receives.
    pub receiver: String,
    /// The message: its name, or its name and payload type as types print them, `Ask(String)`.
    pub label: String,
    /// Which of the channels between the two, where they talk in several arms of a parallel part ([`Apart::number`]). If it
    /// is not known, all of them are tried.
    ///
    /// [`Apart::number`]: crate::Apart::number
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub channel: Option<u16>,
    /// The line of the log that it was read from, counted from 1, for errors.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub line: Option<u64>,
}

impl LogEvent {
    /// A message was sent and received.
    pub fn exchange(
        sender: impl Into<String>,
        receiver: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        let (sender, receiver, label) = (sender.into(), receiver.into(), label.into());
        Self { kind: EventKind::Exchange, sender, receiver, label, channel: None, line: None }
    }

    /// A message was sent.
    pub fn sent(
        sender: impl Into<String>,
        receiver: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self { kind: EventKind::Send, ..Self::exchange(sender, receiver, label) }
    }

    /// A message was received.
    pub fn received(
        sender: impl Into<String>,
        receiver: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self { kind: EventKind::Receive, ..Self::exchange(sender, receiver, label) }
    }

    /// The same on a channel that is known.
    #[must_use]
    pub fn on_channel(self, channel: u16) -> Self {
        Self { channel: Some(channel), ..self }
    }
}

/// `Customer→Shop:Ask`, `Customer!Shop:Ask` or `Shop?Customer:Ask`.
impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, receiver, label, .. } = self;
        match self.kind {
            EventKind::Exchange => write!(f, "{sender}→{receiver}:{label}"),
            EventKind::Send => write!(f, "{sender}!{receiver}:{label}"),
            EventKind::Receive => write!(f, "{receiver}?{sender}:{label}"),
        }
    }
}

/// A name from a log, which may be anything, as part of a sentence.
pub(super) fn shown(name: &str) -> String {
    clipped(name, NAME)
}

/// A line of a log that is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {message}", .column.map(|column| format!(", column {column}")).unwrap_or_default())]
#[non_exhaustive]
pub struct LineError {
    /// Which line, counted from 1.
    pub line: u64,
    /// Where in the line, counted from 1, if that is known.
    pub column: Option<usize>,
    /// What is wrong with it.
    pub message: String,
}

impl LineError {
    /// For logs in a format of your own.
    pub fn new(line: u64, message: impl Into<String>) -> Self {
        Self { line, column: None, message: message.into() }
    }
}

/// Where events come from a list, no line can be wrong.
impl From<LogEvent> for Result<LogEvent, LineError> {
    fn from(event: LogEvent) -> Self {
        Ok(event)
    }
}
