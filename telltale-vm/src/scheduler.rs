//! Who runs next.
//!
//! Sessions that can act stand in the run queue. A policy decides what the session at its head does with
//! its slice: which of its ready roles have turns, and how long. It never decides what an instruction
//! means, so a session that completes has the same trace, up to the order of independent events, under
//! every policy.

pub(crate) mod awaited;
mod cooperative;
pub(crate) mod fifo;
mod progress_aware;
pub(crate) mod random;
mod round_robin;
pub(crate) mod run_queue;

use crate::Policy;
use crate::exec::{Exit, Slice};

/// How many turns may still be given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    pub(crate) left: usize,
}

impl Turns {
    /// How many of so many turns there are.
    pub(crate) fn of(self, most: u32) -> u32 {
        u32::try_from(self.left).unwrap_or(u32::MAX).min(most)
    }

    /// One turn less, if there is one.
    #[inline]
    fn take(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// Gives turns to the ready roles of one session, as a policy says.
///
/// Every slice ends: a turn executes an instruction, of which `left` are allowed, or clears a ready bit, and only an
/// executed instruction sets one.
pub(crate) type GiveTurns = fn(&mut Slice<'_, '_>, &mut Turns) -> Result<(), Exit>;

/// How a policy does it. The linker leaves out what no machine of a program asks for.
pub(crate) fn by(policy: Policy) -> GiveTurns {
    match policy {
        Policy::Cooperative => COOPERATIVE,
        Policy::RoundRobin => round_robin::slice,
        Policy::ProgressAware => progress_aware::slice,
        Policy::Random => random::slice,
    }
}

/// How the policy of machines does it that are set up by default.
pub(crate) const COOPERATIVE: GiveTurns = cooperative::slice;
