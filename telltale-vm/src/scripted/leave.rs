//! How a session leaves its script: because a role has no answer, or because the schedule ends.

use telltale_types::RoleId;

use super::run::{End, Failure, ScriptState, Undelivered};
use crate::exec::{Exit, Slice, Step, note_halted};
use crate::memory::coroutine::{self, Coro, HALTED, PENDING, UNANSWERED};
use crate::memory::{header, ready};
use crate::program::loaded::Loaded;
use crate::program::schedule::{ScheduleStep, StepKind};
use crate::quietly::panicked;
use crate::trace::store::{Tag, Trace};
use crate::{HandlerError, Value};

impl<'a> Slice<'_, 'a> {
    /// The run loop has ended so: the roles continue by turns, from where they are.
    pub(crate) fn leave_script(
        &mut self,
        script: &mut ScriptState<'a>,
        end: End,
    ) -> Result<(), Exit> {
        self.leave_place();
        let failure = match end {
            End::Failure => script.failure.take(),
            End::NoExchange => {
                self.no_exchange(script.place);
                None
            }
            End::Open | End::NoSession | End::NotTheirs => None,
        };
        let why = script.undelivered.take();
        let Some(failure) = failure else { return Ok(()) };
        // Only now has somebody of this session acted last.
        self.coro = self.loaded.coro_of(self.cx.actor);
        match self.failed(failure, why) {
            Some(Step::Fault(cause)) => return Err(Exit::Fault(self.coro, cause)),
            Some(Step::Pend) => self.wait_unanswered(PENDING),
            Some(Step::Told(_)) => self.wait_unanswered(UNANSWERED),
            _ => {}
        }
        Ok(())
    }

    /// The words of the roles are true after every step, so only the marks are missing.
    fn wait_unanswered(&mut self, marks: u32) {
        coroutine::mark(self.block, self.loaded.roles_at + self.coro.index(), marks);
        self.rest(self.coro);
    }

    /// [`leave_place`], for the session that acts.
    pub(crate) fn leave_place(&mut self) {
        if leave_place(self.block, self.loaded) {
            self.ready = ready::first_word(self.block);
        }
    }

    /// What becomes of a role that has not done its part, if that is anything.
    #[cold]
    fn failed(&mut self, failure: Failure<'a>, why: Option<Undelivered>) -> Option<Step> {
        match failure {
            Failure::Sender(step, answer) => Some(self.refused(step.label, answer)),
            Failure::Chooser(branches, answer) => {
                Some(self.refused_choice(branches.iter().map(|step| step.label), answer))
            }
            Failure::Receiver(step, error) => Some(self.receiver_stops(step, error)),
            Failure::Undelivered(step, value) => self.undelivered(step, value, why?),
        }
    }

    /// A message has been sent, and its receiver does not get it.
    #[cold]
    fn undelivered(&mut self, step: &ScheduleStep, value: Value, why: Undelivered) -> Option<Step> {
        match why {
            Undelivered::Lost => self.discard(value),
            Undelivered::Deferred => {
                let ScheduleStep { label, channel, .. } = *step;
                let (from, to, lane) = (step.from(), step.to(), channel.into());
                let message = crate::Message { from, to, lane, label, value };
                self.run.deferred.keep(self.cx.session, message);
            }
            Undelivered::Panicked(panic) => {
                self.discard(value);
                return Some(panicked(panic).into());
            }
        }
        None
    }

    /// A step that is not an exchange: a role halts, or the schedule ends.
    fn no_exchange(&mut self, place: u32) {
        self.write_ready();
        halt(self.block, self.loaded, place, self.run.trace);
        self.ready = ready::first_word(self.block);
        self.left = self.left.saturating_sub(1);
    }

    /// The message has been received, but its receiver answers with an error, or is pending.
    #[cold]
    fn receiver_stops(&mut self, step: &ScheduleStep, error: HandlerError) -> Step {
        let done = Self::told(error, self.cx.at);
        // A pending role has received the message and moves on. One that fails stays at the instruction that the fault
        // names; only its effect is counted.
        let waits = matches!(done, Step::Told(_));
        let to_step = if waits { step.to_step } else { Coro::at(0, 1).to_word() };
        let word = &mut self.block[self.loaded.roles_at + step.to_coro.index()];
        if coroutine::advance(word, to_step) {
            self.cx.wraps.note(self.cx.session, step.receiver);
        }
        done
    }
}

/// A session is at no place of its schedule any more: everyone who has not halted, and waits for no answer, finds out what he
/// can do. Says whether it was at one.
pub(crate) fn leave_place(block: &mut [u64], loaded: &Loaded) -> bool {
    if header::place(block).is_none() {
        return false;
    }
    header::set_place(block, None);
    for coro in (0..loaded.coroutines).map(RoleId::at) {
        if !coroutine::read(block, loaded.roles_at + coro.index()).has(HALTED | PENDING) {
            ready::set(block, coro);
        }
    }
    true
}

/// What happens at a place without an exchange: one role halts, or all do, or something begins or ends that a role does at
/// once. Gives the next place, if the schedule continues.
#[inline(never)]
pub(crate) fn halt(
    block: &mut [u64],
    loaded: &Loaded,
    place: u32,
    trace: &mut Trace,
) -> Option<u32> {
    let step = loaded.schedule.step(place);
    let &ScheduleStep { what, from_coro, next, .. } = step;
    let mut halt = |role: RoleId| {
        let at = loaded.roles_at + role.index();
        if !coroutine::read(block, at).has(HALTED) {
            ready::clear(block, role);
            note_halted(block, at, role);
            trace.push_if(Tag::Halted, role, RoleId(0), telltale_types::LabelId(0));
        }
    };
    match what {
        StepKind::Halt => {
            halt(from_coro);
            Some(next)
        }
        StepKind::Finish => {
            (0..loaded.roles).map(RoleId::at).for_each(halt);
            None
        }
        StepKind::Fork | StepKind::Join | StepKind::GoOn => {
            loaded.parallel()?.follow(block, loaded, step, trace);
            Some(next)
        }
        StepKind::Leave | StepKind::Exchange | StepKind::Choice => None,
    }
}
