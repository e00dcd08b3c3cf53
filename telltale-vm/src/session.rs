//! One running instance of an image.

use std::fmt;
use std::sync::Arc;

use crate::Fault;
use crate::arena::Slot;

/// The name of a session. No two sessions of a VM ever have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    ordinal: u64,
    slot: Slot,
}

impl SessionId {
    pub(crate) fn new(ordinal: u64, slot: Slot) -> Self {
        Self { ordinal, slot }
    }

    /// How many sessions the VM had opened before.
    pub fn ordinal(self) -> u64 {
        self.ordinal
    }

    pub(crate) fn slot(self) -> Slot {
        self.slot
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
    /// All its roles have finished.
    Closed,
    /// Something went wrong.
    Faulted,
}

/// How a session ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// All roles did their part.
    Completed,
    /// Something went wrong.
    Faulted(Arc<Fault>),
}

impl Outcome {
    pub(crate) fn status(&self) -> SessionStatus {
        match self {
            Self::Completed => SessionStatus::Closed,
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
            Self::Faulted(fault) => write!(f, "faulted: {fault}"),
        }
    }
}
