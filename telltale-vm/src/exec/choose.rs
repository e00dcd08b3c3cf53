//! `Choose`.

use std::collections::BTreeMap;

use telltale_types::{LabelId, RoleId};

use super::{Goto, Slice, Step};
use crate::memory::channel;
use crate::memory::channel::Rule;
use crate::program::op::{Exchange, Op};
use crate::roles::host::Host;
use crate::trace::store::Tag;
use crate::value::expected::ExpectedKind;
use crate::{Cause, HandlerResult, Picked, SessionId, Value};

/// The answers of roles whose channel was full when they had chosen.
#[derive(Debug, Default)]
pub(crate) struct PendingChoices(BTreeMap<(SessionId, RoleId), (Exchange, Value)>);

impl PendingChoices {
    /// Drops the answers of a session that has ended.
    pub(crate) fn forget(&mut self, session: SessionId) {
        if !self.0.is_empty() {
            self.0.retain(|(holder, _), _| *holder != session);
        }
    }
}

impl<H: Host> Slice<'_, '_, H> {
    /// Asks for branch and payload, sends the message, and goes where the branch leads. If the
    /// channel is full, the answer is kept: nobody is asked twice.
    #[inline(never)]
    pub(super) fn choose<const TRACE: bool>(&mut self, op: &Op) -> Goto {
        let loaded = self.loaded;
        let answer = self.host.choose(self.cx, op.set, loaded.linked.branches(op));
        if let Ok(picked) = &answer
            && let Some(sent) = loaded.linked.exchanges(op).get(picked.branch)
            && sent.expected.accepts(&picked.value)
            && let Ok(Picked { value, .. }) = answer
        {
            return self.send_chosen::<TRACE>(sent, value);
        }
        let branches = loaded.linked.exchanges(op).iter();
        let branches = branches.map(|branch| (branch.label, branch.expected));
        let step = self.refused_choice(branches, answer);
        self.goto(step)
    }

    /// What an answer that is no choice between these branches makes of the role.
    #[cold]
    pub(crate) fn refused_choice(
        &mut self,
        mut branches: impl ExactSizeIterator<Item = (LabelId, ExpectedKind)>,
        answer: HandlerResult<Picked>,
    ) -> Result<Step, Box<Cause>> {
        let Picked { branch: picked, value } = match answer {
            Ok(picked) => picked,
            Err(error) => return Self::no_answer(error, None),
        };
        let count = branches.len();
        match branches.nth(picked) {
            Some((label, expected)) => Err(self.wrong_payload(label, expected, value)),
            None => Err(Cause::NoSuchBranch { picked, branches: count }.into()),
        }
    }

    #[inline]
    fn send_chosen<const TRACE: bool>(&mut self, sent: &Exchange, value: Value) -> Goto {
        if sent.channel.rule == Rule::Plain && channel::has_room(self.block, sent.channel) {
            self.committed::<TRACE>(sent, value, Tag::ChosenAndSent);
            return Goto(sent.next);
        }
        let step = self.choose_special::<TRACE>(sent, value);
        self.goto(step)
    }

    #[cold]
    fn choose_special<const TRACE: bool>(
        &mut self,
        sent: &Exchange,
        value: Value,
    ) -> Result<Step, Box<Cause>> {
        let Exchange { channel, peer, label, next, .. } = *sent;
        if self.must_wait(channel, peer, label)? {
            channel::await_room(self.block, channel);
            self.stage.pending_choices.0.insert((self.cx.session, self.cx.role), (*sent, value));
            return Ok(Step::Hold);
        }
        self.let_go::<TRACE>(channel, peer, label, value, Tag::ChosenAndSent);
        Ok(Step::To(next))
    }

    /// Sends the message that was chosen when there was no room for it; gives where its branch
    /// leads, or nothing if there is still no room.
    pub(super) fn send_held<const TRACE: bool>(&mut self) -> Option<u32> {
        let key = (self.cx.session, self.cx.role);
        let plan = self.stage.pending_choices.0.get(&key)?.0.channel;
        if !channel::has_room(self.block, plan) {
            channel::await_room(self.block, plan);
            return None;
        }
        let (sent, value) = self.stage.pending_choices.0.remove(&key)?;
        self.let_go::<TRACE>(plan, sent.peer, sent.label, value, Tag::ChosenAndSent);
        Some(sent.next)
    }
}
