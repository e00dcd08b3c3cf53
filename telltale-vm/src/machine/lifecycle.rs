//! How sessions begin and end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use telltale_bytecode::{CodeImage, Pc};
use telltale_types::RoleId;

use crate::memory::arena::Slot;
use crate::memory::channel;
use crate::memory::coroutine::Coro;
use crate::memory::{header, ready, registers};
use crate::program::loaded::Loaded;
use crate::roles::host::SessionObjects;
use crate::roles::objects::RoleObjects;
use crate::roles::session::SessionHost;
use crate::trace::store::Tag;
use crate::view::SessionView;
use crate::{Cause, Fault, Outcome, Recording, SessionId, SessionStatus, VM, VMError};

impl VM {
    pub(crate) fn open(
        &mut self,
        image: &CodeImage,
        cast: u32,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        let limit = self.config.max_sessions;
        if self.open >= limit {
            return Err(VMError::TooManySessions { limit });
        }
        let number = self.images.number_of(image, &self.config, &mut self.run_queue.arena)?;
        let slot = match self.slot_for(number) {
            Ok(slot) => slot,
            Err(error) => {
                self.images.list_if_unused(number);
                return Err(error);
            }
        };
        let loaded = self.images.get_mut(number);
        let block = self.run_queue.arena.block_mut(slot);
        block[..loaded.template.len()].copy_from_slice(&loaded.template);
        header::set_ordinal(block, self.next_ordinal);
        block[1] = header::opened(cast, number, loaded.roles, owned);
        loaded.sessions += 1;
        self.coroutines += loaded.roles;
        if !self.paused.is_empty() {
            loaded.pause(block, &self.paused);
        }

        let session = SessionId::new(self.next_ordinal, slot);
        self.next_ordinal += self.ordinal_step;
        self.open += 1;
        self.run_queue.queue.push(slot);
        if self.config.recording != Recording::Off {
            self.trace.push_opened(session, loaded.image.global_type.names());
        }
        Ok(session)
    }

    /// A block for one more session of an image.
    fn slot_for(&mut self, image: u16) -> Result<Slot, VMError> {
        let loaded = self.images.get(image);
        let (given, open, limit) = (loaded.roles, self.coroutines, self.config.max_coroutines);
        if given > limit - open.min(limit) {
            return Err(VMError::TooManyCoroutines { given, open, limit });
        }
        self.run_queue.arena.take(loaded.class).ok_or(VMError::TooManySessions { limit: self.open })
    }

    /// Nobody in the session can act: it is complete, it waits for the outside, or it is stuck.
    pub(crate) fn settle(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let session = SessionId::new(header::ordinal(block), slot);
        if self.deferred.outstanding(session) > 0 {
            return;
        }
        if header::live(block) == 0 {
            return self.finish(slot, Outcome::Completed);
        }
        let view = SessionView::new(session, block, loaded);
        if view.waits_for_outside() {
            return;
        }
        if view.is_at_rest() || view.status() == SessionStatus::Draining {
            return self.finish(slot, Outcome::Completed);
        }
        let cause = Cause::Stuck { waiting: view.who_waits() };
        self.fault(slot, Fault { role: None, instruction: None, cause });
    }

    #[cold]
    pub(crate) fn fault_of_role(&mut self, slot: Slot, role: RoleId, cause: Cause) {
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let image = &loaded.image;
        let pc = Coro::from_word(block[loaded.roles_at + role.index()]).pc();
        let place = Pc(pc - image.programs.start(role));
        let instr = image.programs[role].get(place.index());
        // In the disassembly the operands stand in a column, in a sentence they do not.
        let in_a_sentence = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let instruction = instr.map(|&instr| in_a_sentence(image.show(place, instr).to_string()));
        let role = Some(image.names().role(role).to_owned());
        // Others may be ready, but nobody visits them any more.
        ready::clear_all(self.run_queue.arena.block_mut(slot), ready::words(loaded.roles));
        self.fault(slot, Fault { role, instruction, cause });
    }

    fn fault(&mut self, slot: Slot, fault: Fault) {
        let block = self.run_queue.arena.block(slot);
        let session = SessionId::new(header::ordinal(block), slot);
        let fault = Arc::new(fault);
        if !header::is_owned(block) {
            self.unreported += 1;
        }
        self.faults.push((session, fault.clone()));
        self.finish(slot, Outcome::Faulted(fault));
    }

    pub(crate) fn finish(&mut self, slot: Slot, outcome: Outcome) {
        if self.holds_messages(slot) {
            self.release_messages(slot);
        }
        let records = self.records();
        let block = self.run_queue.arena.block_mut(slot);
        let session = SessionId::new(header::ordinal(block), slot);
        let loaded = self.images.get(header::image(block));
        if records {
            match &outcome {
                Outcome::Completed => self.trace.push_session(session, Tag::Closed),
                Outcome::Cancelled { .. } => self.trace.push_session(session, Tag::Cancelled),
                Outcome::Faulted(fault) => self.trace.push_fault(session, fault.clone()),
            }
        }
        let (has_coroutines, roles) = (header::has_coroutines(block), loaded.roles);
        self.pending_choices.forget(session);
        self.deferred.forget(session);
        self.retire(slot, outcome);
        if !has_coroutines {
            (0..roles).for_each(|role| self.wake_waiter(session, RoleId::at(role)));
        }
        if !self.orphans.is_empty() {
            self.drop_orphans();
        }
    }

    /// All roles of a session have done their parts, on its script: there is nothing left in it.
    #[inline]
    pub(crate) fn complete(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        ready::clear_all(block, ready::words(self.images.get(header::image(block)).roles));
        self.retire(slot, Outcome::Completed);
    }

    /// Gives back what a session has held of the machine, or keeps its role objects for their owner.
    #[inline]
    fn retire(&mut self, slot: Slot, outcome: Outcome) {
        let block = self.run_queue.arena.block_mut(slot);
        let number = header::image(block);
        let Loaded { roles, class, .. } = *self.images.get(number);
        header::set_status(block, outcome.status());
        self.open -= 1;
        self.coroutines -= roles;
        let cast = header::cast(block) as usize;
        if header::is_owned(block) {
            self.objects[cast - 1].outcome = Some(outcome);
            return;
        }
        let is_queued = ready::any(block, ready::words(roles));
        self.give_back(slot, number, class, is_queued);
        if let Some(company) = cast.checked_sub(1).and_then(|key| self.objects.try_remove(key)) {
            drop_quietly(company);
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
    fn release_messages(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        let loaded = self.images.get(header::image(block));
        for plan in loaded.plans.all() {
            while channel::len(block, plan) > 0 {
                let (message, _) = channel::pop(block, &mut self.buffers, plan);
                self.orphans.push(message.word);
            }
            channel::release(block, &mut self.buffers, plan);
        }
        for place in loaded.registers() {
            self.orphans.extend(registers::clear(block, place));
        }
    }

    /// The block of a session that has ended can be used again, unless the queue still names it.
    pub(crate) fn free(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        let number = header::image(block);
        let Loaded { roles, class, .. } = *self.images.get(number);
        let is_queued = ready::any(block, ready::words(roles));
        self.give_back(slot, number, class, is_queued);
    }

    #[inline]
    fn give_back(&mut self, slot: Slot, image: u16, class: usize, is_queued: bool) {
        if is_queued {
            header::set_zombie(self.run_queue.arena.block_mut(slot));
        } else {
            self.images.release(image);
            self.run_queue.arena.give_back(slot, class);
        }
    }
}

/// Drops what is somebody else's, who may panic when it goes. Nobody is left to be told.
pub(crate) fn drop_quietly<T>(it: T) {
    drop(catch_unwind(AssertUnwindSafe(|| drop(it))));
}

impl SessionHost for VM {
    fn open_session(
        &mut self,
        image: &CodeImage,
        cast: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        let key = self.objects.insert(SessionObjects { cast: Box::new(cast), outcome: None });
        let opened = self.open(image, key as u32 + 1, owned);
        if opened.is_err() {
            self.objects.remove(key);
        }
        opened
    }

    fn take_session<C: RoleObjects>(
        &mut self,
        session: SessionId,
    ) -> Result<(Outcome, C), VMError> {
        let block = self.block_of(session)?;
        if header::is_running(block) {
            return Err(VMError::StillRunning { session });
        }
        if !header::is_owned(block) {
            // What has been taken is not there any more; what was opened without an owner never was.
            let was_taken = header::cast(block) == 0;
            let (stale, detached) =
                (VMError::StaleSession { session }, VMError::Detached { session });
            return Err(if was_taken { stale } else { detached });
        }
        let key = header::cast(block) as usize - 1;
        // The VM that a session is taken from may be another than the one it was opened in.
        let stale = VMError::StaleSession { session };
        if !(&*self.objects[key].cast as &dyn Any).is::<C>() {
            return Err(stale);
        }
        let SessionObjects { cast, outcome } = self.objects.remove(key);
        let cast = (cast as Box<dyn Any>).downcast().map_err(|_| stale)?;
        header::disown(self.run_queue.arena.block_mut(session.slot()));
        self.free(session.slot());
        Ok((outcome.unwrap_or(Outcome::Completed), *cast))
    }
}
