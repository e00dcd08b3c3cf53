//! What all ways of running sessions have in common.

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

    /// Runs until nobody can act, or for `max_rounds` rounds.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise.
    fn run(&mut self, handler: &dyn EffectHandler, max_rounds: usize) -> Result<(), VMError>;

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

impl VMBackend for VM {
    fn load_choreography(&mut self, image: &CodeImage) -> Result<SessionId, VMError> {
        Self::load_choreography(self, image)
    }

    fn step_round(&mut self, handler: &dyn EffectHandler, n: usize) -> Result<StepResult, VMError> {
        Self::step_round(self, handler, n)
    }

    fn run(&mut self, handler: &dyn EffectHandler, max_rounds: usize) -> Result<(), VMError> {
        Self::run(self, handler, max_rounds)
    }

    fn trace(&self) -> Vec<ObsEvent> {
        Self::trace(self)
    }
}
