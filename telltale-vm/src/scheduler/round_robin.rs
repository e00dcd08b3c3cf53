//! Every role that was ready at the start of the visit executes one instruction.

use telltale_types::RoleId;

use super::{Budget, turn};
use crate::exec::{Host, Visit};
use crate::{Cause, header, ready};

pub(super) fn visit<H: Host, const TRACE: bool>(
    visit: &mut Visit<'_, H>,
    budget: &mut Budget,
) -> Result<(), Box<Cause>> {
    let roles = visit.loaded.roles;
    let first = usize::from(header::turn(visit.block));
    let ready: Vec<RoleId> = (0..roles)
        .map(|nth| RoleId::at((first + nth) % roles))
        .filter(|&role| ready::contains(visit.block, role))
        .collect();
    for role in ready {
        if budget.turns == 0 {
            break;
        }
        budget.turns -= 1;
        turn::<H, TRACE>(visit, role, &mut 1)?;
        header::set_turn(visit.block, visit.loaded.role_after(role));
        if visit.outside.is_some() {
            break;
        }
    }
    Ok(())
}
