//! The numbers of a machine's sessions.

#[cfg(feature = "multi-thread")]
use std::sync::Arc;

use crate::index::Index;
use crate::memory::arena::Slot;
#[cfg(feature = "multi-thread")]
use crate::threaded::series::Series;

/// Numbers sessions, and knows those whose number was given away before they were opened.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    next: u64,
    /// Where sessions have their numbers from that are opened from outside, if the machine is one of several.
    #[cfg(feature = "multi-thread")]
    series: Option<Arc<Series>>,
    /// Where sessions are that had their number before. One stays here as long as its block tells of it.
    early: Index,
}

impl Numbers {
    /// The number of one more session that is opened from outside.
    #[inline]
    pub(crate) fn draw(&mut self) -> u64 {
        #[cfg(feature = "multi-thread")]
        if let Some(series) = &self.series {
            return series.draw();
        }
        self.draw_for_program()
    }

    /// The number of one more session that is opened by a program.
    #[inline]
    pub(crate) fn draw_for_program(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Where a session is whose name does not say so.
    #[cold]
    pub(crate) fn find_early(&self, ordinal: u64) -> Option<Slot> {
        self.early.get((ordinal, 0)).map(Slot::from_number)
    }

    /// A block is about to be used for another session than this one.
    #[inline]
    pub(crate) fn forget(&mut self, ordinal: u64, slot: Slot) {
        // Blocks that were never used look like session 0.
        if !self.early.is_empty() && self.find_early(ordinal) == Some(slot) {
            self.early.remove((ordinal, 0));
        }
    }
}

#[cfg(feature = "multi-thread")]
impl Numbers {
    /// Those of one worker of several.
    pub(crate) fn of_worker(series: Arc<Series>, worker: usize) -> Self {
        let next = Series::first_of_programs(worker);
        Self { next, series: Some(series), early: Index::default() }
    }

    /// The session with this number, which was given away before, is open.
    pub(crate) fn note_early(&mut self, ordinal: u64, slot: Slot) {
        self.early.insert((ordinal, 0), slot.number());
    }
}
