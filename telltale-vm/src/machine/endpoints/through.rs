//! Acting through an endpoint.
//!
//! For one instruction the holder takes the *seat* of the endpoint's role: the instruction is executed on the other
//! session's block, as any guarded instruction is, and what it makes of the role (it waits, is pending, or continues)
//! happens to the holder. That needs nothing of the machine that slices have not borrowed, so it happens between two
//! slices of the holder.

use telltale_bytecode::{Instr, Pc};
use telltale_types::{RoleId, StateId};

use super::Member;
use super::held::Registers;
use super::linked::Key;
use super::waiters::is_running;
use crate::error::Wrong;
use crate::exec::{Exit, Operand, SeatOp, Slice, Step, inside};
use crate::machine::slices::{Session, Slices};
use crate::memory::coroutine::{self, Actor, PENDING, UNANSWERED};
use crate::memory::{header, ready};
use crate::program::link::{Channels, Linker, endpoint_of};
use crate::program::op::Choices;
use crate::roles::host::Host;
use crate::scheduler::Turns;
use crate::{Cause, Context, Kind};

impl Slices<'_> {
    /// The slice has come to an instruction that concerns another session, which ends it.
    pub(super) fn slice_outside(&mut self, role: RoleId, turns: &mut Turns) -> Result<(), Exit> {
        let mut role = role;
        loop {
            self.act_through(role)?;
            let block = self.run_queue.arena.block(self.run_queue.slot);
            if !ready::any(block, ready::words(self.session.loaded.roles)) {
                return Err(Exit::Idle);
            } else if !self.run.orphans.is_empty() || self.endpoints.has_many_suspects() {
                return Err(Exit::Orphans);
            } else if turns.left == 0 || !self.run_queue.begin_alone(self.run.trace) {
                return Ok(());
            }
            match self.slice_inside(None, turns) {
                Err(Exit::Outside(further)) => role = further,
                other => return other,
            }
        }
    }

    /// Executes the instruction through an endpoint that a role has come to. Whatever else concerns other sessions is
    /// left to the machine.
    fn act_through(&mut self, role: RoleId) -> Result<(), Exit> {
        let Session { loaded, cx, .. } = &self.session;
        let instr = loaded.image.programs.code()[cx.at as usize];
        if matches!(instr, Instr::Open { .. } | Instr::Close { .. }) {
            return Err(Exit::Outside(role));
        }
        let step = self.through(role, instr).unwrap_or_else(Step::Fault);
        let step = inside(self.session.loaded, step);
        let block = self.run_queue.arena.block_mut(self.run_queue.slot);
        move_holder(block, self.session.loaded.roles_at, role, &step);
        match step {
            Step::Fault(cause) => Err(Exit::Fault(role, cause)),
            _other => Ok(()),
        }
    }

    fn through(&mut self, holder: RoleId, instr: Instr) -> Result<Step, Wrong> {
        let holders_session = self.session.cx.session;
        self.endpoints.leave_seat((holders_session, holder));
        let (reg, slot) = endpoint_of(instr).ok_or_else(|| Cause::BadInstruction)?;
        let seat = self.registers(holder).endpoint(reg)?;
        if !is_running(self.run_queue, seat.0) {
            return Err(Cause::SessionEnded { register: reg.0 }.into());
        }
        let mut registers = self.registers(holder);
        let operand = match slot.as_reg() {
            None => Operand::Host,
            Some(reg) if matches!(instr, Instr::Recv { .. }) => {
                registers.place(reg)?;
                Operand::Register(None)
            }
            Some(reg) => Operand::Register(Some(registers.take(reg)?)),
        };
        let is_delegated =
            matches!(&operand, Operand::Register(Some(value)) if value.kind() == Kind::Endpoint);
        let (step, operand) = self.take_seat(holder, instr, seat, operand);
        if let (Some(reg), Some(value)) = (slot.as_reg(), operand.into_value()) {
            self.registers(holder).fill(reg, value)?;
        } else if is_delegated {
            self.endpoints.note_delegated();
        }
        if matches!(step, Step::Wait | Step::Hold | Step::Pend | Step::Told(_)) {
            self.endpoints.wait_in(seat, (holders_session, holder));
        }
        self.endpoints.relay(self.run_queue, self.images, seat.0);
        Ok(step)
    }

    /// The registers of a role of the session that acts.
    fn registers(&mut self, role: RoleId) -> Registers<'_> {
        let block = self.run_queue.arena.block_mut(self.run_queue.slot);
        let loaded = self.session.loaded;
        Registers { block, loaded, role, heap: self.run.heap, orphans: self.run.orphans }
    }

    /// Executes an instruction in the place of an endpoint's role.
    fn take_seat(
        &mut self,
        holder: RoleId,
        instr: Instr,
        (session, role): Member,
        operand: Operand,
    ) -> (Step, Operand) {
        let images = self.images;
        let Session { image: own_image, loaded: own, cx: Context { at, seed, wraps, .. } } =
            self.session;
        let holders = self.run_queue.arena.block(self.run_queue.slot);
        let has_objects = header::objects(holders) != 0;
        let host = if has_objects { Host::Nobody } else { Host::Handler(self.run.handler) };
        let block = self.run_queue.arena.block_mut(session.slot());
        let number = header::image(block);
        let loaded = images.get(number);
        let state = StateId(coroutine::read(block, loaded.roles_at + role.index()).pc());
        let (program, image) = (images.serial_of(own_image), images.serial_of(number));
        let seat = self.endpoints.linked.find(Key { program, at, image, role, state }, || {
            let channels = Channels {
                plans: &loaded.plans,
                expected: &loaded.linked.expected,
                role,
                own: None,
            };
            let pc = Pc(at - own.image.programs.start(holder));
            let lands_at = &|target| own.lands_at(holder, target);
            let linker = Linker { image: &own.image, program: holder, pc, channels, lands_at };
            let mut choices = Choices::default();
            let op = linker.link(instr, &mut choices);
            SeatOp::new(op, choices, &loaded.image.local_types[role], state)
        });
        if self.run.trace.is_on {
            self.run.trace.enter(session, loaded.image.global_type.names());
        }
        let image = &loaded.image;
        let mut cx = Context { image, session, actor: Actor::of(role), word: 0, at, seed, wraps };
        Slice::new(block, loaded, &mut self.run, &mut cx, host, 1).act_in_seat(role, seat, operand)
    }
}

/// What an instruction makes of the role that has executed it.
pub(super) fn move_holder(block: &mut [u64], roles_at: usize, role: RoleId, step: &Step) {
    let at = roles_at + role.index();
    let coro = coroutine::read(block, at);
    match step {
        Step::Next(next) => {
            coroutine::write(block, at, coro.moved_to(*next, coro.count));
            ready::set(block, role);
        }
        Step::Pend => coroutine::mark(block, at, PENDING),
        Step::Told(then) => {
            coroutine::write(block, at, coro.moved_to(*then, coro.count).with(UNANSWERED));
        }
        _waits => {}
    }
}
