//! The sessions that are visited, one after the other, and whatever they need of the machine for that.

use std::collections::VecDeque;

use crate::SimClock;
use crate::arena::{Arena, Slot, WINDOW};
use crate::queue::Queue;
use crate::trace::Trace;

/// What may still be done in one call, beside turns.
pub(crate) struct Fuel {
    pub(crate) rounds: usize,
    /// How many sessions are still to be visited in this round.
    pub(crate) visits: usize,
}

impl Fuel {
    /// Begins another round, in which every session that can act now is visited; says whether it may.
    pub(crate) fn begin(&mut self, queue: &Queue, clock: &mut SimClock, trace: &mut Trace) -> bool {
        let Some(rounds) = self.rounds.checked_sub(1) else { return false };
        self.rounds = rounds;
        self.visits = queue.len();
        clock.advance();
        trace.set_tick(clock.now());
        true
    }
}

pub(crate) struct Lineup<'a> {
    /// The session that is visited now.
    pub(crate) slot: Slot,
    pub(crate) queue: &'a mut Queue,
    pub(crate) arena: &'a mut Arena,
    /// The sessions in which nobody can act any more.
    pub(crate) idle: &'a mut VecDeque<Slot>,
    /// The sessions whose roles have done their parts.
    pub(crate) finished: &'a mut Vec<Slot>,
    pub(crate) clock: &'a mut SimClock,
    pub(crate) fuel: &'a mut Fuel,
    /// How many instructions a session may execute in one visit.
    pub(crate) quantum: u32,
    /// Whether one round may follow upon another without anything between them.
    pub(crate) in_a_row: bool,
    /// Whether the end of a session need not be written down when it comes.
    pub(crate) ends_quietly: bool,
}

impl Lineup<'_> {
    /// Goes to the session that is visited next, if there is one.
    #[inline(always)]
    pub(crate) fn take(&mut self, trace: &mut Trace) -> bool {
        if self.fuel.visits == 0 && !self.begins(trace) {
            return false;
        }
        let Some(slot) = self.queue.take() else { return false };
        self.fuel.visits -= 1;
        self.slot = slot;
        true
    }

    /// Begins the next round, if nothing has to be done before.
    #[inline]
    fn begins(&mut self, trace: &mut Trace) -> bool {
        self.in_a_row
            && self.idle.is_empty()
            && self.finished.is_empty()
            && !self.queue.is_empty()
            && self.fuel.begin(self.queue, self.clock, trace)
    }

    /// The block of the session, and enough behind it.
    #[inline(always)]
    pub(crate) fn block(&mut self) -> Option<&mut [u64; WINDOW]> {
        self.arena.block_and_more_mut(self.slot).first_chunk_mut()
    }
}
