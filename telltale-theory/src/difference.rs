//! Where two types of a role part.

use std::fmt;

use telltale_types::{Action, Direction, Label, LocalTypeR, StateId};
use thiserror::Error;

/// Why a role that behaves as one type cannot stand where another type is expected.
///
/// It prints as a sentence of which the role is the subject:
///
/// ```text
/// after `Shop!Ask(String)`, it may send `Shop!Haggle(u64)`; expected `Shop!Buy` or `Shop!Leave`
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub struct Difference {
    /// What happens before: as few messages as possible. Of several things that a role does at once, those on the way.
    pub path: Vec<LocalMessage>,
    /// Where the role is then in its own type.
    pub state: StateId,
    /// Where it is then in the type that is expected.
    pub other_state: StateId,
    /// What is different there.
    pub reason: Reason,
    /// All that is expected there.
    pub expected: Vec<Act>,
}

/// What is different where two types part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It may send something that is not expected.
    MaySend(LocalMessage),
    /// It does not take something that may come.
    DoesNotTake(LocalMessage),
    /// A message has the same name and carries something else.
    Payload {
        /// What it carries in the role's own type.
        own: LocalMessage,
        /// What it should carry.
        expected: LocalMessage,
    },
    /// It takes a message of somebody else besides, who may have sent that for later.
    OtherSender(LocalMessage),
    /// A message has the same name, and goes through the channel of another lane.
    Channel(LocalMessage),
    /// It sends, receives, does several things at once, or may be over, where something of another kind is expected. These are all that
    /// it may do, as in [`Difference::expected`].
    Acts(Vec<Act>),
}

/// What a role may do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// To send or receive a message.
    Message(LocalMessage),
    /// To do several things at once.
    Fork {
        /// How many.
        arms: usize,
    },
    /// Nothing more.
    End,
}

/// A message as a role sees it, by names. It prints as in types: `Shop!Ask(String)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalMessage {
    /// Whether the role sends it or receives it.
    pub direction: Direction,
    /// The other one.
    pub peer: String,
    /// The message.
    pub label: Label,
}

impl LocalMessage {
    pub(crate) fn of(local: &LocalTypeR, action: Action) -> Self {
        let (names, Action { direction, peer, label }) = (local.names(), action);
        Self { direction, peer: names.role(peer).to_owned(), label: names.label(label).to_label() }
    }
}

impl fmt::Display for LocalMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.peer, self.direction.mark(), self.label)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => write!(f, "`{message}`"),
            Self::Fork { arms } => write!(f, "{arms} things at once"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// How many messages and alternatives a text names.
const SHOWN: usize = 8;

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path[..] {
            [] => f.write_str("at the start")?,
            path => {
                let last = &path[path.len().saturating_sub(SHOWN)..];
                let messages: Vec<String> = last.iter().map(|one| format!("`{one}`")).collect();
                let before = if last.len() < path.len() { "…, " } else { "" };
                write!(f, "after {before}{}", messages.join(", "))?;
            }
        }
        match &self.reason {
            Reason::MaySend(message) => write!(f, ", it may send `{message}`")?,
            Reason::DoesNotTake(message) => return write!(f, ", it does not take `{message}`"),
            Reason::Payload { own, expected } => {
                return write!(f, ", it has `{own}`; expected `{expected}`");
            }
            Reason::OtherSender(message) => {
                write!(f, ", it takes `{message}` as well, which may be meant for later")?;
            }
            Reason::Channel(message) => {
                return write!(f, ", `{message}` is in another channel, for the lanes are others");
            }
            Reason::Acts(acts) => write!(f, ", next is {}", one_of(acts))?,
        }
        write!(f, "; expected {}", one_of(&self.expected))
    }
}

fn one_of(acts: &[Act]) -> String {
    let mut shown: Vec<String> = acts.iter().take(SHOWN).map(ToString::to_string).collect();
    if acts.len() > SHOWN {
        shown.push(format!("{} more", acts.len() - SHOWN));
    }
    match &shown[..] {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => shown.concat(),
    }
}
