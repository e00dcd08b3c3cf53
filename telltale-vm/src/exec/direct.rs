//! The messages of driven roles, where only the two roles have a say.
//!
//! Every message of a driven role is a call, and to set up a slice costs several times what the message does. So what is
//! nearly always the case has a shorter way: nothing is recorded, both roles do one thing at a time and are driven, the channel has
//! room for what is sent or holds what is expected, and whoever has acted goes on with another message. Then this does what
//! [`outside`](super::outside) does, through the same channels. Whatever is otherwise, it changes nothing and leaves the call to that.

use telltale_types::{LabelId, RoleId};

use crate::memory::channel::{self, Buffers, Message, Plan};
use crate::memory::coroutine::{self, OUTSIDE};
use crate::memory::heap::Heap;
use crate::outside::{Received, Seat};
use crate::program::direct::{Directs, Turn};
use crate::program::loaded::Loaded;
use crate::{Kind, SessionId, Value};

/// A driven role that does one thing at a time and may act.
pub(crate) struct Direct<'a> {
    pub(crate) session: SessionId,
    pub(crate) block: &'a mut [u64],
    pub(crate) loaded: &'a Loaded,
    pub(crate) directs: &'a Directs,
    pub(crate) heap: &'a mut Heap,
    pub(crate) buffers: &'a mut Buffers,
    pub(crate) woken: &'a mut Vec<Seat>,
    pub(crate) role: RoleId,
}

/// What has become of a call that receives.
pub(crate) enum Taken {
    /// This message has come.
    Message(Received),
    /// None has; the role waits for it.
    Waits,
    /// It is not for here.
    Otherwise,
}

impl<'a> Direct<'a> {
    /// Sends a message, or the first one of a branch. If that is not for here, its payload comes back.
    #[inline(always)]
    pub(crate) fn send(mut self, to: RoleId, label: LabelId, value: Value) -> Result<(), Value> {
        let Some(turn) = self.turn_of(self.role) else { return Err(value) };
        let Some(sent) = self.directs.sent(turn, to, label) else { return Err(value) };
        let plan = sent.channel;
        let wakes = channel::receiver_waits(self.block, plan);
        let is_simple = channel::has_room(self.block, plan)
            && sent.expected.accepts(&value)
            && (!wakes || self.turn_of(to).is_some())
            && self.act(sent.step);
        if !is_simple {
            return Err(value);
        }
        let word = self.heap.encode(value);
        channel::push(self.block, self.buffers, plan, Message { label, word });
        if wakes {
            self.name(to);
        }
        Ok(())
    }

    /// Receives the message that has come, or waits for it where somebody else can act.
    #[inline(always)]
    pub(crate) fn receive(mut self) -> Taken {
        let Some(turn) = self.turn_of(self.role) else { return Taken::Otherwise };
        let Some((plan, from)) = turn.from() else { return Taken::Otherwise };
        let Some(Message { label, word }) = channel::first(self.block, self.buffers, plan) else {
            return self.await_message(plan, from);
        };
        let Some(taken) = self.directs.received(turn, label) else { return Taken::Otherwise };
        let wakes = channel::sender_waits(self.block, plan);
        let is_simple = taken.expected.accepts_kind(word.kind)
            && word.kind != Kind::Endpoint as u8
            && (!wakes || self.turn_of(from).is_some())
            && self.act(taken.step);
        if !is_simple {
            return Taken::Otherwise;
        }
        channel::forget_first(self.block, self.buffers, plan);
        if wakes {
            self.name(from);
        }
        let value = self.heap.decode(word);
        Taken::Message(Received { from, label, value })
    }

    /// The role waits, if whoever it waits for can act: then the session is not over.
    #[inline(always)]
    fn await_message(self, plan: Plan, from: RoleId) -> Taken {
        let can_act = |turn: &Turn| match turn.from() {
            None => {
                self.directs.sends(turn).any(|sent| channel::has_room(self.block, sent.channel))
            }
            Some((plan, _)) => channel::len(self.block, plan) > 0,
        };
        if !self.turn_of(from).is_some_and(can_act) {
            return Taken::Otherwise;
        }
        channel::await_message(self.block, plan);
        Taken::Waits
    }

    /// What a role does next, if it is driven and nothing else is to be said of it. (Its program counter is none with another mark.)
    #[inline(always)]
    fn turn_of(&self, role: RoleId) -> Option<&'a Turn> {
        let word = coroutine::read(self.block, self.at(role));
        self.directs.turns.get((word.pc_and_marks() ^ OUTSIDE) as usize)
    }

    /// The role goes on, unless its effects have to be counted elsewhere as well.
    #[inline(always)]
    fn act(&mut self, step: u64) -> bool {
        let at = self.at(self.role);
        let moved = coroutine::read(self.block, at).advanced(step);
        if let Some(moved) = moved {
            coroutine::write(self.block, at, moved);
        }
        moved.is_some()
    }

    #[inline(always)]
    fn name(&mut self, role: RoleId) {
        self.woken.push(Seat { session: self.session, role, lane: 0 });
    }

    /// Where the word of a role is, which is one of the protocol.
    #[inline(always)]
    fn at(&self, role: RoleId) -> usize {
        self.loaded.roles_at + role.index()
    }
}
