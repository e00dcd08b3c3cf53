//! Instructions without any sense.

use telltale_bytecode::{
    Branch, EffectId, Hop, ImmKind, ImportId, Instr, Pc, Reg, SetId, Slot, TargetsId, Via,
};
use telltale_theory::oracle::Rng;
use telltale_types::{LabelId, RoleId};

use super::parts::PARTS;
use super::program::Line;

/// How many registers there are to speak of.
pub const REGISTERS: usize = 8;

/// An instruction of any kind, whose operands may or may not exist.
pub fn line(rng: &mut Rng, len: usize) -> Line {
    Line::Plain(match rng.below(11) {
        0 => {
            let (via, to, value, label, next) = message(rng);
            Instr::Send { via, to, value, label, next }
        }
        1 => {
            let (via, from, value, label, next) = message(rng);
            Instr::Recv { via, from, value, label, next }
        }
        2 => return choice(rng, len),
        3 => Instr::Open { import: ImportId(rng.below(PARTS.len() + 4) as u16), first: reg(rng) },
        4 => Instr::Close { endpoint: reg(rng) },
        5 => Instr::Invoke {
            effect: EffectId(rng.below(2) as u16),
            argument: slot(rng),
            result: slot(rng),
            next: hop(rng),
        },
        6 => immediate(rng),
        7 => Instr::Mov { from: reg(rng), to: reg(rng) },
        8 => Instr::Jmp { target: pc(rng, len) },
        9 => Instr::Yield,
        _ => Instr::Halt,
    })
}

/// A register.
pub fn reg(rng: &mut Rng) -> Reg {
    Reg(rng.below(REGISTERS) as u8)
}

/// A register, or the handler.
pub fn slot(rng: &mut Rng) -> Slot {
    if rng.once_in(2) { Slot::HANDLER } else { Slot::reg(reg(rng)) }
}

/// A constant.
pub fn immediate(rng: &mut Rng) -> Instr {
    let kinds = [ImmKind::Unit, ImmKind::Bool, ImmKind::Int, ImmKind::Uint, ImmKind::Float];
    let kind = if rng.once_in(20) { ImmKind::Char } else { kinds[rng.below(kinds.len())] };
    let bits = if rng.once_in(4) { u32::MAX } else { rng.below(100) as u32 };
    Instr::LoadImm { into: reg(rng), kind, bits }
}

fn choice(rng: &mut Rng, len: usize) -> Line {
    if rng.once_in(8) {
        let (set, targets) = (SetId(rng.below(3) as u16), TargetsId(rng.below(5) as u32));
        let via = via(rng);
        return Line::Plain(if rng.once_in(2) {
            Instr::Offer { via, set, targets }
        } else {
            Instr::Choose { via, set, targets }
        });
    }
    let count = rng.below(3);
    let branches = (0..count).map(|_| {
        let peer = RoleId(rng.below(4) as u8);
        (Branch { peer, label: LabelId(rng.below(4) as u16) }, pc(rng, len))
    });
    let branches = branches.collect();
    if rng.once_in(2) { Line::Offer(via(rng), branches) } else { Line::Choose(via(rng), branches) }
}

fn message(rng: &mut Rng) -> (Via, RoleId, Slot, LabelId, Hop) {
    let (role, label) = (RoleId(rng.below(4) as u8), LabelId(rng.below(4) as u16));
    (via(rng), role, slot(rng), label, hop(rng))
}

fn via(rng: &mut Rng) -> Via {
    if rng.once_in(2) { Via::OWN } else { Via::reg(reg(rng)) }
}

fn hop(rng: &mut Rng) -> Hop {
    if rng.once_in(8) { Hop([-4, -1, 0, 2, 5][rng.below(5)]) } else { Hop::NEXT }
}

fn pc(rng: &mut Rng, len: usize) -> Pc {
    Pc(rng.below(len + 2) as u32)
}
