//! The sessions that can act, in the order in which they will have their slices.

use crate::memory::arena::Slot;

/// A queue of two lists: one is read while the other is written. It costs less than a ring, and the slots that
/// come next lie one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Fifo {
    now: Vec<Slot>,
    /// How many of them have been taken.
    taken: usize,
    later: Vec<Slot>,
}

impl Fifo {
    pub(crate) fn len(&self) -> usize {
        self.now.len() - self.taken + self.later.len()
    }

    /// The session that is taken next.
    pub(crate) fn first(&self) -> Option<Slot> {
        self.now.get(self.taken).or_else(|| self.later.first()).copied()
    }

    #[inline]
    pub(crate) fn push(&mut self, slot: Slot) {
        self.later.push(slot);
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Option<Slot> {
        let slot = match self.now.get(self.taken) {
            Some(&slot) => slot,
            None => self.turn_over()?,
        };
        self.taken += 1;
        Some(slot)
    }

    /// What was written is read from now on; gives the first of it.
    #[cold]
    fn turn_over(&mut self) -> Option<Slot> {
        self.now.clear();
        self.taken = 0;
        std::mem::swap(&mut self.now, &mut self.later);
        self.now.first().copied()
    }

    /// Takes out every session of which this holds.
    pub(crate) fn take_out(&mut self, is_out: impl Fn(Slot) -> bool) -> Vec<Slot> {
        self.now.drain(..self.taken);
        self.taken = 0;
        let mut out = Vec::new();
        for list in [&mut self.now, &mut self.later] {
            for slot in std::mem::take(list) {
                if is_out(slot) { out.push(slot) } else { list.push(slot) }
            }
        }
        out
    }

    /// The sessions that come next, and those that come after all of them.
    #[cfg(feature = "serde")]
    pub(crate) fn lists(&self) -> [&[Slot]; 2] {
        [&self.now[self.taken..], &self.later]
    }

    /// A queue of these two lists.
    #[cfg(feature = "serde")]
    pub(crate) fn of([now, later]: [Vec<Slot>; 2]) -> Self {
        Self { now, taken: 0, later }
    }

    /// The sessions that have not been taken and will be before any that is pushed from now on.
    pub(crate) fn waiting(&mut self) -> &mut [Slot] {
        if self.taken == self.now.len() {
            self.turn_over();
        }
        &mut self.now[self.taken..]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn first_in_is_first_out() {
        let mut queue = Fifo::default();
        let mut expected = VecDeque::new();
        for n in 0..1000_u32 {
            let slot = Slot::new(n as usize, 0);
            queue.push(slot);
            expected.push_back(slot);
            for _ in 0..n % 3 {
                assert_eq!(queue.first(), expected.front().copied());
                assert_eq!(queue.take(), expected.pop_front());
                assert_eq!(queue.len(), expected.len());
            }
        }
    }
}
