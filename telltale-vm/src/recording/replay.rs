//! Plays a recording again, and compares those who play now with those who played then.

mod answers;
mod compare;
mod outside;
mod played;

use std::sync::{Mutex, MutexGuard, PoisonError};

use self::played::{Played, State};
use super::divergence::Divergence;
use super::recorded::Recorded;
use crate::{EffectHandler, Progress, SessionId, VM};

/// A handler that answers as it was recorded, and compares what role objects in its run answer with what was recorded of their roles.
///
/// What differs ends its session, and is what [`Replay::finish`] gives. A session is compared with that of its number in the
/// recording. If there is only one in the recording, its number does not matter, unless one of several sessions has it.
///
/// Sessions are played in the usual way, so one can look at them in between:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use telltale_vm::recording::{Recorded, Replay};
/// use telltale_vm::VM;
///
/// let recording = Recorded::read("{\"telltale_recording\":1}\n{\"end\":1}\n".as_bytes())?;
/// let replay = Replay::new(&recording);
/// let mut vm = VM::new(recording.config());
/// // … open the sessions …
/// replay.run(&mut vm)?;
/// # Ok(())
/// # }
/// ```
pub struct Replay<'r> {
    recorded: &'r Recorded,
    live: Option<&'r dyn EffectHandler>,
    /// The session of the recording that all are compared with, if somebody has said so.
    only: Option<u64>,
    state: Mutex<State>,
}

/// How many rounds there are before it is looked who is to be woken.
const ROUNDS: usize = 1_000;

/// How often roles are woken in vain before they are given up.
const PATIENCE: usize = 1_000;

impl<'r> Replay<'r> {
    /// Roles without objects do what was recorded of them.
    pub fn new(recorded: &'r Recorded) -> Self {
        Self { recorded, live: None, only: None, state: Mutex::default() }
    }

    /// Roles without objects are played by this handler, and it is compared as well.
    #[must_use]
    pub fn with(self, handler: &'r dyn EffectHandler) -> Self {
        Self { live: Some(handler), ..self }
    }

    /// Every session is compared with this one of the recording.
    #[must_use]
    pub fn of_session(self, number: u64) -> Self {
        Self { only: Some(number), ..self }
    }

    /// Lets the sessions act until nobody can, wakes those whose answer was late, injects what was injected, and gives parts what
    /// came from elsewhere; then as [`Replay::finish`].
    ///
    /// # Errors
    ///
    /// When something else happens than was recorded, or less.
    pub fn run(&self, vm: &mut VM) -> Result<(), Divergence> {
        let is_recorded = |id: SessionId| self.recorded.sessions.contains_key(&id.ordinal());
        let knows_one = vm.sessions().any(|session| is_recorded(session.id()));
        self.state().by_number = vm.open_sessions() > 1 && knows_one;
        let mut in_vain = 0;
        while self.state().divergence.is_none() && in_vain < PATIENCE {
            let before = self.state().repeated;
            // Sessions that fault do so as they did then, or else that is the divergence.
            let progress = vm.run(self, ROUNDS).unwrap_or_else(|_| vm.progress());
            let pending = std::mem::take(&mut self.state().pending);
            let woken =
                pending.iter().filter(|(session, role)| vm.wake(*session, role).is_ok()).count();
            let has_repeated = self.state().repeated > before;
            // Where nothing that happens is in the recording any more, it has been cut off.
            let goes_on = progress == Progress::OutOfFuel && has_repeated;
            let goes_on = goes_on || woken > 0 || outside::take_outgoing(vm);
            if !goes_on && !self.inject(vm) && !self.end_parts(vm) {
                break;
            }
            in_vain = if has_repeated { 0 } else { in_vain + 1 };
        }
        self.finish()
    }

    /// Whether everything has happened that was recorded, and nothing else.
    ///
    /// # Errors
    ///
    /// What was different first, or is missing.
    pub fn finish(&self) -> Result<(), Divergence> {
        let state = self.state();
        if let Some(divergence) = &state.divergence {
            return Err(divergence.clone());
        }
        if let Some(only) = self.only.filter(|only| !self.recorded.sessions.contains_key(only)) {
            return Err(not_recorded(only));
        }
        for (number, session) in &self.recorded.sessions {
            if self.only.is_some_and(|only| only != *number) {
                continue;
            }
            let mut played = state.sessions.values().filter(|played| played.number == *number);
            let nobody = Played::nobody(*number);
            let first = played.next().unwrap_or(&nobody);
            for played in std::iter::once(first).chain(played) {
                if let Some((role, event)) = played.first_left(session) {
                    if let (true, Some(stranger)) =
                        (played.next.is_empty(), state.strangers.first())
                    {
                        return Err(not_recorded(*stranger));
                    }
                    let found = "that nothing more happens";
                    return Err(played.divergence(self.recorded, role, Some(event), found));
                }
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_recorded(session: u64) -> Divergence {
    Divergence::of(session, "expected a session that is in the recording")
}

impl std::fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replay")
    }
}
