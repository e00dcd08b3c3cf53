//! Instructions that concern other sessions: opening one, giving up an endpoint, acting through one.
//!
//! A slice sees the memory of one session only, so these are executed when the turn of the role has ended: most by the
//! machine, those that act through an endpoint (see `through`) between two slices. A session that was opened by a program
//! has no coroutines: the holder of an endpoint plays that role.

mod collect;
mod held;
mod linked;
mod reach;
mod through;
mod waiters;
#[cfg(feature = "serde")]
mod written;

use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_bytecode::{CodeImage, ContentHash, ImportId, Instr, Reg};
use telltale_types::{RoleId, StateId};

use self::held::Registers;
use self::linked::LinkedSeats;
pub(super) use self::reach::Reach;
#[cfg(feature = "serde")]
pub(crate) use self::written::Collector;
use crate::error::Wrong;
use crate::exec::{Step, inside};
use crate::index::ByMember;
use crate::memory::arena::Slot;
use crate::memory::coroutine::{self, Coro, HALTED};
use crate::memory::{header, ready};
use crate::quietly::{drop_quietly, panicked};
use crate::value::{Endpoint, Large};
use crate::{Cause, SessionError, SessionId, VM, VMError, Value};

/// What programs that open sessions and hold endpoints need beside the memory of sessions.
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    /// The images that programs can open, in the order of their contents.
    provided: Vec<CodeImage>,
    /// For roles of sessions without coroutines, the role of another session that waits in their seat. The session of
    /// the waiter may have ended.
    waiters: ByMember<Member>,
    /// The same the other way round: a role waits in one seat at most.
    seats: ByMember<Member>,
    /// How many endpoints are, or were lately, on their way through sessions without coroutines: only then can
    /// there be sessions that nobody can reach.
    suspects: usize,
    /// Whether an endpoint was given up, or went such a way, since the last look for these sessions.
    has_moved: bool,
    /// How many suspects there may be before the next look.
    patience: usize,
    /// Instructions through endpoints, as they were linked lately.
    linked: LinkedSeats,
    /// What executes instructions that concern other sessions. Without an image that programs can open there is no other
    /// session and no endpoint.
    pub(super) reach: Option<&'static dyn Reach>,
}

/// A role of a session.
type Member = (SessionId, RoleId);

/// Who executes an instruction.
#[derive(Clone, Copy)]
struct Holder {
    slot: Slot,
    role: RoleId,
    /// Where it is in the code of all roles.
    at: u32,
}

impl Endpoints {
    /// The image with this content, if programs can open it.
    fn find_provided(&self, hash: ContentHash) -> Option<CodeImage> {
        let place = self.provided.binary_search_by_key(&hash, |provided| provided.hash()).ok()?;
        Some(self.provided[place].clone())
    }
}

impl VM {
    /// Makes an image known, so that programs which import it can open sessions of it.
    pub fn provide(&mut self, image: &CodeImage) {
        self.endpoints.reach = Some(reach::FULL);
        self.expect_all_images();
        let provided = &mut self.endpoints.provided;
        match provided.binary_search_by_key(&image.hash(), |provided| provided.hash()) {
            Ok(known) => provided[known] = image.clone(),
            Err(place) => provided.insert(place, image.clone()),
        }
    }

    /// A turn has ended at an instruction that concerns another session. Meanwhile the session stays marked as queued,
    /// so whatever the instruction wakes cannot queue it; it is put back, or leaves the queue, in the end.
    fn act_outside(&mut self, slot: Slot, role: RoleId) {
        let acted = catch_unwind(AssertUnwindSafe(|| self.execute_outside(slot, role)));
        let step = acted.unwrap_or_else(|panic| panicked(panic).into());
        self.drop_orphans();
        // Dropping an orphan may have ended this session, too.
        if !header::is_running(self.run_queue.arena.block(slot)) {
            return self.bury(slot);
        }
        if let Step::Fault(cause) = step {
            self.run_queue.leave(slot);
            self.fault_of_role(slot, role, cause.into_cause());
        } else {
            self.rest_or_requeue(slot);
        }
    }

    /// Executes the instruction of a role that concerns another session, and the machine.
    fn execute_outside(&mut self, slot: Slot, role: RoleId) -> Step {
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let at = coroutine::read(block, loaded.roles_at + role.index()).pc();
        let instr = loaded.image.programs.code()[at as usize];
        let holder = Holder { slot, role, at };
        let done = match instr {
            Instr::Open { import, first } => self.open_import(holder, import, first),
            Instr::Close { endpoint } => self.close_endpoint(holder, endpoint),
            _ => Err(Cause::BadInstruction.into()),
        };
        let step = inside(self.loaded_at(slot), done.unwrap_or_else(Step::Fault));
        let block = self.run_queue.arena.block_mut(slot);
        let roles_at = self.images.get(header::image(block)).roles_at;
        through::move_holder(block, roles_at, role, &step);
        step
    }

    fn open_import(&mut self, holder: Holder, import: ImportId, first: Reg) -> Result<Step, Wrong> {
        let loaded = self.loaded_at(holder.slot);
        let (name, hash) = loaded.image.import(import).ok_or(Cause::BadInstruction)?;
        let missing = || Cause::ImageNotProvided { name: name.to_owned() };
        let image = self.endpoints.find_provided(hash).ok_or_else(missing)?;
        let roles = image.names().role_count();
        if usize::from(first.0) + roles > loaded.image.registers() {
            return Err(Cause::BadInstruction.into());
        }
        let session = self
            .open_without_coroutines(&image)
            .map_err(|error| Cause::CannotOpen(Box::new(error)))?;
        for role in (0..roles).map(RoleId::at) {
            let endpoint = Value::from(Large::Endpoint(Endpoint { session, role }));
            self.registers(holder).fill(Reg(first.0 + role.0), endpoint)?;
        }
        Ok(self.behind(holder))
    }

    fn close_endpoint(&mut self, holder: Holder, reg: Reg) -> Result<Step, Wrong> {
        let (session, role) = self.registers(holder).take_endpoint(reg)?;
        self.give_up(session, role, "its holder closed it");
        Ok(self.behind(holder))
    }

    /// The place behind the instruction.
    fn behind(&self, holder: Holder) -> Step {
        Step::Next(self.loaded_at(holder.slot).linked.ops[holder.at as usize].exchange.next)
    }

    /// Opens a session that nobody runs: its endpoints are about to be handed out. Without roles it is
    /// over at once.
    fn open_without_coroutines(&mut self, image: &CodeImage) -> Result<SessionId, VMError> {
        let session = self.open(image, 0, false, false)?;
        let block = self.run_queue.arena.block_mut(session.slot());
        let loaded = self.images.get(header::image(block));
        if let Some(role) = loaded.first_that_forks() {
            let role = loaded.image.names().role(role).to_owned();
            let reason = format!("`{role}` does several things at once, and has only one endpoint");
            self.finish(session.slot(), Err(SessionError::Cancelled { reason: reason.into() }));
            return Err(VMError::SeveralEndpoints { role });
        }
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

    /// The registers of a role that executes an instruction.
    fn registers(&mut self, holder: Holder) -> Registers<'_> {
        let block = self.run_queue.arena.block_mut(holder.slot);
        let loaded = self.images.get(header::image(block));
        let (heap, orphans) = (&mut self.heap, &mut self.orphans);
        Registers { block, loaded, role: holder.role, heap, orphans }
    }

    /// Wakes the holder that waits in the seat of a role: if `answered`, one that waits for its handler, otherwise one
    /// that waits for a message or for room. Says whether there was one.
    pub(super) fn wake_waiter(&mut self, session: SessionId, role: RoleId, answered: bool) -> bool {
        let Some(reach) = self.endpoints.reach else { return false };
        reach.wake_waiter(self, session, role, answered)
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
                        if let Some(reach) = self.endpoints.reach {
                            reach.give_up(self, session, role);
                        }
                    }
                    other => drop_quietly(other),
                },
                _scalar => {}
            }
        }
    }
}
