//! The sessions that can act, in the order in which they will be visited.

use crate::memory::arena::Slot;

/// A queue of two lists: one is read while the other is written. It costs less than a ring, and whoever
/// is visited next lies behind whoever is visited now.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    now: Vec<Slot>,
    /// How many of them have been taken.
    taken: usize,
    later: Vec<Slot>,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.now.len() - self.taken + self.later.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
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

    /// Takes back what was pushed last.
    pub(crate) fn unpush(&mut self) {
        self.later.pop();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn first_in_is_first_out() {
        let mut queue = Queue::default();
        let mut expected = VecDeque::new();
        for n in 0..1000_u32 {
            let slot = Slot::new(n as usize, 0);
            queue.push(slot);
            expected.push_back(slot);
            for _ in 0..n % 3 {
                assert_eq!(queue.first(), expected.front().copied());
                assert_eq!(queue.take(), expected.pop_front());
                assert_eq!((queue.len(), queue.is_empty()), (expected.len(), expected.is_empty()));
            }
        }
    }
}
