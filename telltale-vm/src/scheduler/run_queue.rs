//! The sessions of a machine, and which of them acts next.

use std::collections::VecDeque;

use crate::SessionId;
use crate::SimClock;
use crate::memory::arena::{Arena, Slot, WINDOW};
use crate::memory::header;
use crate::scheduler::fifo::Fifo;
use crate::scheduler::random::Draws;
use crate::session::VmTag;
use crate::trace::store::Trace;

/// How much may still be done in one call. (Turns are counted apart.)
#[derive(Debug, Default)]
pub(crate) struct Fuel {
    pub(crate) rounds: usize,
    /// How many sessions still have a slice in this round.
    pub(crate) slices: usize,
}

/// The rounds of a session that is alone: nobody else can act, and nothing is to be done between two of its slices.
pub(crate) struct Rounds<'a> {
    is_alone: bool,
    fuel: &'a mut Fuel,
    clock: &'a mut SimClock,
}

impl Rounds<'_> {
    /// Begins another round, in which the session that acts is the only one; says whether it may.
    #[inline(always)]
    pub(crate) fn begin_alone(&mut self, trace: &mut Trace) -> bool {
        let may = self.is_alone && self.fuel.rounds > 0;
        if may {
            self.fuel.rounds -= 1;
            self.clock.advance();
            trace.set_tick(self.clock.now());
        }
        may
    }
}

/// Sessions that can act stand in a queue, each of them once: a mark in the block of a session says that it does. The
/// mark stays while the session has its slice, so nothing that happens meanwhile can put it into the queue again, and a
/// block that the queue names is never given to another session.
#[derive(Debug)]
pub(crate) struct RunQueue {
    /// The session that acts now.
    pub(crate) slot: Slot,
    /// The VM to which the sessions belong.
    pub(crate) vm: VmTag,
    queue: Fifo,
    /// How many sessions in the queue have ended. Their blocks wait until they leave it.
    dead: usize,
    pub(crate) arena: Arena,
    /// The sessions in which nobody can act any more, until they are settled.
    pub(crate) idle: VecDeque<Slot>,
    /// The sessions whose roles are all done, on the script, until they are completed.
    pub(crate) finished: Vec<Slot>,
    pub(crate) clock: SimClock,
    pub(crate) fuel: Fuel,
    /// How many instructions a session may execute in one slice.
    pub(crate) quantum: u32,
    /// Whether a round may begin without anything to do before, such as giving events to a sink.
    pub(crate) in_a_row: bool,
    /// Whether sessions that finish on their script may be completed in a batch.
    pub(crate) ends_quietly: bool,
    /// What decides the order of sessions, if chance does.
    shuffle: Option<Draws>,
}

impl RunQueue {
    pub(crate) fn new(vm: VmTag, quantum: u32, shuffle: Option<Draws>) -> Self {
        Self {
            slot: Slot::new(0, 0),
            vm,
            queue: Fifo::default(),
            dead: 0,
            arena: Arena::default(),
            idle: VecDeque::new(),
            finished: Vec::new(),
            clock: SimClock::default(),
            fuel: Fuel::default(),
            quantum,
            in_a_row: false,
            ends_quietly: false,
            shuffle,
        }
    }

    /// The name of the session at a slot.
    pub(crate) fn session_at(&self, slot: Slot) -> SessionId {
        SessionId::new(self.vm, header::ordinal(self.arena.block(slot)), slot)
    }

    /// Whether no session can act.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.len() == self.dead
    }

    /// How many sessions can act.
    #[cfg(feature = "multi-thread")]
    pub(crate) fn ready(&self) -> usize {
        self.queue.len() - self.dead
    }

    /// The session that acts next.
    pub(crate) fn first(&self) -> Option<Slot> {
        self.queue.first()
    }

    /// A session can act.
    #[inline]
    pub(crate) fn enqueue(&mut self, slot: Slot) {
        if header::enter_queue(self.arena.block_mut(slot)) {
            self.queue.push(slot);
        }
    }

    /// The session that has had its slice can still act.
    #[inline]
    pub(crate) fn requeue(&mut self, slot: Slot) {
        debug_assert!(header::is_queued(self.arena.block(slot)), "only what was taken is put back");
        self.queue.push(slot);
    }

    /// The session that has had its slice cannot act any more.
    #[inline]
    pub(crate) fn leave(&mut self, slot: Slot) {
        header::leave_queue(self.arena.block_mut(slot));
    }

    /// A session that has got its role objects, and can act.
    #[cfg(feature = "serde")]
    pub(crate) fn push_attached(&mut self, slot: Slot) {
        self.queue.push(slot);
    }

    /// A session in the queue has ended. Its block is not given back before it leaves.
    pub(crate) fn note_dead(&mut self) {
        self.dead += 1;
    }

    /// The queue has come to a session that has ended, or it was taken out.
    pub(crate) fn bury(&mut self, slot: Slot) {
        self.dead -= 1;
        self.leave(slot);
    }

    /// The sessions in the queue that have ended, when they are most of it: taking them out costs no more
    /// than ending them did.
    pub(crate) fn take_dead(&mut self) -> Vec<Slot> {
        if self.dead * 2 <= self.queue.len() {
            return Vec::new();
        }
        let arena = &self.arena;
        self.queue.take_out(|slot| !header::is_running(arena.block(slot)))
    }

    /// The sessions in the queue, as [`Fifo::lists`] gives them.
    #[cfg(feature = "serde")]
    pub(crate) fn lists(&self) -> [&[Slot]; 2] {
        self.queue.lists()
    }

    /// Puts the sessions in the queue into another order: first those of these lists, as far as they are in it, then the others.
    #[cfg(feature = "serde")]
    pub(crate) fn reorder(&mut self, order: [Vec<Slot>; 2]) {
        let mut there = self.queue.lists().concat();
        let [mut now, mut later] = order;
        let mut known = [&now[..], &later].concat();
        known.sort_unstable();
        let new: Vec<Slot> =
            there.iter().copied().filter(|slot| known.binary_search(slot).is_err()).collect();
        there.sort_unstable();
        for list in [&mut now, &mut later] {
            list.retain(|slot| there.binary_search(slot).is_ok());
        }
        later.extend(new);
        self.queue = Fifo::of([now, later]);
    }

    /// A queue of these sessions.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_queue(&mut self, lists: [Vec<Slot>; 2]) {
        self.queue = Fifo::of(lists);
    }

    /// What the next order of sessions depends on, if chance decides.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_shuffle(&mut self, state: Option<u64>) {
        self.shuffle = state.map(Draws::from_state);
    }

    /// The same of this machine.
    #[cfg(feature = "serde")]
    pub(crate) fn shuffle_state(&self) -> Option<u64> {
        self.shuffle.as_ref().map(Draws::state)
    }

    /// Goes to the session that acts next, if there is one.
    #[inline(always)]
    pub(crate) fn take(&mut self, trace: &mut Trace) -> bool {
        if self.fuel.slices == 0 && !self.begins(trace) {
            return false;
        }
        let Some(slot) = self.queue.take() else { return false };
        self.fuel.slices -= 1;
        self.slot = slot;
        true
    }

    /// Begins the next round, if nothing has to be done before.
    #[inline]
    fn begins(&mut self, trace: &mut Trace) -> bool {
        self.may_go_on() && self.queue.len() > 0 && self.begin_round(trace)
    }

    /// Whether nothing has to be done before another round.
    #[inline(always)]
    fn may_go_on(&self) -> bool {
        self.in_a_row && self.idle.is_empty() && self.finished.is_empty()
    }

    /// Begins another round, in which every session that can act now has a slice; says whether it may.
    #[inline]
    pub(crate) fn begin_round(&mut self, trace: &mut Trace) -> bool {
        let Some(rounds) = self.fuel.rounds.checked_sub(1) else { return false };
        self.fuel = Fuel { rounds, slices: self.queue.len() };
        if let Some(draws) = &mut self.shuffle {
            draws.shuffle(self.queue.waiting());
        }
        self.clock.advance();
        trace.set_tick(self.clock.now());
        true
    }

    /// The blocks of the sessions, and what is needed to begin a round while one of them acts.
    #[inline(always)]
    pub(crate) fn sessions_and_rounds(&mut self) -> (&mut Arena, Rounds<'_>) {
        let is_alone = self.fuel.slices == 0 && self.queue.len() == 0 && self.may_go_on();
        let Self { arena, fuel, clock, .. } = self;
        (arena, Rounds { is_alone, fuel, clock })
    }

    /// Begins another round, if the session that acts is alone; says whether it has.
    pub(crate) fn begin_alone(&mut self, trace: &mut Trace) -> bool {
        self.sessions_and_rounds().1.begin_alone(trace)
    }

    /// The block of the session, and enough behind it.
    #[inline(always)]
    pub(crate) fn block(&mut self) -> &mut [u64; WINDOW] {
        let block = self.arena.block_and_more_mut(self.slot).first_chunk_mut();
        block.expect("behind every block of a chunk there is a window")
    }
}
