//! Sessions that stand still on their script: a role has no answer yet, and all others can only wait for it.

use telltale_types::RoleId;

use super::run::{Failure, ScriptState};
use crate::program::schedule::{Schedule, ScheduleStep};

/// Where a session stands still.
pub(crate) struct StandStill<'a> {
    /// The role that has no answer yet.
    pub(crate) role: RoleId,
    /// Where the schedule continues when it has one.
    pub(crate) place: u32,
    /// The exchange of which it has received the message, if that is what it has no answer to.
    pub(crate) received: Option<&'a ScheduleStep>,
}

impl<'a> ScriptState<'a> {
    /// Where the session stands still, if it does.
    pub(crate) fn pending_at(&self, schedule: &Schedule) -> Option<StandStill<'a>> {
        let (role, step, received) = match self.failure.as_ref()? {
            Failure::Sender(step, Err(error)) if error.is_pending() => {
                (step.from, schedule.step(step.place), None)
            }
            Failure::Chooser(branches, Err(error)) if error.is_pending() => {
                let choice = schedule.choice_of(branches.first()?);
                (choice.from, choice, None)
            }
            &Failure::Receiver(step, ref error) if error.is_pending() => {
                (step.to, schedule.step(step.next), Some(step))
            }
            _ => return None,
        };
        let is_its_turn = step.from == role && step.is_alone;
        is_its_turn.then_some(StandStill { role, place: step.place, received })
    }
}
