//! What can be seen of a run from outside.

use std::fmt;
use std::sync::Arc;

use telltale_types::{LabelId, LogEvent, Names, RoleId, Shared};

use crate::{Fault, SessionId};

/// One observable event of a run.
///
/// With the feature `serde` it can be written down, with names: as a line of JSON, for example. Such a line says `event`, and of a message
/// `sender`, `receiver` and `label`.
#[derive(Clone, Debug, PartialEq)]
pub struct ObsEvent {
    /// The round in which it happened.
    pub tick: u64,
    /// The session it belongs to.
    pub session: SessionId,
    /// What happened.
    pub what: Observed,
    /// Which of the things that the role does at once has acted: 0 where it does one thing, and the number of the lane
    /// in the arms of a `par` that shares the role.
    pub lane: u8,
    /// Which of the channels between two roles was used: 0 unless they talk to each other in several arms of a `par`.
    pub channel: u16,
    pub(crate) names: Shared<Names>,
}

/// What happened in a session.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Observed {
    /// The session was opened.
    Opened,
    /// A message went into the channel from one role to another.
    Sent {
        /// The sender.
        from: RoleId,
        /// The receiver.
        to: RoleId,
        /// The message.
        label: LabelId,
    },
    /// A message was taken out of the channel from one role to another.
    Received {
        /// The sender.
        from: RoleId,
        /// The receiver.
        to: RoleId,
        /// The message.
        label: LabelId,
    },
    /// A message was lost: its network dropped it, its channel was full, or a newer one took its place.
    Dropped {
        /// The sender.
        from: RoleId,
        /// The receiver.
        to: RoleId,
        /// The message.
        label: LabelId,
    },
    /// A message was kept aside.
    Deferred {
        /// The sender.
        from: RoleId,
        /// The receiver.
        to: RoleId,
        /// The message.
        label: LabelId,
    },
    /// A message was put into a channel from outside.
    Injected {
        /// The role in whose name.
        from: RoleId,
        /// The receiver.
        to: RoleId,
        /// The message.
        label: LabelId,
    },
    /// A role has picked a branch; the message is sent next.
    Chosen {
        /// The role.
        role: RoleId,
        /// The receiver of the branch's message.
        to: RoleId,
        /// The branch's message.
        label: LabelId,
    },
    /// A role has invoked an effect.
    Invoked {
        /// The role.
        role: RoleId,
        /// The effect, by its number in the image.
        effect: u16,
    },
    /// A role has finished.
    Halted {
        /// The role.
        role: RoleId,
    },
    /// A role has begun several things at once.
    Forked {
        /// The role.
        role: RoleId,
        /// The number of the first lane.
        first: u8,
        /// How many lanes have begun.
        count: u8,
    },
    /// They are over.
    Joined {
        /// The role.
        role: RoleId,
        /// The number of the first lane.
        first: u8,
        /// How many lanes there were.
        count: u8,
    },
    /// All roles have finished, and the session is over.
    Closed,
    /// The session was cancelled.
    Cancelled,
    /// Something went wrong, and the session is over.
    Faulted {
        /// What went wrong.
        fault: Arc<Fault>,
    },
}

impl ObsEvent {
    /// The roles and messages of the session's protocol.
    pub fn names(&self) -> &Shared<Names> {
        &self.names
    }

    /// The name of a role of the session.
    pub fn role(&self, role: RoleId) -> &str {
        self.names.role(role)
    }

    /// The event as one of a log, to be held against types ([`LocalTypeR::accepts`], [`Monitor`]); nothing if it is neither that a
    /// message was sent nor that one was received. What others have put into a channel was not sent.
    ///
    /// [`LocalTypeR::accepts`]: telltale_types::LocalTypeR::accepts
    /// [`Monitor`]: telltale_types::Monitor
    pub fn log_event(&self) -> Option<LogEvent> {
        let (event, from, to, label): (fn(_, _, _) -> _, _, _, _) = match self.what {
            Observed::Sent { from, to, label } => (LogEvent::sent, from, to, label),
            Observed::Received { from, to, label } => (LogEvent::received, from, to, label),
            _ => return None,
        };
        let (from, to, label) = (self.role(from), self.role(to), self.names.label(label));
        Some(event(from.to_owned(), to.to_owned(), label.to_string()).on_channel(self.channel))
    }

    /// The role that acted; nothing for what happens to the session as a whole.
    pub fn actor(&self) -> Option<RoleId> {
        match self.what {
            Observed::Sent { from: role, .. }
            | Observed::Dropped { from: role, .. }
            | Observed::Deferred { from: role, .. }
            | Observed::Received { to: role, .. }
            | Observed::Chosen { role, .. }
            | Observed::Invoked { role, .. }
            | Observed::Forked { role, .. }
            | Observed::Joined { role, .. }
            | Observed::Halted { role } => Some(role),
            Observed::Opened
            | Observed::Injected { .. }
            | Observed::Closed
            | Observed::Cancelled
            | Observed::Faulted { .. } => None,
        }
    }
}

/// ```text
/// #0 Alice!Seller:Title(String)
/// #0 Alice/1!Seller:Title(String)     in lane 1 of what Alice does at once
/// ```
impl fmt::Display for ObsEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = |role| self.names.role(role);
        let label = |label| self.names.label(label);
        let lane = Lane(self.lane);
        write!(f, "{} ", self.session)?;
        match &self.what {
            Observed::Opened => f.write_str("opened"),
            Observed::Sent { from, to, label: l } => {
                write!(f, "{}{lane}!{}:{}", role(*from), role(*to), label(*l))
            }
            Observed::Received { from, to, label: l } => {
                write!(f, "{}{lane}?{}:{}", role(*to), role(*from), label(*l))
            }
            Observed::Dropped { from, to, label: l } => {
                write!(f, "{}{lane}!{}:{} was lost", role(*from), role(*to), label(*l))
            }
            Observed::Deferred { from, to, label: l } => {
                write!(f, "{}{lane}!{}:{} was deferred", role(*from), role(*to), label(*l))
            }
            Observed::Injected { from, to, label: l } => {
                write!(f, "{}!{}:{} was injected", role(*from), role(*to), label(*l))
            }
            Observed::Chosen { role: r, to, label: l } => {
                write!(f, "{}{lane} chose {}:{}", role(*r), role(*to), label(*l))
            }
            Observed::Invoked { role: r, effect } => {
                write!(f, "{} invoked effect {effect}", role(*r))
            }
            Observed::Halted { role: r } => write!(f, "{} halted", role(*r)),
            Observed::Forked { role: r, count, .. } => {
                write!(f, "{}{lane} forked into {count}", role(*r))
            }
            Observed::Joined { role: r, count, .. } => {
                write!(f, "{}{lane} joined {count}", role(*r))
            }
            Observed::Closed => f.write_str("closed"),
            Observed::Cancelled => f.write_str("cancelled"),
            Observed::Faulted { fault } => write!(f, "faulted: {fault}"),
        }
    }
}

/// Which of the things that a role does at once, behind its name: `/1`.
struct Lane(u8);

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, "/{}", self.0) }
    }
}
