//! The protocol as one list of steps.
//!
//! A choreography says what all roles do together. While nothing disturbs a session, it does just that: one exchange
//! of the global type after the other, the sender asked and the receiver told, with no message in any channel and no
//! role waiting for another. Since everything that comes earlier in a run of the global type has been done, the roles of
//! the next exchange are at its instructions; so nothing of this has to be looked up while a session runs.
//!
//! It is one of the orders in which the roles could have acted anyway (Honda, Yoshida and Carbone, POPL
//! 2008: an asynchronous run is a synchronous one up to the order of independent actions), so nothing
//! but that order shows it. A session that is disturbed (a role waits for its handler or is paused, a
//! message is injected) leaves the script; its roles then run their programs side by side,
//! until all of them are together again at a place of the schedule.
//!
//! How a schedule is written is in `write`, how sessions follow it in `scripted`.

pub(crate) mod arms;
mod write;

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use crate::index::{Index, Mixer};
use crate::memory::coroutine::{Actor, Coro, CoroId};
use crate::trace::store::Lanes;
use crate::value::expected::ExpectedKind;

/// What is done together, from which place to which.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    steps: Box<[ScheduleStep]>,
    /// What is exchanged at each place, as a handler sees it among the branches of a choice.
    branches: Box<[Branch]>,
    /// Where the roles are at each place at which sessions may rejoin: one word for each role.
    pcs: Box<[u32]>,
    /// The places at which they are there.
    places: Box<[u32]>,
    /// Which of them it is, by the hash of these words.
    by_pcs: Index,
}

/// What happens at a place of the schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScheduleStep {
    /// What the exchange adds to the word of its sender: the way to its next instruction, and one more effect.
    pub(crate) from_step: u64,
    /// What it adds to the word of its receiver.
    pub(crate) to_step: u64,
    /// This place, and the next one.
    pub(crate) place: u32,
    pub(crate) next: u32,
    /// How many branches a choice has. Their steps are right behind that of the choice.
    pub(crate) count: u32,
    /// The set of branches of a choice, as the image knows it.
    pub(crate) set: SetId,
    /// What is exchanged.
    pub(crate) label: LabelId,
    /// Who sends, chooses or halts.
    pub(crate) sender: Actor,
    pub(crate) receiver: Actor,
    /// The coroutines in which they do; numbered like their roles where those do one thing.
    pub(crate) from_coro: CoroId,
    pub(crate) to_coro: CoroId,
    /// Which of the channels between the two is used.
    pub(crate) channel: u8,
    /// What the payload must be.
    pub(crate) expected: ExpectedKind,
    pub(crate) what: StepKind,
    /// Whether all other roles can only wait here, so that nobody acts until the sender has answered.
    pub(crate) is_alone: bool,
    /// Whether nobody but its receiver can act when the message has been sent, either: then all turns have this order.
    pub(crate) is_forced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// A message, alone or as a branch of a choice.
    Exchange,
    /// A role picks one of the exchanges that follow.
    Choice,
    /// A role is done, others are not.
    Halt,
    /// A role begins several things at once.
    Fork,
    /// One of them is over.
    Join,
    /// All of them are over, and the role goes on.
    GoOn,
    /// All roles that are not done yet are done now.
    Finish,
    /// The schedule ends here; the roles continue by turns.
    Leave,
}

impl Schedule {
    /// What happens at each place.
    #[inline(always)]
    pub(crate) fn steps(&self) -> &[ScheduleStep] {
        &self.steps
    }

    /// What happens at a place.
    #[inline(always)]
    pub(crate) fn step(&self, place: u32) -> &ScheduleStep {
        &self.steps[place as usize]
    }

    /// Whether all that is left at a place is that all roles are done.
    #[inline]
    pub(crate) fn is_finished(&self, place: u32) -> bool {
        self.step(place).what == StepKind::Finish
    }

    /// The branches of a choice.
    pub(crate) fn branches(&self, choice: &ScheduleStep) -> &[ScheduleStep] {
        &self.steps[choice.place as usize + 1..][..choice.count as usize]
    }

    /// The choice that one of these branches is the first of.
    pub(crate) fn choice_of(&self, first: &ScheduleStep) -> &ScheduleStep {
        self.step(first.place - 1)
    }

    /// One of them, by its number in their order.
    #[inline]
    pub(crate) fn branch(&self, choice: &ScheduleStep, nth: usize) -> Option<&ScheduleStep> {
        (nth < choice.count as usize).then(|| self.step(choice.place + 1 + nth as u32))
    }

    /// The same branches as a handler sees them.
    #[inline]
    pub(crate) fn known_branches(&self, choice: &ScheduleStep) -> &[Branch] {
        &self.branches[choice.place as usize + 1..][..choice.count as usize]
    }

    /// The place where it starts, if it has steps. Place 0 is `Leave`.
    pub(crate) fn first_place(&self) -> Option<u32> {
        (self.steps.len() > 1).then_some(1)
    }

    /// The place at which the roles are where these words of a block say.
    pub(crate) fn place_of(&self, roles: &[u64]) -> Option<u32> {
        let here = roles.iter().map(|&word| Coro::from_word(word).pc_and_marks());
        let pcs_of = |nth: u32| self.pcs[nth as usize * roles.len()..][..roles.len()].iter();
        let is_here = |nth: u32| pcs_of(nth).copied().eq(here.clone());
        let nth = self.by_pcs.find(Mixer::hash(here.clone()), is_here)?;
        Some(self.places[nth as usize])
    }
}

impl ScheduleStep {
    /// The role that sends, chooses or halts.
    #[inline(always)]
    pub(crate) fn from(&self) -> RoleId {
        self.sender.role
    }

    /// The role that receives.
    #[inline(always)]
    pub(crate) fn to(&self) -> RoleId {
        self.receiver.role
    }

    /// Which lanes its event concerns.
    pub(crate) fn lanes(&self) -> Lanes {
        Lanes { lane: self.sender.lane, peer: self.receiver.lane, channel: self.channel }
    }

    const LEAVE: Self = Self {
        from_step: 0,
        to_step: 0,
        place: 0,
        next: 0,
        count: 0,
        set: SetId(0),
        label: LabelId(0),
        sender: Actor::of(RoleId(0)),
        receiver: Actor::of(RoleId(0)),
        from_coro: RoleId(0),
        to_coro: RoleId(0),
        channel: 0,
        expected: ExpectedKind::ANYTHING,
        what: StepKind::Leave,
        is_alone: false,
        is_forced: false,
    };
}

#[cfg(test)]
mod tests;
