//! `Fork` and `Join`: what a role does at once is done by coroutines of their own.
//!
//! What that means for the words of a block is here once, for slices and for sessions on their scripts.

use telltale_types::{LabelId, RoleId};

use super::{Slice, Step, note_halted};
use crate::memory::channel::Plan;
use crate::memory::coroutine::{
    self, Actor, Coro, CoroId, FORKED, HALTED, HOLDS, OUTSIDE, PENDING, TOLD,
};
use crate::memory::header;
use crate::program::loaded::Loaded;
use crate::program::op::{Code, Op};
use crate::program::schedule::{ScheduleStep, StepKind};
use crate::trace::store::{Lanes, Tag, Trace};

/// A step of the schedule: lanes begin, one is over, or all are.
pub(crate) fn follow(block: &mut [u64], loaded: &Loaded, step: &ScheduleStep, trace: &mut Trace) {
    match step.what {
        StepKind::Fork => fork(block, loaded, step.from_coro, trace),
        // Who began the lane goes on in a step of its own.
        StepKind::Join => drop(join(block, loaded, step.from_coro)),
        StepKind::GoOn => go_on(block, loaded, step.from_coro, trace),
        StepKind::Leave
        | StepKind::Exchange
        | StepKind::Choice
        | StepKind::Halt
        | StepKind::Finish => {}
    }
}

/// The lanes begin; the coroutine that forks waits where it is until all of them are over.
fn fork(block: &mut [u64], loaded: &Loaded, forks: CoroId, trace: &mut Trace) {
    let at = loaded.roles_at + forks.index();
    let here = coroutine::read(block, at);
    let op = op_of(loaded, here);
    for &(coro, start) in loaded.linked.starts(op) {
        let at = loaded.roles_at + coro.index();
        let over = coroutine::read(block, at);
        coroutine::write(block, at, over.moved_to(start, over.count).without(HALTED));
        header::revived(block);
    }
    note(loaded, forks, op, Tag::Forked, trace);
    coroutine::write(block, at, here.with(FORKED));
}

/// A lane is over. Gives the coroutine that began it, if it was the last.
fn join(block: &mut [u64], loaded: &Loaded, lane: CoroId) -> Option<CoroId> {
    note_halted(block, loaded.roles_at + lane.index(), lane);
    let has_begun = |coro: &CoroId| {
        let word = word_of(block, loaded, *coro);
        let starts = || loaded.linked.starts(op_of(loaded, word));
        word.has(FORKED) && starts().iter().any(|(started, _)| *started == lane)
    };
    let role = loaded.actor_of(lane).role;
    let began = loaded.coroutines_of(role).find(has_begun)?;
    is_past_lanes(block, loaded, began).then_some(began)
}

/// All lanes of a coroutine are over: it continues behind them.
fn go_on(block: &mut [u64], loaded: &Loaded, began: CoroId, trace: &mut Trace) {
    let here = word_of(block, loaded, began);
    let op = op_of(loaded, here);
    note(loaded, began, op, Tag::Joined, trace);
    let next = here.without(FORKED).moved_to(op.exchange.next, here.count);
    coroutine::write(block, loaded.roles_at + began.index(), next);
}

/// Whether all lanes are over that a coroutine has begun. One that stopped before its end, because the session is being
/// closed, never will be.
fn is_past_lanes(block: &[u64], loaded: &Loaded, began: CoroId) -> bool {
    let op = op_of(loaded, word_of(block, loaded, began));
    let is_over = |lane: Coro| lane.has(HALTED) && op_of(loaded, lane).code == Code::Join;
    loaded.linked.starts(op).iter().all(|(lane, _)| is_over(word_of(block, loaded, *lane)))
}

fn word_of(block: &[u64], loaded: &Loaded, coro: CoroId) -> Coro {
    coroutine::read(block, loaded.roles_at + coro.index())
}

/// The instruction that a coroutine is at.
fn op_of(loaded: &Loaded, coro: Coro) -> &Op {
    &loaded.linked.ops[coro.pc() as usize]
}

fn note(loaded: &Loaded, coro: CoroId, op: &Op, tag: Tag, trace: &mut Trace) {
    let Actor { role, lane } = loaded.actor_of(coro);
    let starts = loaded.linked.starts(op);
    let first = starts.first().map_or(0, |(coro, _)| loaded.actor_of(*coro).lane);
    if trace.is_on {
        let (count, lanes) = (LabelId(starts.len() as u16), Lanes { lane, ..Lanes::default() });
        trace.push_in(tag, role, RoleId(first), count, lanes);
    }
}

impl Slice<'_, '_> {
    /// `Fork` or `Join`.
    pub(crate) fn fork_or_join(&mut self, op: &Op) -> Step {
        if op.code == Code::Fork { self.fork(op) } else { self.join() }
    }

    /// The lanes begin.
    fn fork(&mut self, op: &Op) -> Step {
        self.write_here();
        fork(self.block, self.loaded, self.coro, self.run.trace);
        for &(coro, _) in self.loaded.linked.starts(op) {
            self.wake(coro);
        }
        Step::Fork
    }

    /// A lane is over. The last of them wakes the coroutine that began them.
    fn join(&mut self) -> Step {
        self.write_here();
        if let Some(began) = join(self.block, self.loaded, self.coro) {
            self.wake(began);
        }
        Step::Join
    }

    /// Writes down where the coroutine is, with the marks that it has.
    fn write_here(&mut self) {
        let here = coroutine::read(self.block, self.word_at);
        let here = here.moved_to(self.cx.at, self.cx.count_in_word());
        coroutine::write(self.block, self.word_at, here);
    }

    /// Whether the lanes of the coroutine that acts are over; then it continues behind them.
    pub(crate) fn lanes_are_over(&mut self) -> bool {
        let are_over = is_past_lanes(self.block, self.loaded, self.coro);
        if are_over {
            go_on(self.block, self.loaded, self.coro, self.run.trace);
        }
        are_over
    }

    /// Sees to the other lanes of the role, which has just been asked or told something. Says whether they come now: a
    /// lane sends one message in a turn, so that what is heard in one can end another.
    pub(crate) fn is_others_turn(&mut self, op: &Op) -> bool {
        self.ask_lanes_again();
        self.cx.actor.lane != 0 && matches!(op.code, Code::Send | Code::Choose)
    }

    /// What the object of the role had no answer for when it was asked, or its handler, may have one now. What it has
    /// been told, and does not go on from yet, is nothing to ask again.
    pub(crate) fn ask_lanes_again(&mut self) {
        for coro in self.loaded.coroutines_of(self.cx.actor.role) {
            let word = word_of(self.block, self.loaded, coro);
            if coro != self.coro && word.has(PENDING) && !word.has(TOLD) {
                coroutine::unmark(self.block, self.loaded.roles_at + coro.index(), PENDING);
                self.wake(coro);
            }
        }
    }

    /// Wakes whichever coroutine of a role waits at a channel.
    pub(crate) fn wake_lane(&mut self, role: RoleId, plan: Plan) {
        for coro in self.loaded.coroutines_of(role) {
            if self.waits_at(coro, plan) {
                self.wake(coro);
            }
        }
    }

    fn waits_at(&self, number: CoroId, plan: Plan) -> bool {
        let coro = word_of(self.block, self.loaded, number);
        if coro.has(HALTED | PENDING | FORKED) {
            return false;
        }
        if coro.has(HOLDS) {
            let held = self.run.pending_choices.get(self.cx.session, number);
            return held.is_some_and(|(sent, _)| sent.channel.place == plan.place);
        }
        let (linked, op) = (&self.loaded.linked, op_of(self.loaded, coro));
        // Who plays it from outside makes its choice anew when there is room.
        if op.code == Code::Choose && !coro.has(OUTSIDE) {
            return false;
        }
        let mut exchanges = linked.sent(op).iter().chain(linked.received(op));
        exchanges.any(|exchange| exchange.channel.place == plan.place)
    }
}
