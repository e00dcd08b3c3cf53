//! `Send`.

use telltale_types::{LabelId, RoleId};

use super::{Goto, Host, Step, Visit};
use crate::channel::{self, Message, Plan, Shape};
use crate::heap::Word;
use crate::link::{Op, Wants};
use crate::trace::Tag;
use crate::{Cause, HandlerResult, Value};

impl<H: Host> Visit<'_, H> {
    #[inline(always)]
    pub(super) fn send_cell<const TRACE: bool>(&mut self, op: &Op) -> Goto {
        self.send::<TRACE>(op, op.plan(Shape::Cell))
    }

    /// Makes sure that there is room, asks for the payload, sends it.
    #[inline(always)]
    pub(super) fn send<const TRACE: bool>(&mut self, op: &Op, plan: Plan) -> Goto {
        if !channel::has_room(self.block, plan) {
            channel::await_room(self.block, plan);
            return Goto::WAIT;
        }
        let answer = self.host.send(&self.cx, op.peer, op.label());
        let word = match (&answer, op.wants) {
            (Ok(Value::Uint(bits)), Wants::UINT) => Word::uint(*bits),
            (Ok(Value::Unit), Wants::UNIT) => Word::UNIT,
            _ => return self.send_other::<TRACE>(op, plan, answer),
        };
        if self.network.is_some() {
            return self.send_other::<TRACE>(op, plan, answer);
        }
        self.sent::<TRACE>(plan, op.peer, Message { label: op.label(), word }, Tag::Sent);
        Goto(op.next)
    }

    /// Sends what the innermost loop does not know of, or what the network may want to see.
    #[inline(never)]
    fn send_other<const TRACE: bool>(
        &mut self,
        op: &Op,
        plan: Plan,
        answer: HandlerResult<Value>,
    ) -> Goto {
        let step = self.hand_over_answer::<TRACE>(op, plan, answer);
        self.goto(step)
    }

    fn hand_over_answer<const TRACE: bool>(
        &mut self,
        op: &Op,
        plan: Plan,
        answer: HandlerResult<Value>,
    ) -> Result<Step, Box<Cause>> {
        let value = match answer {
            Ok(value) => value,
            Err(error) => return Self::no_answer(error, None),
        };
        if !op.wants.accepts(&value) {
            return Err(self.wrong_payload(op.label(), op.wants, value));
        }
        self.handed_over::<TRACE>(plan, op.peer, op.label(), value, Tag::Sent);
        Ok(Step::To(op.next))
    }

    /// As [`Visit::send`], into a channel that does not simply keep what it gets.
    pub(super) fn send_special<const TRACE: bool>(&mut self, op: &Op) -> Result<Step, Box<Cause>> {
        let plan = self.loaded.plans.plan(self.cx.role, op.peer);
        if self.must_wait(plan, op.peer, op.label())? {
            channel::await_room(self.block, plan);
            return Ok(Step::Wait);
        }
        let answer = self.host.send(&self.cx, op.peer, op.label());
        self.hand_over_answer::<TRACE>(op, plan, answer)
    }

    /// Whether a message has to wait for room. Where it may neither wait nor be lost, it is a fault.
    pub(super) fn must_wait(
        &self,
        plan: Plan,
        to: RoleId,
        label: LabelId,
    ) -> Result<bool, Box<Cause>> {
        let fits = channel::has_room(self.block, plan)
            || plan.rule.drops()
            || plan.rule.replaces()
                && channel::last_label(self.block, self.buffers, plan) == Some(label);
        if !fits && plan.rule.refuses() {
            let (label, to) = (self.cx.label(label).to_string(), self.cx.name(to).to_owned());
            return Err(Cause::ChannelFull { label, to, capacity: plan.capacity }.into());
        }
        Ok(!fits)
    }

    /// A payload must be of the kind that its label carries.
    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "as every step returns it")]
    pub(super) fn wrong_payload(
        &mut self,
        label: LabelId,
        wants: Wants,
        value: Value,
    ) -> Box<Cause> {
        let label = self.cx.label(label).to_string();
        let found = value.kind();
        self.discard(value);
        Cause::WrongPayload { label, expected: wants.kind().unwrap_or(found), found }.into()
    }
}
