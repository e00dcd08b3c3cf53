//! `Choose`.

use std::collections::BTreeMap;

use telltale_bytecode::SetId;
use telltale_types::RoleId;

use super::{Host, Step, Visit};
use crate::channel::{Message, Rule};
use crate::link::{Arm, Op};
use crate::trace::Tag;
use crate::{Cause, Picked, SessionId, Value, channel};

/// The answers of roles whose channel was full when they had chosen.
#[derive(Debug, Default)]
pub(crate) struct Held(BTreeMap<(SessionId, RoleId), (Arm, Value)>);

impl Held {
    /// Drops the answers of a session that has ended.
    pub(crate) fn forget(&mut self, session: SessionId) {
        if !self.0.is_empty() {
            self.0.retain(|(holder, _), _| *holder != session);
        }
    }
}

impl<H: Host> Visit<'_, H> {
    /// Asks for branch and payload, sends the message, and goes where the branch leads. If the
    /// channel is full, the answer is kept: nobody is asked twice.
    #[inline]
    pub(super) fn choose<const TRACE: bool>(&mut self, op: &Op) -> Result<Step, Box<Cause>> {
        let Picked { branch: picked, value } = match self.host.choose(&self.cx, SetId(op.label)) {
            Ok(picked) => picked,
            Err(error) => return Self::no_answer(error, None),
        };
        let Some(&arm) = self.arms(op).get(picked) else {
            return Err(Cause::NoSuchBranch { picked, branches: op.capacity.into() }.into());
        };
        if !arm.wants.accepts(&value) {
            return Err(self.wrong_payload(arm.label, arm.wants, value));
        }
        if arm.plan.rule == Rule::Plain
            && self.network.is_none()
            && channel::has_room(self.block, arm.plan)
        {
            let message = Message { label: arm.label, word: self.heap.lower(value) };
            self.sent::<TRACE>(arm.plan, arm.peer, message, Tag::ChosenAndSent);
            return Ok(Step::To(arm.target));
        }
        self.choose_special::<TRACE>(arm, value)
    }

    #[cold]
    fn choose_special<const TRACE: bool>(
        &mut self,
        arm: Arm,
        value: Value,
    ) -> Result<Step, Box<Cause>> {
        if self.must_wait(arm.plan, arm.peer, arm.label)? {
            channel::await_room(self.block, arm.plan);
            self.held.0.insert((self.cx.session, self.cx.role), (arm, value));
            return Ok(Step::Hold);
        }
        self.handed_over::<TRACE>(arm.plan, arm.peer, arm.label, value, Tag::ChosenAndSent);
        Ok(Step::To(arm.target))
    }

    /// Sends the message that was chosen when there was no room for it; gives where its branch
    /// leads, or nothing if there is still no room.
    pub(super) fn send_held<const TRACE: bool>(&mut self) -> Option<u32> {
        let key = (self.cx.session, self.cx.role);
        let plan = self.held.0.get(&key)?.0.plan;
        if !channel::has_room(self.block, plan) {
            channel::await_room(self.block, plan);
            return None;
        }
        let (arm, value) = self.held.0.remove(&key)?;
        self.handed_over::<TRACE>(plan, arm.peer, arm.label, value, Tag::ChosenAndSent);
        Some(arm.target)
    }
}
