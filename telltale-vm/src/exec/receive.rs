//! `Recv` and `Offer`.

use telltale_types::{LabelId, RoleId};

use super::{Goto, Host, Step, Visit};
use crate::channel::{self, Plan, Shape};
use crate::link::{Arm, Code, Op};
use crate::{Cause, Value};

impl<H: Host> Visit<'_, H> {
    #[inline(always)]
    pub(super) fn receive_cell<const TRACE: bool>(&mut self, op: &Op) -> Goto {
        self.receive::<TRACE>(op, op.plan(Shape::Cell))
    }

    /// Takes one certain message and tells whoever plays the role.
    #[inline(always)]
    pub(super) fn receive<const TRACE: bool>(&mut self, op: &Op, plan: Plan) -> Goto {
        match channel::first_label(self.block, self.buffers, plan) {
            Some(found) if found == op.label() => {
                let value = self.taken::<TRACE>(plan, op.peer);
                let told = self.host.receive(&self.cx, op.peer, found, value);
                self.cx.count = self.cx.count.wrapping_add(1);
                match told {
                    Ok(()) => Goto(op.next),
                    Err(error) => self.goto(Self::no_answer(error, Some(op.next))),
                }
            }
            Some(found) => {
                let cause = self.unexpected(op.peer, found, &[op.label()]);
                self.goto(Err(cause))
            }
            None => {
                channel::await_message(self.block, plan);
                Goto::WAIT
            }
        }
    }

    /// Takes the message of whichever branch has come on the one channel of this choice.
    #[inline]
    pub(super) fn offer_one<const TRACE: bool>(&mut self, op: &Op) -> Result<Step, Box<Cause>> {
        let shape = if op.code == Code::OfferCell { Shape::Cell } else { Shape::Ring };
        let plan = op.plan(shape);
        let Some(found) = channel::first_label(self.block, self.buffers, plan) else {
            channel::await_message(self.block, plan);
            return Ok(Step::Wait);
        };
        let arms = self.arms(op);
        let Some(arm) = find(arms, found) else {
            let expected: Vec<LabelId> = arms.iter().map(|arm| arm.label).collect();
            return Err(self.unexpected(op.peer, found, &expected));
        };
        let target = arm.target;
        let value = self.taken::<TRACE>(plan, op.peer);
        self.tell(op.peer, found, value, target)
    }

    /// Takes the message of whichever branch has come, from any of several senders. What else is
    /// first in one of their channels may be meant for later.
    pub(super) fn offer_many<const TRACE: bool>(&mut self, op: &Op) -> Result<Step, Box<Cause>> {
        let loaded = self.loaded;
        let arms = &loaded.linked.arms[op.next as usize..][..usize::from(op.capacity)];
        let has_come = |arm: &&Arm| {
            channel::first_label(self.block, self.buffers, arm.plan) == Some(arm.label)
        };
        let Some(arm) = arms.iter().find(has_come) else {
            for arm in arms {
                channel::await_message(self.block, arm.plan);
            }
            return Ok(Step::Wait);
        };
        for arm in arms {
            channel::forget_receiver(self.block, arm.plan);
        }
        let value = self.taken::<TRACE>(arm.plan, arm.peer);
        self.tell(arm.peer, arm.label, value, arm.target)
    }

    #[inline]
    pub(super) fn arms(&self, op: &Op) -> &[Arm] {
        &self.loaded.linked.arms[op.next as usize..][..usize::from(op.capacity)]
    }

    /// Tells whoever plays the role of a message that has been taken, and goes on.
    pub(super) fn tell(
        &mut self,
        from: RoleId,
        label: LabelId,
        value: Value,
        next: u32,
    ) -> Result<Step, Box<Cause>> {
        let told = self.host.receive(&self.cx, from, label, value);
        self.cx.count = self.cx.count.wrapping_add(1);
        match told {
            Ok(()) => Ok(Step::To(next)),
            Err(error) => Self::no_answer(error, Some(next)),
        }
    }

    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "as every step returns it")]
    pub(super) fn unexpected(
        &self,
        from: RoleId,
        found: LabelId,
        expected: &[LabelId],
    ) -> Box<Cause> {
        let quote = |label: &LabelId| format!("`{}`", self.cx.label(*label));
        let expected: Vec<String> = expected.iter().map(quote).collect();
        Box::new(Cause::UnexpectedMessage {
            from: self.cx.name(from).to_owned(),
            found: self.cx.label(found).to_string(),
            expected: expected.join(" or "),
        })
    }
}

/// The arm with a label. Arms are ordered by label, and the labels of a choice mostly have
/// consecutive numbers.
#[inline]
fn find(arms: &[Arm], label: LabelId) -> Option<&Arm> {
    let guess = usize::from(label.0.wrapping_sub(arms.first()?.label.0));
    match arms.get(guess) {
        Some(arm) if arm.label == label => Some(arm),
        _ => arms.iter().find(|arm| arm.label == label),
    }
}
