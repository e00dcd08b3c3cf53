//! Instructions of programs that were written by hand.
//!
//! Nobody knows beforehand what they do, so each communication on the own endpoint is checked
//! against the local type: the state that the role has come to is kept beside its program counter.
//! What concerns other sessions is done by the machine, between turns (see `foreign`).

use telltale_bytecode::{EffectId, ImmKind, Instr, Pc, Reg, SetId, Slot, TargetsId, Via};
use telltale_types::{Action, Direction, LabelId, RoleId, StateId};

use super::{Goto, Slice, Step};
use crate::memory::channel;
use crate::memory::registers;
use crate::program::typestate::{self, Allowed};
use crate::roles::host::Host;
use crate::trace::store::Tag;
use crate::{Cause, HandlerResult, Kind, Picked, Value};

type Stepped = Result<Step, Box<Cause>>;

impl<H: Host> Slice<'_, '_, H> {
    /// Executes the instruction at [`Context::at`](crate::Context).
    #[inline(never)]
    pub(super) fn assembled<const TRACE: bool>(&mut self) -> Goto {
        let step = self.assembled_step::<TRACE>();
        self.goto(step)
    }

    fn assembled_step<const TRACE: bool>(&mut self) -> Stepped {
        let image = &self.loaded.image;
        let pc = Pc(self.cx.at - image.programs.start(self.cx.role));
        let instr = image.programs.code()[self.cx.at as usize];
        match instr {
            Instr::Send { via: Via::OWN, to, value, label, next } => {
                self.checked_send::<TRACE>(to, value, label, next.from(pc))
            }
            Instr::Recv { via: Via::OWN, from, value, label, next } => {
                self.checked_receive::<TRACE>(from, value, label, next.from(pc))
            }
            Instr::Offer { via: Via::OWN, set, targets } => {
                self.checked_offer::<TRACE>(set, targets)
            }
            Instr::Choose { via: Via::OWN, set, targets } => {
                self.checked_choose::<TRACE>(set, targets)
            }
            Instr::Invoke { effect, argument, result, next } => {
                self.invoke::<TRACE>(effect, argument, result, next.from(pc))
            }
            Instr::LoadImm { into, kind, bits } => {
                self.fill(into, immediate(kind, bits)?)?;
                self.to(Pc(pc.0 + 1))
            }
            Instr::Mov { from, to } => {
                let value = self.empty(from)?;
                self.fill(to, value)?;
                self.to(Pc(pc.0 + 1))
            }
            Instr::Jmp { target } => self.to(target),
            Instr::Yield => match self.to(Pc(pc.0 + 1))? {
                Step::To(next) => Ok(Step::Yield(next)),
                other => Ok(other),
            },
            Instr::Halt => self.checked_halt(),
            Instr::Send { .. }
            | Instr::Recv { .. }
            | Instr::Offer { .. }
            | Instr::Choose { .. }
            | Instr::Open { .. }
            | Instr::Close { .. } => Ok(Step::Outside),
        }
    }

    /// Where control goes, if that is inside of the program.
    fn to(&self, target: Pc) -> Stepped {
        match self.loaded.place(self.cx.role, target) {
            Some(place) => Ok(Step::To(place)),
            None => Err(Cause::OutOfProgram.into()),
        }
    }

    fn checked_send<const TRACE: bool>(
        &mut self,
        to: RoleId,
        slot: Slot,
        label: LabelId,
        next: Pc,
    ) -> Stepped {
        let state = self.allowed(Direction::Send, to, label)?;
        let plan = self.loaded.plans.plan(self.cx.role, to);
        if self.must_wait(plan, to, label)? {
            channel::await_room(self.block, plan);
            return Ok(Step::Wait);
        }
        let value = match slot.as_reg() {
            Some(reg) => self.empty(reg)?,
            None => match self.host.send(self.cx, to, label) {
                Ok(value) => value,
                Err(error) => return Self::no_answer(error, None),
            },
        };
        let expected = self.loaded.expected(label);
        if !expected.accepts(&value) {
            return Err(self.wrong_payload(label, expected, value));
        }
        self.let_go::<TRACE>(plan, to, label, value, Tag::Sent);
        self.come_to(state);
        self.to(next)
    }

    fn checked_receive<const TRACE: bool>(
        &mut self,
        from: RoleId,
        slot: Slot,
        label: LabelId,
        next: Pc,
    ) -> Stepped {
        let state = self.allowed(Direction::Receive, from, label)?;
        let plan = self.loaded.plans.plan(from, self.cx.role);
        match channel::first_label(self.block, self.stage.buffers, plan) {
            None => {
                channel::await_message(self.block, plan);
                return Ok(Step::Wait);
            }
            Some(found) if found != label => return Err(self.unexpected(from, found, &[label])),
            Some(_) => {}
        }
        let value = self.taken::<TRACE>(plan, from);
        self.come_to(state);
        let next = self.to(next)?;
        match (slot.as_reg(), next) {
            (Some(reg), next) => {
                self.fill(reg, value)?;
                self.cx.add_effect();
                Ok(next)
            }
            (None, Step::To(next)) => self.tell_scalar(from, label, value, next),
            (None, other) => Ok(other),
        }
    }

    fn checked_offer<const TRACE: bool>(&mut self, set: SetId, targets: TargetsId) -> Stepped {
        let image = &self.loaded.image;
        let branches = image.find_branches(set).ok_or(Cause::BadInstruction)?;
        typestate::offers_all(&image.local_types[self.cx.role], self.state(), branches)?;
        let mut arrived = None;
        for (at, branch) in branches.iter().enumerate() {
            let state = self.allowed(Direction::Receive, branch.peer, branch.label)?;
            let plan = self.loaded.plans.plan(branch.peer, self.cx.role);
            if channel::first_label(self.block, self.stage.buffers, plan) == Some(branch.label) {
                arrived = Some((at, *branch, plan, state));
            }
        }
        let Some((at, branch, plan, state)) = arrived else {
            for branch in branches {
                let plan = self.loaded.plans.plan(branch.peer, self.cx.role);
                channel::await_message(self.block, plan);
            }
            return Ok(Step::Wait);
        };
        for branch in branches {
            let plan = self.loaded.plans.plan(branch.peer, self.cx.role);
            channel::forget_receiver(self.block, plan);
        }
        let target = image.find_target(targets, at).ok_or(Cause::OutOfProgram)?;
        let value = self.taken::<TRACE>(plan, branch.peer);
        self.come_to(state);
        match self.to(target)? {
            Step::To(next) => self.tell_scalar(branch.peer, branch.label, value, next),
            other => Ok(other),
        }
    }

    fn checked_choose<const TRACE: bool>(&mut self, set: SetId, targets: TargetsId) -> Stepped {
        let image = &self.loaded.image;
        let branches = image.find_branches(set).ok_or(Cause::BadInstruction)?;
        for branch in branches {
            let plan = {
                self.allowed(Direction::Send, branch.peer, branch.label)?;
                self.loaded.plans.plan(self.cx.role, branch.peer)
            };
            // Which branch it will be is not known, so there must be room for any.
            if self.must_wait(plan, branch.peer, branch.label)? {
                channel::await_room(self.block, plan);
                return Ok(Step::Wait);
            }
        }
        let Picked { branch: picked, value } = match self.host.choose(self.cx, set, branches) {
            Ok(picked) => picked,
            Err(error) => return Self::no_answer(error, None),
        };
        let no_branch = Cause::NoSuchBranch { picked, branches: branches.len() };
        let branch = *branches.get(picked).ok_or(no_branch)?;
        let state = self.allowed(Direction::Send, branch.peer, branch.label)?;
        let expected = self.loaded.expected(branch.label);
        if !expected.accepts(&value) {
            return Err(self.wrong_payload(branch.label, expected, value));
        }
        let target = image.find_target(targets, picked).ok_or(Cause::OutOfProgram)?;
        let plan = self.loaded.plans.plan(self.cx.role, branch.peer);
        self.let_go::<TRACE>(plan, branch.peer, branch.label, value, Tag::ChosenAndSent);
        self.come_to(state);
        self.to(target)
    }

    fn invoke<const TRACE: bool>(
        &mut self,
        effect: EffectId,
        argument: Slot,
        result: Slot,
        next: Pc,
    ) -> Stepped {
        let name = self.loaded.image.effect(effect).ok_or(Cause::BadInstruction)?;
        let name = name.to_owned();
        let argument = match argument.as_reg() {
            Some(reg) => Some((reg, self.empty(reg)?)),
            None => None,
        };
        if let Some((reg, value)) = argument {
            if value.kind() == Kind::Endpoint {
                self.fill(reg, value)?;
                return Err(Cause::EndpointToHandler { what: name }.into());
            }
            let answer = self.host.invoke(self.cx, &name, Some(&value));
            if matches!(&answer, Err(error) if error.is_pending()) {
                // The instruction has not completed, so its argument is where it was.
                self.fill(reg, value)?;
            }
            return self.invoked::<TRACE>(effect, answer, result, next);
        }
        let answer = self.host.invoke(self.cx, &name, None);
        self.invoked::<TRACE>(effect, answer, result, next)
    }

    fn invoked<const TRACE: bool>(
        &mut self,
        effect: EffectId,
        answer: HandlerResult<Value>,
        result: Slot,
        next: Pc,
    ) -> Stepped {
        let value = match answer {
            Ok(value) => value,
            Err(error) => return Self::no_answer(error, None),
        };
        if TRACE {
            let effect = LabelId(effect.0);
            self.stage.trace.push(Tag::Invoked, self.cx.role, RoleId(0), effect);
        }
        self.cx.add_effect();
        if let Some(reg) = result.as_reg() {
            self.fill(reg, value)?;
        }
        self.to(next)
    }

    fn checked_halt(&mut self) -> Stepped {
        let local = &self.loaded.image.local_types[self.cx.role];
        let state = self.state();
        if local.may_end(state) {
            return Ok(Step::Halt);
        }
        let expected = typestate::expected(local, state);
        Err(Cause::NotAllowed { expected, found: "halt".to_owned() }.into())
    }

    /// Tells the handler of a payload, which must not be an endpoint: those stay in registers.
    fn tell_scalar(&mut self, from: RoleId, label: LabelId, value: Value, next: u32) -> Stepped {
        if value.kind() == Kind::Endpoint {
            self.discard(value);
            return Err(Cause::EndpointToHandler { what: self.cx.label(label).to_string() }.into());
        }
        self.tell(from, label, value, next)
    }

    /// Where the role comes to by an action, if its local type allows it.
    fn allowed(
        &self,
        direction: Direction,
        peer: RoleId,
        label: LabelId,
    ) -> Result<StateId, Box<Cause>> {
        let local = &self.loaded.image.local_types[self.cx.role];
        match typestate::allowed(local, self.state(), Action { direction, peer, label }) {
            Allowed::To(state) => Ok(state),
            Allowed::Not { expected, found } => Err(Cause::NotAllowed { expected, found }.into()),
        }
    }

    fn state(&self) -> StateId {
        StateId(self.block[self.loaded.states_at + self.cx.role.index()] as u32)
    }

    fn come_to(&mut self, state: StateId) {
        self.block[self.loaded.states_at + self.cx.role.index()] = state.0.into();
    }

    fn empty(&mut self, reg: Reg) -> Result<Value, Box<Cause>> {
        let place = self.loaded.register(self.cx.role, reg).ok_or(Cause::BadInstruction)?;
        match registers::take(self.block, place) {
            Some(word) => Ok(self.stage.heap.decode(word)),
            None => Err(Cause::EmptyRegister { register: reg.0 }.into()),
        }
    }

    fn fill(&mut self, reg: Reg, value: Value) -> Result<(), Box<Cause>> {
        let place = self.loaded.register(self.cx.role, reg).ok_or(Cause::BadInstruction)?;
        let word = self.stage.heap.encode(value);
        if let Some(old) = registers::put(self.block, place, word) {
            self.stage.orphans.push(old);
        }
        Ok(())
    }
}

fn immediate(kind: ImmKind, bits: u32) -> Result<Value, Box<Cause>> {
    Ok(match kind {
        ImmKind::Unit => Value::Unit,
        ImmKind::Bool => (bits != 0).into(),
        ImmKind::Int => Value::Int(bits.cast_signed().into()),
        ImmKind::Uint => Value::Uint(bits.into()),
        ImmKind::Float => f64::from(f32::from_bits(bits)).into(),
        ImmKind::Char => char::from_u32(bits).ok_or(Cause::BadInstruction)?.into(),
    })
}
