//! Roles that are played from outside: one instruction for each call, in the words of the others.

use telltale_types::{LabelId, RoleId};

use super::{Operand, Slice, Step};
use crate::Value;
use crate::error::Wrong;
use crate::memory::channel::Buffers;
use crate::memory::coroutine::{self, Coro, CoroId, FORKED, HALTED, OUTSIDE, PAUSED};
use crate::memory::{channel, ready};
use crate::outside::{Received, Seat};
use crate::program::loaded::Loaded;
use crate::program::op::{Code, Exchange, Linked, Op};
use crate::trace::store::Tag;

/// What a call has come to.
pub(crate) enum Called<T> {
    Done(T),
    /// The role waits. What it was given comes back.
    Waits(T),
    /// The role does something else now.
    NotAllowed,
    /// The payload is not one of the message.
    WrongPayload(LabelId, Value),
    /// The session has gone wrong.
    Fault(Wrong),
}

impl<'s> Slice<'_, 's> {
    /// A coroutine acts from now on. Gives where it is, with its marks.
    pub(crate) fn sit(&mut self, coro: CoroId) -> Coro {
        self.coro = coro;
        self.word_at = self.loaded.roles_at + coro.index();
        self.cx.actor = self.loaded.actor_of(coro);
        let word = coroutine::read(self.block, self.word_at);
        self.cx.word = word.to_word();
        self.cx.at = word.pc();
        word
    }

    /// Sends a message, or the first one of a branch. If there is no room, its payload comes back.
    pub(crate) fn send_from_outside(
        &mut self,
        to: RoleId,
        label: LabelId,
        value: Value,
    ) -> Called<Option<Value>> {
        let op = self.op_here();
        let tag = if op.code == Code::Choose { Tag::ChosenAndSent } else { Tag::Sent };
        let is_it = |sent: &&Exchange| (sent.peer, sent.label) == (to, label);
        let sent = self.loaded.linked.sent(op).iter().find(is_it);
        let Some(sent) = sent else { return Called::NotAllowed };
        if self.is_paused() {
            return Called::Waits(Some(value));
        }
        if !sent.expected.accepts(&value) {
            return Called::WrongPayload(label, value);
        }
        match self.must_wait(sent.channel, to, label) {
            Ok(false) => {
                self.commit(sent, value, tag);
                self.go_on(sent.next);
                Called::Done(None)
            }
            Ok(true) => {
                self.await_room(sent.channel, to);
                Called::Waits(Some(value))
            }
            Err(wrong) => Called::Fault(wrong),
        }
    }

    /// Receives whatever has come that the role receives now.
    pub(crate) fn receive_from_outside(&mut self) -> Called<Option<Received>> {
        let op = self.op_here();
        if self.loaded.linked.received(op).is_empty() {
            return Called::NotAllowed;
        }
        if self.is_paused() {
            return Called::Waits(None);
        }
        self.operand = Operand::Caller(None);
        let step = self.unguarded(op);
        match (step, std::mem::replace(&mut self.operand, Operand::Host)) {
            (Step::Next(next), Operand::Caller(received)) => {
                self.go_on(next);
                Called::Done(received)
            }
            (Step::Fault(wrong), _) => Called::Fault(wrong),
            _ => Called::Waits(None),
        }
    }

    /// Whether the role could act at once: receive what has come, or send without waiting for room. If not, it waits.
    pub(crate) fn could_act(&mut self) -> Called<bool> {
        let op = self.op_here();
        let linked = &self.loaded.linked;
        let (sent, received) = (linked.sent(op), linked.received(op));
        if self.is_paused() {
            return Called::Waits(false);
        }
        for Exchange { channel, peer, label, .. } in sent {
            if !channel::lets_go_on(self.block, self.run.buffers, *channel, *label) {
                self.await_room(*channel, *peer);
                return Called::Waits(false);
            }
        }
        if !sent.is_empty() || has_come(linked, op, self.block, self.run.buffers) {
            return Called::Done(true);
        }
        if received.is_empty() {
            return Called::NotAllowed;
        }
        for taken in received {
            self.await_message(taken.channel, taken.peer);
        }
        Called::Waits(false)
    }

    /// The instruction that the role is at.
    fn op_here(&self) -> &'s Op {
        &self.loaded.linked.ops[self.cx.at as usize]
    }

    fn is_paused(&self) -> bool {
        coroutine::read(self.block, self.word_at).has(PAUSED)
    }

    /// The role goes on at an instruction, and executes those in which nobody outside has a part: it jumps, forks, joins or
    /// is done.
    pub(crate) fn go_on(&mut self, at: u32) {
        self.cx.at = at;
        let mut op = self.op_here();
        while op.code == Code::Registers {
            self.cx.at = op.exchange.next;
            op = self.op_here();
        }
        match op.code {
            Code::Halt => self.halt(),
            Code::Fork | Code::Join => {
                if let Some(parallel) = self.loaded.parallel() {
                    drop(parallel.execute(self, op));
                }
            }
            _ => {
                let here = coroutine::read(self.block, self.word_at);
                let here = here.moved_to(self.cx.at, self.cx.count_in_word());
                coroutine::write(self.block, self.word_at, here);
            }
        }
    }

    /// Names the roles that are played from outside and could act now, to whoever asks
    /// [`VM::take_woken`](crate::VM::take_woken). What needs nobody they do at once, and that may wake further ones.
    pub(crate) fn name_woken(&mut self) {
        while let Some(coro) = self.next_woken() {
            self.name(coro);
        }
    }

    /// A coroutine that is played from outside and could act.
    fn next_woken(&mut self) -> Option<CoroId> {
        let (roles_at, coroutines) = (self.loaded.roles_at, self.loaded.coroutines);
        let first = self.next_ready(0)?;
        if coroutine::read(self.block, roles_at + first.index()).has(OUTSIDE) {
            return Some(first);
        }
        self.write_ready();
        let is_outside =
            |coro: &CoroId| coroutine::read(self.block, roles_at + coro.index()).has(OUTSIDE);
        let mut others = (first.index() + 1..coroutines).map(CoroId::at);
        others.find(|coro| ready::contains(self.block, *coro) && is_outside(coro))
    }

    /// A coroutine that is played from outside could act.
    pub(crate) fn name(&mut self, coro: CoroId) {
        self.rest(coro);
        let word = self.sit(coro);
        if word.has(HALTED) {
            return;
        }
        if !word.has(FORKED) {
            self.go_on(word.pc());
        } else if self.loaded.parallel().is_some_and(|lanes| lanes.are_over(self)) {
            let behind = self.sit(coro).pc();
            self.go_on(behind);
        } else {
            return;
        }
        let actor = self.loaded.actor_of(coro);
        let seat = Seat { session: self.cx.session, role: actor.role, lane: actor.lane };
        self.run.woken.push(seat);
    }
}

/// Whether a driven coroutine could act if it were called now: for one of its branches, that is enough.
pub(crate) fn has_a_move(block: &[u64], loaded: &Loaded, buffers: &Buffers, coro: CoroId) -> bool {
    let word = coroutine::read(block, loaded.roles_at + coro.index());
    if word.has(HALTED | FORKED) {
        return false;
    }
    let linked = &loaded.linked;
    let op = &linked.ops[word.pc() as usize];
    let can_send = |sent: &Exchange| channel::lets_go_on(block, buffers, sent.channel, sent.label);
    linked.sent(op).iter().any(can_send) || has_come(linked, op, block, buffers)
}

/// Whether a message has come with which a role at this instruction would go on, or fault. Where several send, another label than
/// that of the branch may be meant for later.
fn has_come(linked: &Linked, op: &Op, block: &[u64], buffers: &Buffers) -> bool {
    linked.received(op).iter().any(|taken| {
        let first = channel::first_label(block, buffers, taken.channel);
        first.is_some_and(|found| op.code != Code::OfferMany || found == taken.label)
    })
}
