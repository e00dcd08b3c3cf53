//! The queue of sessions that can act, and what is done with its head.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_types::RoleId;

use crate::arena::Slot;
use crate::exec::{Host, Step, Visit};
use crate::scheduler::{self, Budget};
use crate::trace::Stamp;
use crate::{
    Cause, Context, EffectHandler, Network, Policy, SessionId, VM, VMError, header, ready,
};

impl VM {
    pub(crate) fn start_round(&mut self) {
        self.clock.advance();
        self.trace.set_tick(self.clock.now());
    }

    /// Visits the session at the head of the queue; gives how many turns are left.
    pub(crate) fn visit_next(
        &mut self,
        handler: &dyn EffectHandler,
        network: Option<&dyn Network>,
        turns: usize,
    ) -> usize {
        let Some(slot) = self.queue.pop_front() else { return turns };
        if !header::is_running(self.arena.block(slot)) {
            self.forget_ended(slot);
            return turns;
        }
        let mut budget = Budget { instructions: self.config.quantum, turns };
        let visited = if self.records() {
            self.visit::<true>(slot, handler, network, &mut budget)
        } else {
            self.visit::<false>(slot, handler, network, &mut budget)
        };
        match visited {
            Ok(Visited { outside: Some(role), .. }) => self.execute_and_go_on(slot, role, handler),
            Ok(Visited { is_ready: true, .. }) => self.queue.push_back(slot),
            Ok(Visited { is_ready: false, .. }) => self.settle(slot),
            Err((role, cause)) => self.fault_of_role(slot, role, *cause),
        }
        if !self.strays.is_empty() {
            self.drop_strays();
        }
        budget.turns
    }

    /// A turn has ended at an instruction that concerns another session.
    #[cold]
    fn execute_and_go_on(&mut self, slot: Slot, role: RoleId, handler: &dyn EffectHandler) {
        let executed = catch_unwind(AssertUnwindSafe(|| self.execute_outside(slot, role, handler)));
        let executed = executed.unwrap_or_else(|panic| Err(panicked(&*panic).into()));
        self.drop_strays();
        let block = self.arena.block(slot);
        if !header::is_running(block) {
            return self.forget_ended(slot);
        }
        if let Err(cause) = executed {
            self.fault_of_role(slot, role, *cause);
        } else if ready::any(block, ready::words(self.images.get(header::image(block)).roles)) {
            self.queue.push_back(slot);
        } else {
            self.settle(slot);
        }
    }

    /// The queue has come to a session that somebody outside has ended.
    #[cold]
    fn forget_ended(&mut self, slot: Slot) {
        let block = self.arena.block_mut(slot);
        let roles = self.images.get(header::image(block)).roles;
        ready::clear_all(block, ready::words(roles));
        if header::is_forsaken(block) {
            self.free(slot);
        }
    }

    /// Gives turns to the roles of a session. Says whether any can still act.
    fn visit<const TRACE: bool>(
        &mut self,
        slot: Slot,
        handler: &dyn EffectHandler,
        network: Option<&dyn Network>,
        budget: &mut Budget,
    ) -> Result<Visited, (RoleId, Box<Cause>)> {
        let block = self.arena.block_mut(slot);
        let image = header::image(block);
        let cast = header::cast(block) as usize;
        let loaded = self.images.get(image);
        let session = SessionId::new(header::ordinal(block), slot);
        let cx = Context {
            image: &loaded.image,
            session,
            role: RoleId(0),
            count: 0,
            seed: self.config.seed,
        };
        let stamp = Stamp::new(session);
        let (heap, buffers) = (&mut self.heap, &mut self.buffers);
        let (held, deferred) = (&mut self.held, &mut self.deferred);
        let (trace, strays) = (&mut self.trace, &mut self.strays);
        let policy = self.config.policy;
        macro_rules! go {
            ($host:expr) => {
                go::<_, TRACE>(
                    policy,
                    Visit {
                        host: $host,
                        network,
                        block,
                        loaded,
                        heap,
                        buffers,
                        held,
                        deferred,
                        trace,
                        stamp,
                        cx,
                        strays,
                        outside: None,
                        at: 0,
                        end: Ok(Step::Wait),
                    },
                    budget,
                )
            };
        }
        if cast == 0 { go!(handler) } else { go!(&mut *self.casts[cast - 1].cast) }
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

/// A visit in which panics of the handler become faults.
fn go<H: Host, const TRACE: bool>(
    policy: Policy,
    mut visit: Visit<'_, H>,
    budget: &mut Budget,
) -> Result<Visited, (RoleId, Box<Cause>)> {
    let result =
        catch_unwind(AssertUnwindSafe(|| scheduler::visit::<H, TRACE>(policy, &mut visit, budget)));
    let role = visit.cx.role;
    match result {
        Ok(Ok(())) => {
            let is_ready = ready::any(visit.block, ready::words(visit.loaded.roles));
            Ok(Visited { is_ready, outside: visit.outside })
        }
        Ok(Err(cause)) => Err((role, cause)),
        Err(panic) => {
            visit.note_place();
            Err((role, panicked(&*panic).into()))
        }
    }
}

/// What is left when a session has been visited.
struct Visited {
    /// Whether any role can still act.
    is_ready: bool,
    /// A role whose instruction concerns another session.
    outside: Option<RoleId>,
}

fn panicked(panic: &(dyn Any + Send)) -> Cause {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Cause::Panicked { message: text.unwrap_or_else(|| "a value that is not text".to_owned()) }
}
