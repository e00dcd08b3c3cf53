//! What all ways of running sessions have in common.

use std::fmt;

use telltale_bytecode::CodeImage;

use crate::{EffectHandler, ObsEvent, SessionId, VM, VMError};

/// Loads and runs choreographies: [`VM`] in one thread, and `ThreadedVM` (feature `multi-thread`) in several.
pub trait VMBackend {
    /// Opens a session of an image, whose roles are played by the handler of the run.
    ///
    /// # Errors
    ///
    /// At a limit of the VM.
    fn load_choreography(&mut self, image: &CodeImage) -> Result<SessionId, VMError>;

    /// Lets up to `n` ready coroutines have a turn.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise.
    fn step_round(&mut self, handler: &dyn EffectHandler, n: usize) -> Result<StepResult, VMError>;

    /// Runs until nobody can act, or for `max_rounds` rounds. Says how far the sessions have come.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise.
    fn run(&mut self, handler: &dyn EffectHandler, max_rounds: usize) -> Result<Progress, VMError>;

    /// What was recorded, oldest first.
    fn trace(&self) -> Vec<ObsEvent>;
}

/// What one call of [`VMBackend::step_round`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepResult {
    /// How many turns were given.
    pub turns: usize,
    /// How far the sessions have come.
    pub progress: Progress,
}

/// How far the sessions of a VM have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// All sessions have ended.
    Complete,
    /// Some can still act: the rounds were used up.
    OutOfFuel,
    /// Some wait for the outside; see [`VM::waiting`].
    Waiting,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "all sessions have ended",
            Self::OutOfFuel => {
                "out of fuel: the rounds are used up, and some sessions can still act"
            }
            Self::Waiting => "some sessions wait for the outside",
        })
    }
}

impl VMBackend for VM {
    fn load_choreography(&mut self, image: &CodeImage) -> Result<SessionId, VMError> {
        Self::load_choreography(self, image)
    }

    fn step_round(&mut self, handler: &dyn EffectHandler, n: usize) -> Result<StepResult, VMError> {
        Self::step_round(self, handler, n)
    }

    fn run(&mut self, handler: &dyn EffectHandler, max_rounds: usize) -> Result<Progress, VMError> {
        Self::run(self, handler, max_rounds)
    }

    fn trace(&self) -> Vec<ObsEvent> {
        Self::trace(self)
    }
}
