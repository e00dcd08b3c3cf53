//! `Recv` and `Offer`.

use telltale_bytecode::{Branch, Pc, SetId, TargetsId};
use telltale_types::{LabelId, RoleId};

use super::{Host, Step, Visit};
use crate::channel::{self, Plan};
use crate::{Cause, Value};

impl<H: Host> Visit<'_, H> {
    /// Takes one certain message and tells the handler.
    #[inline]
    pub(super) fn receive<const TRACE: bool>(
        &mut self,
        from: RoleId,
        label: LabelId,
        next: Pc,
    ) -> Result<Step, Box<Cause>> {
        let plan = self.loaded.plan(from, self.cx.role);
        match channel::first_label(self.block, self.buffers, plan) {
            None => {
                channel::await_message(self.block, plan);
                Ok(Step::Wait)
            }
            Some(found) if found != label => {
                Err(self.unexpected(from, found, &[Branch { peer: from, label }]))
            }
            Some(_) => {
                let value = self.taken::<TRACE>(plan, from);
                self.tell(from, label, value)?;
                Ok(Step::To(next.0))
            }
        }
    }

    /// Takes the message of whichever branch has come, tells the handler, and goes there.
    #[inline]
    pub(super) fn offer<const TRACE: bool>(
        &mut self,
        set: SetId,
        targets: TargetsId,
    ) -> Result<Step, Box<Cause>> {
        let branches = self.loaded.image.branches(set);
        let Some((at, branch, plan)) = self.arrived(branches)? else {
            for branch in branches {
                channel::await_message(self.block, self.loaded.plan(branch.peer, self.cx.role));
            }
            return Ok(Step::Wait);
        };
        self.stop_waiting(branches);
        let value = self.taken::<TRACE>(plan, branch.peer);
        self.tell(branch.peer, branch.label, value)?;
        Ok(Step::To(self.start() + self.loaded.image.target(targets, at).0))
    }

    /// The branch whose message is the first of its channel.
    #[inline]
    fn arrived(&self, branches: &[Branch]) -> Result<Option<(usize, Branch, Plan)>, Box<Cause>> {
        let mut other = None;
        for (at, &branch) in branches.iter().enumerate() {
            let plan = self.loaded.plan(branch.peer, self.cx.role);
            match channel::first_label(self.block, self.buffers, plan) {
                Some(label) if label == branch.label => return Ok(Some((at, branch, plan))),
                Some(label) => other = Some((branch.peer, label)),
                None => {}
            }
        }
        match other {
            // From one sender, another message can never become right; from several, it may be
            // meant for later.
            Some((from, found)) if branches.iter().all(|branch| branch.peer == from) => {
                Err(self.unexpected(from, found, branches))
            }
            _ => Ok(None),
        }
    }

    /// A role that waited at several channels waits at none of them any more.
    #[inline]
    fn stop_waiting(&mut self, branches: &[Branch]) {
        let first = branches[0].peer;
        if branches.iter().any(|branch| branch.peer != first) {
            for branch in branches {
                channel::forget_receiver(self.block, self.loaded.plan(branch.peer, self.cx.role));
            }
        }
    }

    #[inline]
    fn tell(&mut self, from: RoleId, label: LabelId, value: Value) -> Result<(), Box<Cause>> {
        self.host.receive(&self.cx, from, label, value).map_err(Cause::Handler)?;
        self.cx.count = self.cx.count.wrapping_add(1);
        Ok(())
    }

    #[cold]
    fn unexpected(&self, from: RoleId, found: LabelId, branches: &[Branch]) -> Box<Cause> {
        let names = self.loaded.image.names();
        let expected = branches.iter().filter(|branch| branch.peer == from);
        let expected: Vec<String> =
            expected.map(|branch| format!("`{}`", names.label(branch.label))).collect();
        Box::new(Cause::UnexpectedMessage {
            from: names.role(from).to_owned(),
            found: names.label(found).to_string(),
            expected: expected.join(" or "),
        })
    }
}
