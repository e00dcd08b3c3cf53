//! A role runs until it waits or is done. A message wakes its receiver, which runs in the same
//! visit, so a conversation stays in the processor's nearest memory. Turns go round, so nobody starves.

use super::Budget;
use crate::exec::{Host, Visit};
use crate::{Cause, header, ready};

/// A function of its own, so that the compiler knows what a call of the handler cannot change.
#[inline(never)]
pub(super) fn visit<H: Host, const TRACE: bool>(
    visit: &mut Visit<'_, H>,
    budget: &mut Budget,
) -> Result<(), Box<Cause>> {
    let words = ready::words(visit.loaded.roles);
    let mut from = header::turn(visit.block);
    while budget.instructions > 0 && budget.turns > 0 {
        let Some(role) = ready::next(visit.block, words, from) else { break };
        budget.turns -= 1;
        visit.turn::<TRACE>(role, &mut budget.instructions)?;
        from = visit.loaded.role_after(role);
    }
    header::set_turn(visit.block, from);
    Ok(())
}
