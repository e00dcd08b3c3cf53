//! Rounds: every session that can act has a visit, and whatever visits cannot do is done between them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_types::RoleId;

use crate::exec::RunContext;
use crate::machine::drive::Drive;
use crate::machine::visits::{Event, Interlude, Mode, Session, Visits};
use crate::memory::arena::Slot;
use crate::memory::coroutine::Coro;
use crate::memory::{header, ready};
use crate::scheduler::Turns;
use crate::scheduler::run_queue::Fuel;
use crate::scripted::run::Stretch;
use crate::{Cause, Context, EffectHandler, SessionId, VM, VMError};

impl VM {
    /// So many rounds, or until nobody can act or no turns are left.
    pub(crate) fn rounds(&mut self, drive: &Drive<'_>, rounds: usize, turns: &mut Turns) {
        self.run_queue.fuel = Fuel { rounds, visits: 0 };
        while (self.run_queue.fuel.visits > 0 || self.begins(drive)) && turns.left > 0 {
            let interlude = if self.records() {
                self.visits::<true>(drive, turns)
            } else {
                self.visits::<false>(drive, turns)
            };
            self.settle_idle();
            if let Some(Interlude { slot, event }) = interlude {
                self.attend(slot, event, drive.handler);
            }
            if !self.orphans.is_empty() {
                self.drop_orphans();
            }
        }
    }

    fn begins(&mut self, drive: &Drive<'_>) -> bool {
        self.drain_sink();
        // Turns that nobody wants are a round, too.
        (drive.by_turns || !self.run_queue.queue.is_empty())
            && self.run_queue.begin_round(&mut self.trace)
    }

    /// Visits the sessions at the head of the queue until one of them needs more than that.
    ///
    /// A panic of a handler ends the session in whose name it was called; a net for many visits
    /// costs each of them nothing.
    #[inline(never)]
    fn visits<const TRACE: bool>(
        &mut self,
        drive: &Drive<'_>,
        turns: &mut Turns,
    ) -> Option<Interlude> {
        let Self { run_queue, images, objects, heap, buffers, pending_choices, deferred, .. } =
            self;
        let first = run_queue.queue.first()?;
        let policy = self.config.policy;
        let together = self.config.performs_scripts() && !drive.by_turns && drive.network.is_none();
        let mode = Mode { policy, together };
        run_queue.in_a_row = self.sink.is_none();
        // What nobody will look at need not be written down.
        run_queue.ends_quietly = !TRACE && deferred.is_empty();
        let (trace, orphans) = (&mut self.trace, &mut self.orphans);
        let stage = RunContext { drive, heap, buffers, pending_choices, deferred, trace, orphans };
        // Whichever it is, the first visit finds out.
        let image = 0;
        let loaded = images.get(image);
        let cx = Context {
            image: &loaded.image,
            session: SessionId::new(0, first),
            role: RoleId(0),
            word: 0,
            at: 0,
            seed: self.config.seed,
        };
        let session = Session { image, loaded, cx };
        let stretch = Stretch::default();
        let mut all = Visits { mode, run_queue, objects, stage, images, session, stretch };
        let visited = catch_unwind(AssertUnwindSafe(|| all.go_round::<TRACE>(turns)));
        let cx = &all.session.cx;
        let (slot, role, at, count) = (cx.session.slot(), cx.role, cx.at, cx.count());
        visited.unwrap_or_else(|panic| {
            let block = self.run_queue.arena.block_mut(slot);
            let roles_at = self.images.get(header::image(block)).roles_at;
            if at != Context::AS_WRITTEN {
                // For whoever explains what happened.
                block[roles_at + role.index()] = Coro::at(at, count).to_word();
            }
            Some(Interlude { slot, event: Event::Fault(role, panicked(&*panic).into()) })
        })
    }

    /// Settles the sessions in which visits left nobody who can act.
    #[inline]
    fn settle_idle(&mut self) {
        while let Some(slot) = self.run_queue.finished.pop() {
            self.complete(slot);
        }
        while let Some(slot) = self.run_queue.idle.pop_front() {
            self.settle(slot);
        }
    }

    fn attend(&mut self, slot: Slot, event: Event, handler: &dyn EffectHandler) {
        match event {
            Event::Idle => self.settle(slot),
            Event::Ended => self.forget_ended(slot),
            Event::Outside(role) => self.execute_and_go_on(slot, role, handler),
            Event::Fault(role, cause) => self.fault_of_role(slot, role, *cause),
            Event::Strays => self.run_queue.queue.push(slot),
        }
    }

    /// A turn has ended at an instruction that concerns another session.
    #[cold]
    fn execute_and_go_on(&mut self, slot: Slot, role: RoleId, handler: &dyn EffectHandler) {
        let executed = catch_unwind(AssertUnwindSafe(|| self.execute_outside(slot, role, handler)));
        let executed = executed.unwrap_or_else(|panic| Err(panicked(&*panic).into()));
        self.drop_orphans();
        let block = self.run_queue.arena.block(slot);
        if !header::is_running(block) {
            return self.forget_ended(slot);
        }
        if let Err(cause) = executed {
            self.fault_of_role(slot, role, *cause);
        } else if ready::any(block, ready::words(self.images.get(header::image(block)).roles)) {
            self.run_queue.queue.push(slot);
        } else {
            self.settle(slot);
        }
    }

    /// The queue has come to a session that somebody outside has ended.
    #[cold]
    fn forget_ended(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        let roles = self.images.get(header::image(block)).roles;
        ready::clear_all(block, ready::words(roles));
        if header::is_zombie(block) {
            self.free(slot);
        }
    }

    pub(crate) fn start_report(&mut self) {
        self.faults.clear();
        self.unreported = 0;
    }

    /// An error if sessions faulted and nobody holds a handle that will say so.
    pub(crate) fn report(&self) -> Result<(), VMError> {
        if self.unreported == 0 {
            return Ok(());
        }
        let unreported = self.faults.iter().find(|(session, _)| {
            self.block_of(*session).map_or(true, |block| !header::is_owned(block))
        });
        match unreported {
            Some((session, fault)) => Err(VMError::Faulted {
                count: self.unreported,
                session: *session,
                fault: fault.clone(),
            }),
            None => Ok(()),
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Cause {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Cause::Panicked { message: text.unwrap_or_else(|| "a value that is not text".to_owned()) }
}
