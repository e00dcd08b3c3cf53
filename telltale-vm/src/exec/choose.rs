//! `Choose`.

use telltale_bytecode::{Branch, SetId};
use telltale_types::LabelId;

use super::{Slice, Step};
use crate::index::ByMember;
use crate::memory::channel;
use crate::memory::coroutine::CoroId;
use crate::program::op::Exchange;
use crate::quietly::drop_quietly;
use crate::trace::store::Tag;
use crate::{Cause, HandlerResult, Picked, SessionId, Value};

/// The answers of roles that chose a branch whose channel was full.
#[derive(Debug, Default)]
pub(crate) struct PendingChoices(ByMember<(Exchange, Value)>);

impl PendingChoices {
    /// Drops all answers.
    pub(crate) fn clear(&mut self) {
        self.0.take_each(drop_quietly);
    }

    /// Drops the answers of a session that has ended, and had so many coroutines.
    pub(crate) fn forget(&mut self, session: SessionId, coroutines: usize) {
        if self.0.is_empty() {
            return;
        }
        for coro in 0..coroutines {
            drop_quietly(self.0.remove(session, coro as u8));
        }
    }

    /// The answer of a coroutine.
    pub(crate) fn get(&self, session: SessionId, coro: CoroId) -> Option<&(Exchange, Value)> {
        self.0.get(session, coro.0)
    }

    /// Keeps the answer of a coroutine.
    pub(crate) fn keep(&mut self, session: SessionId, coro: CoroId, sent: Exchange, value: Value) {
        self.0.insert(session, coro.0, (sent, value));
    }
}

impl Slice<'_, '_> {
    /// Asks for branch and payload, sends the message, and goes where the branch leads. If the
    /// channel is full, the answer is kept: nobody is asked twice.
    #[inline(never)]
    pub(super) fn choose(
        &mut self,
        set: SetId,
        exchanges: &[Exchange],
        branches: &[Branch],
    ) -> Step {
        let answer = self.host.choose(self.cx, set, branches);
        if let Ok(picked) = &answer
            && let Some(sent) = exchanges.get(picked.branch)
            && self.accepts(sent.expected, &picked.value)
            && let Ok(Picked { value, .. }) = answer
        {
            return self.send_chosen(sent, value);
        }
        self.refused_choice(exchanges.iter().map(|branch| branch.label), answer)
    }

    /// What becomes of a role whose answer is not one of these branches.
    #[cold]
    pub(crate) fn refused_choice(
        &mut self,
        mut labels: impl ExactSizeIterator<Item = LabelId>,
        answer: HandlerResult<Picked>,
    ) -> Step {
        let Picked { branch: picked, value } = match answer {
            Ok(picked) => picked,
            Err(error) => return Self::no_answer(error),
        };
        let count = labels.len();
        if let Some(label) = labels.nth(picked) {
            return self.wrong_payload(label, value);
        }
        self.discard(value);
        Cause::NoSuchBranch { picked, branches: count }.into()
    }

    #[inline]
    fn send_chosen(&mut self, sent: &Exchange, value: Value) -> Step {
        match self.must_wait(sent.channel, sent.peer, sent.label) {
            Ok(false) => {
                self.commit_chosen(sent, value);
                Step::Next(sent.next)
            }
            Ok(true) => {
                self.await_room(sent.channel, sent.peer);
                self.run.pending_choices.keep(self.cx.session, self.coro, *sent, value);
                Step::Hold
            }
            Err(cause) => {
                self.discard(value);
                Step::Fault(cause)
            }
        }
    }

    /// Sends the chosen message for which there was no room; gives where its branch leads, or nothing if there
    /// is still no room.
    pub(super) fn send_held(&mut self) -> Option<u32> {
        let (session, coro) = (self.cx.session, self.coro);
        let Exchange { channel, peer, .. } = self.run.pending_choices.get(session, coro)?.0;
        if !channel::has_room(self.block, channel) {
            self.await_room(channel, peer);
            return None;
        }
        let (sent, value) = self.run.pending_choices.0.remove(session, coro.0)?;
        self.commit_chosen(&sent, value);
        Some(sent.next)
    }

    #[inline(never)]
    fn commit_chosen(&mut self, sent: &Exchange, value: Value) {
        self.commit(sent, value, Tag::ChosenAndSent);
    }
}
