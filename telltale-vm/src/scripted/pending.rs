//! Sessions that stand still on their script: a role has no answer yet, and all others can only wait for it.

use super::run::{Failure, ScriptState};
use crate::memory::coroutine::{Actor, CoroId};
use crate::program::schedule::{Schedule, ScheduleStep};

/// Where a session stands still.
pub(crate) struct StandStill<'a> {
    /// Who has no answer yet.
    pub(crate) actor: Actor,
    /// The coroutine in which that is.
    pub(crate) coro: CoroId,
    /// Where the schedule continues when it has one.
    pub(crate) place: u32,
    /// The exchange of which it has received the message, if that is what it has no answer to.
    pub(crate) received: Option<&'a ScheduleStep>,
}

impl<'a> ScriptState<'a> {
    /// Where the session stands still, if it does.
    pub(crate) fn pending_at(&self, schedule: &Schedule) -> Option<StandStill<'a>> {
        let ((actor, coro), step, received) = match self.failure.as_ref()? {
            Failure::Sender(step, Err(error)) if error.is_pending() => {
                ((step.sender, step.from_coro), schedule.step(step.place), None)
            }
            Failure::Chooser(branches, Err(error)) if error.is_pending() => {
                let choice = schedule.choice_of(branches.first()?);
                ((choice.sender, choice.from_coro), choice, None)
            }
            &Failure::Receiver(step, ref error) if error.is_pending() => {
                ((step.receiver, step.to_coro), schedule.step(step.next), Some(step))
            }
            _ => return None,
        };
        let is_its_turn = step.from_coro == coro && step.is_alone;
        is_its_turn.then_some(StandStill { actor, coro, place: step.place, received })
    }
}
