//! One running instance of an image.

use std::fmt;
use std::sync::Arc;

use crate::Fault;
use crate::memory::arena::Slot;

/// The name of a session. No two sessions of a VM ever have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    ordinal: u64,
    slot: Slot,
}

impl SessionId {
    pub(crate) fn new(ordinal: u64, slot: Slot) -> Self {
        Self { ordinal, slot }
    }

    /// How many sessions had been opened before.
    pub fn ordinal(self) -> u64 {
        self.ordinal
    }

    pub(crate) fn slot(self) -> Slot {
        self.slot
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.ordinal)
    }
}

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionStatus {
    /// Its roles are running, or wait for each other.
    Active,
    /// It is being closed: its roles receive what is on its way and send nothing more.
    Draining,
    /// All its roles have finished.
    Closed,
    /// Somebody outside ended it.
    Cancelled,
    /// Something went wrong.
    Faulted,
}

impl SessionStatus {
    /// Whether the session has ended.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled | Self::Faulted)
    }
}

/// How a session ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// All roles did their part.
    Completed,
    /// Somebody outside ended it.
    Cancelled {
        /// Why, in the words of who did it.
        reason: Arc<str>,
    },
    /// Something went wrong.
    Faulted(Arc<Fault>),
}

impl Outcome {
    pub(crate) fn status(&self) -> SessionStatus {
        match self {
            Self::Completed => SessionStatus::Closed,
            Self::Cancelled { .. } => SessionStatus::Cancelled,
            Self::Faulted(_) => SessionStatus::Faulted,
        }
    }

    /// Whether all roles did their part.
    pub fn is_completed(&self) -> bool {
        matches!(self, Self::Completed)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => f.write_str("completed"),
            Self::Cancelled { reason } => write!(f, "cancelled: {reason}"),
            Self::Faulted(fault) => write!(f, "faulted: {fault}"),
        }
    }
}
