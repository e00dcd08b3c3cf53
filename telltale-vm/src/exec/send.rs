//! `Send`.

use telltale_types::{LabelId, RoleId};

use super::{Slice, Step};
use crate::error::Wrong;
use crate::memory::channel::{self, Plan, Rule};
use crate::program::op::Exchange;
use crate::trace::store::Tag;
use crate::value::expected::ExpectedKind;
use crate::{Cause, HandlerResult, Value};

impl Slice<'_, '_> {
    /// Makes sure that there is room, asks for the payload, sends it.
    #[inline(never)]
    pub(super) fn send(&mut self, sent: &Exchange) -> Step {
        if !channel::has_room(self.block, sent.channel)
            && let Some(step) = self.has_no_room(sent)
        {
            return step;
        }
        match self.payload(sent.peer, sent.label) {
            Ok(value) if self.accepts(sent.expected, &value) => {
                self.commit(sent, value, Tag::Sent);
                Step::Next(sent.next)
            }
            answer => self.refused(sent.label, answer),
        }
    }

    /// What becomes of a role whose channel is full, if it cannot send nevertheless.
    #[cold]
    fn has_no_room(&mut self, sent: &Exchange) -> Option<Step> {
        match self.must_wait(sent.channel, sent.peer, sent.label) {
            Ok(false) => None,
            Ok(true) => {
                self.await_room(sent.channel, sent.peer);
                Some(Step::Wait)
            }
            Err(cause) => Some(Step::Fault(cause)),
        }
    }

    /// Whether a payload is one of the message. The compiler has checked what role objects give.
    #[inline]
    pub(super) fn accepts(&self, expected: ExpectedKind, value: &Value) -> bool {
        expected.accepts(value) || self.host.is_typed(self.cx.actor.role)
    }

    /// What becomes of a role whose answer is not a payload of the message.
    #[cold]
    pub(crate) fn refused(&mut self, label: LabelId, answer: HandlerResult<Value>) -> Step {
        match answer {
            Ok(value) => self.wrong_payload(label, value),
            Err(error) => Self::no_answer(error),
        }
    }

    /// Whether a message has to wait for room; a fault where it may neither wait nor be lost. `Send` looks before it
    /// asks, so that no payload has to be kept.
    #[inline]
    pub(super) fn must_wait(&self, plan: Plan, to: RoleId, label: LabelId) -> Result<bool, Wrong> {
        if channel::has_room(self.block, plan) {
            Ok(false)
        } else if plan.rule == Rule::Plain {
            Ok(true)
        } else {
            self.without_room(plan, to, label)
        }
    }

    /// [`Slice::must_wait`] for a full channel that does not simply let its sender wait.
    #[cold]
    fn without_room(&self, plan: Plan, to: RoleId, label: LabelId) -> Result<bool, Wrong> {
        let replaces = channel::replaces(self.block, self.run.buffers, plan, label);
        if replaces || plan.rule.drops() {
            Ok(false)
        } else if plan.rule.refuses() {
            let label = format!("{}", self.cx.label(label));
            let to = self.cx.name(to).to_owned();
            Err(Cause::ChannelFull { label, to, capacity: plan.capacity }.into())
        } else {
            Ok(true)
        }
    }

    /// The fault of a payload that is not of its label's kind.
    #[cold]
    pub(super) fn wrong_payload(&mut self, label: LabelId, value: Value) -> Step {
        let cause = Cause::wrong_payload(self.cx.label(label), &value);
        self.discard(value);
        cause.into()
    }
}
