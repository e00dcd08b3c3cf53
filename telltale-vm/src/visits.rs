//! The visits of a round: one session after the other acts, until one of them needs more than that.

use std::collections::VecDeque;

use slab::Slab;
use telltale_types::RoleId;

use crate::arena::{Arena, Slot, WINDOW};
use crate::exec::{End, Host, Performance, Stage, Step, Stop, Stretch, Visit, halt};
use crate::layout::Loaded;
use crate::queue::Queue;
use crate::registry::Registry;
use crate::rounds::Fuel;
use crate::scheduler::{self, Turns};
use crate::script::What;
use crate::trace::Trace;
use crate::vm::Company;
use crate::{Cause, Context, EffectHandler, Policy, SessionId, SimClock, header, ready};

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
pub(crate) struct Manner {
    pub(crate) policy: Policy,
    /// Whether the roles of a session perform its script while they can.
    pub(crate) together: bool,
    /// How many instructions a session may execute in one visit.
    pub(crate) quantum: u32,
}

/// All that visits need: the machine in its parts.
pub(crate) struct Visits<'a> {
    pub(crate) manner: Manner,
    /// Whether one round may follow upon another without anything between them.
    pub(crate) in_a_row: bool,
    pub(crate) queue: &'a mut Queue,
    pub(crate) clock: &'a mut SimClock,
    pub(crate) idle: &'a mut VecDeque<Slot>,
    pub(crate) finished: &'a mut Vec<Slot>,
    pub(crate) arena: &'a mut Arena,
    pub(crate) casts: &'a mut Slab<Company>,
    pub(crate) handler: &'a dyn EffectHandler,
    pub(crate) stage: Stage<'a>,
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
    pub(crate) fn go_round<const TRACE: bool>(
        &mut self,
        fuel: &mut Fuel,
        turns: &mut Turns,
    ) -> Option<Interlude> {
        while turns.left > 0 && (fuel.visits > 0 || self.begins(fuel)) {
            let slot = self.queue.take()?;
            fuel.visits -= 1;
            let visited = match self.perform::<TRACE>(slot) {
                Performed::Whole => Ok(()),
                Performed::Finished => {
                    self.finished.push(slot);
                    continue;
                }
                Performed::Other(end) => self.visit::<TRACE>(slot, end, turns),
            };
            match visited {
                Ok(()) => self.queue.push(slot),
                // In a trace, a session's end follows upon its last event.
                Err(Event::Idle) if !TRACE => self.idle.push_back(slot),
                Err(event) => return Some(Interlude { slot, event }),
            }
        }
        None
    }

    /// Begins the next round, if nothing has to be done before.
    fn begins(&mut self, fuel: &mut Fuel) -> bool {
        let Self { queue, idle, finished, stage, .. } = self;
        let nothing_to_do = idle.is_empty() && finished.is_empty() && stage.strays.is_empty();
        self.in_a_row
            && nothing_to_do
            && !queue.is_empty()
            && fuel.begin(queue, self.clock, stage.trace)
    }

    /// Lets a session perform its script.
    #[inline(always)]
    fn perform<const TRACE: bool>(&mut self, slot: Slot) -> Performed {
        let block = self.arena.block_and_more_mut(slot);
        let Some(block) = block.first_chunk_mut::<WINDOW>() else {
            return Performed::Other(None);
        };
        let Some(place) = header::place(block).filter(|_| self.manner.together) else {
            return Performed::Other(None);
        };
        self.session.enter::<TRACE>(slot, block, self.images, self.stage.trace);
        let Session { loaded, cx, .. } = &mut self.session;
        let (trace, script, stretch) = (&mut *self.stage.trace, &loaded.script, &mut self.stretch);
        let cast = header::cast(block) as usize;
        (stretch.place, stretch.left) = (place, self.manner.quantum);
        cx.at = Context::AS_WRITTEN;
        loop {
            let Some(roles) = block[loaded.roles_at..].first_chunk_mut() else {
                return Performed::Other(None);
            };
            let (cx, trace, stretch) = (&mut *cx, &mut *trace, &mut *stretch);
            let performance = Performance { roles, cx, trace, traced: TRACE, script, stretch };
            let end = match cast {
                0 => self.handler.perform(performance),
                cast => self.casts[cast - 1].cast.perform(performance),
            };
            match end {
                End::UsedUp => {
                    header::set_place(block, Some(stretch.place));
                    return Performed::Whole;
                }
                End::Failure => return Performed::Other(Some(end)),
                End::NoExchange => {}
            }
            // What nobody will look at need not be written down.
            let is_last = script.cue(stretch.place).what == What::Finish;
            if is_last && !TRACE && self.stage.deferred.is_empty() {
                return Performed::Finished;
            }
            match halt::<TRACE>(block, loaded, stretch.place, trace) {
                Some(next) => {
                    stretch.place = next;
                    stretch.left = stretch.left.saturating_sub(1);
                }
                None => return Performed::Other(Some(end)),
            }
        }
    }

    /// One visit, or the rest of it. An error is what has to be done with the session; otherwise it goes to
    /// the end of the queue.
    #[inline(never)]
    fn visit<const TRACE: bool>(
        &mut self,
        slot: Slot,
        end: Option<End>,
        turns: &mut Turns,
    ) -> Result<(), Event> {
        let block = self.arena.block_and_more_mut(slot);
        if !header::is_running(block) {
            return Err(Event::Ended);
        }
        self.session.enter::<TRACE>(slot, block, self.images, self.stage.trace);
        let Session { loaded, cx, .. } = &mut self.session;
        if loaded.roles == 0 {
            ready::clear_all(block, ready::words(0));
            return Err(Event::Idle);
        }
        let (manner, stage, stretch) = (self.manner, &mut self.stage, &mut self.stretch);
        let left = if end.is_some() { stretch.left } else { manner.quantum };
        let (ready, place, step) = (ready::first_word(block), 0, Ok(Step::Wait));
        match header::cast(block) as usize {
            0 => {
                let host = self.handler;
                let visit = Visit { block, loaded, stage, cx, host, ready, place, left, end: step };
                act::<_, TRACE>(manner, visit, stretch, end, turns)
            }
            cast => {
                let host = &mut *self.casts[cast - 1].cast;
                let visit = Visit { block, loaded, stage, cx, host, ready, place, left, end: step };
                act::<_, TRACE>(manner, visit, stretch, end, turns)
            }
        }
    }
}

/// How a session has performed its script.
enum Performed {
    /// As far as it may in one visit.
    Whole,
    /// To its end.
    Finished,
    /// There is more to its visit, beginning with this, if it has begun.
    Other(Option<End>),
}

impl<'a> Session<'a> {
    /// The session in this block is visited.
    #[inline(always)]
    fn enter<const TRACE: bool>(
        &mut self,
        slot: Slot,
        block: &[u64],
        images: &'a Registry,
        trace: &mut Trace,
    ) {
        if header::image(block) != self.image {
            self.image = header::image(block);
            self.loaded = images.get(self.image);
            self.cx.image = &self.loaded.image;
        }
        self.cx.session = SessionId::new(header::ordinal(block), slot);
        if TRACE {
            trace.enter(self.cx.session);
        }
    }
}

/// The roles of a session perform its script together, if they can, and act by themselves, if not.
fn act<'a, H: Host, const TRACE: bool>(
    manner: Manner,
    mut visit: Visit<'_, 'a, H>,
    stretch: &mut Stretch<'a>,
    end: Option<End>,
    turns: &mut Turns,
) -> Result<(), Event> {
    let visited = if manner.together {
        match visit.perform_on::<TRACE>(stretch, end) {
            Ok(false) => scheduler::visit::<H, TRACE>(manner.policy, &mut visit, turns),
            performed => performed.map(drop),
        }
    } else {
        header::set_place(visit.block, None);
        scheduler::visit::<H, TRACE>(manner.policy, &mut visit, turns)
    };
    visit.write_ready();
    match visited {
        Err(Stop::Fault(cause)) => Err(Event::Fault(visit.cx.role, cause)),
        Err(Stop::Outside) => Err(Event::Outside(visit.cx.role)),
        Ok(()) if !ready::any(visit.block, ready::words(visit.loaded.roles)) => Err(Event::Idle),
        Ok(()) if !visit.stage.strays.is_empty() => Err(Event::Strays),
        Ok(()) => Ok(()),
    }
}
