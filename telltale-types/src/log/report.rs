//! What is found out about a log, and how it is said.

use std::fmt;

use thiserror::Error;

use super::event::shown;
use super::{EventKind, LineError, LogEvent};
use crate::{Action, RoleId, StateId};

/// All events of a log fit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// How many events fit.
    pub events: u64,
    /// How many were skipped, because they concern nobody who is watched.
    pub skipped: u64,
    /// Who still has something to do, unless the log is complete.
    pub pending: Vec<Pending>,
    /// What was sent and not received, as `Customer→Shop:Ask`.
    pub under_way: Vec<String>,
    pub(super) is_over: bool,
}

impl Accepted {
    /// Whether everybody who is watched may be done: nobody has to do anything more, and nothing is under way.
    pub fn is_complete(&self) -> bool {
        self.is_over
    }
}

/// A role that still has something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pending {
    /// Its name.
    pub role: String,
    /// What it may do next, as in local types: `Shop!Ask(String)`. More than one where it has a choice, takes what comes, or does several
    /// things at once.
    pub expects: Vec<String>,
}

/// ```text
/// 12 events fit, and the log is complete
/// 11 events fit (3 others skipped), and the log is not complete
///   `Shop` still has to do `Customer!Price(u64)` or `Customer!SoldOut`
///   `Customer→Shop:Ask(String)` is under way
/// ```
impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.events {
            1 => f.write_str("1 event fits")?,
            events => write!(f, "{events} events fit")?,
        }
        match self.skipped {
            0 => {}
            1 => f.write_str(" (1 other skipped)")?,
            skipped => write!(f, " ({skipped} others skipped)")?,
        }
        let not = if self.is_over { "" } else { "not " };
        write!(f, ", and the log is {not}complete")?;
        for Pending { role, expects } in &self.pending {
            write!(f, "\n  `{role}` still has to do {}", one_of(expects))?;
        }
        for message in self.under_way.iter().take(SHOWN) {
            write!(f, "\n  `{message}` is under way")?;
        }
        match self.under_way.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  {more} more messages are under way"),
        }
    }
}

/// How many alternatives a text names.
const SHOWN: usize = 8;

/// Why a log was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LogError {
    /// An event that does not fit.
    #[error(transparent)]
    Unfit(Box<Unfit>),
    /// An event of a role that the protocol does not have.
    #[error("{place}: unknown role `{}`; there are {}", shown(.role), all_of(.known))]
    UnknownRole {
        /// Where in the log.
        place: Place,
        /// The role as the log has it.
        role: String,
        /// All roles.
        known: Vec<String>,
    },
    /// A line that is no event.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The log does not say in which lanes its events happened, and there are too many possibilities.
    #[error(
        "{place}: so far the log can be understood in more than {limit} ways; give the `channel` of its events"
    )]
    TooManyWays {
        /// Where in the log.
        place: Place,
        /// How many possibilities are followed.
        limit: usize,
    },
    /// The log does not say in which lanes its events happened, and too much of it was sent and not received.
    #[error(
        "{place}: so far the log can be understood in several ways, with more than {limit} messages under way; \
         give the `channel` of its events"
    )]
    TooMuchUnderWay {
        /// Where in the log.
        place: Place,
        /// How many messages may be under way in all of them.
        limit: usize,
    },
    /// An event is said to have been on one of several channels. Which is which is a matter of the whole protocol, and only
    /// one part is known.
    #[error(
        "{place}: which channel has the number {channel} is not known from the part of one role; \
         leave the `channel` out, or check with the global type (`Monitor::of_roles`)"
    )]
    ChannelNotKnown {
        /// Where in the log.
        place: Place,
        /// The number that the event gives.
        channel: u16,
    },
    /// The role that was to be watched cannot have the type.
    #[error("the type is not that of a role `{role}`, but of {}", any_of(.known))]
    NotItsRole {
        /// The role that was asked for.
        role: String,
        /// The roles that it could be.
        known: Vec<String>,
    },
}

/// Where in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The line, if the event came from one.
    pub line: Option<u64>,
    /// The number of the event, from 1.
    pub event: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}"),
            None => write!(f, "event {}", self.event),
        }
    }
}

/// The first event of a log that does not fit.
///
/// ```text
/// line 4: `Customer→Shop:Buy` does not fit; expected `Shop→Customer:Price(u64)`
/// line 5: `Customer→Shop:Buy` on channel 1 does not fit; expected `Customer→Shop:Buy` on channel 2
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub struct Unfit {
    /// The event.
    pub event: LogEvent,
    /// Where it is in the log; all events before it fit.
    pub place: Place,
    pub(super) text: String,
    /// The channel that it gives, if that is of interest.
    pub(super) channel: Option<u16>,
    /// What is wrong with it.
    pub cause: Cause,
    /// All that could have happened instead, first what concerns its sender and its receiver.
    pub expected: Vec<Expected>,
    pub(super) nearest: usize,
}

/// What is wrong with an event that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// It is not what its sender or its receiver does now.
    NotExpected,
    /// The protocol has no message of that name.
    UnknownLabel,
    /// Its receiver waits for it, but it was not sent.
    NotSent,
    /// Its receiver waits for it, but something else was sent before it and not received.
    Behind {
        /// The message that has to be received first.
        first: String,
    },
}

/// Something that could have happened instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expected {
    /// In the notation of the types: `Shop→Customer:Price(u64)`; `Customer!Price(u64)` if only one role is watched.
    pub text: String,
    /// Whether it is a message as a whole, or one side of it.
    pub kind: EventKind,
    /// The number of its channel, if the event that does not fit gives one and there are several, or if it gives one that is not 0.
    pub channel: Option<u16>,
    /// Who does it: the sender, if that is somebody who is watched.
    pub role: RoleId,
    /// Its name.
    pub role_name: String,
    /// Where that role is in its local type.
    pub state: StateId,
    /// What it does there.
    pub action: Action,
    /// Where that is in the protocol, if it is known: states and which of their exits, counted from 0. Several where the role does not
    /// know, or need not know, at which of them the protocol is.
    pub steps: Vec<(StateId, usize)>,
}

impl Unfit {
    /// Of what could have happened instead, that which concerns its sender or its receiver; all if nothing does.
    pub fn nearest(&self) -> &[Expected] {
        if self.nearest > 0 { &self.expected[..self.nearest] } else { &self.expected }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} does not fit", self.place, on_channel(&self.text, self.channel))?;
        let LogEvent { sender, receiver, label, .. } = &self.event;
        match &self.cause {
            Cause::NotExpected => {}
            Cause::UnknownLabel => {
                write!(f, ", for there is no message `{}`", shown(label))?;
            }
            Cause::NotSent => {
                write!(f, ", for nothing is under way from `{sender}` to `{receiver}`")?;
            }
            Cause::Behind { first } => {
                write!(f, ", for `{first}` from `{sender}` comes first")?;
            }
        }
        let nearest = self.nearest();
        if nearest.is_empty() {
            return f.write_str("; nothing more was expected");
        }
        let shown = nearest.iter().map(|one| on_channel(&one.text, one.channel));
        write!(f, "; expected {}", listed(shown, "or"))
    }
}

/// `Customer→Shop:Buy` on channel 2
fn on_channel(text: &str, channel: Option<u16>) -> String {
    match channel {
        None => format!("`{text}`"),
        Some(channel) => format!("`{text}` on channel {channel}"),
    }
}

fn one_of(texts: &[String]) -> String {
    listed(quoted(texts), "or")
}

fn all_of(texts: &[String]) -> String {
    listed(quoted(texts), "and")
}

fn any_of(texts: &[String]) -> String {
    if texts.is_empty() { "somebody else".to_owned() } else { one_of(texts) }
}

fn quoted(texts: &[String]) -> impl ExactSizeIterator<Item = String> {
    texts.iter().map(|text| format!("`{text}`"))
}

/// `a`, `b` or `c`
fn listed(texts: impl ExactSizeIterator<Item = String>, last: &str) -> String {
    let more = texts.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = texts.take(SHOWN).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    match &shown[..] {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [before @ .., end] => format!("{} {last} {end}", before.join(", ")),
    }
}
