//! `Recv` and `Offer`.

use telltale_types::{LabelId, RoleId};

use super::{Goto, Slice, Step};
use crate::memory::channel;
use crate::program::op::{Exchange, Op, find};
use crate::roles::host::Host;
use crate::{Cause, Value};

impl<H: Host> Slice<'_, '_, H> {
    /// Takes one certain message and tells whoever plays the role.
    #[inline(never)]
    pub(super) fn receive<const TRACE: bool>(&mut self, taken: &Exchange) -> Goto {
        match channel::first_label(self.block, self.stage.buffers, taken.channel) {
            None => {
                channel::await_message(self.block, taken.channel);
                Goto::WAIT
            }
            Some(found) if found == taken.label => self.take::<TRACE>(taken),
            Some(found) => {
                let cause = self.unexpected(taken.peer, found, &[taken.label]);
                self.goto(Err(cause))
            }
        }
    }

    /// Takes the message of whichever branch has come on the one channel of this choice.
    #[inline(never)]
    pub(super) fn offer_one<const TRACE: bool>(&mut self, op: &Op) -> Goto {
        let Exchange { channel, peer, .. } = op.exchange;
        let Some(found) = channel::first_label(self.block, self.stage.buffers, channel) else {
            channel::await_message(self.block, channel);
            return Goto::WAIT;
        };
        let loaded = self.loaded;
        let branches = loaded.linked.exchanges(op);
        if let Some(taken) = find(branches, found) {
            return self.take::<TRACE>(taken);
        }
        let expected: Vec<LabelId> = branches.iter().map(|branch| branch.label).collect();
        let cause = self.unexpected(peer, found, &expected);
        self.goto(Err(cause))
    }

    /// Takes the message of whichever branch has come, from any of several senders. What else is
    /// first in one of their channels may be meant for later.
    #[inline(never)]
    pub(super) fn offer_many<const TRACE: bool>(&mut self, op: &Op) -> Goto {
        let loaded = self.loaded;
        let branches = loaded.linked.exchanges(op);
        let has_come = |branch: &&Exchange| {
            let first = channel::first_label(self.block, self.stage.buffers, branch.channel);
            first == Some(branch.label)
        };
        let Some(taken) = branches.iter().find(has_come) else {
            for branch in branches {
                channel::await_message(self.block, branch.channel);
            }
            return Goto::WAIT;
        };
        for branch in branches {
            channel::forget_receiver(self.block, branch.channel);
        }
        self.take::<TRACE>(taken)
    }

    /// Takes a message that is there and tells whoever plays the role.
    #[inline]
    fn take<const TRACE: bool>(&mut self, taken: &Exchange) -> Goto {
        let value = self.taken::<TRACE>(taken.channel, taken.peer);
        let told = self.host.receive(self.cx, taken.peer, taken.label, value);
        self.cx.add_effect();
        match told {
            Ok(()) => Goto(taken.next),
            Err(error) => {
                let step = Self::no_answer(error, Some(taken.next));
                self.goto(step)
            }
        }
    }

    /// Tells whoever plays the role of a message that has been taken, and goes on.
    pub(super) fn tell(
        &mut self,
        from: RoleId,
        label: LabelId,
        value: Value,
        next: u32,
    ) -> Result<Step, Box<Cause>> {
        let told = self.host.receive(self.cx, from, label, value);
        self.cx.add_effect();
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
