//! Every role that was ready at the start of the visit executes one instruction.

use telltale_types::RoleId;

use super::Turns;
use crate::exec::{Slice, Stop};
use crate::memory::header;
use crate::roles::host::Host;

pub(super) fn visit<H: Host, const TRACE: bool>(
    visit: &mut Slice<'_, '_, H>,
    turns: &mut Turns,
) -> Result<(), Stop> {
    let roles = visit.loaded.roles;
    let first = usize::from(header::turn(visit.block));
    let ready: Vec<RoleId> = (0..roles)
        .map(|nth| RoleId::at((first + nth) % roles))
        .filter(|&role| visit.is_ready(role))
        .collect();
    for role in ready {
        if !turns.take() {
            break;
        }
        visit.left = 1;
        let turned = visit.turn::<TRACE>(role);
        header::set_turn(visit.block, visit.loaded.role_after(role));
        turned?;
    }
    Ok(())
}
