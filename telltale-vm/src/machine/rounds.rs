//! Rounds: every session that can act has a slice, and what needs the whole machine is done between them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_types::RoleId;

use super::slices::{Mode, Session, Slices};
use crate::exec::{Exit, RunContext};
use crate::memory::arena::Slot;
use crate::memory::coroutine::{self, Actor, Coro};
use crate::memory::{header, ready};
use crate::quietly::{drop_each_quietly, panicked};
use crate::roles::observer::Observe;
use crate::scheduler::Turns;
use crate::scheduler::run_queue::Fuel;
use crate::scripted::run::ScriptState;
use crate::{Context, EffectHandler, Network, SessionId, VM, VMError};

/// What one call asks for.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) handler: &'a dyn EffectHandler,
    pub(super) network: Option<&'a dyn Network>,
    /// Whether turns are counted, and an instruction of a session that follows its schedule is one.
    pub(super) by_turns: bool,
}

impl VM {
    /// Runs rounds, until the fuel is used, nobody can act or no turns are left.
    pub(super) fn rounds(&mut self, call: Call<'_>, rounds: usize, turns: &mut Turns) {
        let observer = call.network.and_then(|_| call.handler.observer().0);
        if observer.is_some() {
            self.ended.get_or_insert_default();
        } else if self.ended.is_some() {
            // Nobody is there any more to be told.
            self.ended = None;
        }
        self.run_queue.fuel = Fuel { rounds, slices: 0 };
        while (self.run_queue.fuel.slices > 0 || self.begins(call.by_turns)) && turns.left > 0 {
            let exit = self.slices(call, turns);
            self.settle_idle();
            // What has been given up must not depend on whether an event was written down for it.
            self.drop_orphans();
            if let Some((slot, exit)) = exit {
                self.attend(slot, exit);
            }
            self.drop_orphans();
        }
        self.collect_if_idle();
        self.drain_sink();
        if let Some(observer) = observer {
            self.tell_of_ended(observer);
        }
    }

    #[cold]
    fn tell_of_ended(&mut self, observer: &dyn Observe) {
        for (session, outcome) in self.ended.take().into_iter().flatten() {
            observer.ended(session, &outcome);
        }
        // What is done between two runs is told in the next.
        self.ended = Some(Vec::new());
    }

    fn begins(&mut self, by_turns: bool) -> bool {
        self.drain_sink();
        self.collect_if_many();
        // `step_round` counts as a round even if nobody can act.
        (by_turns || !self.run_queue.is_idle()) && self.run_queue.begin_round(&mut self.trace)
    }

    /// Gives slices to the sessions at the head of the queue until one of them needs more than that.
    ///
    /// A panic of a handler ends the session for which it was called. One `catch_unwind` around many slices
    /// costs each of them nothing.
    #[inline(never)]
    fn slices(&mut self, call: Call<'_>, turns: &mut Turns) -> Option<(Slot, Exit)> {
        let traced = self.records();
        let Call { handler, network, by_turns } = call;
        let Self { run_queue, images, objects, endpoints, heap, buffers, .. } = self;
        let (pending_choices, deferred) = (&mut self.pending_choices, &mut self.deferred);
        let first = run_queue.first()?;
        let on_script = self.config.follows_schedules();
        let (policy, give_turns) = (self.config.policy, self.give_turns);
        let mode = Mode { policy, give_turns, on_script, by_turns, traced };
        run_queue.in_a_row = self.sink.is_none();
        // If none of their messages are aside, sessions that finish on their script need not be settled one by one. (By
        // turns, they are seen one by one anyway.)
        run_queue.ends_quietly = !by_turns && network.is_none() && deferred.is_empty();
        let (trace, orphans) = (&mut self.trace, &mut self.orphans);
        let woken = &mut self.outside.woken;
        let run = RunContext {
            handler,
            network,
            heap,
            buffers,
            pending_choices,
            deferred,
            trace,
            orphans,
            woken,
        };
        // Any image will do: the first slice enters its own.
        let image = 0;
        let loaded = images.get(image);
        let cx = Context {
            image: &loaded.image,
            session: run_queue.session_at(first),
            actor: Actor::of(RoleId(0)),
            word: 0,
            at: 0,
            seed: self.config.seed,
            wraps: &self.wraps,
        };
        let session = Session { image, loaded, cx };
        let script = ScriptState::default();
        let mut slices =
            Slices { mode, run_queue, objects, endpoints, run, images, session, script };
        let exit = catch_unwind(AssertUnwindSafe(|| slices.run(turns)));
        let cx = &slices.session.cx;
        let (slot, at, count) = (cx.session.slot(), cx.at, cx.count_in_word());
        let actor = cx.actor;
        exit.unwrap_or_else(|panic| {
            let block = self.run_queue.arena.block_mut(slot);
            let loaded = self.images.get(header::image(block));
            let coro = loaded.coro_of(actor);
            if at != Context::AS_WRITTEN {
                // For whoever explains what happened.
                coroutine::write(block, loaded.roles_at + coro.index(), Coro::at(at, count));
            }
            Some((slot, Exit::Fault(coro, panicked(panic).into())))
        })
    }

    /// Completes or settles the sessions in which nobody can act after their slices.
    #[inline]
    fn settle_idle(&mut self) {
        while let Some(slot) = self.run_queue.finished.pop() {
            self.run_queue.leave(slot);
            self.complete(slot);
        }
        while let Some(slot) = self.run_queue.idle.pop_front() {
            self.rest_or_requeue(slot);
        }
    }

    /// Sees to a session that has been taken from the queue and needs more than a slice.
    fn attend(&mut self, slot: Slot, exit: Exit) {
        match exit {
            Exit::Orphans | Exit::OnScript => self.run_queue.requeue(slot),
            Exit::Idle => self.rest_or_requeue(slot),
            Exit::Ended => self.bury(slot),
            Exit::Outside(role) => self.reach_outside(slot, role),
            Exit::Fault(role, cause) => {
                self.run_queue.leave(slot);
                self.fault_of_role(slot, role, cause.into_cause());
            }
        }
    }

    /// A session that has been taken from the queue is settled, unless somebody in it can act: a holder may have been
    /// woken since its slice.
    pub(super) fn rest_or_requeue(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block(slot);
        let coroutines = self.images.get(header::image(block)).coroutines;
        if header::place(block).is_none() && ready::any(block, ready::words(coroutines)) {
            self.run_queue.requeue(slot);
        } else {
            self.run_queue.leave(slot);
            self.settle(slot);
        }
    }

    /// The queue has come to a session that has ended.
    #[cold]
    pub(super) fn bury(&mut self, slot: Slot) {
        self.run_queue.bury(slot);
        if header::is_zombie(self.run_queue.arena.block(slot)) {
            self.free(slot);
        }
    }

    /// Forgets the faults that were reported. Those since then, of sessions that ended between two runs, are in the
    /// next report.
    pub(crate) fn forget_reported(&mut self) {
        if std::mem::take(&mut self.is_reported) && !self.faults.is_empty() {
            self.drop_faults();
            self.unreported = 0;
        }
    }

    /// Drops the faults, one by one: handlers made what is in them.
    #[inline(never)]
    pub(super) fn drop_faults(&mut self) {
        drop_each_quietly(&mut self.faults);
    }

    /// An error if sessions faulted and nobody holds a handle that will say so. It names the one that was opened
    /// first.
    #[inline]
    pub(crate) fn report(&mut self) -> Result<(), VMError> {
        self.is_reported = true;
        if self.unreported == 0 { Ok(()) } else { self.report_faults() }
    }

    #[cold]
    fn report_faults(&self) -> Result<(), VMError> {
        let is_unreported = |session: SessionId| {
            self.block_of(session).map_or(true, |block| !header::is_owned(block))
        };
        let unreported = self.faults.iter().filter(|(session, _)| is_unreported(*session));
        match unreported.min_by_key(|(session, _)| session.ordinal()) {
            Some((session, fault)) => Err(VMError::Faulted {
                count: self.unreported,
                session: *session,
                fault: fault.clone(),
            }),
            None => Ok(()),
        }
    }
}
