//! The steps that instructions on other sessions are made of.

use telltale_bytecode::{Branch, CodeImage, Pc, Reg, SetId, Slot as Operand, TargetsId, Via};
use telltale_types::{Action, Direction, LabelId, RoleId, StateId};

use super::{Actor, Done};
use crate::machine::lifecycle::drop_quietly;
use crate::memory::channel::{self, Plan};
use crate::memory::coroutine::Coro;
use crate::memory::heap::Word;
use crate::memory::{header, ready, registers};
use crate::program::typestate::{self, Allowed};
use crate::trace::store::Tag;
use crate::value::{Endpoint, Large};
use crate::{
    Cause, Context, EffectHandler, HandlerError, HandlerResult, Kind, Outcome, SessionId, VM,
    VMError, Value,
};

impl VM {
    /// Opens a session that nobody runs: its endpoints are about to be handed out.
    pub(super) fn open_without_coroutines(
        &mut self,
        image: &CodeImage,
    ) -> Result<SessionId, VMError> {
        let session = self.open(image, 0, false)?;
        // The newest session is the last in the queue.
        self.run_queue.queue.unpush();
        let block = self.run_queue.arena.block_mut(session.slot());
        let loaded = self.images.get(header::image(block));
        ready::clear_all(block, ready::words(loaded.roles));
        block[loaded.roles_at..loaded.roles_at + loaded.roles].fill(StateId::START.0.into());
        header::set_without_coroutines(block);
        Ok(session)
    }

    /// The session and the role of the endpoint in a register.
    pub(super) fn endpoint(
        &self,
        actor: Actor,
        reg: Reg,
    ) -> Result<(SessionId, RoleId), Box<Cause>> {
        let block = self.run_queue.arena.block(actor.slot);
        let loaded = self.images.get(header::image(block));
        let place = loaded.register(actor.role, reg).ok_or(Cause::BadInstruction)?;
        let word = registers::read(block, place);
        let word = word.ok_or(Cause::EmptyRegister { register: reg.0 })?;
        if let Some(Large::Endpoint(Endpoint { session, role })) = self.heap.look_at(word) {
            return Ok((*session, *role));
        }
        let found = Kind::from_number(word.kind);
        Err(Cause::NotAnEndpoint { register: reg.0, found }.into())
    }

    /// The session and role that an instruction speaks for; the session must be running.
    pub(super) fn through(
        &self,
        actor: Actor,
        via: Via,
    ) -> Result<(SessionId, RoleId), Box<Cause>> {
        let reg = via.as_reg().ok_or(Cause::BadInstruction)?;
        let (session, role) = self.endpoint(actor, reg)?;
        match self.block_of(session) {
            Ok(block) if header::is_running(block) => Ok((session, role)),
            _ => Err(Cause::SessionEnded { register: reg.0 }.into()),
        }
    }

    /// Whether a role may do something now; where it comes to, and on which channel.
    pub(super) fn may(
        &self,
        session: SessionId,
        role: RoleId,
        direction: Direction,
        branch: Branch,
    ) -> Result<(StateId, Plan), Box<Cause>> {
        let loaded = self.loaded_at(session.slot());
        let state = self.state_of(session, role);
        let action = Action { direction, peer: branch.peer, label: branch.label };
        let plan = match direction {
            Direction::Send => (role, branch.peer),
            Direction::Receive => (branch.peer, role),
        };
        match typestate::allowed(&loaded.image.local_types[role], state, action) {
            Allowed::To(state) => Ok((state, loaded.plans.plan(plan.0, plan.1))),
            Allowed::Not { expected, found } => Err(Cause::NotAllowed { expected, found }.into()),
        }
    }

    /// The state that a role has come to which is played through an endpoint.
    fn state_of(&self, session: SessionId, role: RoleId) -> StateId {
        let place = self.loaded_at(session.slot()).roles_at + role.index();
        StateId(self.run_queue.arena.block(session.slot())[place] as u32)
    }

    pub(super) fn come_to(&mut self, session: SessionId, role: RoleId, state: StateId) {
        let block = self.run_queue.arena.block_mut(session.slot());
        let loaded = self.images.get(header::image(block));
        block[loaded.roles_at + role.index()] = state.0.into();
    }

    /// The role waits in place of the role of another session.
    pub(super) fn wait_there(
        &mut self,
        actor: Actor,
        session: SessionId,
        role: RoleId,
        plans: &[Plan],
        for_message: bool,
    ) -> Done {
        let block = self.run_queue.arena.block_mut(session.slot());
        for &plan in plans {
            if for_message {
                channel::await_message(block, plan);
            } else {
                channel::await_room(block, plan);
            }
        }
        self.foreign.waiters.insert((session, role), (actor.session, actor.role));
        Done::Waits
    }

    /// A message for which there is no room waits, or is a fault.
    pub(super) fn without_room(
        &mut self,
        actor: Actor,
        session: SessionId,
        role: RoleId,
        branch: Branch,
        plan: Plan,
    ) -> Result<Done, Box<Cause>> {
        if plan.rule.refuses() {
            let label = self.label_name(session, branch.label);
            let to = self.role_name(session, branch.peer);
            return Err(Cause::ChannelFull { label, to, capacity: plan.capacity }.into());
        }
        Ok(self.wait_there(actor, session, role, &[plan], false))
    }

    /// An external choice must take whatever may come.
    pub(super) fn offers_all(
        &self,
        session: SessionId,
        role: RoleId,
        branches: &[Branch],
    ) -> Result<(), Box<Cause>> {
        let local = &self.loaded_at(session.slot()).image.local_types[role];
        typestate::offers_all(local, self.state_of(session, role), branches)
    }

    /// Whoever waits in place of a role looks again.
    pub(crate) fn wake_waiter(&mut self, session: SessionId, role: RoleId) {
        let Some((holder, role)) = self.foreign.waiters.remove(&(session, role)) else { return };
        if self.block_of(holder).is_ok_and(header::is_running) {
            self.change(holder.slot(), role, |coro| coro, true);
        }
    }

    /// Asks the handler in the name of a role of another session.
    pub(super) fn ask<T>(
        &self,
        actor: Actor,
        session: SessionId,
        role: RoleId,
        handler: &dyn EffectHandler,
        question: impl FnOnce(&dyn EffectHandler, &Context<'_>) -> HandlerResult<T>,
    ) -> Result<T, Box<Cause>> {
        let loaded = self.loaded_at(session.slot());
        let (image, seed) = (&loaded.image, self.config().seed);
        let holder = self.run_queue.arena.block(actor.slot);
        let place = self.images.get(header::image(holder)).roles_at + actor.role.index();
        let holder = Coro::from_word(holder[place]);
        let cx = Context { image, session, role, word: holder.to_word(), at: holder.pc(), seed };
        let has_objects = header::cast(self.run_queue.arena.block(actor.slot)) != 0;
        let answer = if has_objects {
            Err(HandlerError::msg("role objects play no role of another session"))
        } else {
            question(handler, &cx)
        };
        answer.map_err(|error| {
            let too_late = "a role that is played through an endpoint cannot be answered later";
            let error = if error.is_pending() { HandlerError::msg(too_late) } else { error };
            Cause::Handler(error).into()
        })
    }

    /// Puts a message into a channel of another session, in which there is room.
    pub(super) fn deliver(
        &mut self,
        session: SessionId,
        role: RoleId,
        branch: Branch,
        plan: Plan,
        value: Value,
        tag: Tag,
    ) -> Result<(), Box<Cause>> {
        let block = self.run_queue.arena.block_mut(session.slot());
        let loaded = self.images.get(header::image(block));
        let expected = loaded.expected(branch.label);
        if !expected.accepts(&value) {
            let label = loaded.image.names().label(branch.label).to_string();
            let found = value.kind();
            let expected = expected.kind().unwrap_or(found);
            let word = self.heap.encode(value);
            self.orphans.push(word);
            return Err(Cause::WrongPayload { label, expected, found }.into());
        }
        let message = channel::Message { label: branch.label, word: self.heap.encode(value) };
        if channel::push(block, &mut self.buffers, plan, message) {
            self.wake_waiter(session, branch.peer);
        }
        if self.records() {
            self.trace.push_of(session, tag, role, branch.peer, branch.label);
        }
        Ok(())
    }

    /// Takes the first message of a channel of another session.
    pub(super) fn pick_up(
        &mut self,
        session: SessionId,
        role: RoleId,
        branch: Branch,
        plan: Plan,
    ) -> Value {
        let block = self.run_queue.arena.block_mut(session.slot());
        let (message, sender_waits) = channel::pop(block, &mut self.buffers, plan);
        if sender_waits {
            self.wake_waiter(session, branch.peer);
        }
        if self.records() {
            self.trace.push_of(session, Tag::Received, role, branch.peer, branch.label);
        }
        self.heap.decode(message.word)
    }

    /// Fills a register with what was received, or tells the handler.
    pub(super) fn hand_in(
        &mut self,
        actor: Actor,
        (session, role): (SessionId, RoleId),
        branch: Branch,
        payload: Operand,
        value: Value,
        handler: &dyn EffectHandler,
    ) -> Result<(), Box<Cause>> {
        if let Some(reg) = payload.as_reg() {
            return self.fill(actor, reg, value);
        }
        if value.kind() == Kind::Endpoint {
            let word = self.heap.encode(value);
            self.orphans.push(word);
            let what = self.label_name(session, branch.label);
            return Err(Cause::EndpointToHandler { what }.into());
        }
        let Branch { peer, label } = branch;
        self.ask(actor, session, role, handler, |host, cx| host.receive(cx, peer, label, value))
    }

    pub(super) fn fill(&mut self, actor: Actor, reg: Reg, value: Value) -> Result<(), Box<Cause>> {
        let block = self.run_queue.arena.block_mut(actor.slot);
        let loaded = self.images.get(header::image(block));
        let place = loaded.register(actor.role, reg).ok_or(Cause::BadInstruction)?;
        let word = self.heap.encode(value);
        self.orphans.extend(registers::put(block, place, word));
        Ok(())
    }

    pub(super) fn take(&mut self, actor: Actor, reg: Reg) -> Result<Value, Box<Cause>> {
        let block = self.run_queue.arena.block_mut(actor.slot);
        let loaded = self.images.get(header::image(block));
        let place = loaded.register(actor.role, reg).ok_or(Cause::BadInstruction)?;
        let word = registers::take(block, place);
        let word = word.ok_or(Cause::EmptyRegister { register: reg.0 })?;
        Ok(self.heap.decode(word))
    }

    pub(super) fn clear(&mut self, actor: Actor, reg: Reg) -> Result<Word, Box<Cause>> {
        let block = self.run_queue.arena.block_mut(actor.slot);
        let loaded = self.images.get(header::image(block));
        let place = loaded.register(actor.role, reg).ok_or(Cause::BadInstruction)?;
        let word = registers::clear(block, place);
        Ok(word.ok_or(Cause::EmptyRegister { register: reg.0 })?)
    }

    /// A role of a session without coroutines has nobody any more who plays it.
    pub(super) fn give_up(&mut self, session: SessionId, role: RoleId, why: &str) {
        if !self.block_of(session).is_ok_and(header::is_running) {
            return;
        }
        let loaded = self.loaded_at(session.slot());
        if !loaded.image.local_types[role].may_end(self.state_of(session, role)) {
            let role = loaded.image.names().role(role);
            let reason = format!("nobody plays `{role}` any more: {why}");
            return self.finish(session.slot(), Outcome::Cancelled { reason: reason.into() });
        }
        let block = self.run_queue.arena.block_mut(session.slot());
        header::halted(block);
        if header::live(block) == 0 {
            self.finish(session.slot(), Outcome::Completed);
        }
    }

    /// Drops the payloads that have lost their place, and gives up the endpoints among them.
    pub(crate) fn drop_orphans(&mut self) {
        while let Some(word) = self.orphans.pop() {
            match self.heap.decode(word) {
                Value::Large(large) => match *large {
                    Large::Endpoint(Endpoint { session, role }) => {
                        self.give_up(session, role, "its holder has ended");
                    }
                    other => drop_quietly(other),
                },
                _scalar => {}
            }
        }
    }

    pub(super) fn branches(&self, actor: Actor, set: SetId) -> Result<Vec<Branch>, Box<Cause>> {
        let loaded = self.loaded_at(actor.slot);
        Ok(loaded.image.find_branches(set).ok_or(Cause::BadInstruction)?.to_vec())
    }

    pub(super) fn target(
        &self,
        actor: Actor,
        targets: TargetsId,
        branch: usize,
    ) -> Result<Pc, Box<Cause>> {
        let loaded = self.loaded_at(actor.slot);
        Ok(loaded.image.find_target(targets, branch).ok_or(Cause::OutOfProgram)?)
    }

    pub(super) fn label_name(&self, session: SessionId, label: LabelId) -> String {
        let loaded = self.loaded_at(session.slot());
        loaded.image.names().label(label).to_string()
    }

    pub(super) fn role_name(&self, session: SessionId, role: RoleId) -> String {
        let loaded = self.loaded_at(session.slot());
        loaded.image.names().role(role).to_owned()
    }
}
