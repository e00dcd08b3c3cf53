//! `Send`.

use telltale_types::{LabelId, RoleId};

use super::{Goto, Slice, Step};
use crate::memory::channel::{self, Plan};
use crate::program::op::Exchange;
use crate::roles::host::Host;
use crate::trace::store::Tag;
use crate::value::expected::ExpectedKind;
use crate::{Cause, HandlerResult, Value};

impl<H: Host> Slice<'_, '_, H> {
    /// Makes sure that there is room, asks for the payload, sends it.
    #[inline]
    pub(super) fn send<const TRACE: bool>(&mut self, sent: &Exchange) -> Goto {
        if !channel::has_room(self.block, sent.channel) {
            channel::await_room(self.block, sent.channel);
            return Goto::WAIT;
        }
        match self.host.send(self.cx, sent.peer, sent.label) {
            Ok(value) if sent.expected.accepts(&value) => {
                self.committed::<TRACE>(sent, value, Tag::Sent);
                Goto(sent.next)
            }
            answer => self.refuse(sent, answer),
        }
    }

    /// An answer that is no payload of the message.
    #[cold]
    fn refuse(&mut self, sent: &Exchange, answer: HandlerResult<Value>) -> Goto {
        let step = self.refused(sent.label, sent.expected, answer);
        self.goto(step)
    }

    /// What an answer that is no payload of the message makes of the role.
    #[cold]
    pub(crate) fn refused(
        &mut self,
        label: LabelId,
        expected: ExpectedKind,
        answer: HandlerResult<Value>,
    ) -> Result<Step, Box<Cause>> {
        match answer {
            Ok(value) => Err(self.wrong_payload(label, expected, value)),
            Err(error) => Self::no_answer(error, None),
        }
    }

    /// As [`Slice::send`], into a channel that does not simply keep what it gets.
    #[inline(never)]
    pub(super) fn send_special<const TRACE: bool>(&mut self, sent: &Exchange) -> Goto {
        let Exchange { channel, peer, label, next, .. } = *sent;
        match self.must_wait(channel, peer, label) {
            Ok(false) => {}
            Ok(true) => {
                channel::await_room(self.block, channel);
                return Goto::WAIT;
            }
            Err(cause) => return self.goto(Err(cause)),
        }
        match self.host.send(self.cx, peer, label) {
            Ok(value) if sent.expected.accepts(&value) => {
                self.let_go::<TRACE>(channel, peer, label, value, Tag::Sent);
                Goto(next)
            }
            answer => self.refuse(sent, answer),
        }
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
                && channel::last_label(self.block, self.stage.buffers, plan) == Some(label);
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
        expected: ExpectedKind,
        value: Value,
    ) -> Box<Cause> {
        let label = self.cx.label(label).to_string();
        let found = value.kind();
        self.discard(value);
        Cause::WrongPayload { label, expected: expected.kind().unwrap_or(found), found }.into()
    }
}
