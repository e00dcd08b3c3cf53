//! Who runs next.
//!
//! Sessions that can act stand in a queue. A policy decides what happens when the head of the queue
//! is visited: which of its ready roles have turns, and how long. It never decides what an
//! instruction means, so a session that completes has the same trace, up to the order of independent
//! events, under every policy.

mod cooperative;
mod progress_aware;
mod round_robin;

use crate::exec::{Host, Visit};
use crate::{Cause, Policy};

/// How much a visit may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// How many instructions may be executed.
    pub(crate) instructions: u32,
    /// How many turns may be given.
    pub(crate) turns: usize,
}

/// Gives turns to the ready roles of one session, as the policy says. Every visit ends.
pub(crate) fn visit<H: Host, const TRACE: bool>(
    policy: Policy,
    visit: &mut Visit<'_, H>,
    budget: &mut Budget,
) -> Result<(), Box<Cause>> {
    match policy {
        Policy::Cooperative => cooperative::visit::<H, TRACE>(visit, budget),
        Policy::RoundRobin => round_robin::visit::<H, TRACE>(visit, budget),
        Policy::ProgressAware => progress_aware::visit::<H, TRACE>(visit, budget),
    }
}

/// A turn of one role, for policies that are not after the last nanosecond.
#[inline(never)]
fn turn<H: Host, const TRACE: bool>(
    visit: &mut Visit<'_, H>,
    role: telltale_types::RoleId,
    instructions: &mut u32,
) -> Result<bool, Box<Cause>> {
    visit.turn::<TRACE>(role, instructions)
}
