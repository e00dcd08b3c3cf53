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
    /// The numbers before that which no session has had, because others came back with theirs: from the first to past the
    /// last, in their order.
    #[cfg(feature = "serde")]
    skipped: Vec<(u64, u64)>,
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

    /// The session with this number, which was given away before, is open.
    #[cfg(any(feature = "multi-thread", feature = "serde"))]
    pub(crate) fn note_early(&mut self, ordinal: u64, slot: Slot) {
        self.early.insert((ordinal, 0), slot.number());
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
        Self { next, series: Some(series), ..Self::default() }
    }
}

#[cfg(feature = "serde")]
impl Numbers {
    /// The number that comes next, and those before it that no session has had.
    pub(crate) fn given(&self) -> (u64, &[(u64, u64)]) {
        (self.next, &self.skipped)
    }

    /// The same of a machine that is resumed.
    pub(crate) fn restore(&mut self, next: u64, skipped: Vec<(u64, u64)>) {
        (self.next, self.skipped) = (next, skipped);
    }

    /// A session comes with its number. Says whether none has had it here.
    pub(crate) fn take(&mut self, number: u64) -> bool {
        if number >= self.next {
            if number > self.next {
                self.skipped.push((self.next, number));
            }
            self.next = number + 1;
            return true;
        }
        let at = self.skipped.partition_point(|&(_, past)| past <= number);
        let Some(&(first, past)) = self.skipped.get(at).filter(|(first, _)| *first <= number)
        else {
            return false;
        };
        let rests = [(first, number), (number + 1, past)];
        self.skipped.splice(at..=at, rests.into_iter().filter(|(first, past)| first < past));
        true
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_number_is_taken_once() {
        let (mut numbers, mut taken) = (Numbers::default(), BTreeSet::new());
        for nth in 0..2_000_u64 {
            let number = nth * nth * 31 % 997;
            assert_eq!(numbers.take(number), taken.insert(number), "{number}");
        }
        let drawn = numbers.draw_for_program();
        assert!(taken.insert(drawn), "{drawn} was taken before");
        let (next, skipped) = numbers.given();
        let free: Vec<u64> = skipped.iter().flat_map(|&(first, past)| first..past).collect();
        let expected: Vec<u64> = (0..next).filter(|number| !taken.contains(number)).collect();
        assert_eq!(free, expected);
    }
}
