//! How a session leaves its script, and how it comes back.
//!
//! A role without an answer, and the end of the script, leave the roles to themselves; when they stand together
//! again where the script has a place for them, the session performs it again.

use telltale_types::RoleId;

use super::run::{End, Failure, Stretch};
use crate::exec::{Slice, Step, Stop, note_halted};
use crate::memory::coroutine::{Coro, HALTED, PENDING};
use crate::memory::{channel, header, ready};
use crate::program::loaded::Loaded;
use crate::program::schedule::{ScheduleStep, StepKind};
use crate::roles::host::Host;
use crate::trace::store::Trace;
use crate::{Cause, HandlerError};

impl<'a, H: Host> Slice<'_, 'a, H> {
    /// The session is not performing its script, or a stretch of it has ended so. Says whether it performs it
    /// now, because all roles stand together; otherwise they go on by themselves.
    pub(crate) fn stands_together<const TRACE: bool>(
        &mut self,
        stretch: &mut Stretch<'a>,
        end: Option<End>,
    ) -> Result<bool, Stop> {
        let step = match end {
            None => {
                let place = self.rejoin();
                header::set_place(self.block, place);
                return Ok(place.is_some());
            }
            Some(End::Failure) => stretch.failure.take().map(|failure| self.failed(*failure)),
            Some(_) => {
                self.no_exchange::<TRACE>(stretch.place);
                None
            }
        };
        self.leave_script(step.unwrap_or(Ok(Step::Wait)))?;
        Ok(false)
    }

    /// What a role that does not do its part makes of itself.
    #[cold]
    fn failed(&mut self, failure: Failure<'a>) -> Result<Step, Box<Cause>> {
        match failure {
            Failure::Refused(step, answer) => self.refused(step.label, step.expected, answer),
            Failure::NotChosen(branches, answer) => {
                let branches = branches.iter().map(|step| (step.label, step.expected));
                self.refused_choice(branches, answer)
            }
            Failure::NotDigested(step, error) => self.not_digested(step, error),
        }
    }

    /// What is no exchange, and where the script ends.
    fn no_exchange<const TRACE: bool>(&mut self, place: u32) {
        self.write_ready();
        halt::<TRACE>(self.block, self.loaded, place, self.stage.trace);
        self.ready = ready::first_word(self.block);
        self.left = self.left.saturating_sub(1);
    }

    /// The message has been received, but its receiver does not go on.
    #[cold]
    fn not_digested(
        &mut self,
        step: &ScheduleStep,
        error: HandlerError,
    ) -> Result<Step, Box<Cause>> {
        let done = Self::no_answer(error, None);
        // A role that fails is named with the instruction at which it did.
        let to_step = if done.is_ok() { step.to_step } else { Coro::at(0, 1).to_word() };
        let word = &mut self.block[self.loaded.roles_at + step.to.index()];
        *word = word.wrapping_add(to_step);
        done
    }

    /// The roles go on by themselves, from where they are.
    fn leave_script(&mut self, step: Result<Step, Box<Cause>>) -> Result<(), Stop> {
        header::set_place(self.block, None);
        if let Step::Pend(_) = step? {
            let at = self.loaded.roles_at + self.cx.role.index();
            self.block[at] |= Coro::bit(PENDING);
            self.rest(self.cx.role);
        }
        Ok(())
    }

    /// The place in the script where all roles stand together, if they do: then nothing is on its way
    /// and nobody waits for anything else than a message.
    fn rejoin(&mut self) -> Option<u32> {
        let loaded = self.loaded;
        let roles = &self.block[loaded.roles_at..][..loaded.roles];
        let place = loaded.script.place_of(roles)?;
        if !loaded.plans.all().all(|plan| channel::is_idle(self.block[plan.at()])) {
            return None;
        }
        loaded.plans.all().for_each(|plan| channel::forget_receiver(self.block, plan));
        for role in (0..loaded.roles).map(RoleId::at) {
            if !Coro::from_word(self.block[loaded.roles_at + role.index()]).has(HALTED) {
                self.wake(role);
            }
        }
        Some(place)
    }
}

/// What happens at a place without an exchange: one role halts, or all do. Gives the next place, if the
/// script goes on.
#[inline]
pub(crate) fn halt<const TRACE: bool>(
    block: &mut [u64],
    loaded: &Loaded,
    place: u32,
    trace: &mut Trace,
) -> Option<u32> {
    let &ScheduleStep { what, from, next, .. } = loaded.script.step(place);
    let mut halt = |role: RoleId| {
        let place = loaded.roles_at + role.index();
        if !Coro::from_word(block[place]).has(HALTED) {
            ready::clear(block, role);
            note_halted::<TRACE>(block, place, role, trace);
        }
    };
    match what {
        StepKind::Halt => {
            halt(from);
            Some(next)
        }
        StepKind::Finish => {
            (0..loaded.roles).map(RoleId::at).for_each(halt);
            None
        }
        StepKind::Leave | StepKind::Exchange | StepKind::Choice => None,
    }
}
