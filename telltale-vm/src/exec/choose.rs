//! `Choose`.

use std::collections::BTreeMap;

use telltale_bytecode::{Branch, SetId, TargetsId};
use telltale_types::RoleId;

use super::{Host, Step, Visit};
use crate::trace::Tag;
use crate::{Cause, Picked, SessionId, Value, channel};

/// The answers of roles whose channel was full when they had chosen.
#[derive(Debug, Default)]
pub(crate) struct Held(BTreeMap<(SessionId, RoleId), Answer>);

#[derive(Debug)]
struct Answer {
    branch: Branch,
    value: Value,
    /// Where the branch leads.
    target: u32,
}

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
    pub(super) fn choose<const TRACE: bool>(
        &mut self,
        set: SetId,
        targets: TargetsId,
    ) -> Result<Step, Box<Cause>> {
        let branches = self.loaded.image.branches(set);
        let Picked { branch: picked, value } =
            self.host.choose(&self.cx, set, branches).map_err(Cause::Handler)?;
        let Some(&branch) = branches.get(picked) else {
            let branches = branches.len();
            return Err(Box::new(Cause::NoSuchBranch { picked, branches }));
        };
        self.check_payload(branch.label, &value)?;
        let target = self.start() + self.loaded.image.target(targets, picked).0;
        let plan = self.loaded.plan(self.cx.role, branch.peer);
        if channel::has_room(self.block, plan) {
            self.sent::<TRACE>(plan, branch.peer, branch.label, value, Tag::ChosenAndSent);
            return Ok(Step::To(target));
        }
        self.hold(Answer { branch, value, target });
        Ok(Step::Hold)
    }

    #[cold]
    fn hold(&mut self, answer: Answer) {
        let plan = self.loaded.plan(self.cx.role, answer.branch.peer);
        channel::await_room(self.block, plan);
        self.held.0.insert((self.cx.session, self.cx.role), answer);
    }

    /// Sends the message that was chosen when there was no room for it; gives where its branch
    /// leads, or nothing if there is still no room.
    #[cold]
    pub(super) fn send_held<const TRACE: bool>(&mut self) -> Option<u32> {
        let key = (self.cx.session, self.cx.role);
        let Branch { peer, label } = self.held.0.get(&key)?.branch;
        let plan = self.loaded.plan(self.cx.role, peer);
        if !channel::has_room(self.block, plan) {
            channel::await_room(self.block, plan);
            return None;
        }
        let Answer { value, target, .. } = self.held.0.remove(&key)?;
        self.sent::<TRACE>(plan, peer, label, value, Tag::ChosenAndSent);
        Some(target)
    }
}
