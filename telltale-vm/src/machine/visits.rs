//! The visits of a round: one session after the other acts, until one of them needs more than that.

use slab::Slab;
use telltale_types::RoleId;

use crate::exec::{RunContext, Slice, Step, Stop};
use crate::memory::arena::Slot;
use crate::memory::{header, ready};
use crate::program::loaded::Loaded;
use crate::program::registry::Registry;
use crate::roles::host::{Host, SessionObjects};
use crate::scheduler::run_queue::RunQueue;
use crate::scheduler::{self, Turns};
use crate::scripted::leave::halt;
use crate::scripted::run::{End, RunLoop, Stretch};
use crate::{Cause, Context, Policy, SessionId};

/// A session needs more than visits can give.
pub(crate) struct Interlude {
    pub(crate) slot: Slot,
    pub(crate) event: Event,
}

pub(crate) enum Event {
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

/// How the sessions of a round act.
#[derive(Clone, Copy)]
pub(crate) struct Mode {
    pub(crate) policy: Policy,
    /// Whether the roles of a session perform its script while they can.
    pub(crate) together: bool,
}

/// All that visits need: the machine in its parts.
pub(crate) struct Visits<'a> {
    pub(crate) mode: Mode,
    pub(crate) run_queue: &'a mut RunQueue,
    pub(crate) objects: &'a mut Slab<SessionObjects>,
    pub(crate) stage: RunContext<'a>,
    pub(crate) images: &'a Registry,
    pub(crate) session: Session<'a>,
    pub(crate) stretch: Stretch<'a>,
}

/// The session that is visited.
pub(crate) struct Session<'a> {
    /// The number of its image.
    pub(crate) image: u16,
    pub(crate) loaded: &'a Loaded,
    pub(crate) cx: Context<'a>,
}

impl Visits<'_> {
    /// Visits the sessions at the head of the queue, round after round.
    pub(crate) fn go_round<const TRACE: bool>(&mut self, turns: &mut Turns) -> Option<Interlude> {
        while turns.left > 0 && self.run_queue.take(self.stage.trace) {
            while let Performed::Else(end) = self.perform::<TRACE>() {
                let visited = self.visit::<TRACE>(end, turns);
                let slot = self.run_queue.slot;
                match visited {
                    Ok(After::Together) => continue,
                    Ok(After::Apart) => self.run_queue.queue.push(slot),
                    // In a trace, a session's end follows upon its last event.
                    Err(Event::Idle) if !TRACE => self.run_queue.idle.push_back(slot),
                    Err(event) => return Some(Interlude { slot, event }),
                }
                break;
            }
        }
        None
    }

    /// Lets the session perform its script, and those that are visited after it theirs.
    fn perform<const TRACE: bool>(&mut self) -> Performed {
        while self.mode.together {
            let Some(block) = self.run_queue.block() else { break };
            if header::place(block).is_none() {
                break;
            }
            let cast = header::cast(block);
            self.session.enter(header::image(block), self.images);
            self.stretch.left = self.run_queue.quantum;
            let mut end = self.by_participants::<TRACE>(cast);
            while let End::NoExchange = end
                && self.halt::<TRACE>()
            {
                end = self.by_participants::<TRACE>(cast);
            }
            match end {
                End::NoSession => return Performed::All,
                End::NotTheirs => {}
                End::NoExchange | End::Failure => return Performed::Else(Some(end)),
            }
        }
        Performed::Else(None)
    }

    /// Whoever plays the session plays it, and those after it.
    fn by_participants<const TRACE: bool>(&mut self, cast: u32) -> End {
        let Self { run_queue, objects, stretch, .. } = self;
        let Session { image, loaded, cx } = &mut self.session;
        let (number, trace, traced) = (*image, &mut *self.stage.trace, TRACE);
        cx.at = Context::AS_WRITTEN;
        let runner = (cast as usize).checked_sub(1).map(|key| objects[key].cast.runner());
        let run_loop = RunLoop { run_queue, objects, number, loaded, cx, trace, traced, stretch };
        match runner {
            None => self.stage.drive.handler.perform(run_loop),
            Some(perform) => perform(run_loop),
        }
    }

    /// Of the session on its script, one role halts, or all do. Says whether the script goes on.
    fn halt<const TRACE: bool>(&mut self) -> bool {
        let Self { run_queue, session, stage, stretch, .. } = self;
        let Some(block) = run_queue.block() else { return false };
        let next = halt::<TRACE>(block, session.loaded, stretch.place, stage.trace);
        if next.is_some() {
            header::set_place(block, next);
            stretch.left = stretch.left.saturating_sub(1);
        }
        next.is_some()
    }

    /// One visit, or the rest of it. An error is what has to be done with the session.
    #[inline(never)]
    fn visit<const TRACE: bool>(
        &mut self,
        end: Option<End>,
        turns: &mut Turns,
    ) -> Result<After, Event> {
        let (slot, quantum, mode) = (self.run_queue.slot, self.run_queue.quantum, self.mode);
        let block = self.run_queue.arena.block_and_more_mut(slot);
        if !header::is_running(block) {
            return Err(Event::Ended);
        }
        self.session.enter(header::image(block), self.images);
        let Session { loaded, cx, .. } = &mut self.session;
        cx.session = SessionId::new(header::ordinal(block), slot);
        if TRACE {
            self.stage.trace.enter(cx.session);
        }
        if loaded.roles == 0 {
            ready::clear_all(block, ready::words(0));
            return Err(Event::Idle);
        }
        let (stage, stretch) = (&mut self.stage, &mut self.stretch);
        let left = if end.is_some() { stretch.left } else { quantum };
        let (ready, place, step) = (ready::first_word(block), 0, Ok(Step::Wait));
        match header::cast(block) as usize {
            0 => {
                let host = stage.drive.handler;
                let visit = Slice { block, loaded, stage, cx, host, ready, place, left, end: step };
                act::<_, TRACE>(mode, visit, stretch, end, turns)
            }
            cast => {
                let host = &mut *self.objects[cast - 1].cast;
                let visit = Slice { block, loaded, stage, cx, host, ready, place, left, end: step };
                act::<_, TRACE>(mode, visit, stretch, end, turns)
            }
        }
    }
}

/// What has become of the sessions that could perform their scripts.
enum Performed {
    /// There are no more to be visited.
    All,
    /// The session has to be visited in another way. Its script may have ended so.
    Else(Option<End>),
}

/// What a session does after a visit that needs nothing else.
enum After {
    /// All roles stand together: it performs its script.
    Together,
    /// It is visited again in the next round.
    Apart,
}

impl<'a> Session<'a> {
    /// A session of this image is visited.
    #[inline(always)]
    fn enter(&mut self, image: u16, images: &'a Registry) {
        if image != self.image {
            self.image = image;
            self.loaded = images.get(image);
            self.cx.image = &self.loaded.image;
        }
    }
}

/// The roles of a session stand together, or they have turns.
fn act<'a, H: Host, const TRACE: bool>(
    mode: Mode,
    mut visit: Slice<'_, 'a, H>,
    stretch: &mut Stretch<'a>,
    end: Option<End>,
    turns: &mut Turns,
) -> Result<After, Event> {
    let together = if mode.together {
        visit.stands_together::<TRACE>(stretch, end)
    } else {
        header::set_place(visit.block, None);
        Ok(false)
    };
    let visited = match together {
        Ok(false) => {
            scheduler::visit::<H, TRACE>(mode.policy, &mut visit, turns).map(|()| After::Apart)
        }
        together => together.map(|_| After::Together),
    };
    visit.write_ready();
    let after = match visited {
        Err(Stop::Fault(cause)) => return Err(Event::Fault(visit.cx.role, cause)),
        Err(Stop::Outside) => return Err(Event::Outside(visit.cx.role)),
        Ok(after) => after,
    };
    if !ready::any(visit.block, ready::words(visit.loaded.roles)) {
        Err(Event::Idle)
    } else if visit.stage.orphans.is_empty() {
        Ok(after)
    } else {
        Err(Event::Strays)
    }
}
