//! The numbers of a machine's sessions.

use std::collections::HashMap;
#[cfg(feature = "multi-thread")]
use std::sync::Arc;

use crate::memory::arena::Slot;
#[cfg(feature = "multi-thread")]
use crate::threaded::series::Series;

/// Numbers sessions, and knows those whose number was given away before they were opened.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    source: Source,
    /// Where these sessions are. One stays here as long as its block tells of it.
    early: HashMap<u64, Slot>,
}

/// Where numbers come from.
#[derive(Debug)]
enum Source {
    /// The machine is alone; this number comes next.
    Own(u64),
    /// It is a worker of a machine with threads. The number is the next one for a session that a program opens.
    #[cfg(feature = "multi-thread")]
    Shared(Arc<Series>, u64),
}

/// The number that comes next.
fn one_more(next: &mut u64) -> u64 {
    *next += 1;
    *next - 1
}

impl Default for Source {
    fn default() -> Self {
        Self::Own(0)
    }
}

impl Numbers {
    /// The number of one more session, which is opened by a program or from outside.
    #[inline]
    #[cfg_attr(
        not(feature = "multi-thread"),
        expect(unused_variables, reason = "only workers ask")
    )]
    pub(crate) fn draw(&mut self, by_program: bool) -> u64 {
        match &mut self.source {
            Source::Own(next) => one_more(next),
            #[cfg(feature = "multi-thread")]
            Source::Shared(_, next) if by_program => one_more(next),
            #[cfg(feature = "multi-thread")]
            Source::Shared(series, _) => series.draw(),
        }
    }

    /// Where a session is whose name does not say so.
    #[cold]
    pub(crate) fn find_early(&self, ordinal: u64) -> Option<Slot> {
        self.early.get(&ordinal).copied()
    }

    /// A block is about to be used for another session than this one.
    #[inline]
    pub(crate) fn forget(&mut self, ordinal: u64, slot: Slot) {
        // Blocks that were never used look like session 0.
        if !self.early.is_empty() && self.early.get(&ordinal) == Some(&slot) {
            self.early.remove(&ordinal);
        }
    }
}

#[cfg(feature = "multi-thread")]
impl Numbers {
    /// Those of one worker of several.
    pub(crate) fn of_worker(series: Arc<Series>, worker: usize) -> Self {
        Self {
            source: Source::Shared(series, Series::first_of_programs(worker)),
            early: HashMap::new(),
        }
    }

    /// The session with this number, which was given away before, is open.
    pub(crate) fn note_early(&mut self, ordinal: u64, slot: Slot) {
        self.early.insert(ordinal, slot);
    }
}
