//! The numbers of sessions in several workers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Numbers the sessions that are opened from outside in the order in which they are opened, whichever worker gets them.
#[derive(Debug, Default)]
pub(crate) struct Series(AtomicU64);

/// So many sessions can be opened from outside. At a million a second, that takes nine years.
const OUTSIDE: u64 = 1 << 48;

impl Series {
    /// The number of one more session that is opened from outside.
    #[inline]
    pub(crate) fn draw(&self) -> u64 {
        self.0.fetch_add(1, Relaxed)
    }

    /// The first number of the sessions that programs in this worker open. If they were in the common series, their numbers
    /// would depend on which thread comes first.
    pub(crate) fn first_of_programs(worker: usize) -> u64 {
        (worker as u64 + 1) * OUTSIDE
    }
}
