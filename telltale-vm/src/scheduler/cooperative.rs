//! A role runs until it waits or is done. A message wakes its receiver, which runs in the same
//! slice, so a conversation stays in the processor's nearest memory. Turns go round, so nobody starves.

use super::Turns;
use crate::exec::{Exit, Slice};
use crate::memory::header;

pub(super) fn slice(slice: &mut Slice<'_, '_>, turns: &mut Turns) -> Result<(), Exit> {
    let mut from = header::turn(slice.block);
    while slice.left > 0
        && let Some(role) = slice.next_ready(from)
        && turns.take()
    {
        let turned = slice.turn(role);
        from = slice.loaded.coro_after(role);
        if turned.is_err() {
            header::set_turn(slice.block, from);
            return turned;
        }
    }
    header::set_turn(slice.block, from);
    Ok(())
}
