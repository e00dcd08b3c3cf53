//! The sessions of a machine, and which of them is visited next.

use std::collections::VecDeque;

use crate::SimClock;
use crate::memory::arena::{Arena, Slot, WINDOW};
use crate::scheduler::queue::Queue;
use crate::trace::store::Trace;

/// What may still be done in one call, beside turns.
#[derive(Debug, Default)]
pub(crate) struct Fuel {
    pub(crate) rounds: usize,
    /// How many sessions are still to be visited in this round.
    pub(crate) visits: usize,
}

#[derive(Debug)]
pub(crate) struct RunQueue {
    /// The session that is visited now.
    pub(crate) slot: Slot,
    pub(crate) queue: Queue,
    pub(crate) arena: Arena,
    /// The sessions in which nobody can act any more, until somebody looks why.
    pub(crate) idle: VecDeque<Slot>,
    /// The sessions whose roles have done their parts, until somebody takes them out.
    pub(crate) finished: Vec<Slot>,
    pub(crate) clock: SimClock,
    pub(crate) fuel: Fuel,
    /// How many instructions a session may execute in one visit.
    pub(crate) quantum: u32,
    /// Whether one round may follow upon another without anything between them.
    pub(crate) in_a_row: bool,
    /// Whether the end of a session need not be written down when it comes.
    pub(crate) ends_quietly: bool,
}

impl RunQueue {
    pub(crate) fn new(quantum: u32) -> Self {
        Self {
            slot: Slot::new(0, 0),
            queue: Queue::default(),
            arena: Arena::default(),
            idle: VecDeque::new(),
            finished: Vec::new(),
            clock: SimClock::default(),
            fuel: Fuel::default(),
            quantum,
            in_a_row: false,
            ends_quietly: false,
        }
    }

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
            && self.begin_round(trace)
    }

    /// Begins another round, in which every session that can act now is visited; says whether it may.
    pub(crate) fn begin_round(&mut self, trace: &mut Trace) -> bool {
        let Some(rounds) = self.fuel.rounds.checked_sub(1) else { return false };
        self.fuel = Fuel { rounds, visits: self.queue.len() };
        self.clock.advance();
        trace.set_tick(self.clock.now());
        true
    }

    /// The block of the session, and enough behind it.
    #[inline(always)]
    pub(crate) fn block(&mut self) -> Option<&mut [u64; WINDOW]> {
        self.arena.block_and_more_mut(self.slot).first_chunk_mut()
    }
}
