//! `Recv` and `Offer`.

use telltale_types::{LabelId, RoleId};

use super::{Slice, Step};
use crate::Cause;
use crate::lines::Lines;
use crate::memory::channel;
use crate::program::op::{Exchange, find};

impl Slice<'_, '_> {
    /// Takes one certain message and hands it over.
    #[inline(always)]
    pub(super) fn receive(&mut self, taken: &Exchange) -> Step {
        match channel::first_label(self.block, self.run.buffers, taken.channel) {
            None => {
                self.await_message(taken.channel, taken.peer);
                Step::Wait
            }
            Some(found) if found == taken.label => self.take(taken),
            Some(found) => self.unexpected(taken.peer, found, &[*taken]),
        }
    }

    /// Takes the message of the branch that has come on the one channel of this choice.
    #[inline(never)]
    pub(super) fn offer_one(&mut self, offered: &Exchange, branches: &[Exchange]) -> Step {
        let Exchange { channel, peer, .. } = *offered;
        let Some(found) = channel::first_label(self.block, self.run.buffers, channel) else {
            self.await_message(channel, peer);
            return Step::Wait;
        };
        match find(branches, found) {
            Some(taken) => self.take(taken),
            None => self.unexpected(peer, found, branches),
        }
    }

    /// Takes the message of a branch that has come, from any of several senders. Another label at the head of one of
    /// their channels may be meant for later, so it is no fault here.
    #[inline(never)]
    pub(super) fn offer_many(&mut self, branches: &[Exchange]) -> Step {
        let has_come = |branch: &&Exchange| {
            let first = channel::first_label(self.block, self.run.buffers, branch.channel);
            first == Some(branch.label)
        };
        let Some(taken) = branches.iter().find(has_come) else {
            for branch in branches {
                self.await_message(branch.channel, branch.peer);
            }
            return Step::Wait;
        };
        // Of all the channels that were marked, the role does not wait at any now.
        for branch in branches {
            self.forget_receiver(branch.channel, branch.peer);
        }
        self.take(taken)
    }

    /// Takes a message that is there and hands it over.
    #[inline(never)]
    fn take(&mut self, taken: &Exchange) -> Step {
        let value = self.commit_receipt(taken.channel, taken.peer);
        // A sender has been checked, but a message may have been injected.
        if !self.accepts(taken.expected, &value) {
            return self.wrong_payload(taken.label, value);
        }
        let answer = match self.hand_over(taken.peer, taken.label, value) {
            Ok(answer) => answer,
            Err(cause) => return Step::Fault(cause),
        };
        self.cx.add_effect();
        match answer {
            Ok(()) => Step::Next(taken.next),
            Err(error) => Self::told(error, taken.next),
        }
    }

    #[cold]
    fn unexpected(&self, from: RoleId, found: LabelId, branches: &[Exchange]) -> Step {
        let mut expected = Lines::joined_by(" or ");
        for branch in branches {
            expected.add(format_args!("`{}`", self.cx.label(branch.label)));
        }
        let cause = Cause::UnexpectedMessage {
            from: self.cx.name(from).to_owned(),
            found: format!("{}", self.cx.label(found)),
            expected: expected.all,
        };
        cause.into()
    }
}
