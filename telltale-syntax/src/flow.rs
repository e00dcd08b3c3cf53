//! Statements as a graph: one slot for each thing that can come next.
//!
//! Built backwards, from what follows to what comes first, so that everything behind a choice is
//! there once and all branches point to it. A `do` copies the states of the protocol that it runs,
//! with other roles and labels. Loops, jumps and the ends of branches are slots that only point
//! on; [`Ahead`] looks through them. A branch that begins with another choice is looked through by
//! [`Firsts`].

mod ahead;
mod begins;
mod build;
mod endless;
mod firsts;
mod heads;

use telltale_types::{LabelId, RoleId};

use crate::ast::{self, Block, Do, Docs, Statement};

pub(crate) use ahead::Ahead;
pub(crate) use build::build;
pub(crate) use endless::check as check_endless;
pub(crate) use firsts::{Firsts, firsts};

/// A place in a [`Flow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SlotId(pub(crate) u32);

impl SlotId {
    /// The slot at an index. A statement makes a few, and statements are counted.
    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("there are fewer statements than that"))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// All that can happen in one protocol.
pub(crate) struct Flow<'a> {
    pub(crate) slots: Vec<Slot<'a>>,
    pub(crate) entry: SlotId,
}

/// Where every flow ends.
pub(crate) const EXIT: SlotId = SlotId(0);

/// One thing that can come next.
#[derive(Clone)]
pub(crate) enum Slot<'a> {
    /// The protocol is over.
    Exit,
    /// Nothing happens here.
    Skip { to: SlotId, passes: Passes<'a> },
    /// A message to one receiver.
    Message(MessageSlot<'a>),
    /// A role decides.
    Choice(ChoiceSlot<'a>),
    /// Several things at once.
    Par(ParSlot<'a>),
    /// One of them is over.
    ArmEnd,
}

/// What a slot without a message stands for.
#[derive(Clone, Copy)]
pub(crate) enum Passes<'a> {
    /// The beginning of a loop of this protocol.
    Loop(&'a ast::Loop),
    /// The beginning of a `par` whose arms are one after the other, here or in a protocol that is run.
    Par(&'a Statement),
    /// The end of a branch.
    BranchEnd,
    /// The end of a protocol that was run.
    Call,
}

/// A message to one receiver.
#[derive(Clone)]
pub(crate) struct MessageSlot<'a> {
    pub(crate) ast: &'a ast::Message,
    /// The `do` of this protocol that the message comes from.
    pub(crate) via: Option<&'a Do>,
    pub(crate) sender: RoleId,
    pub(crate) receiver: RoleId,
    pub(crate) label: LabelId,
    pub(crate) next: SlotId,
    /// Whether the statement of this protocol that it comes from is over after it.
    pub(crate) is_last: bool,
}

/// A role decides.
#[derive(Clone)]
pub(crate) struct ChoiceSlot<'a> {
    pub(crate) origin: ChoiceOrigin<'a>,
    pub(crate) chooser: RoleId,
    pub(crate) branches: Vec<BranchEntry<'a>>,
    /// The slot at the end of every branch, for a choice of the protocol itself.
    pub(crate) join: Option<SlotId>,
}

/// Arms that happen at once.
#[derive(Clone)]
pub(crate) struct ParSlot<'a> {
    pub(crate) ast: &'a Statement,
    /// The `do` of this protocol that it comes from.
    pub(crate) via: Option<&'a Do>,
    /// Where the arms begin.
    pub(crate) arms: Vec<SlotId>,
    pub(crate) next: SlotId,
    /// What may never end in an arm. Then nothing may follow.
    pub(crate) endless: Option<&'a Statement>,
    /// Whether it was reported already that nothing comes to what follows.
    pub(crate) is_dead_end: bool,
}

/// Where a choice is written.
#[derive(Clone, Copy)]
pub(crate) struct ChoiceOrigin<'a> {
    pub(crate) ast: &'a ast::Choice,
    /// The `do` of the protocol that the choice comes from.
    pub(crate) via: Option<&'a Do>,
}

/// Where a branch begins.
#[derive(Clone, Copy)]
pub(crate) struct BranchEntry<'a> {
    pub(crate) origin: BranchOrigin<'a>,
    pub(crate) entry: SlotId,
}

/// Where a branch is written. If it begins with another choice, its branches are those of that one.
#[derive(Clone, Copy)]
pub(crate) struct BranchOrigin<'a> {
    pub(crate) ast: &'a Block,
    /// The choice that it belongs to.
    pub(crate) choice: ChoiceOrigin<'a>,
    /// What is said of it.
    pub(crate) docs: &'a Docs,
}
