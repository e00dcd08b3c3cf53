//! The one place where an instruction that completes changes its session.

use telltale_types::{LabelId, RoleId};

use super::{Host, Visit};
use crate::channel::{self, Message, Plan};
use crate::trace::Tag;
use crate::{Value, ready};

impl<H: Host> Visit<'_, H> {
    /// A message for which there is room goes into the channel, and its receiver is woken.
    #[inline(always)]
    pub(super) fn sent<const TRACE: bool>(
        &mut self,
        plan: Plan,
        to: RoleId,
        label: LabelId,
        value: Value,
        tag: Tag,
    ) {
        let message = Message { label, word: self.heap.lower(value) };
        if channel::push(self.block, self.buffers, plan, message) {
            ready::set(self.block, to);
        }
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
