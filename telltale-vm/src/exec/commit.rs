//! The one place where messages enter and leave the channels of a session that is visited.

use telltale_types::{LabelId, RoleId};

use super::Slice;
use crate::memory::channel::{self, Message, Plan};
use crate::program::op::Exchange;
use crate::roles::host::Host;
use crate::trace::store::Tag;
use crate::{Kind, SendDecision, Value};

impl<H: Host> Slice<'_, '_, H> {
    /// A message for which there is room goes into its channel, unless a network decides otherwise.
    #[inline]
    pub(super) fn committed<const TRACE: bool>(&mut self, sent: &Exchange, value: Value, tag: Tag) {
        let Exchange { channel, peer, label, .. } = *sent;
        if self.stage.drive.network.is_some() {
            return self.let_go::<TRACE>(channel, peer, label, value, tag);
        }
        let message = Message { label, word: self.stage.heap.encode(value) };
        self.pushed::<TRACE>(channel, peer, message, tag);
    }

    /// A message for which there is room goes into the channel, and its receiver is woken.
    #[inline]
    fn pushed<const TRACE: bool>(&mut self, plan: Plan, to: RoleId, message: Message, tag: Tag) {
        if channel::push(self.block, self.stage.buffers, plan, message) {
            self.wake(to);
        }
        self.count_sent::<TRACE>(to, message.label, tag);
    }

    /// The network or the channel decides what becomes of a message.
    #[cold]
    pub(super) fn let_go<const TRACE: bool>(
        &mut self,
        plan: Plan,
        to: RoleId,
        label: LabelId,
        value: Value,
        tag: Tag,
    ) {
        let decision = match self.stage.drive.network {
            // There is only one of each endpoint, so none is left to a network.
            Some(network) if value.kind() != Kind::Endpoint => network.decide(self.cx, to, label),
            _ => SendDecision::Deliver,
        };
        match decision {
            SendDecision::Drop => self.count_sent::<TRACE>(to, label, Tag::Dropped),
            SendDecision::Defer => {
                self.stage.deferred.keep(self.cx.session, self.cx.role, to, label, value);
                self.count_sent::<TRACE>(to, label, Tag::Deferred);
            }
            SendDecision::Deliver => self.squeezed_in::<TRACE>(plan, to, label, value, tag),
        }
    }

    /// The message takes the place of the newest one, goes behind it, or is lost.
    fn squeezed_in<const TRACE: bool>(
        &mut self,
        plan: Plan,
        to: RoleId,
        label: LabelId,
        value: Value,
        tag: Tag,
    ) {
        let message = Message { label, word: self.stage.heap.encode(value) };
        let replaced = plan.rule.replaces()
            && channel::last_label(self.block, self.stage.buffers, plan) == Some(label);
        if replaced {
            let old = channel::replace(self.block, self.stage.buffers, plan, message);
            self.stage.orphans.push(old);
            if TRACE {
                self.stage.trace.push(Tag::Dropped, self.cx.role, to, label);
            }
            self.count_sent::<TRACE>(to, label, tag);
        } else if channel::has_room(self.block, plan) {
            self.pushed::<TRACE>(plan, to, message, tag);
        } else {
            self.stage.orphans.push(message.word);
            self.count_sent::<TRACE>(to, label, Tag::Dropped);
        }
    }

    #[inline(always)]
    fn count_sent<const TRACE: bool>(&mut self, to: RoleId, label: LabelId, tag: Tag) {
        if TRACE {
            self.stage.trace.push(tag, self.cx.role, to, label);
        }
        self.cx.add_effect();
    }

    /// The first message of a channel is taken out, and its sender is woken.
    #[inline(always)]
    pub(super) fn taken<const TRACE: bool>(&mut self, plan: Plan, from: RoleId) -> Value {
        let (message, sender_waits) = channel::pop(self.block, self.stage.buffers, plan);
        if sender_waits {
            self.wake(from);
        }
        if TRACE {
            self.stage.trace.push(Tag::Received, self.cx.role, from, message.label);
        }
        self.stage.heap.decode(message.word)
    }
}
