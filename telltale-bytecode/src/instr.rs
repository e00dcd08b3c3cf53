//! The instruction set.

use telltale_types::{LabelId, RoleId};

use crate::{EffectId, Hop, ImmKind, ImportId, Pc, Reg, SetId, Slot, TargetsId, Via};

/// One instruction of a role's program: eight bytes, and a value like a number.
///
/// Every instruction either completes or blocks and changes nothing. *Falls to `next`* means that
/// the program counter moves by that [`Hop`]; instructions without one fall to the place behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instr {
    /// Sends `label` to the role `to`.
    ///
    /// Blocks while the channel is full. Then the payload is taken from `value`: the handler is
    /// asked, once, or a register is emptied. The message goes to the end of the channel, its
    /// receiver is woken if it waits there. Falls to `next`.
    Send {
        /// The endpoint that sends.
        via: Via,
        /// The receiver.
        to: RoleId,
        /// Where the payload comes from.
        value: Slot,
        /// The message.
        label: LabelId,
        /// The successor.
        next: Hop,
    },
    /// Receives `label` from the role `from`.
    ///
    /// Blocks while the channel is empty; another label at its head is a fault. The message is
    /// taken, its sender is woken if it waits for room, and the payload goes to `value`: the
    /// handler is told, or a register is filled. Falls to `next`.
    Recv {
        /// The endpoint that receives.
        via: Via,
        /// The sender.
        from: RoleId,
        /// Where the payload goes.
        value: Slot,
        /// The message.
        label: LabelId,
        /// The successor.
        next: Hop,
    },
    /// External choice: takes the message that arrives and jumps to its branch.
    ///
    /// Blocks until the head of some channel is one of the branches in `set`; then it is taken as
    /// by [`Recv`](Instr::Recv), the handler is told, and control goes where that branch leads.
    Offer {
        /// The endpoint that receives.
        via: Via,
        /// The branches: (sender, label).
        set: SetId,
        /// Where each of them leads.
        targets: TargetsId,
    },
    /// Internal choice: the handler picks a branch of `set` and its payload, in one question.
    ///
    /// The message is then sent as by [`Send`](Instr::Send) (if its channel is full, the answer is
    /// kept until there is room) and control goes where that branch leads.
    Choose {
        /// The endpoint that sends.
        via: Via,
        /// The branches: (receiver, label).
        set: SetId,
        /// Where each of them leads.
        targets: TargetsId,
    },
    /// Starts a session of an imported image, without coroutines: whoever holds an endpoint plays
    /// its role. The endpoints go into the registers from `first` on, in the order of the roles.
    Open {
        /// The imported image.
        import: ImportId,
        /// The register for the endpoint of the first role.
        first: Reg,
    },
    /// Gives up the endpoint in a register.
    Close {
        /// The register; it is empty afterwards.
        endpoint: Reg,
    },
    /// Asks the handler to perform a named effect.
    ///
    /// The argument is moved out of a register ([`Slot::HANDLER`]: there is none), the result goes
    /// into one ([`Slot::HANDLER`]: it is dropped). Falls to `next`.
    Invoke {
        /// The effect.
        effect: EffectId,
        /// The register with the argument.
        argument: Slot,
        /// The register for the result.
        result: Slot,
        /// The successor.
        next: Hop,
    },
    /// Fills a register with a scalar.
    LoadImm {
        /// The register.
        into: Reg,
        /// The kind of scalar.
        kind: ImmKind,
        /// Its bits.
        bits: u32,
    },
    /// Moves what is in one register to another. Scalars are copied, everything else leaves the
    /// first register empty.
    Mov {
        /// The source.
        from: Reg,
        /// The destination.
        to: Reg,
    },
    /// Control goes to `target`.
    Jmp {
        /// A place in the same program.
        target: Pc,
    },
    /// Ends the coroutine's turn; it stays ready.
    Yield,
    /// The role is done.
    Halt,
    /// Several things at once: the lanes of the role with the numbers from `first` on begin, one where each
    /// of the first `count` of its targets leads.
    ///
    /// Blocks until all of them have come to [`Join`](Instr::Join); then control goes where the target behind
    /// theirs leads.
    Fork {
        /// The number of the first lane. The role's own coroutine has number 0.
        first: u8,
        /// How many lanes begin.
        count: u8,
        /// Where each of them begins, and what follows.
        targets: TargetsId,
    },
    /// A lane is over. The role goes on when the lanes beside it are as well.
    Join,
}

const _: () = assert!(size_of::<Instr>() == 8);

impl Instr {
    /// The instruction as a number, for tables in a binary and for hashing.
    pub const fn to_word(self) -> u64 {
        let (op, bytes) = match self {
            Self::Send { via, to, value, label, next } => {
                (0, pack(via.number(), to.0, value.number(), label.0, next.0.cast_unsigned()))
            }
            Self::Recv { via, from, value, label, next } => {
                (1, pack(via.number(), from.0, value.number(), label.0, next.0.cast_unsigned()))
            }
            Self::Offer { via, set, targets } => (2, pack_set(via.number(), set.0, targets.0)),
            Self::Choose { via, set, targets } => (3, pack_set(via.number(), set.0, targets.0)),
            Self::Open { import, first } => (4, pack(first.0, 0, 0, import.0, 0)),
            Self::Close { endpoint } => (5, pack(endpoint.0, 0, 0, 0, 0)),
            Self::Invoke { effect, argument, result, next } => {
                (6, pack(argument.number(), result.number(), 0, effect.0, next.0.cast_unsigned()))
            }
            Self::LoadImm { into, kind, bits } => (7, pack_set(into.0, kind as u16, bits)),
            Self::Mov { from, to } => (8, pack(from.0, to.0, 0, 0, 0)),
            Self::Jmp { target } => (9, pack_set(0, 0, target.0)),
            Self::Yield => (10, 0),
            Self::Halt => (11, 0),
            Self::Fork { first, count, targets } => (12, pack_set(first, count as u16, targets.0)),
            Self::Join => (13, 0),
        };
        op | bytes
    }

    /// The instruction that [`Instr::to_word`] gave, or nothing if the word is none.
    pub const fn from_word(word: u64) -> Option<Self> {
        let [op, a, b, c, ..] = word.to_le_bytes();
        let set = SetId((word >> 16) as u16);
        let targets = TargetsId((word >> 32) as u32);
        let label = LabelId((word >> 32) as u16);
        let next = Hop((word >> 48) as i16);
        Some(match op {
            0 => Self::Send {
                via: Via::from_number(a),
                to: RoleId(b),
                value: Slot::from_number(c),
                label,
                next,
            },
            1 => Self::Recv {
                via: Via::from_number(a),
                from: RoleId(b),
                value: Slot::from_number(c),
                label,
                next,
            },
            2 => Self::Offer { via: Via::from_number(a), set, targets },
            3 => Self::Choose { via: Via::from_number(a), set, targets },
            4 => Self::Open { import: ImportId(label.0), first: Reg(a) },
            5 => Self::Close { endpoint: Reg(a) },
            6 => Self::Invoke {
                effect: EffectId(label.0),
                argument: Slot::from_number(a),
                result: Slot::from_number(b),
                next,
            },
            7 => Self::LoadImm { into: Reg(a), kind: ImmKind::from_number(b), bits: targets.0 },
            8 => Self::Mov { from: Reg(a), to: Reg(b) },
            9 => Self::Jmp { target: Pc(targets.0) },
            10 => Self::Yield,
            11 => Self::Halt,
            12 => Self::Fork { first: a, count: b, targets },
            13 => Self::Join,
            _ => return None,
        })
    }
}

const fn pack(a: u8, b: u8, c: u8, number: u16, next: u16) -> u64 {
    (a as u64) << 8
        | (b as u64) << 16
        | (c as u64) << 24
        | (number as u64) << 32
        | (next as u64) << 48
}

const fn pack_set(a: u8, set: u16, number: u32) -> u64 {
    (a as u64) << 8 | (set as u64) << 16 | (number as u64) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_survives_as_a_word() {
        let (label, next) = (LabelId(0xBEEF), Hop(-3));
        let (set, targets) = (SetId(0xFACE), TargetsId(0xDEAD_BEEF));
        let all = [
            Instr::Send { via: Via::OWN, to: RoleId(3), value: Slot::HANDLER, label, next },
            Instr::Recv {
                via: Via::reg(Reg(1)),
                from: RoleId(254),
                value: Slot::reg(Reg(2)),
                label,
                next,
            },
            Instr::Offer { via: Via::OWN, set, targets },
            Instr::Choose { via: Via::reg(Reg(7)), set, targets },
            Instr::Open { import: ImportId(513), first: Reg(9) },
            Instr::Close { endpoint: Reg(4) },
            Instr::Invoke {
                effect: EffectId(300),
                argument: Slot::reg(Reg(5)),
                result: Slot::HANDLER,
                next,
            },
            Instr::LoadImm { into: Reg(6), kind: ImmKind::Char, bits: 0x1F600 },
            Instr::Mov { from: Reg(1), to: Reg(0) },
            Instr::Jmp { target: Pc(70_000) },
            Instr::Yield,
            Instr::Halt,
            Instr::Fork { first: 7, count: 254, targets },
            Instr::Join,
        ];
        for instr in all {
            assert_eq!(Instr::from_word(instr.to_word()), Some(instr));
        }
        assert_eq!(Instr::from_word(14), None);
    }
}
