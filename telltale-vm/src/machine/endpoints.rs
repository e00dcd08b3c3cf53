//! Instructions that concern other sessions: opening one, giving up an endpoint, acting through one.
//!
//! A slice sees the memory of one session only, so these are executed by the machine, when the turn of the role
//! has ended. A session that was opened by a program has no coroutines: the holder of an endpoint plays that role. For
//! one instruction it takes the *seat* of the role: the instruction is executed on the other session's block, as any
//! guarded instruction is, and what it makes of the role (it waits, is pending, or continues) happens to the holder.

mod collect;

use std::collections::BTreeMap;

use telltale_bytecode::{CodeImage, ContentHash, ImportId, Instr, Pc, Reg};
use telltale_types::{RoleId, StateId};

use super::rounds::Call;
use crate::exec::{Operand, RunContext, SeatOp, Slice, Step, inside};
use crate::memory::arena::Slot;
use crate::memory::coroutine::{self, Coro, HALTED, PENDING};
use crate::memory::{header, ready, registers};
use crate::program::link::{Channels, Linker, endpoint_of};
use crate::program::op::Code;
use crate::quietly::drop_quietly;
use crate::roles::host::Host;
use crate::value::{Endpoint, Large};
use crate::{Cause, Context, Kind, SessionError, SessionId, VM, VMError, Value};

/// What programs that open sessions and hold endpoints need beside the memory of sessions.
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    /// The images that programs can open, by content.
    provided: BTreeMap<ContentHash, CodeImage>,
    /// For roles of sessions without coroutines, the role of another session that waits in their seat. The session of
    /// the waiter may have ended.
    waiters: BTreeMap<Member, Member>,
    /// The same the other way round: a role waits in one seat at most.
    seats: BTreeMap<Member, Member>,
    /// How many endpoints are, or were lately, on their way through sessions without coroutines: only then can
    /// there be sessions that nobody can reach.
    suspects: usize,
    /// Whether an endpoint was given up, or went such a way, since the last look for these sessions.
    has_moved: bool,
    /// How many suspects there may be before the next look.
    patience: usize,
}

/// A role of a session.
type Member = (SessionId, RoleId);

impl Endpoints {
    fn wait_in(&mut self, seat: Member, holder: Member) {
        self.waiters.insert(seat, holder);
        self.seats.insert(holder, seat);
    }

    /// A role does not wait in a seat any more, if it did.
    pub(super) fn leave_seat(&mut self, holder: Member) {
        if let Some(seat) = self.seats.remove(&holder) {
            self.waiters.remove(&seat);
        }
    }
}

/// Who executes an instruction.
#[derive(Clone, Copy)]
struct Holder {
    slot: Slot,
    session: SessionId,
    role: RoleId,
    /// Where it is, in the code of all roles and in its own program.
    at: u32,
    pc: Pc,
}

impl VM {
    /// Makes an image known, so that programs which import it can open sessions of it.
    pub fn provide(&mut self, image: &CodeImage) {
        self.endpoints.provided.insert(image.hash(), image.clone());
    }

    /// Executes the instruction of a role that concerns another session.
    pub(super) fn execute_outside(&mut self, slot: Slot, role: RoleId, call: Call<'_>) -> Step {
        let block = self.run_queue.arena.block(slot);
        let session = self.run_queue.session_at(slot);
        let loaded = self.images.get(header::image(block));
        let coro = coroutine::read(block, loaded.roles_at + role.index());
        let at = coro.pc();
        let pc = Pc(at - loaded.image.programs.start(role));
        let instr = loaded.image.programs.code()[at as usize];
        let holder = Holder { slot, session, role, at, pc };
        self.endpoints.leave_seat((session, role));
        let done = match instr {
            Instr::Open { import, first } => self.open_import(holder, import, first),
            Instr::Close { endpoint } => self.close_endpoint(holder, endpoint),
            _ => self.act_through(holder, instr, call),
        };
        let step = inside(self.loaded_at(slot), done.unwrap_or_else(Step::Fault));
        self.move_holder(holder, &step);
        step
    }

    /// What an instruction makes of the role that has executed it.
    fn move_holder(&mut self, holder: Holder, step: &Step) {
        let block = self.run_queue.arena.block_mut(holder.slot);
        let roles_at = self.images.get(header::image(block)).roles_at;
        let at = roles_at + holder.role.index();
        let coro = coroutine::read(block, at);
        match step {
            Step::Next(next) => {
                coroutine::write(block, at, coro.moved_to(*next, coro.count));
                ready::set(block, holder.role);
            }
            Step::Pend(then) => {
                let coro = coro.moved_to(*then, coro.count).with(PENDING);
                coroutine::write(block, at, coro);
            }
            _waits => {}
        }
    }

    fn open_import(
        &mut self,
        holder: Holder,
        import: ImportId,
        first: Reg,
    ) -> Result<Step, Box<Cause>> {
        let loaded = self.loaded_at(holder.slot);
        let (name, hash) = loaded.image.import(import).ok_or(Cause::BadInstruction)?;
        let missing = || Cause::ImageNotProvided { name: name.to_owned() };
        let image = self.endpoints.provided.get(&hash).ok_or_else(missing)?.clone();
        let roles = image.names().role_count();
        if usize::from(first.0) + roles > loaded.image.registers() {
            return Err(Cause::BadInstruction.into());
        }
        let session = self
            .open_without_coroutines(&image)
            .map_err(|error| Cause::CannotOpen(Box::new(error)))?;
        for role in (0..roles).map(RoleId::at) {
            let endpoint = Value::from(Large::Endpoint(Endpoint { session, role }));
            self.fill(holder, Reg(first.0 + role.0), endpoint)?;
        }
        Ok(self.behind(holder))
    }

    fn close_endpoint(&mut self, holder: Holder, reg: Reg) -> Result<Step, Box<Cause>> {
        let (session, role) = self.endpoint(holder, reg)?;
        let at = self.register(holder, reg)?;
        let block = self.run_queue.arena.block_mut(holder.slot);
        if let Some(word) = registers::clear(block, at) {
            drop_quietly(self.heap.decode(word));
        }
        self.give_up(session, role, "its holder closed it");
        Ok(self.behind(holder))
    }

    /// The place behind the instruction.
    fn behind(&self, holder: Holder) -> Step {
        Step::Next(self.loaded_at(holder.slot).linked.ops[holder.at as usize].exchange.next)
    }

    /// The holder of an endpoint takes the seat of its role for one instruction.
    fn act_through(
        &mut self,
        holder: Holder,
        instr: Instr,
        call: Call<'_>,
    ) -> Result<Step, Box<Cause>> {
        let (reg, slot) = endpoint_of(instr).ok_or(Cause::BadInstruction)?;
        let (session, role) = self.endpoint(holder, reg)?;
        if !self.block_of(session).is_ok_and(header::is_running) {
            return Err(Cause::SessionEnded { register: reg.0 }.into());
        }
        let seat = self.link_for(holder, instr, session, role);
        let operand = match slot.as_reg() {
            None => Operand::Host,
            Some(reg) if seat.op.code == Code::Recv => {
                self.register(holder, reg)?;
                Operand::Register(None)
            }
            Some(reg) => Operand::Register(Some(self.take(holder, reg)?)),
        };
        let is_delegated =
            matches!(&operand, Operand::Register(Some(value)) if value.kind() == Kind::Endpoint);
        let (step, operand) = self.take_seat(holder, session, role, &seat, operand, call);
        if let (Some(reg), Some(value)) = (slot.as_reg(), operand.into_value()) {
            self.fill(holder, reg, value)?;
        } else if is_delegated {
            self.endpoints.suspects += 1;
            self.endpoints.has_moved = true;
        }
        if matches!(step, Step::Wait | Step::Hold | Step::Pend(_)) {
            self.endpoints.wait_in((session, role), (holder.session, holder.role));
        }
        self.relay(session);
        Ok(step)
    }

    /// The instruction, on the channels of the session that it acts on.
    fn link_for(&self, holder: Holder, instr: Instr, session: SessionId, role: RoleId) -> SeatOp {
        let loaded = self.loaded_at(session.slot());
        let channels = Channels { plans: &loaded.plans, expected: &loaded.linked.expected, role };
        let image = &self.loaded_at(holder.slot).image;
        let linker = Linker { image, program: holder.role, pc: holder.pc, channels };
        let (op, exchanges, branches) = linker.link(instr);
        SeatOp { op, exchanges, branches }
    }

    fn take_seat(
        &mut self,
        holder: Holder,
        session: SessionId,
        role: RoleId,
        seat: &SeatOp,
        operand: Operand,
        call: Call<'_>,
    ) -> (Step, Operand) {
        let holders = self.run_queue.arena.block(holder.slot);
        let has_objects = header::objects(holders) != 0;
        let host = if has_objects { Host::Nobody } else { Host::Handler(call.handler) };
        let Self { run_queue, images, heap, buffers, pending_choices, deferred, .. } = self;
        let block = run_queue.arena.block_mut(session.slot());
        let loaded = images.get(header::image(block));
        let (trace, orphans) = (&mut self.trace, &mut self.orphans);
        let Call { handler, network, .. } = call;
        trace.enter(session, loaded.image.global_type.names());
        let mut run = RunContext {
            handler,
            network,
            heap,
            buffers,
            pending_choices,
            deferred,
            trace,
            orphans,
        };
        let (image, seed, wraps) = (&loaded.image, self.config.seed, &self.wraps);
        let mut cx = Context { image, session, role, word: 0, at: holder.at, seed, wraps };
        Slice::new(block, loaded, &mut run, &mut cx, host, 1).act_in_seat(role, seat, operand)
    }

    /// Opens a session that nobody runs: its endpoints are about to be handed out. Without roles it is
    /// over at once.
    fn open_without_coroutines(&mut self, image: &CodeImage) -> Result<SessionId, VMError> {
        let session = self.open(image, 0, false, false)?;
        let block = self.run_queue.arena.block_mut(session.slot());
        let loaded = self.images.get(header::image(block));
        ready::clear_all(block, ready::words(loaded.roles));
        for at in (0..loaded.roles).map(|role| loaded.roles_at + role) {
            coroutine::write(block, at, Coro::at(StateId::START.0, 0));
        }
        header::set_without_coroutines(block);
        loaded.pause(block, &self.paused);
        if loaded.roles == 0 {
            self.finish(session.slot(), Ok(()));
        }
        Ok(session)
    }

    /// The session and the role of the endpoint in a register.
    fn endpoint(&self, holder: Holder, reg: Reg) -> Result<(SessionId, RoleId), Box<Cause>> {
        let at = self.register(holder, reg)?;
        let word = registers::read(self.run_queue.arena.block(holder.slot), at);
        let word = word.ok_or(Cause::EmptyRegister { register: reg.0 })?;
        if let Some(Large::Endpoint(Endpoint { session, role })) = self.heap.look_at(word) {
            return Ok((*session, *role));
        }
        let found = Kind::from_number(word.kind);
        Err(Cause::NotAnEndpoint { register: reg.0, found }.into())
    }

    fn take(&mut self, holder: Holder, reg: Reg) -> Result<Value, Box<Cause>> {
        let at = self.register(holder, reg)?;
        let word = registers::take(self.run_queue.arena.block_mut(holder.slot), at);
        let word = word.ok_or(Cause::EmptyRegister { register: reg.0 })?;
        Ok(self.heap.decode(word))
    }

    fn fill(&mut self, holder: Holder, reg: Reg, value: Value) -> Result<(), Box<Cause>> {
        let at = self.register(holder, reg)?;
        let word = self.heap.encode(value);
        let block = self.run_queue.arena.block_mut(holder.slot);
        self.orphans.extend(registers::put(block, at, word));
        Ok(())
    }

    fn register(&self, holder: Holder, reg: Reg) -> Result<usize, Box<Cause>> {
        let at = self.loaded_at(holder.slot).register(holder.role, reg);
        Ok(at.ok_or(Cause::BadInstruction)?)
    }

    /// Where a role of a session without coroutines has been woken, its holder is woken instead.
    fn relay(&mut self, session: SessionId) {
        loop {
            let block = self.run_queue.arena.block_mut(session.slot());
            let roles = self.images.get(header::image(block)).roles;
            let Some(role) = ready::next(block, ready::words(roles), 0) else { return };
            ready::clear(block, role);
            self.wake_waiter(session, role, false);
        }
    }

    /// Wakes the holder that waits in the seat of a role: if `answered`, one that waits for its handler, otherwise one
    /// that waits for a message or for room. Says whether there was one.
    pub(super) fn wake_waiter(&mut self, session: SessionId, role: RoleId, answered: bool) -> bool {
        let Some(&(holder, holders_role)) = self.endpoints.waiters.get(&(session, role)) else {
            return false;
        };
        if !self.block_of(holder).is_ok_and(header::is_running) {
            self.endpoints.leave_seat((holder, holders_role));
            return false;
        }
        let at = self.loaded_at(holder.slot()).roles_at + holders_role.index();
        let is_pending =
            coroutine::read(self.run_queue.arena.block(holder.slot()), at).has(PENDING);
        if is_pending != answered {
            return false;
        }
        self.endpoints.leave_seat((holder, holders_role));
        self.change(holder.slot(), holders_role, |coro| coro.without(PENDING), true);
        true
    }

    /// A session without coroutines has ended: nobody waits in its seats any more.
    pub(super) fn wake_all_waiters(&mut self, session: SessionId, roles: usize) {
        for role in (0..roles).map(RoleId::at) {
            let _ = self.wake_waiter(session, role, false) || self.wake_waiter(session, role, true);
        }
    }

    /// Nobody plays a role of a session without coroutines any more. If the role may end where it is, it has ended; if
    /// not, the session is cancelled.
    fn give_up(&mut self, session: SessionId, role: RoleId, why: &str) {
        self.endpoints.has_moved = true;
        if !self.block_of(session).is_ok_and(header::is_running) {
            return;
        }
        let block = self.run_queue.arena.block_mut(session.slot());
        let loaded = self.images.get(header::image(block));
        let at = loaded.roles_at + role.index();
        let state = StateId(coroutine::read(block, at).pc());
        if !loaded.image.local_types[role].may_end(state) {
            let role = loaded.image.names().role(role);
            let reason = format!("nobody plays `{role}` any more: {why}");
            return self
                .finish(session.slot(), Err(SessionError::Cancelled { reason: reason.into() }));
        }
        coroutine::mark(block, at, HALTED);
        header::halted(block);
        if header::live(block) == 0 {
            self.settle(session.slot());
        }
    }

    /// Drops the orphans, and gives up the endpoints among them. That may end a session and make orphans of what it
    /// holds, so this is a loop until there are none: recursion would be as deep as the chain of sessions is long.
    #[inline(always)]
    pub(super) fn drop_orphans(&mut self) {
        if !self.orphans.is_empty() {
            self.drop_all_orphans();
        }
    }

    #[inline(never)]
    fn drop_all_orphans(&mut self) {
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
}
