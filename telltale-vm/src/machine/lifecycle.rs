//! How sessions begin and end.

use std::any::{Any, TypeId};
use std::sync::Arc;

use telltale_bytecode::{CodeImage, Pc};

use super::outside::FROM_OUTSIDE;
use crate::lines::{label_of, role_of};
use crate::memory::arena::Slot;
use crate::memory::coroutine::{self, Actor, CoroId};
use crate::memory::{channel, header, registers};
use crate::program::by_hand::{self, show_compiled};
use crate::program::direct::OutsideCode;
use crate::program::parallel;
use crate::quietly::{drop_quietly, take_each};
use crate::roles::host::SessionObjects;
use crate::roles::objects::RoleObjects;
use crate::roles::session::SessionHost;
use crate::session::status_after;
use crate::trace::store::Tag;
use crate::view::SessionView;
use crate::{
    Cause, Fault, Leftover, Outcome, Recording, SessionError, SessionId, SessionStatus, VM, VMError,
};

impl VM {
    /// Opens a session, with role objects of this key plus one or without any (0). If it `acts`, it is queued.
    pub(super) fn open(
        &mut self,
        image: &CodeImage,
        objects: u32,
        owned: bool,
        acts: bool,
    ) -> Result<SessionId, VMError> {
        self.open_as(None, image, objects, owned, acts)
    }

    /// The same for a session that may have its number already.
    #[inline]
    pub(super) fn open_as(
        &mut self,
        number: Option<u64>,
        image: &CodeImage,
        objects: u32,
        owned: bool,
        acts: bool,
    ) -> Result<SessionId, VMError> {
        let session = self.begin(number, image, objects, owned, acts)?;
        if acts {
            self.run_queue.enqueue(session.slot());
        }
        if self.config.recording != Recording::Off {
            self.trace.enter(session, image.global_type.names());
            self.trace.push_session(Tag::Opened);
        }
        Ok(session)
    }

    /// The same for a session that is in no queue yet, and of which no event tells.
    #[inline(always)]
    pub(super) fn begin(
        &mut self,
        number: Option<u64>,
        image: &CodeImage,
        objects: u32,
        owned: bool,
        acts: bool,
    ) -> Result<SessionId, VMError> {
        self.collect_at_limit(image.names().role_count());
        let limit = self.config.max_sessions;
        if self.open >= limit {
            return Err(VMError::TooManySessions { limit });
        }
        let id = self.images.number_of(image, &self.config, &mut self.run_queue.arena)?;
        let slot = match self.slot_for(id) {
            Ok(slot) => slot,
            Err(error) => {
                self.images.list_if_unused(id);
                return Err(error);
            }
        };
        self.images.occupy(id);
        let loaded = self.images.get(id);
        let block = self.run_queue.arena.block_mut(slot);
        self.numbers.forget(header::ordinal(block), slot);
        let number = match number {
            Some(number) => number,
            None if acts => self.numbers.draw(),
            // What programs open has no coroutines, and does not act by itself.
            None => self.numbers.draw_for_program(),
        };
        header::begin(block, &loaded.template, number);
        header::open(block, objects, id, loaded.roles, owned);
        self.coroutines += loaded.coroutines;
        if !self.paused.is_empty() {
            loaded.pause(block, &self.paused);
        }

        self.open += 1;
        Ok(self.run_queue.session_at(slot))
    }

    /// A block for one more session of an image.
    fn slot_for(&mut self, image: u16) -> Result<Slot, VMError> {
        let loaded = self.images.get(image);
        let (given, open, limit) = (loaded.coroutines, self.coroutines, self.config.max_coroutines);
        if given > limit - open.min(limit) {
            return Err(VMError::TooManyCoroutines { given, open, limit });
        }
        self.run_queue
            .arena
            .take(self.images.class_of(image))
            .ok_or(VMError::TooManySessions { limit: self.open })
    }

    /// Nobody in the session can act: it waits for the outside, is complete, or is stuck. It is not in the queue.
    pub(super) fn settle(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block(slot);
        if header::has_outside(block)
            && let Some(directs) = self.loaded_at(slot).directs.get()
            && (directs.code.settle)(self, slot)
        {
            return;
        }
        let block = self.run_queue.arena.block(slot);
        let view = self.view_at(slot);
        if view.waits_for_outside() {
            return;
        }
        if view.status() == SessionStatus::Draining {
            return self.finish(slot, Err(SessionError::Closed));
        }
        if header::live(block) == 0 {
            return self.finish_unless_left_over(slot);
        }
        if view.is_at_rest() {
            return self.finish(slot, Ok(()));
        }
        let cause = Cause::Stuck { waiting: view.who_is_stuck() };
        self.fault(slot, Fault::of_session(cause));
    }

    /// All roles of a session are done.
    pub(super) fn finish_unless_left_over(&mut self, slot: Slot) {
        match self.left_over(slot) {
            Some(cause) => self.fault(slot, Fault::of_session(cause)),
            None => self.finish(slot, Ok(())),
        }
    }

    /// A look at the session at a slot.
    pub(super) fn view_at(&self, slot: Slot) -> SessionView<'_> {
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let session = self.run_queue.session_at(slot);
        SessionView::new(session, block, loaded, &self.deferred, &self.wraps)
    }

    /// A message that is left over although all roles are done; nothing if there is none, or if that
    /// is no fault.
    fn left_over(&self, slot: Slot) -> Option<Cause> {
        if self.config.leftover == Leftover::Drop {
            return None;
        }
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let names = loaded.image.names();
        loaded.plans.existing().iter().find_map(|&(channel, plan)| {
            let label = channel::first_label(block, &self.buffers, plan)?;
            Some(Cause::LeftOver {
                from: role_of(names, channel.from).to_owned(),
                to: role_of(names, channel.to).to_owned(),
                label: format!("{}", label_of(names, label)),
            })
        })
    }

    #[cold]
    pub(super) fn fault_of_role(&mut self, slot: Slot, coro: CoroId, cause: Cause) {
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let image = &loaded.image;
        let Actor { role, lane } = loaded.actor_of(coro);
        let pc = coroutine::read(block, loaded.roles_at + coro.index()).pc();
        let place = Pc(pc - image.programs.start(role));
        let instr = image.programs[role].get(place.index());
        let instruction = instr.map(|&instr| match loaded.by_hand {
            Some(by_hand) => by_hand.show(image, instr),
            None => show_compiled(image, instr),
        });
        let role = Some(role_of(image.names(), role).to_owned());
        self.fault(slot, Fault { role, lane, instruction, cause });
    }

    pub(super) fn fault(&mut self, slot: Slot, fault: Fault) {
        self.forget_reported();
        let session = self.run_queue.session_at(slot);
        let fault = Arc::new(fault);
        if !header::is_owned(self.run_queue.arena.block(slot)) {
            self.unreported += 1;
        }
        self.faults.push((session, fault.clone()));
        self.finish(slot, Err(SessionError::Faulted(fault)));
    }

    /// Ends a session. Payloads in its channels and registers become orphans; the caller drops them, so that a chain of
    /// sessions that hold endpoints of each other does not recurse.
    pub(super) fn finish(&mut self, slot: Slot, outcome: Outcome) {
        if self.holds_messages(slot) {
            self.release_messages(slot);
        }
        let records = self.records();
        let session = self.run_queue.session_at(slot);
        if records {
            self.enter_trace(session);
            match &outcome {
                Ok(()) | Err(SessionError::Closed) => self.trace.push_session(Tag::Closed),
                Err(SessionError::Cancelled { .. }) => self.trace.push_session(Tag::Cancelled),
                Err(SessionError::Faulted(fault)) => self.trace.push_fault(fault.clone()),
            }
        }
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let (has_coroutines, roles) = (header::has_coroutines(block), loaded.roles);
        self.forget_aside(slot);
        if let Some(ended) = &mut self.ended {
            ended.push((session, outcome.clone()));
        }
        self.retire(slot, outcome);
        if !has_coroutines {
            self.wake_all_waiters(session, roles);
        }
    }

    /// What is beside the block of a session that has ended is dropped.
    pub(super) fn forget_aside(&mut self, slot: Slot) {
        let session = self.run_queue.session_at(slot);
        self.pending_choices.forget(session, self.loaded_at(slot).coroutines);
        self.deferred.forget(session);
    }

    /// All roles of a session are done, on its script: its channels are empty.
    #[inline]
    pub(super) fn complete(&mut self, slot: Slot) {
        self.retire(slot, Ok(()));
    }

    /// Gives back what a session has held of the machine, or keeps its role objects for their owner.
    #[inline(never)]
    pub(super) fn retire(&mut self, slot: Slot, outcome: Outcome) {
        let block = self.run_queue.arena.block_mut(slot);
        self.wraps.forget(SessionId::new(self.run_queue.vm, header::ordinal(block), slot));
        let (key, is_owned) = (header::objects(block) as usize, header::is_owned(block));
        let is_queued = header::is_queued(block);
        header::set_status(block, status_after(&outcome));
        self.open -= 1;
        self.coroutines -= self.images.get(header::image(block)).coroutines;
        if is_queued {
            self.run_queue.note_dead();
        }
        if header::has_outside(self.run_queue.arena.block(slot)) {
            self.forget_outside(slot, &outcome);
        }
        if is_owned {
            self.objects[key - 1].outcome = Some(outcome);
            return;
        }
        self.free(slot);
        if let Some(ended) = key.checked_sub(1).and_then(|key| self.objects.try_remove(key)) {
            self.spare.extend(ended.discard());
        }
    }

    /// Whether there is anything in the channels and registers of a session.
    #[inline]
    fn holds_messages(&self, slot: Slot) -> bool {
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        loaded.registers > 0 || !loaded.plans.all().all(|plan| channel::is_untouched(block, plan))
    }

    /// Takes out what is still in the channels and registers of a session that has ended.
    #[inline(never)]
    pub(super) fn release_messages(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        let loaded = self.images.get(header::image(block));
        for plan in loaded.plans.all() {
            for nth in 0..channel::len(block, plan) {
                self.orphans.push(channel::peek(block, &self.buffers, plan, nth).word);
            }
            channel::clear(block, &mut self.buffers, plan);
        }
        for place in loaded.registers() {
            self.orphans.extend(registers::clear(block, place));
        }
    }

    /// The block of a session that has ended can be used again, at once or when it has left the queue.
    #[inline]
    pub(super) fn free(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        if header::is_queued(block) {
            header::set_zombie(block);
            return;
        }
        let image = header::image(block);
        let class = self.images.class_of(image);
        self.images.release(image);
        self.run_queue.arena.give_back(slot, class);
    }

    /// Takes sessions that have ended out of the queue, if they are most of it.
    pub(super) fn bury_dead(&mut self) {
        for slot in self.run_queue.take_dead() {
            self.bury(slot);
        }
    }
}

/// What the VM still holds is dropped as at the end of a session: piece by piece, whatever panics.
impl Drop for VM {
    fn drop(&mut self) {
        self.heap.take_each(drop_quietly);
        self.pending_choices.clear();
        self.deferred.clear();
        take_each(&mut self.objects, |objects| drop(objects.discard()));
        self.drop_faults();
        self.trace.drop_faults();
        drop_quietly(self.sink.take());
    }
}

impl SessionHost for VM {
    fn open_session(
        &mut self,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        self.expect_all_images();
        self.open_compiled_session(image, objects, owned)
    }

    fn open_compiled_session<O: RoleObjects>(
        &mut self,
        image: &CodeImage,
        objects: O,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        self.images.parallel = O::PARALLEL.map(|parts| parts.0).or(self.images.parallel);
        // The compiler knows this of role objects that are not markers.
        let from_outside = objects.players().are_outside().then_some(FROM_OUTSIDE);
        let objects = SessionObjects::new(objects, self.spare.pop());
        self.open_with(image, objects, owned, from_outside)
    }

    fn take_session<C: RoleObjects>(
        &mut self,
        session: SessionId,
    ) -> Result<(Outcome, C), VMError> {
        let (outcome, objects) = self.take_objects(session, TypeId::of::<C>())?;
        let objects = objects.downcast().map_err(|_| VMError::StaleSession { session })?;
        Ok((outcome, *objects))
    }
}

impl VM {
    /// Images may be written by hand from now on, and have parallel parts.
    pub(super) fn expect_all_images(&mut self) {
        self.images.by_hand = Some(by_hand::FULL);
        self.images.parallel = Some(parallel::FULL);
    }

    fn open_with(
        &mut self,
        image: &CodeImage,
        objects: SessionObjects,
        owned: bool,
        from_outside: Option<&OutsideCode>,
    ) -> Result<SessionId, VMError> {
        let players = objects.played_outside();
        let key = self.objects.insert(objects);
        let number = key as u32 + 1;
        let opened = match (from_outside, players) {
            (Some(code), Some((players, first))) => {
                (code.open)(self, image, number, owned, players, first)
            }
            _ => self.open(image, number, owned, true),
        };
        if opened.is_err() {
            self.spare.extend(self.objects.remove(key).discard());
        }
        opened
    }

    /// The outcome and the role objects of a session that has ended and has an owner.
    fn take_objects(
        &mut self,
        session: SessionId,
        of_type: TypeId,
    ) -> Result<(Outcome, Box<dyn Any>), VMError> {
        let slot = self.slot_of(session)?;
        let block = self.run_queue.arena.block(slot);
        if header::is_running(block) {
            return Err(VMError::StillRunning { session, state: self.session(session)?.state() });
        }
        if !header::is_owned(block) {
            // What has been taken is not there any more; what was opened without an owner never was.
            let was_taken = header::objects(block) == 0;
            let (stale, detached) =
                (VMError::StaleSession { session }, VMError::Detached { session });
            return Err(if was_taken { stale } else { detached });
        }
        let key = header::objects(block) as usize - 1;
        // Callers of `SessionHost` may ask for role objects of another type.
        if self.objects[key].type_id() != of_type {
            #[cfg(feature = "serde")]
            if self.objects[key].are_awaited() {
                return Err(VMError::NotAttached { session });
            }
            return Err(VMError::StaleSession { session });
        }
        let (objects, outcome) = self.objects.remove(key).into_parts();
        header::disown(self.run_queue.arena.block_mut(slot));
        self.free(slot);
        self.bury_dead();
        let outcome = outcome.expect("the outcome is kept when an owned session ends");
        Ok((outcome, objects))
    }
}
