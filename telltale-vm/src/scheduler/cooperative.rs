//! A role runs until it waits or is done. A message wakes its receiver, which runs in the same
//! visit, so a conversation stays in the processor's nearest memory. Turns go round, so nobody starves.

use super::Turns;
use crate::exec::{Slice, Stop};
use crate::memory::header;
use crate::roles::host::Host;

pub(super) fn visit<H: Host, const TRACE: bool>(
    visit: &mut Slice<'_, '_, H>,
    turns: &mut Turns,
) -> Result<(), Stop> {
    let mut from = header::turn(visit.block);
    while visit.left > 0
        && let Some(role) = visit.next_ready(from)
        && turns.take()
    {
        let turned = visit.turn::<TRACE>(role);
        from = visit.loaded.role_after(role);
        if turned.is_err() {
            header::set_turn(visit.block, from);
            return turned;
        }
    }
    header::set_turn(visit.block, from);
    Ok(())
}
