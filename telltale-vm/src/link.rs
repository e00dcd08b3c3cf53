//! Instructions with everything filled in that depends on the VM: where the channels are in a
//! session's block, how much they hold, what kind a payload must have.
//!
//! An image knows nothing of a VM's memory. So when its first session is opened, each instruction
//! becomes one [`Op`] at the same place of the program; the sessions share them.

use telltale_bytecode::{Hop, Image, Instr, Pc, SetId, TargetsId, Via};
use telltale_types::{LabelId, RoleId};

use crate::channel::{Plan, Rule, Shape};
use crate::layout::Plans;
use crate::{Kind, Value};

/// What an instruction does, with the shape of its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    SendCell,
    SendRing,
    /// Into a channel that does not simply keep what it gets.
    SendSpecial,
    RecvCell,
    RecvRing,
    /// An external choice between messages of one sender.
    OfferCell,
    OfferRing,
    /// An external choice between messages of several senders.
    OfferMany,
    Choose,
    Halt,
    /// The end of a program that does not end.
    Trap,
    /// An instruction of a program written by hand, which is looked at when it is executed.
    Assembled,
}

/// One linked instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) code: Code,
    /// What the payload must be.
    pub(crate) wants: Wants,
    /// The message. Of a choice: its set of branches.
    pub(crate) label: u16,
    /// The place of the channel in the block.
    pub(crate) place: u32,
    /// The successor. Of a choice: its first arm.
    pub(crate) next: u32,
    /// How much the channel holds. Of a choice: how many arms there are.
    pub(crate) capacity: u16,
    /// The other role.
    pub(crate) peer: RoleId,
}

const _: () = assert!(size_of::<Op>() == 16);

/// One linked branch of a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arm {
    pub(crate) plan: Plan,
    pub(crate) target: u32,
    pub(crate) label: LabelId,
    pub(crate) peer: RoleId,
    pub(crate) wants: Wants,
}

const _: () = assert!(size_of::<Arm>() == 16);

/// The kind that a payload must have, if it must be of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wants(Option<Kind>);

impl Wants {
    pub(crate) const UINT: Self = Self(Some(Kind::Uint));
    pub(crate) const UNIT: Self = Self(Some(Kind::Unit));

    fn of_type(payload: &str) -> Self {
        Self(Kind::of_type(payload))
    }

    pub(crate) fn accepts(self, value: &Value) -> bool {
        self.0.is_none_or(|kind| kind == value.kind())
    }

    pub(crate) fn kind(self) -> Option<Kind> {
        self.0
    }
}

impl Op {
    const fn new(code: Code) -> Self {
        let (label, place, next, capacity) = (0, 0, 0, 0);
        Self { code, wants: Wants(None), label, place, next, capacity, peer: RoleId(0) }
    }

    /// The channel it acts on, which keeps what it gets.
    #[inline]
    pub(crate) fn plan(&self, shape: Shape) -> Plan {
        Plan { place: self.place, capacity: self.capacity, shape, rule: Rule::Plain }
    }

    /// The message.
    #[inline]
    pub(crate) fn label(&self) -> LabelId {
        LabelId(self.label)
    }
}

/// The programs of an image, linked.
#[derive(Debug)]
pub(crate) struct Linked {
    /// One for each instruction, and a trap behind them.
    pub(crate) ops: Box<[Op]>,
    pub(crate) arms: Box<[Arm]>,
    /// For each label, what its payload must be.
    pub(crate) wants: Box<[Wants]>,
}

/// Links the programs of an image.
pub(crate) fn link(image: &Image, plans: &Plans) -> Linked {
    let wants = image.names().labels().map(|(_, label)| Wants::of_type(label.payload)).collect();
    let mut linker = Linker { image, plans, wants, role: RoleId(0), arms: Vec::new() };
    let mut ops = Vec::with_capacity(image.programs.code().len() + 1);
    for (role, _) in image.names().roles() {
        linker.role = role;
        for (at, &instr) in image.programs[role].iter().enumerate() {
            ops.push(linker.op(Pc(at as u32), instr));
        }
    }
    ops.push(Op::new(Code::Trap));
    Linked { ops: ops.into(), arms: linker.arms.into(), wants: linker.wants.into() }
}

struct Linker<'a> {
    image: &'a Image,
    plans: &'a Plans,
    wants: Vec<Wants>,
    role: RoleId,
    arms: Vec<Arm>,
}

impl Linker<'_> {
    fn op(&mut self, at: Pc, instr: Instr) -> Op {
        match instr {
            // Nothing is known of what a program written by hand does, so nothing is filled in.
            _ if !self.image.is_verified() => Op::new(Code::Assembled),
            Instr::Send { via: Via::OWN, to, label, next, .. } => {
                let codes = (Code::SendCell, Code::SendRing);
                self.exchange(codes, self.plans.plan(self.role, to), to, label, at, next)
            }
            Instr::Recv { via: Via::OWN, from, label, next, .. } => {
                let codes = (Code::RecvCell, Code::RecvRing);
                self.exchange(codes, self.plans.plan(from, self.role), from, label, at, next)
            }
            Instr::Choose { via: Via::OWN, set, targets } => {
                let role = self.role;
                self.choice(Code::Choose, set, targets, |plans, peer| plans.plan(role, peer))
            }
            Instr::Offer { via: Via::OWN, set, targets } => {
                let role = self.role;
                let op = self
                    .choice(Code::OfferMany, set, targets, |plans, peer| plans.plan(peer, role));
                self.with_one_sender(op).unwrap_or(op)
            }
            Instr::Halt => Op::new(Code::Halt),
            _ => Op::new(Code::Assembled),
        }
    }

    fn exchange(
        &self,
        (cell, ring): (Code, Code),
        plan: Plan,
        peer: RoleId,
        label: LabelId,
        at: Pc,
        next: Hop,
    ) -> Op {
        let code = match plan.shape {
            _ if plan.rule != Rule::Plain && ring == Code::SendRing => Code::SendSpecial,
            Shape::Cell => cell,
            Shape::Ring => ring,
        };
        let wants = self.wants[label.index()];
        let next = self.after(at, next);
        Op { wants, label: label.0, place: plan.place, next, capacity: plan.capacity, peer, code }
    }

    fn choice(
        &mut self,
        code: Code,
        set: SetId,
        targets: TargetsId,
        plan: impl Fn(&Plans, RoleId) -> Plan,
    ) -> Op {
        let branches = self.image.branches(set);
        let next = self.arms.len() as u32;
        for (nth, branch) in branches.iter().enumerate() {
            self.arms.push(Arm {
                plan: plan(self.plans, branch.peer),
                target: self.settle(self.image.target(targets, nth)),
                label: branch.label,
                peer: branch.peer,
                wants: self.wants[branch.label.index()],
            });
        }
        Op { label: set.0, next, capacity: branches.len() as u16, ..Op::new(code) }
    }

    /// An external choice whose messages all come on one channel looks at that channel once.
    fn with_one_sender(&self, op: Op) -> Option<Op> {
        let arms = &self.arms[op.next as usize..];
        let first = arms.first()?;
        let code = match first.plan.shape {
            Shape::Cell => Code::OfferCell,
            Shape::Ring => Code::OfferRing,
        };
        let one = arms.iter().all(|arm| arm.peer == first.peer);
        one.then_some(Op { code, place: first.plan.place, peer: first.peer, ..op })
    }

    /// Where control goes after an instruction.
    fn after(&self, at: Pc, hop: Hop) -> u32 {
        self.settle(hop.from(at))
    }

    /// The place in the code of all roles, past all jumps; the trap, if it is outside of the program.
    fn settle(&self, mut target: Pc) -> u32 {
        let program = &self.image.programs[self.role];
        for _ in 0..program.len() {
            match program.get(target.index()) {
                Some(&Instr::Jmp { target: further }) => target = further,
                Some(_) => return self.image.programs.start(self.role) + target.0,
                None => break,
            }
        }
        self.image.programs.code().len() as u32
    }
}
