//! Instructions on registers, and effects: what a program written by hand does between its messages.
//!
//! What is not a scalar is never just dropped here: it may be an endpoint, so it becomes an orphan.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use telltale_bytecode::{EffectId, ImmKind, Instr, Reg, Slot};
use telltale_types::{LabelId, RoleId};

use super::{Slice, Step};
use crate::error::Wrong;
use crate::memory::registers;
use crate::program::op::Code;
use crate::trace::store::Tag;
use crate::{Cause, HandlerResult, Kind, Value};

/// What a panic carries.
type Panic = Box<dyn Any + Send>;

impl Slice<'_, '_> {
    /// Executes the instruction that the role is at; control goes to `next`.
    pub(crate) fn register_op(&mut self, next: u32) -> Step {
        let done = match self.loaded.image.programs.code()[self.cx.at as usize] {
            Instr::LoadImm { into, kind, bits } => {
                immediate(kind, bits).and_then(|value| self.fill(into, value))
            }
            Instr::Mov { from, to } => self.empty(from).and_then(|value| self.fill(to, value)),
            Instr::Yield => return Step::Yield(next),
            Instr::Invoke { effect, argument, result, .. } => {
                return self.invoke(effect, argument, result, next);
            }
            // A jump that leads nowhere but to jumps.
            Instr::Jmp { .. } => Ok(()),
            _ => Err(Cause::BadInstruction.into()),
        };
        done.map_or_else(Step::Fault, |()| Step::Next(next))
    }

    fn invoke(&mut self, effect: EffectId, argument: Slot, result: Slot, next: u32) -> Step {
        let loaded = self.loaded;
        let Some(name) = loaded.image.effect(effect) else { return Cause::BadInstruction.into() };
        let argument = argument.as_reg().map(|reg| Ok((reg, self.empty(reg)?))).transpose();
        let argument = match argument {
            Ok(argument) => argument,
            Err(cause) => return Step::Fault(cause),
        };
        if argument.as_ref().is_some_and(|(_, value)| value.kind() == Kind::Endpoint) {
            let (what, endpoint) = (name.to_owned(), argument);
            return match self.put_back(endpoint) {
                Ok(()) => Cause::EndpointToHandler { what }.into(),
                Err(cause) => Step::Fault(cause),
            };
        }
        let answer = self.ask_for(name, argument.as_ref().map(|(_, value)| value));
        if !matches!(answer, Ok(Ok(_))) {
            // The instruction has not completed, so its argument is where it was.
            if let Err(cause) = self.put_back(argument) {
                return Step::Fault(cause);
            }
        } else if let Some((_, value)) = argument {
            self.discard(value);
        }
        match answer {
            Ok(answer) => self.invoked(effect, answer, result, next),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Asks for an effect. A panic goes on when the argument has a place again: nothing of somebody else's is dropped
    /// while it unwinds.
    fn ask_for(
        &mut self,
        name: &str,
        argument: Option<&Value>,
    ) -> Result<HandlerResult<Value>, Panic> {
        catch_unwind(AssertUnwindSafe(|| self.host.invoke(self.cx, name, argument)))
    }

    fn put_back(&mut self, argument: Option<(Reg, Value)>) -> Result<(), Wrong> {
        argument.map_or(Ok(()), |(reg, value)| self.fill(reg, value))
    }

    fn invoked(
        &mut self,
        effect: EffectId,
        answer: HandlerResult<Value>,
        result: Slot,
        next: u32,
    ) -> Step {
        let value = match answer {
            Ok(value) => value,
            Err(error) => return Self::no_answer(error),
        };
        self.run.trace.push_if(Tag::Invoked, self.cx.actor.role, RoleId(0), LabelId(effect.0));
        self.cx.add_effect();
        let Some(reg) = result.as_reg() else {
            self.discard(value);
            return Step::Next(next);
        };
        self.fill(reg, value).map_or_else(Step::Fault, |()| Step::Next(next))
    }

    /// What a register lends to an instruction: the payload to send, or nothing if it receives.
    pub(super) fn lend(&mut self, reg: Reg, code: Code) -> Result<Option<Value>, Wrong> {
        if code == Code::Recv {
            self.register(reg).map(|_| None)
        } else {
            self.empty(reg).map(Some)
        }
    }

    fn empty(&mut self, reg: Reg) -> Result<Value, Wrong> {
        let at = self.register(reg)?;
        match registers::take(self.block, at) {
            Some(word) => Ok(self.run.heap.decode(word)),
            None => Err(Cause::EmptyRegister { register: reg.0 }.into()),
        }
    }

    /// Fills a register. What was in it becomes an orphan.
    pub(super) fn fill(&mut self, reg: Reg, value: Value) -> Result<(), Wrong> {
        let at = match self.register(reg) {
            Ok(at) => at,
            Err(cause) => {
                self.discard(value);
                return Err(cause);
            }
        };
        let word = self.run.heap.encode(value);
        self.run.orphans.extend(registers::put(self.block, at, word));
        Ok(())
    }

    /// Where a register is in the block.
    fn register(&self, reg: Reg) -> Result<usize, Wrong> {
        Ok(self.loaded.register(self.cx.actor.role, reg).ok_or(Cause::BadInstruction)?)
    }
}

fn immediate(kind: ImmKind, bits: u32) -> Result<Value, Wrong> {
    Ok(match kind {
        ImmKind::Unit => Value::Unit,
        ImmKind::Bool => (bits != 0).into(),
        ImmKind::Int => Value::Int(bits.cast_signed().into()),
        ImmKind::Uint => Value::Uint(bits.into()),
        ImmKind::Float => f64::from(f32::from_bits(bits)).into(),
        ImmKind::Char => char::from_u32(bits).ok_or(Cause::BadInstruction)?.into(),
    })
}
