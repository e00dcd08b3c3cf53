//! The check in front of instructions that are not verified.
//!
//! Programs written by hand that could not be verified when they were loaded, and roles that are played through endpoints, keep a *type state*: the state of the local
//! type that the role has come to. The guard compares the instruction with it. Then the same code as for compiled
//! programs executes the instruction, and the type state moves in `commit`.

use telltale_types::{LocalTypeR, StateId};

use super::{Operand, Slice, Step};
use crate::Cause;
use crate::memory::coroutine;
use crate::program::loaded::Loaded;
use crate::program::op::Op;
use crate::program::typestate;

impl Slice<'_, '_> {
    /// An instruction of a program written by hand, on its own endpoint.
    pub(crate) fn guarded(&mut self, op: &Op) -> Step {
        if self.loaded.is_guarded {
            let (local, state) = (self.local_type(), self.type_state());
            match typestate::allows(local, state, op, self.loaded.linked.exchanges(op)) {
                Ok(target) => self.target = target,
                Err(cause) => return Step::Fault(cause),
            }
        }
        let step = self.with_operand(op);
        self.target = None;
        inside(self.loaded, step)
    }

    /// The instruction, whose payload may come from a register, or go there.
    fn with_operand(&mut self, op: &Op) -> Step {
        let Some(reg) = op.operand.as_reg() else {
            return self.unguarded(op);
        };
        self.operand = match self.lend(reg, op.code) {
            Ok(lent) => Operand::Register(lent),
            Err(cause) => return Step::Fault(cause),
        };
        let step = self.unguarded(op);
        let left = std::mem::replace(&mut self.operand, Operand::Host).into_value();
        match left.map_or(Ok(()), |value| self.fill(reg, value)) {
            Ok(()) => step,
            Err(cause) => Step::Fault(cause),
        }
    }

    /// The local type of the role that acts.
    pub(super) fn local_type(&self) -> &LocalTypeR {
        &self.loaded.image.local_types[self.cx.actor.role]
    }

    /// The type state of the role that acts.
    pub(super) fn type_state(&self) -> StateId {
        StateId(coroutine::read(self.block, self.state_at).pc())
    }
}

/// A step of a guarded program: control must stay inside of it. What the step has done is done.
pub(crate) fn inside(loaded: &Loaded, step: Step) -> Step {
    let trap = loaded.image.programs.code().len();
    match step {
        Step::Next(next) | Step::Yield(next) | Step::Told(next) if next as usize == trap => {
            Cause::OutOfProgram.into()
        }
        inside => inside,
    }
}
