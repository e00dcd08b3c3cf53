//! `Fork` and `Join`: what a role does at once is done by coroutines of their own.

use telltale_types::{LabelId, RoleId};

use super::{Slice, Step, note_halted};
use crate::memory::channel::Plan;
use crate::memory::coroutine::{self, Coro, CoroId, FORKED, HALTED, HOLDS, PENDING};
use crate::memory::header;
use crate::program::op::{Code, Op};
use crate::trace::store::Tag;

impl Slice<'_, '_> {
    /// The lanes begin. The role waits here until all of them are over.
    #[cold]
    pub(super) fn fork(&mut self, op: &Op) -> Step {
        let linked = &self.loaded.linked;
        for &(coro, start) in linked.starts(op) {
            let at = self.loaded.roles_at + coro.index();
            let over = coroutine::read(self.block, at);
            let begun = over.moved_to(start, over.count).without(HALTED);
            coroutine::write(self.block, at, begun);
            header::revived(self.block);
            self.wake(coro);
        }
        self.note_lanes(Tag::Forked, op);
        let here = coroutine::read(self.block, self.word_at);
        let here = here.moved_to(self.cx.at, self.cx.count_in_word()).with(FORKED);
        coroutine::write(self.block, self.word_at, here);
        Step::Fork
    }

    /// A lane is over. The last of them wakes the coroutine that began them.
    #[cold]
    pub(super) fn join(&mut self) -> Step {
        let here = coroutine::read(self.block, self.word_at);
        let here = here.moved_to(self.cx.at, self.cx.count_in_word());
        coroutine::write(self.block, self.word_at, here);
        note_halted(self.block, self.word_at, self.coro);
        let began = self.loaded.coroutines_of(self.cx.role).find(|&coro| self.began_this(coro));
        if let Some(began) = began.filter(|&coro| self.is_past_lanes(self.coro_at(coro))) {
            self.wake(began);
        }
        Step::Join
    }

    fn coro_at(&self, coro: CoroId) -> Coro {
        coroutine::read(self.block, self.loaded.roles_at + coro.index())
    }

    /// The instruction that a coroutine is at.
    fn op_of(&self, coro: Coro) -> &Op {
        &self.loaded.linked.ops[coro.pc() as usize]
    }

    /// Whether a coroutine has begun the one that acts, and waits for it.
    fn began_this(&self, coro: CoroId) -> bool {
        let coro = self.coro_at(coro);
        let starts = || self.loaded.linked.starts(self.op_of(coro));
        coro.has(FORKED) && starts().iter().any(|(started, _)| *started == self.coro)
    }

    /// Whether all lanes are over that a coroutine has begun.
    fn is_past_lanes(&self, coro: Coro) -> bool {
        let mut starts = self.loaded.linked.starts(self.op_of(coro)).iter();
        starts.all(|(started, _)| self.coro_at(*started).has(HALTED))
    }

    /// Whether the lanes of the role that acts are over; then it continues behind them.
    #[cold]
    pub(super) fn lanes_are_over(&mut self, coro: Coro) -> bool {
        if !self.is_past_lanes(coro) {
            return false;
        }
        let op = *self.op_of(coro);
        self.note_lanes(Tag::Joined, &op);
        let next = coro.without(FORKED).moved_to(op.exchange.next, coro.count);
        coroutine::write(self.block, self.word_at, next);
        true
    }

    fn note_lanes(&mut self, tag: Tag, op: &Op) {
        let starts = self.loaded.linked.starts(op);
        let first = starts.first().map_or(0, |(coro, _)| self.loaded.role_of(*coro).1);
        let (role, lane) = (self.cx.role, self.cx.lane);
        if self.run.trace.is_on {
            let count = LabelId(starts.len() as u16);
            self.run.trace.push_in(tag, role, RoleId(first), count, (lane, 0));
        }
    }

    /// Sees to the other lanes of the role, which has just been asked or told something. Says whether they come now: a
    /// lane sends one message in a turn, so that what is heard in one can end another.
    #[cold]
    pub(super) fn is_others_turn(&mut self, op: &Op) -> bool {
        self.ask_lanes_again();
        self.cx.lane != 0 && matches!(op.code, Code::Send | Code::Choose)
    }

    /// What the object of the role had no answer for, or its handler, may have one now.
    fn ask_lanes_again(&mut self) {
        for coro in self.loaded.coroutines_of(self.cx.role) {
            if coro != self.coro && self.coro_at(coro).has(PENDING) {
                coroutine::unmark(self.block, self.loaded.roles_at + coro.index(), PENDING);
                self.wake(coro);
            }
        }
    }

    /// Wakes whichever coroutine of a role waits at a channel.
    #[cold]
    pub(super) fn wake_lane(&mut self, role: RoleId, plan: Plan) {
        for coro in self.loaded.coroutines_of(role) {
            if self.waits_at(coro, plan) {
                self.wake(coro);
            }
        }
    }

    fn waits_at(&self, number: CoroId, plan: Plan) -> bool {
        let coro = self.coro_at(number);
        if coro.has(HALTED | PENDING | FORKED) {
            return false;
        }
        if coro.has(HOLDS) {
            let held = self.run.pending_choices.channel_of(self.cx.session, number);
            return held.is_some_and(|held| held.place == plan.place);
        }
        let op = self.op_of(coro);
        match op.code {
            Code::Send | Code::Recv | Code::Offer => op.exchange.channel.place == plan.place,
            Code::OfferMany => {
                let branches = self.loaded.linked.exchanges(op);
                branches.iter().any(|branch| branch.channel.place == plan.place)
            }
            _ => false,
        }
    }
}
