//! Rounds: every session that can act has a visit, and whatever visits cannot do is done between them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_types::RoleId;

use crate::arena::Slot;
use crate::coroutine::Coro;
use crate::drive::Drive;
use crate::exec::{Stage, Stretch};
use crate::lineup::Fuel;
use crate::scheduler::Turns;
use crate::visits::{Event, Interlude, Manner, Session, Visits};
use crate::{Cause, Context, EffectHandler, SessionId, VM, VMError, header, ready};

impl VM {
    /// So many rounds, or until nobody can act or no turns are left.
    pub(crate) fn rounds(&mut self, drive: &Drive<'_>, rounds: usize, turns: &mut Turns) {
        self.lineup.fuel = Fuel { rounds, visits: 0 };
        while (self.lineup.fuel.visits > 0 || self.begins(drive)) && turns.left > 0 {
            let interlude = if self.records() {
                self.visits::<true>(drive, turns)
            } else {
                self.visits::<false>(drive, turns)
            };
            self.settle_idle();
            if let Some(Interlude { slot, event }) = interlude {
                self.attend(slot, event, drive.handler);
            }
            if !self.strays.is_empty() {
                self.drop_strays();
            }
        }
    }

    fn begins(&mut self, drive: &Drive<'_>) -> bool {
        self.tell_sink();
        // Turns that nobody wants are a round, too.
        (drive.by_turns || !self.lineup.queue.is_empty())
            && self.lineup.begin_round(&mut self.trace)
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
        let Self { lineup, images, casts, heap, buffers, held, deferred, .. } = self;
        let first = lineup.queue.first()?;
        let policy = self.config.policy;
        let together = self.config.performs_scripts() && !drive.by_turns && drive.network.is_none();
        let manner = Manner { policy, together };
        lineup.in_a_row = self.sink.is_none();
        // What nobody will look at need not be written down.
        lineup.ends_quietly = !TRACE && deferred.is_empty();
        let (trace, strays) = (&mut self.trace, &mut self.strays);
        let stage = Stage { drive, heap, buffers, held, deferred, trace, strays };
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
        let mut all = Visits { manner, lineup, casts, stage, images, session, stretch };
        let visited = catch_unwind(AssertUnwindSafe(|| all.go_round::<TRACE>(turns)));
        let cx = &all.session.cx;
        let (slot, role, at, count) = (cx.session.slot(), cx.role, cx.at, cx.count());
        visited.unwrap_or_else(|panic| {
            let block = self.lineup.arena.block_mut(slot);
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
        while let Some(slot) = self.lineup.finished.pop() {
            self.complete(slot);
        }
        while let Some(slot) = self.lineup.idle.pop_front() {
            self.settle(slot);
        }
    }

    fn attend(&mut self, slot: Slot, event: Event, handler: &dyn EffectHandler) {
        match event {
            Event::Idle => self.settle(slot),
            Event::Ended => self.forget_ended(slot),
            Event::Outside(role) => self.execute_and_go_on(slot, role, handler),
            Event::Fault(role, cause) => self.fault_of_role(slot, role, *cause),
            Event::Strays => self.lineup.queue.push(slot),
        }
    }

    /// A turn has ended at an instruction that concerns another session.
    #[cold]
    fn execute_and_go_on(&mut self, slot: Slot, role: RoleId, handler: &dyn EffectHandler) {
        let executed = catch_unwind(AssertUnwindSafe(|| self.execute_outside(slot, role, handler)));
        let executed = executed.unwrap_or_else(|panic| Err(panicked(&*panic).into()));
        self.drop_strays();
        let block = self.lineup.arena.block(slot);
        if !header::is_running(block) {
            return self.forget_ended(slot);
        }
        if let Err(cause) = executed {
            self.fault_of_role(slot, role, *cause);
        } else if ready::any(block, ready::words(self.images.get(header::image(block)).roles)) {
            self.lineup.queue.push(slot);
        } else {
            self.settle(slot);
        }
    }

    /// The queue has come to a session that somebody outside has ended.
    #[cold]
    fn forget_ended(&mut self, slot: Slot) {
        let block = self.lineup.arena.block_mut(slot);
        let roles = self.images.get(header::image(block)).roles;
        ready::clear_all(block, ready::words(roles));
        if header::is_forsaken(block) {
            self.free(slot);
        }
    }

    pub(crate) fn start_report(&mut self) {
        self.faults.clear();
        self.untold = 0;
    }

    /// An error if sessions faulted and nobody holds a handle that will say so.
    pub(crate) fn report(&self) -> Result<(), VMError> {
        if self.untold == 0 {
            return Ok(());
        }
        let untold = self.faults.iter().find(|(session, _)| {
            self.block_of(*session).map_or(true, |block| !header::is_owned(block))
        });
        match untold {
            Some((session, fault)) => Err(VMError::Faulted {
                count: self.untold,
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
