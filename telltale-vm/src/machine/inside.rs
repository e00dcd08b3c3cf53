//! The parts of a machine, one by one, for those who write it down and make it again.

use std::collections::BTreeMap;
use std::sync::Arc;

use slab::Slab;
use telltale_bytecode::{CodeImage, Instr, Reg};
use telltale_types::RoleId;

use super::endpoints::Endpoints;
use super::numbers::Numbers;
pub(crate) use super::outside::{FromOutside, Outside};
use crate::exec::PendingChoices;
use crate::memory::arena::Slot;
use crate::memory::channel::Buffers;
use crate::memory::coroutine::{self, CoroId, HALTED, PAUSED, PENDING};
use crate::memory::deferred::Deferred;
use crate::memory::header::{self, written};
use crate::memory::heap::Heap;
use crate::memory::wraps::Wraps;
use crate::memory::{ready, registers};
use crate::program::loaded::Loaded;
use crate::program::registry::Registry;
use crate::roles::host::SessionObjects;
use crate::scheduler::run_queue::RunQueue;
use crate::scripted::leave::leave_place;
use crate::trace::store::Trace;
use crate::{Fault, Large, Outcome, SessionId, SessionStatus, SimClock, VM, VMError};

/// What a machine is made of, to be looked at.
pub(crate) struct Inside<'a> {
    pub(crate) run_queue: &'a RunQueue,
    pub(crate) heap: &'a Heap,
    pub(crate) buffers: &'a Buffers,
    pub(crate) pending_choices: &'a PendingChoices,
    pub(crate) images: &'a Registry,
    pub(crate) objects: &'a Slab<SessionObjects>,
    pub(crate) numbers: &'a Numbers,
    pub(crate) trace: &'a Trace,
    pub(crate) deferred: &'a Deferred,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) wraps: &'a Wraps,
    pub(crate) faults: &'a [(SessionId, Arc<Fault>)],
    pub(crate) unreported: usize,
    pub(crate) is_reported: bool,
    pub(crate) outside: &'a Outside,
    resumed: Option<&'a Resumed>,
}

/// The same, to be filled.
pub(crate) struct InsideMut<'a> {
    pub(crate) run_queue: &'a mut RunQueue,
    pub(crate) heap: &'a mut Heap,
    pub(crate) buffers: &'a mut Buffers,
    pub(crate) pending_choices: &'a mut PendingChoices,
    pub(crate) images: &'a Registry,
    pub(crate) objects: &'a mut Slab<SessionObjects>,
    pub(crate) numbers: &'a mut Numbers,
    pub(crate) trace: &'a mut Trace,
    pub(crate) deferred: &'a mut Deferred,
    pub(crate) paused: &'a mut Vec<String>,
    pub(crate) endpoints: &'a mut Endpoints,
    pub(crate) wraps: &'a mut Wraps,
    pub(crate) faults: &'a mut Vec<(SessionId, Arc<Fault>)>,
    pub(crate) unreported: &'a mut usize,
    pub(crate) is_reported: &'a mut bool,
    pub(crate) outside: &'a mut Outside,
}

impl VM {
    pub(crate) fn inside(&self) -> Inside<'_> {
        Inside {
            run_queue: &self.run_queue,
            heap: &self.heap,
            buffers: &self.buffers,
            pending_choices: &self.pending_choices,
            images: &self.images,
            objects: &self.objects,
            numbers: &self.numbers,
            trace: &self.trace,
            deferred: &self.deferred,
            endpoints: &self.endpoints,
            wraps: &self.wraps,
            faults: &self.faults,
            unreported: self.unreported,
            is_reported: self.is_reported,
            outside: &self.outside,
            resumed: self.resumed.as_deref(),
        }
    }

    pub(crate) fn inside_mut(&mut self) -> InsideMut<'_> {
        InsideMut {
            run_queue: &mut self.run_queue,
            heap: &mut self.heap,
            buffers: &mut self.buffers,
            pending_choices: &mut self.pending_choices,
            images: &self.images,
            objects: &mut self.objects,
            numbers: &mut self.numbers,
            trace: &mut self.trace,
            deferred: &mut self.deferred,
            paused: &mut self.paused,
            endpoints: &mut self.endpoints,
            wraps: &mut self.wraps,
            faults: &mut self.faults,
            unreported: &mut self.unreported,
            is_reported: &mut self.is_reported,
            outside: &mut self.outside,
        }
    }
}

impl<'a> Inside<'a> {
    /// The sessions that act next, and those that come after them, with those that would if they had their role objects.
    pub(crate) fn queue(&self) -> [Vec<Slot>; 2] {
        let mut queue = self.run_queue.lists().map(<[Slot]>::to_vec);
        let Some(resumed) = self.resumed else { return queue };
        if resumed.clock == self.run_queue.clock {
            let there = std::mem::replace(&mut queue, resumed.order.clone()).concat();
            let known = queue.concat();
            queue[1].extend(there.into_iter().filter(|slot| !known.contains(slot)));
        }
        let known = queue.concat();
        let would_act = |slot: &Slot| {
            let block = self.run_queue.arena.block(*slot);
            header::is_running(block) && header::is_detached(block) && written::would_act(block)
        };
        let others = self.run_queue.arena.slots().filter(would_act);
        queue[1].extend(others.filter(|slot| !known.contains(slot)));
        queue
    }

    /// The role objects of a session, if it has some.
    pub(crate) fn objects_of(&self, block: &[u64]) -> Option<&'a SessionObjects> {
        self.objects.get(header::objects(block).checked_sub(1)? as usize)
    }

    /// Who holds which endpoint in a register. This looks at all sessions.
    pub(crate) fn holders(&self) -> Holders<'a> {
        let mut holders = BTreeMap::new();
        for block in self.run_queue.arena.slots().map(|slot| self.run_queue.arena.block(slot)) {
            let loaded = self.images.get(header::image(block));
            if loaded.registers == 0 || !header::is_running(block) {
                continue;
            }
            for role in (0..loaded.roles).map(RoleId::at) {
                let at = coroutine::read(block, loaded.roles_at + role.index()).pc();
                for (place, register) in loaded.registers_of(role).zip(0..) {
                    let held =
                        registers::read(block, place).and_then(|word| self.heap.look_at(word));
                    if let Some(Large::Endpoint(held)) = held {
                        let holder = Holder { loaded, role, at, register: Reg(register) };
                        holders.insert((held.session, held.role), holder);
                    }
                }
            }
        }
        holders
    }
}

/// The holders of endpoints, by what they hold.
pub(crate) type Holders<'a> = BTreeMap<(SessionId, RoleId), Holder<'a>>;

/// A role that has an endpoint in a register.
#[derive(Clone, Copy)]
pub(crate) struct Holder<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) role: RoleId,
    at: u32,
    register: Reg,
}

impl Holder<'_> {
    /// Whether it is at a choice that it makes through the endpoint.
    pub(crate) fn chooses(&self) -> bool {
        let programs = &self.loaded.image.programs;
        let (mut at, code) = (self.at as usize, programs.code());
        // A jump is linked as what it leads to.
        for _ in code {
            match code.get(at) {
                Some(Instr::Jmp { target }) => at = (programs.start(self.role) + target.0) as usize,
                Some(Instr::Choose { via, .. }) => return via.as_reg() == Some(self.register),
                _ => return false,
            }
        }
        false
    }
}

/// What a machine that was resumed knows until all its sessions have their role objects.
#[derive(Debug)]
pub(crate) struct Resumed {
    /// How many sessions wait for them.
    missing: usize,
    /// The queue, as it was: those that act next, and those behind them.
    order: [Vec<Slot>; 2],
    /// When it was resumed.
    clock: SimClock,
}

impl Resumed {
    pub(crate) fn new(missing: usize, order: [Vec<Slot>; 2], clock: SimClock) -> Self {
        Self { missing, order, clock }
    }
}

impl VM {
    /// Opens a session again that had this number, where all of it is still to be filled in. It is in no queue, and no event
    /// tells of it. If it has role objects, `owned` says whether somebody takes them back.
    pub(crate) fn reopen(
        &mut self,
        number: u64,
        image: &CodeImage,
        owned: Option<bool>,
    ) -> Result<Slot, VMError> {
        self.expect_all_images();
        let key = owned.map(|_| self.objects.insert(SessionObjects::awaited()));
        let objects = key.map_or(0, |key| key as u32 + 1);
        match self.begin(Some(number), image, objects, owned == Some(true), true) {
            Ok(session) => {
                self.numbers.note_early(number, session.slot());
                Ok(session.slot())
            }
            Err(error) => {
                if let Some(key) = key {
                    self.objects.remove(key);
                }
                Err(error)
            }
        }
    }

    /// Takes back what [`VM::reopen`] has done, and whatever has been filled in.
    pub(crate) fn unopen(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        let key = header::objects(block) as usize;
        self.outside.leave(block);
        header::disown(block);
        if let Some(key) = key.checked_sub(1) {
            self.objects.remove(key);
        }
        self.release_messages(slot);
        self.forget_aside(slot);
        let session = self.run_queue.session_at(slot);
        self.retire(slot, Ok(()));
        // Nobody knows of it.
        self.outside.ended.retain(|(ended, _)| *ended != session);
        self.drop_orphans();
    }

    /// A session that was opened again has ended before.
    pub(crate) fn end_again(&mut self, slot: Slot, outcome: Outcome, status: SessionStatus) {
        self.retire(slot, outcome);
        header::set_status(self.run_queue.arena.block_mut(slot), status);
    }

    /// The paused roles of a session that comes from another machine are those of this one. Says whether a role can act that
    /// was paused there.
    pub(crate) fn repause(&mut self, slot: Slot) -> bool {
        let block = self.run_queue.arena.block_mut(slot);
        let loaded = self.images.get(header::image(block));
        let mut wakes = false;
        for coro in (0..loaded.coroutines).map(CoroId::at) {
            let at = loaded.roles_at + coro.index();
            if coroutine::read(block, at).has(PAUSED) {
                coroutine::unmark(block, at, PAUSED);
                if !coroutine::read(block, at).has(HALTED | PENDING) {
                    ready::set(block, coro);
                    wakes = true;
                }
            }
        }
        if !self.paused.is_empty() {
            self.pause_again(slot);
        }
        wakes
    }

    fn pause_again(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        let loaded = self.images.get(header::image(block));
        let place = header::place(block);
        loaded.pause(block, &self.paused);
        // Whoever leaves a script finds out what to do.
        if place.is_some() && header::place(block).is_none() {
            header::set_place(block, place);
            leave_place(block, loaded);
        }
    }

    /// Sessions wait for their role objects.
    pub(crate) fn await_objects(&mut self, resumed: Option<Resumed>) {
        self.resumed = resumed.map(Box::new);
    }

    /// One session less waits for them. If it was the last and nothing has happened since the machine was resumed, the queue is
    /// as it was.
    pub(super) fn note_attached(&mut self) {
        let Some(resumed) = &mut self.resumed else { return };
        resumed.missing = resumed.missing.saturating_sub(1);
        if resumed.missing == 0
            && let Some(resumed) = self.resumed.take()
            && resumed.clock == self.run_queue.clock
        {
            self.run_queue.reorder(resumed.order);
        }
    }
}
