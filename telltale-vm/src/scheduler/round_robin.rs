//! Every role that was ready at the start of the slice executes one instruction.

use super::Turns;
use crate::exec::{Exit, Slice};
use crate::memory::header;

pub(super) fn slice(slice: &mut Slice<'_, '_>, turns: &mut Turns) -> Result<(), Exit> {
    let mut due = slice.ready_roles();
    let mut from = header::turn(slice.block);
    let mut turned = Ok(());
    while let Some(role) = due.next(from)
        && turned.is_ok()
        && turns.take()
    {
        due.remove(role);
        slice.left = 1;
        turned = slice.turn(role);
        from = slice.loaded.coro_after(role);
    }
    header::set_turn(slice.block, from);
    turned
}
