//! `Send`.

use telltale_types::LabelId;

use super::{Host, Step, Visit};
use crate::channel::{self, Shape};
use crate::link::{Op, Wants};
use crate::trace::Tag;
use crate::{Cause, Value};

impl<H: Host> Visit<'_, H> {
    #[inline(always)]
    pub(super) fn send_cell<const TRACE: bool>(&mut self, op: &Op) -> Result<Step, Box<Cause>> {
        self.send::<TRACE>(op, Shape::Cell)
    }

    #[inline(always)]
    pub(super) fn send_ring<const TRACE: bool>(&mut self, op: &Op) -> Result<Step, Box<Cause>> {
        self.send::<TRACE>(op, Shape::Ring)
    }

    /// Makes sure that there is room, asks for the payload, sends it.
    #[inline(always)]
    fn send<const TRACE: bool>(&mut self, op: &Op, shape: Shape) -> Result<Step, Box<Cause>> {
        let plan = op.plan(shape);
        if !channel::has_room(self.block, plan) {
            channel::await_room(self.block, plan);
            return Ok(Step::Wait);
        }
        let value = match self.host.send(&self.cx, op.peer, op.label()) {
            Ok(value) => value,
            Err(error) => return Err(Cause::Handler(error).into()),
        };
        if !op.wants.accepts(&value) {
            return Err(self.wrong_payload(op.label(), op.wants, &value));
        }
        self.sent::<TRACE>(plan, op.peer, op.label(), value, Tag::Sent);
        Ok(Step::To(op.next))
    }

    /// A payload must be of the kind that its label carries.
    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "as every step returns it")]
    pub(super) fn wrong_payload(&self, label: LabelId, wants: Wants, value: &Value) -> Box<Cause> {
        let label = self.cx.label(label).to_string();
        let found = value.kind();
        Cause::WrongPayload { label, expected: wants.kind().unwrap_or(found), found }.into()
    }
}
