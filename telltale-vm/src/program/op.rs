//! Linked programs: instructions with everything filled in that depends on the VM. How they are made is
//! in `link`, what they mean in `exec`.

use telltale_bytecode::{Branch, SetId, Slot};
use telltale_types::{LabelId, RoleId};

use crate::memory::channel::Plan;
use crate::memory::coroutine::CoroId;
use crate::value::expected::ExpectedKind;

/// The programs of an image, linked.
#[derive(Debug, Default)]
pub(crate) struct Linked {
    /// One for each instruction, and a trap behind them.
    pub(crate) ops: Box<[Op]>,
    pub(crate) choices: Choices,
    /// The coroutines that begin where a role forks, each with where it begins.
    pub(crate) starts: Vec<(CoroId, u32)>,
    /// For each label, what its payload must be.
    pub(crate) expected: Box<[ExpectedKind]>,
}

/// The branches of choices, one choice behind the other.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) branches: Vec<Branch>,
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Send,
    Choose,
    Recv,
    /// An external choice between messages of one sender.
    Offer,
    /// An external choice between messages of several senders.
    OfferMany,
    Halt,
    /// The role does several things at once.
    Fork,
    /// One of them is over.
    Join,
    /// On registers, or an effect: looked at when it is executed.
    Registers,
    /// Concerns another session.
    Outside,
    /// A choice without branches, or between branches that its image does not have.
    Invalid,
    /// The end of a program that does not end.
    Trap,
}

/// One linked instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// What is sent or received. Of an external choice on one channel: that channel.
    pub(crate) exchange: Exchange,
    /// The branches of a choice, or the coroutines that begin: the first and how many.
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// The set of branches of a choice, as the image knows it.
    pub(crate) set: SetId,
    pub(crate) code: Code,
    /// Where the payload comes from, or goes to.
    pub(crate) operand: Slot,
    /// Whether something is to be done around it: it is compared with the local type before it is executed, or a register
    /// lends its payload.
    pub(crate) is_guarded: bool,
}

/// One end of an exchange: a message that a role sends or receives, alone or as a branch of a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) channel: Plan,
    /// Where control goes afterwards.
    pub(crate) next: u32,
    pub(crate) label: LabelId,
    /// The other role.
    pub(crate) peer: RoleId,
    /// What the payload must be.
    pub(crate) expected: ExpectedKind,
}

// Two in a cache line.
const _: () = assert!(size_of::<Op>() <= 36);

impl Linked {
    /// Instructions on the own session are compared with the local type, or those only that need registers.
    pub(crate) fn guard(&mut self, all: bool) {
        for op in &mut self.ops {
            op.is_guarded = op.is_own() && (all || op.operand.as_reg().is_some());
        }
    }

    /// The coroutines that begin where a role forks, each with where it begins.
    pub(crate) fn starts(&self, op: &Op) -> &[(CoroId, u32)] {
        &self.starts[op.first as usize..][..op.count as usize]
    }

    /// The messages of which an instruction sends one.
    pub(crate) fn sent<'a>(&'a self, op: &'a Op) -> &'a [Exchange] {
        match op.code {
            Code::Send => std::slice::from_ref(&op.exchange),
            Code::Choose => self.exchanges(op),
            _ => &[],
        }
    }

    /// The messages of which an instruction receives one.
    pub(crate) fn received<'a>(&'a self, op: &'a Op) -> &'a [Exchange] {
        match op.code {
            Code::Recv => std::slice::from_ref(&op.exchange),
            Code::Offer | Code::OfferMany => self.exchanges(op),
            _ => &[],
        }
    }

    /// The branches of a choice, in the order of the image.
    #[inline]
    pub(crate) fn exchanges(&self, op: &Op) -> &[Exchange] {
        self.choices.exchanges(op)
    }

    /// The branches of a choice as a handler sees them, in the same order.
    #[inline]
    pub(crate) fn branches(&self, op: &Op) -> &[Branch] {
        self.choices.branches(op)
    }
}

impl Choices {
    #[inline]
    pub(crate) fn exchanges(&self, op: &Op) -> &[Exchange] {
        &self.exchanges[op.first as usize..][..op.count as usize]
    }

    #[inline]
    pub(crate) fn branches(&self, op: &Op) -> &[Branch] {
        &self.branches[op.first as usize..][..op.count as usize]
    }
}

/// The branch with a label. Branches are ordered by label, and the labels of a choice mostly have
/// consecutive numbers.
#[inline]
pub(crate) fn find(branches: &[Exchange], label: LabelId) -> Option<&Exchange> {
    let guess = usize::from(label.0.wrapping_sub(branches.first()?.label.0));
    match branches.get(guess) {
        Some(branch) if branch.label == label => Some(branch),
        _ => branches.iter().find(|branch| branch.label == label),
    }
}

impl Op {
    /// Whether it concerns its own session, and is an instruction.
    fn is_own(&self) -> bool {
        !matches!(self.code, Code::Outside | Code::Trap)
    }

    pub(crate) const fn new(code: Code) -> Self {
        Self {
            exchange: Exchange::NONE,
            first: 0,
            count: 0,
            set: SetId(0),
            code,
            operand: Slot::HANDLER,
            is_guarded: false,
        }
    }
}

impl Exchange {
    /// For instructions without a message. No channel is at place 0, the start of a block.
    pub(crate) const NONE: Self = Self {
        channel: Plan::NONE,
        next: 0,
        label: LabelId(0),
        peer: RoleId(0),
        expected: ExpectedKind::ANYTHING,
    };
}
