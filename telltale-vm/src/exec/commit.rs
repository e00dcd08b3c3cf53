//! The one place where messages enter and leave the channels of a session that is visited.

use telltale_types::{LabelId, RoleId};

use super::{Host, Visit};
use crate::channel::{self, Message, Plan};
use crate::trace::Tag;
use crate::{Kind, SendDecision, Value, ready};

impl<H: Host> Visit<'_, H> {
    /// A message for which there is room goes into the channel, and its receiver is woken.
    #[inline(always)]
    pub(super) fn sent<const TRACE: bool>(
        &mut self,
        plan: Plan,
        to: RoleId,
        message: Message,
        tag: Tag,
    ) {
        if channel::push(self.block, self.buffers, plan, message) {
            ready::set(self.block, to);
        }
        self.count_sent::<TRACE>(to, message.label, tag);
    }

    /// As [`Visit::sent`], where the network or the channel may do something else with the message.
    #[cold]
    pub(super) fn handed_over<const TRACE: bool>(
        &mut self,
        plan: Plan,
        to: RoleId,
        label: LabelId,
        value: Value,
        tag: Tag,
    ) {
        let decision = match self.network {
            // There is only one of each endpoint, so none is left to a network.
            Some(network) if value.kind() != Kind::Endpoint => network.decide(&self.cx, to, label),
            _ => SendDecision::Deliver,
        };
        match decision {
            SendDecision::Drop => self.count_sent::<TRACE>(to, label, Tag::Dropped),
            SendDecision::Defer => {
                self.deferred.keep(self.cx.session, self.cx.role, to, label, value);
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
        let message = Message { label, word: self.heap.lower(value) };
        let replaced = plan.rule.replaces()
            && channel::last_label(self.block, self.buffers, plan) == Some(label);
        if replaced {
            let old = channel::replace(self.block, self.buffers, plan, message);
            self.strays.push(old);
            if TRACE {
                self.trace.push(self.stamp, Tag::Dropped, self.cx.role, to, label);
            }
            self.count_sent::<TRACE>(to, label, tag);
        } else if channel::has_room(self.block, plan) {
            self.sent::<TRACE>(plan, to, message, tag);
        } else {
            self.strays.push(message.word);
            self.count_sent::<TRACE>(to, label, Tag::Dropped);
        }
    }

    #[inline(always)]
    fn count_sent<const TRACE: bool>(&mut self, to: RoleId, label: LabelId, tag: Tag) {
        if TRACE {
            self.trace.push(self.stamp, tag, self.cx.role, to, label);
        }
        self.cx.count = self.cx.count.wrapping_add(1);
    }

    /// The first message of a channel is taken out, and its sender is woken.
    #[inline(always)]
    pub(super) fn taken<const TRACE: bool>(&mut self, plan: Plan, from: RoleId) -> Value {
        let (message, sender_waits) = channel::pop(self.block, self.buffers, plan);
        if sender_waits {
            ready::set(self.block, from);
        }
        if TRACE {
            self.trace.push(self.stamp, Tag::Received, self.cx.role, from, message.label);
        }
        self.heap.raise(message.word)
    }
}
