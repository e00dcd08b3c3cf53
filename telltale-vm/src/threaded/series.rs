//! The numbers of sessions in several workers, and which worker gets which.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Numbers sessions so that a number says whose session it is.
///
/// Of as many sessions in a row as there are workers, every worker gets one; in the next row the order is another.
/// So a few sessions are in as many workers, and sessions of which every second or every tenth is a long one do not
/// leave all the long ones to a few workers.
#[derive(Debug)]
pub(crate) struct Series {
    /// How many numbers each worker has given; as many rows has it begun.
    rows: Box<[AtomicU64]>,
    /// How many sessions were opened by those who leave it to the series which worker gets them.
    opened: AtomicU64,
}

impl Series {
    /// For so many workers, which must be a power of two.
    pub(crate) fn new(workers: usize) -> Self {
        assert!(workers.is_power_of_two(), "the order in a row is computed modulo the workers");
        let rows = (0..workers).map(|_| AtomicU64::new(0)).collect();
        Self { rows, opened: AtomicU64::new(0) }
    }

    /// The worker that gets the next session.
    pub(crate) fn next_worker(&self) -> usize {
        self.worker_of(self.opened.load(Relaxed))
    }

    /// The worker that was next has got a session.
    pub(crate) fn advance(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    /// The number of one more session of a worker.
    pub(crate) fn draw(&self, worker: usize) -> u64 {
        let row = self.rows[worker].fetch_add(1, Relaxed);
        let place = (worker as u64).wrapping_sub(self.shift(row)) & self.mask();
        row * self.workers() + place
    }

    /// A worker for one more session, and its number.
    pub(crate) fn draw_anywhere(&self) -> (usize, u64) {
        let worker = self.worker_of(self.opened.fetch_add(1, Relaxed));
        (worker, self.draw(worker))
    }

    /// The worker whose session has this number.
    pub(crate) fn worker_of(&self, number: u64) -> usize {
        let (row, place) = (number / self.workers(), number & self.mask());
        (place.wrapping_add(self.shift(row)) & self.mask()) as usize
    }

    /// By how much a row is turned. It grows by one more from row to row: if it always grew by the same, there would be
    /// a distance at which all sessions have the same worker.
    fn shift(&self, row: u64) -> u64 {
        // What it is modulo the workers depends on the row modulo twice as many; so this cannot overflow.
        let row = row % (2 * self.workers());
        row * (row + 1) / 2
    }

    fn workers(&self) -> u64 {
        self.rows.len() as u64
    }

    fn mask(&self) -> u64 {
        self.workers() - 1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sessions_that_are_opened_one_after_the_other_have_the_numbers_of_one_machine() {
        for workers in [1, 2, 16, 64] {
            let series = Series::new(workers);
            for number in 0..5000 {
                let worker = series.next_worker();
                assert_eq!(series.draw(worker), number);
                assert_eq!(series.worker_of(number), worker);
                series.advance();
            }
        }
    }

    #[test]
    fn numbers_say_whose_they_are_and_are_never_given_twice() {
        let series = Series::new(8);
        let mut given = BTreeSet::new();
        for draw in 0..1000 {
            let worker = draw * draw % 7;
            let number = series.draw(worker);
            assert!(given.insert(number));
            assert_eq!(series.worker_of(number), worker);
            let (worker, number) = series.draw_anywhere();
            assert!(given.insert(number));
            assert_eq!(series.worker_of(number), worker);
        }
    }

    #[test]
    fn no_distance_leaves_all_sessions_to_a_few_workers() {
        let series = Series::new(16);
        for distance in 1..200_u64 {
            let of_worker = |nth: u64| series.worker_of(nth * distance);
            let mut counts = [0; 16];
            (0..1600).for_each(|nth| counts[of_worker(nth)] += 1);
            assert!(counts.iter().all(|&count| count < 800), "{distance}: {counts:?}");
        }
    }
}
