//! The queue of sessions that can act, and what is done with its head.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_types::RoleId;

use crate::arena::Slot;
use crate::coroutine::Coro;
use crate::exec::{Host, Stage, Step, Stop, Visit};
use crate::scheduler::{self, Turns};
use crate::{
    Cause, Context, EffectHandler, Network, Policy, SessionId, VM, VMError, header, ready,
};

/// How a round is driven.
#[derive(Clone, Copy)]
pub(crate) struct Drive<'a> {
    pub(crate) handler: &'a dyn EffectHandler,
    pub(crate) network: Option<&'a dyn Network>,
    /// Whether turns are counted. Then a turn is that of one role: no message is handed over.
    pub(crate) by_turns: bool,
}

/// A session needs more than visits can give.
struct Interlude {
    slot: Slot,
    event: Event,
}

enum Event {
    /// Nobody in it can act.
    Idle,
    /// Somebody outside has ended it.
    Ended,
    /// A role has come to an instruction that concerns another session.
    Outside(RoleId),
    /// A role has gone wrong.
    Fault(RoleId, Box<Cause>),
    /// It can still act; but payloads may have lost their place.
    Strays,
}

impl VM {
    /// Visits every session that was ready at the start of the round, while there are turns left.
    pub(crate) fn round(&mut self, drive: Drive<'_>, turns: &mut Turns) {
        self.clock.advance();
        self.trace.set_tick(self.clock.now());
        let mut visits = self.queue.len();
        while visits > 0 && turns.left > 0 {
            let interlude = if self.records() {
                self.visits::<true>(drive, &mut visits, turns)
            } else {
                self.visits::<false>(drive, &mut visits, turns)
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

    /// Visits the sessions at the head of the queue until one of them needs more than that.
    ///
    /// A panic of a handler ends the session in whose name it was called; a net for many visits
    /// costs each of them nothing.
    fn visits<const TRACE: bool>(
        &mut self,
        drive: Drive<'_>,
        visits: &mut usize,
        turns: &mut Turns,
    ) -> Option<Interlude> {
        let Drive { handler, network, by_turns } = drive;
        let Self { arena, images, casts, queue, idle, heap, buffers, held, deferred, .. } = self;
        let (policy, left) = (self.config.policy, self.config.quantum);
        let hands_over = policy == Policy::Cooperative && !by_turns && network.is_none();
        let reserve = if hands_over { 1 } else { NEVER };
        let (trace, strays, tick) = (&mut self.trace, &mut self.strays, self.clock.now());
        let mut stage = Stage { heap, buffers, held, deferred, trace, strays, network, tick };
        let first = queue.first()?;
        let mut number = header::image(arena.block(first));
        let mut cx = Context {
            image: &images.get(number).image,
            session: SessionId::new(0, first),
            role: RoleId(0),
            count: 0,
            at: 0,
            seed: self.config.seed,
        };
        let mut loaded = images.get(number);
        let visited = catch_unwind(AssertUnwindSafe(|| {
            while *visits > 0 && turns.left > 0 {
                let Some(slot) = queue.take() else { break };
                *visits -= 1;
                let block = arena.block_mut(slot);
                if !header::is_running(block) {
                    return Some(Interlude { slot, event: Event::Ended });
                }
                if header::image(block) != number {
                    number = header::image(block);
                    loaded = images.get(number);
                    cx.image = &loaded.image;
                }
                cx.session = SessionId::new(header::ordinal(block), slot);
                if TRACE {
                    stage.trace.enter(cx.session);
                }
                let cast = header::cast(block) as usize;
                let ready = ready::first_word(block);
                let (stage, cx, end) = (&mut stage, &mut cx, Ok(Step::Wait));
                macro_rules! go {
                    ($host:expr) => {{
                        let (host, place) = ($host, 0);
                        let visit = Visit {
                            block,
                            loaded,
                            stage,
                            cx,
                            host,
                            ready,
                            place,
                            left,
                            reserve,
                            end,
                        };
                        go::<_, TRACE>(policy, visit, turns)
                    }};
                }
                let goes_on =
                    if cast == 0 { go!(handler) } else { go!(&mut *casts[cast - 1].cast) };
                match goes_on {
                    Ok(()) => queue.push(slot),
                    // In a trace, a session's end follows upon its last event.
                    Err(Event::Idle) if !TRACE => idle.push(slot),
                    Err(event) => return Some(Interlude { slot, event }),
                }
            }
            None
        }));
        let (slot, role, here) = (cx.session.slot(), cx.role, Coro::at(cx.at, cx.count));
        visited.unwrap_or_else(|panic| {
            let block = self.arena.block_mut(slot);
            let roles_at = self.images.get(header::image(block)).roles_at;
            // For whoever explains what happened.
            block[roles_at + role.index()] = here.to_word();
            Some(Interlude { slot, event: Event::Fault(role, panicked(&*panic).into()) })
        })
    }

    /// Settles the sessions in which visits left nobody who can act.
    fn settle_idle(&mut self) {
        let mut idle = std::mem::take(&mut self.idle);
        for slot in idle.drain(..) {
            self.settle(slot);
        }
        self.idle = idle;
    }

    fn attend(&mut self, slot: Slot, event: Event, handler: &dyn EffectHandler) {
        match event {
            Event::Idle => self.settle(slot),
            Event::Ended => self.forget_ended(slot),
            Event::Outside(role) => self.execute_and_go_on(slot, role, handler),
            Event::Fault(role, cause) => self.fault_of_role(slot, role, *cause),
            Event::Strays => self.queue.push(slot),
        }
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
            self.queue.push(slot);
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

/// As [`Visit::reserve`]: no message is handed over.
const NEVER: u32 = u32::MAX;

impl<H> Visit<'_, '_, H> {
    /// Whether messages are handed over.
    #[inline]
    pub(crate) fn hands_over(&self) -> bool {
        self.reserve != NEVER
    }
}

/// One visit. An error is what has to be done with the session; otherwise it goes to the end of the queue.
#[inline]
fn go<H: Host, const TRACE: bool>(
    policy: Policy,
    mut visit: Visit<'_, '_, H>,
    turns: &mut Turns,
) -> Result<(), Event> {
    let visited = scheduler::visit::<H, TRACE>(policy, &mut visit, turns);
    visit.write_ready();
    if visited.is_ok() && visit.ready != 0 && visit.stage.strays.is_empty() {
        return Ok(());
    }
    Err(what_else(&visit, visited))
}

/// What has to be done with a session that does not simply go to the end of the queue.
#[inline(never)]
fn what_else<H>(visit: &Visit<'_, '_, H>, visited: Result<(), Stop>) -> Event {
    match visited {
        Err(Stop::Fault(cause)) => Event::Fault(visit.cx.role, cause),
        Err(Stop::Outside) => Event::Outside(visit.cx.role),
        Ok(()) if ready::any(visit.block, ready::words(visit.loaded.roles)) => Event::Strays,
        Ok(()) => Event::Idle,
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Cause {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Cause::Panicked { message: text.unwrap_or_else(|| "a value that is not text".to_owned()) }
}
