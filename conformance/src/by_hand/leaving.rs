//! Programs of which one waits through an endpoint while the other end of that session is given up, often in one
//! turn of their session.

use telltale_bytecode::{Hop, ImmKind, Instr, Reg, Slot, Via};
use telltale_theory::oracle::Rng;
use telltale_types::{LabelId, RoleId};

use super::parts::CARRY;
use super::program::{Line, Programs, import};

/// The first role opens a session; it gives up one endpoint itself, or the second role does.
pub(super) fn programs(rng: &mut Rng) -> Programs {
    let (carry, next) = (LabelId(0), Hop::NEXT);
    let [seat, other, received] = [Reg(4), Reg(5), Reg(0)];
    let open = Instr::Open { import: import(CARRY), first: seat };
    let leave = if rng.once_in(2) {
        let (to, value) = (RoleId(1), Slot::reg(seat));
        Instr::Send { via: Via::OWN, to, value, label: carry, next }
    } else {
        Instr::LoadImm { into: seat, kind: ImmKind::Unit, bits: 0 }
    };
    let (via, value) = (Via::reg(other), Slot::HANDLER);
    let wait = Instr::Recv { via, from: RoleId(0), value, label: carry, next };
    let (via, value) = (Via::OWN, Slot::reg(received));
    let take = Instr::Recv { via, from: RoleId(0), value, label: carry, next };
    let code = [vec![open, leave, wait, Instr::Halt], vec![take, Instr::Halt]];
    let roles = code.map(|code| {
        let pauses = |instr| {
            let yields = if rng.once_in(2) { rng.below(3) } else { 0 };
            std::iter::repeat_n(Instr::Yield, yields).chain([instr]).collect::<Vec<_>>()
        };
        code.into_iter().flat_map(pauses).map(Line::Plain).collect()
    });
    Programs { part: CARRY, roles: roles.into() }
}
