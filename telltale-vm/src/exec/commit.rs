//! The one place where instructions put messages into channels and take them out, and where type states move with
//! them. (Besides, driven roles have a shorter way, `direct`; the embedder injects messages; and the end of a session takes out
//! what is left.)

use telltale_types::{Action, Direction, LabelId, RoleId};

use super::Slice;
use crate::memory::channel::{self, Message, Plan, Rule};
use crate::memory::coroutine;
use crate::memory::heap::Word;
use crate::program::op::Exchange;
use crate::trace::store::{Lanes, Tag};
use crate::{Kind, SendDecision, Value};

impl Slice<'_, '_> {
    /// A message for which there is room goes into its channel, unless its network or the channel decides
    /// otherwise.
    #[inline(always)]
    pub(super) fn commit(&mut self, sent: &Exchange, value: Value, tag: Tag) {
        let Exchange { channel, peer, label, .. } = *sent;
        let word = self.run.heap.encode(value);
        if self.is_watched || channel.rule != Rule::Plain {
            return self.commit_watched(sent, word, tag);
        }
        self.put(channel, peer, Message { label, word });
        self.note_sent(channel, peer, label, tag);
    }

    /// [`Slice::commit`] where somebody else than the roles has a say.
    #[inline(never)]
    fn commit_watched(&mut self, sent: &Exchange, word: Word, tag: Tag) {
        let Exchange { channel, peer, label, .. } = *sent;
        if self.state_at != 0 {
            self.move_state(Direction::Send, peer, label);
        }
        match self.decide(peer, label, word) {
            SendDecision::Deliver => self.deliver(channel, peer, Message { label, word }, tag),
            SendDecision::Drop => {
                self.run.orphans.push(word);
                self.note_sent(channel, peer, label, Tag::Dropped);
            }
            SendDecision::Defer => {
                let value = self.run.heap.decode(word);
                let lane = self.loaded.lane_of(channel).into();
                let message =
                    crate::Message { from: self.cx.actor.role, to: peer, lane, label, value };
                self.run.deferred.keep(self.cx.session, message);
                self.note_sent(channel, peer, label, Tag::Deferred);
            }
        }
    }

    /// What the network makes of a message. There is only one of each endpoint, so none is left to it.
    ///
    /// If the network panics, the payload is among the orphans: nothing of somebody else's is dropped while the
    /// panic unwinds.
    #[inline]
    fn decide(&mut self, to: RoleId, label: LabelId, word: Word) -> SendDecision {
        let Some(network) = self.run.network else { return SendDecision::Deliver };
        if Kind::from_number(word.kind) == Kind::Endpoint {
            return SendDecision::Deliver;
        }
        self.run.orphans.push(word);
        let decision = network.decide(self.cx, to, label);
        self.run.orphans.pop();
        decision
    }

    /// The message takes the place of the newest one, goes behind it, or is lost.
    fn deliver(&mut self, plan: Plan, to: RoleId, message: Message, tag: Tag) {
        let label = message.label;
        if channel::replaces(self.block, self.run.buffers, plan, label) {
            let old = channel::replace(self.block, self.run.buffers, plan, message);
            self.run.orphans.push(old);
            self.note(Tag::Dropped, plan, to, label);
            self.note_sent(plan, to, label, tag);
        } else if channel::has_room(self.block, plan) {
            self.put(plan, to, message);
            self.note_sent(plan, to, label, tag);
        } else {
            self.run.orphans.push(message.word);
            self.note_sent(plan, to, label, Tag::Dropped);
        }
    }

    /// The message goes into its channel, and wakes its receiver if that waits.
    #[inline(always)]
    fn put(&mut self, plan: Plan, to: RoleId, message: Message) {
        if channel::push(self.block, self.run.buffers, plan, message) {
            self.wake_at(to, plan);
            if let Some(awaited) = &mut self.awaited {
                awaited.one_less(self.loaded, self.cx.actor.role);
            }
        }
    }

    /// Wakes whoever waits at a channel: the role, or one of its lanes.
    #[inline(always)]
    fn wake_at(&mut self, role: RoleId, plan: Plan) {
        match self.loaded.parallel() {
            None => self.wake(role),
            Some(parallel) => parallel.wake(self, role, plan),
        }
    }

    /// Writes down what the role does, if anything is.
    #[inline(always)]
    fn note(&mut self, tag: Tag, plan: Plan, peer: RoleId, label: LabelId) {
        if self.run.trace.is_on {
            let channel = self.loaded.lane_of(plan);
            let lanes = Lanes { lane: self.cx.actor.lane, channel, ..Lanes::default() };
            self.run.trace.push_in(tag, self.cx.actor.role, peer, label, lanes);
        }
    }

    #[inline(always)]
    fn note_sent(&mut self, plan: Plan, to: RoleId, label: LabelId, tag: Tag) {
        self.note(tag, plan, to, label);
        self.cx.add_effect();
    }

    /// Takes the first message of a channel, which must be there, and wakes its sender if that waits for room.
    #[inline(always)]
    pub(super) fn commit_receipt(&mut self, plan: Plan, from: RoleId) -> Value {
        let (message, sender_waits) = channel::pop(self.block, self.run.buffers, plan);
        if sender_waits {
            self.wake_at(from, plan);
            if let Some(awaited) = &mut self.awaited {
                awaited.one_less(self.loaded, self.cx.actor.role);
            }
        }
        if self.state_at != 0 {
            self.move_state(Direction::Receive, from, message.label);
        }
        self.note(Tag::Received, plan, from, message.label);
        self.run.heap.decode(message.word)
    }

    /// A guarded role moves to the next state of its local type.
    fn move_state(&mut self, direction: Direction, peer: RoleId, label: LabelId) {
        let target = self.target.unwrap_or_else(|| {
            let action = Action { direction, peer, label };
            let exit =
                self.local_type().exits(self.type_state()).find(|exit| exit.action == action);
            exit.expect("the guard has let only actions of the local type pass").target
        });
        let word = coroutine::read(self.block, self.state_at);
        coroutine::write(self.block, self.state_at, word.moved_to(target.0, word.count));
    }
}
