//! Instructions that concern other sessions: opening one, and acting through an endpoint that is held
//! in a register.
//!
//! A visit sees the memory of one session only, so these are executed here, by the machine, when the
//! turn of the role has ended. A session that was opened by a program has no coroutines: whoever
//! holds an endpoint plays that role, and the word of the role keeps the state that it has come to.

mod reach;

use std::collections::BTreeMap;

use telltale_bytecode::{
    Branch, CodeImage, ContentHash, Hop, ImportId, Instr, Pc, Reg, SetId, Slot as Operand,
    TargetsId, Via,
};
use telltale_types::{Direction, RoleId};

use crate::memory::arena::Slot;
use crate::memory::channel;
use crate::memory::coroutine::Coro;
use crate::memory::{header, ready};
use crate::trace::store::Tag;
use crate::value::{Endpoint, Large};
use crate::{Cause, EffectHandler, Picked, SessionId, VM, Value};

/// What sessions that reach into others need beside their memory.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    /// The images that programs can open, by content.
    provided: BTreeMap<ContentHash, CodeImage>,
    /// For roles of sessions without coroutines, the role of another session that waits in their place.
    waiters: BTreeMap<(SessionId, RoleId), (SessionId, RoleId)>,
}

/// Who executes an instruction.
#[derive(Clone, Copy)]
struct Actor {
    slot: Slot,
    session: SessionId,
    role: RoleId,
}

/// What came of an instruction.
#[derive(Clone, Copy)]
enum Done {
    /// Control goes to this place of the program.
    Next(Pc),
    /// The role waits, at the same instruction.
    Waits,
}

type Stepped = Result<Done, Box<Cause>>;

impl VM {
    /// Makes an image known, so that programs which import it can open sessions of it.
    pub fn provide(&mut self, image: &CodeImage) {
        self.foreign.provided.insert(image.hash(), image.clone());
    }

    /// Executes the instruction of a role that concerns another session.
    pub(crate) fn execute_outside(
        &mut self,
        slot: Slot,
        role: RoleId,
        handler: &dyn EffectHandler,
    ) -> Result<(), Box<Cause>> {
        // It counts as ready meanwhile, so that nobody whom it wakes puts its session into the queue.
        ready::set(self.run_queue.arena.block_mut(slot), role);
        let block = self.run_queue.arena.block(slot);
        let session = SessionId::new(header::ordinal(block), slot);
        let loaded = self.images.get(header::image(block));
        let coro = Coro::from_word(block[loaded.roles_at + role.index()]);
        let pc = Pc(coro.pc() - loaded.image.programs.start(role));
        let instr = loaded.image.programs[role][pc.index()];
        let actor = Actor { slot, session, role };
        let done = match instr {
            Instr::Open { import, first } => self.open_import(actor, import, first, pc)?,
            Instr::Close { endpoint } => self.close_endpoint(actor, endpoint, pc)?,
            Instr::Send { via, to, value, label, next } => {
                self.send_via(actor, via, Branch { peer: to, label }, value, handler, (pc, next))?
            }
            Instr::Recv { via, from, value, label, next } => {
                let branch = Branch { peer: from, label };
                self.receive_via(actor, via, branch, value, handler, (pc, next))?
            }
            Instr::Offer { via, set, targets } => {
                self.offer_via(actor, via, set, targets, handler)?
            }
            Instr::Choose { via, set, targets } => {
                self.choose_via(actor, via, set, targets, handler)?
            }
            _ => return Err(Cause::BadInstruction.into()),
        };
        self.go_on(actor, done)
    }

    /// The role goes on behind its instruction, or waits.
    fn go_on(&mut self, actor: Actor, done: Done) -> Result<(), Box<Cause>> {
        let block = self.run_queue.arena.block_mut(actor.slot);
        let loaded = self.images.get(header::image(block));
        let Done::Next(pc) = done else {
            ready::clear(block, actor.role);
            return Ok(());
        };
        let place = loaded.place(actor.role, pc).ok_or(Cause::OutOfProgram)?;
        let word = &mut block[loaded.roles_at + actor.role.index()];
        *word = Coro::at(place, Coro::from_word(*word).count.wrapping_add(1)).to_word();
        Ok(())
    }

    fn open_import(&mut self, actor: Actor, import: ImportId, first: Reg, pc: Pc) -> Stepped {
        let loaded = self.loaded_at(actor.slot);
        let (name, hash) = loaded.image.import(import).ok_or(Cause::BadInstruction)?;
        let missing = || Cause::ImageNotProvided { name: name.to_owned() };
        let image = self.foreign.provided.get(&hash).ok_or_else(missing)?.clone();
        let roles = image.names().role_count();
        if usize::from(first.0) + roles > loaded.image.registers() {
            return Err(Cause::BadInstruction.into());
        }
        let session = self
            .open_without_coroutines(&image)
            .map_err(|error| Cause::CannotOpen(Box::new(error)))?;
        for role in (0..roles).map(RoleId::at) {
            let endpoint = Value::from(Large::Endpoint(Endpoint { session, role }));
            self.fill(actor, Reg(first.0 + role.0), endpoint)?;
        }
        Ok(Done::Next(Pc(pc.0 + 1)))
    }

    fn close_endpoint(&mut self, actor: Actor, reg: Reg, pc: Pc) -> Stepped {
        let (session, role) = self.endpoint(actor, reg)?;
        let word = self.clear(actor, reg)?;
        drop(self.heap.decode(word));
        self.give_up(session, role, "its holder closed it");
        Ok(Done::Next(Pc(pc.0 + 1)))
    }

    fn send_via(
        &mut self,
        actor: Actor,
        via: Via,
        branch: Branch,
        payload: Operand,
        handler: &dyn EffectHandler,
        (pc, next): (Pc, Hop),
    ) -> Stepped {
        let (session, role) = self.through(actor, via)?;
        let (state, plan) = self.may(session, role, Direction::Send, branch)?;
        if !channel::has_room(self.run_queue.arena.block(session.slot()), plan) {
            return self.without_room(actor, session, role, branch, plan);
        }
        let value = if let Some(reg) = payload.as_reg() {
            self.take(actor, reg)?
        } else {
            let Branch { peer, label } = branch;
            self.ask(actor, session, role, handler, |host, cx| host.send(cx, peer, label))?
        };
        self.deliver(session, role, branch, plan, value, Tag::Sent)?;
        self.come_to(session, role, state);
        Ok(Done::Next(next.from(pc)))
    }

    fn receive_via(
        &mut self,
        actor: Actor,
        via: Via,
        branch: Branch,
        payload: Operand,
        handler: &dyn EffectHandler,
        (pc, next): (Pc, Hop),
    ) -> Stepped {
        let (session, role) = self.through(actor, via)?;
        let (state, plan) = self.may(session, role, Direction::Receive, branch)?;
        let found =
            channel::first_label(self.run_queue.arena.block(session.slot()), &self.buffers, plan);
        match found {
            None => Ok(self.wait_there(actor, session, role, &[plan], true)),
            Some(found) if found != branch.label => {
                let names = |label| self.label_name(session, label);
                let (found, expected) = (names(found), format!("`{}`", names(branch.label)));
                let from = self.role_name(session, branch.peer);
                Err(Cause::UnexpectedMessage { from, found, expected }.into())
            }
            Some(_) => {
                let value = self.pick_up(session, role, branch, plan);
                self.come_to(session, role, state);
                self.hand_in(actor, (session, role), branch, payload, value, handler)?;
                Ok(Done::Next(next.from(pc)))
            }
        }
    }

    fn offer_via(
        &mut self,
        actor: Actor,
        via: Via,
        set: SetId,
        targets: TargetsId,
        handler: &dyn EffectHandler,
    ) -> Stepped {
        let (session, role) = self.through(actor, via)?;
        let branches = self.branches(actor, set)?;
        self.offers_all(session, role, &branches)?;
        let mut plans = Vec::new();
        for (at, &branch) in branches.iter().enumerate() {
            let (state, plan) = self.may(session, role, Direction::Receive, branch)?;
            let block = self.run_queue.arena.block(session.slot());
            if channel::first_label(block, &self.buffers, plan) == Some(branch.label) {
                let target = self.target(actor, targets, at)?;
                let value = self.pick_up(session, role, branch, plan);
                self.come_to(session, role, state);
                let to = Operand::HANDLER;
                self.hand_in(actor, (session, role), branch, to, value, handler)?;
                return Ok(Done::Next(target));
            }
            plans.push(plan);
        }
        Ok(self.wait_there(actor, session, role, &plans, true))
    }

    fn choose_via(
        &mut self,
        actor: Actor,
        via: Via,
        set: SetId,
        targets: TargetsId,
        handler: &dyn EffectHandler,
    ) -> Stepped {
        let (session, role) = self.through(actor, via)?;
        let branches = self.branches(actor, set)?;
        for &branch in &branches {
            let (_, plan) = self.may(session, role, Direction::Send, branch)?;
            // Which branch it will be is not known, so there must be room for any.
            if !channel::has_room(self.run_queue.arena.block(session.slot()), plan) {
                return self.without_room(actor, session, role, branch, plan);
            }
        }
        let Picked { branch: picked, value } =
            self.ask(actor, session, role, handler, |host, cx| host.choose(cx, &branches))?;
        let none = Cause::NoSuchBranch { picked, branches: branches.len() };
        let branch = *branches.get(picked).ok_or(none)?;
        let (state, plan) = self.may(session, role, Direction::Send, branch)?;
        let target = self.target(actor, targets, picked)?;
        self.deliver(session, role, branch, plan, value, Tag::ChosenAndSent)?;
        self.come_to(session, role, state);
        Ok(Done::Next(target))
    }
}
