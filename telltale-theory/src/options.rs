//! What a caller can choose.

use crate::Condition;

/// What is accepted, and how much work it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Accepts a role that is finished without being told while it may still receive something. Its
    /// local type may then end in a state that receives.
    pub allow_silent_end: bool,
    /// Looks for messages that repair what is wrong, by trying some. Whoever shows errors to nobody
    /// saves the time.
    pub find_remedies: bool,
    /// How much work a protocol may be.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self { allow_silent_end: false, find_remedies: true, limits: Limits::default() }
    }
}

/// Bounds on the work for one protocol, counted and not timed, so that a verdict is the same on every
/// machine. Real protocols stay far below them; they stop hostile ones, since the machine of a role
/// can be exponential in the protocol, and receive validity in the number of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many states the machine of one role may have before it is minimised.
    pub states: usize,
    /// How many exits the machines of all roles may have together, where actions that lead to
    /// different nodes of the protocol count as different exits.
    pub exits: usize,
    /// How many steps the searches for overtaking messages may take together.
    pub overtaking: usize,
    /// How many violations are explained, at least one: those of the earliest decisions. Of the
    /// others it is said how many there are. An explanation is as long as the runs that show what
    /// goes wrong.
    pub explained: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { states: 1 << 17, exits: 1 << 22, overtaking: 1 << 28, explained: 20 }
    }
}

impl Options {
    /// Whether a violation of a condition is accepted.
    pub(crate) fn allows(&self, condition: Condition) -> bool {
        self.allow_silent_end && condition == Condition::SilentEnd
    }
}
