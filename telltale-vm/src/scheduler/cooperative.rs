//! A role runs until it waits or is done. A message wakes its receiver, which runs in the same
//! visit, so a conversation stays in the processor's nearest memory. Turns go round, so nobody starves.
//!
//! Where messages are handed over, a visit goes on in the middle of the conversation in which the last
//! one stopped. There, every eighth round begins with another role.

use super::Turns;
use crate::exec::{Host, Stop, Visit};
use crate::header;

/// A function of its own, so that the compiler knows what a call of the handler cannot change.
#[inline(never)]
pub(super) fn visit<H: Host, const TRACE: bool>(
    visit: &mut Visit<'_, '_, H>,
    turns: &mut Turns,
) -> Result<(), Stop> {
    let mut from = first(visit);
    while let Some(role) = visit.next_ready(from) {
        if !turns.take() {
            break;
        }
        let turned = visit.turn::<TRACE>(role);
        let used_up = visit.left == 0;
        if used_up && visit.hands_over() {
            header::set_turn(visit.block, visit.cx.role.0);
            return turned;
        }
        from = visit.loaded.role_after(visit.cx.role);
        if used_up || turned.is_err() {
            header::set_turn(visit.block, from);
            return turned;
        }
    }
    header::set_turn(visit.block, from);
    Ok(())
}

/// The role from which on the first one to act is looked for.
fn first<H: Host>(visit: &Visit<'_, '_, H>) -> u8 {
    let tick = visit.stage.tick;
    if tick.is_multiple_of(8) && visit.hands_over() {
        (tick / 8 % visit.loaded.roles as u64) as u8
    } else {
        header::turn(visit.block)
    }
}
