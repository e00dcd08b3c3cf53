//! Every role that was ready at the start of the slice executes one instruction.

use telltale_types::RoleId;

use super::Turns;
use crate::exec::{Exit, Slice};
use crate::memory::header;

pub(super) fn slice(slice: &mut Slice<'_, '_>, turns: &mut Turns) -> Result<(), Exit> {
    let roles = slice.loaded.roles;
    let first = usize::from(header::turn(slice.block));
    let ready: Vec<RoleId> = (0..roles)
        .map(|nth| RoleId::at((first + nth) % roles))
        .filter(|&role| slice.is_ready(role))
        .collect();
    for role in ready {
        if !turns.take() {
            break;
        }
        slice.left = 1;
        let turned = slice.turn(role);
        header::set_turn(slice.block, slice.loaded.role_after(role));
        turned?;
    }
    Ok(())
}
