//! The memory of all sessions: one contiguous block of words each, in chunks that never move.
//!
//! Blocks of one size class share chunks, and a block that is given back is the next to be used, so
//! opening a session costs a copy and the cost does not depend on how many are open.

/// Where a block is: its size class and its place among the blocks of that class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(u32);

const PLACE_BITS: u32 = 25;

/// About as many words as one chunk has.
const CHUNK_WORDS: usize = 1 << 13;

#[derive(Debug, Default)]
pub(crate) struct Arena {
    classes: Vec<Class>,
}

#[derive(Debug)]
struct Class {
    words: usize,
    /// A chunk holds `1 << shift` blocks.
    shift: u32,
    chunks: Vec<Box<[u64]>>,
    used: u32,
    free: Vec<u32>,
}

impl Slot {
    const fn class(self) -> usize {
        (self.0 >> PLACE_BITS) as usize
    }

    const fn place(self) -> usize {
        (self.0 & ((1 << PLACE_BITS) - 1)) as usize
    }
}

impl Arena {
    /// The class for blocks of at least so many words. Sizes grow by at most a quarter from class
    /// to class, so at most a fifth of a block is unused.
    pub(crate) fn class_for(&mut self, words: usize) -> usize {
        let class = class_of(words);
        while self.classes.len() <= class {
            self.classes.push(Class::new(words_of(self.classes.len())));
        }
        class
    }

    /// A block whose contents are whatever was there last.
    pub(crate) fn take(&mut self, class: usize) -> Option<Slot> {
        let blocks = &mut self.classes[class];
        let place = blocks.take()?;
        Some(Slot((class as u32) << PLACE_BITS | place))
    }

    pub(crate) fn give_back(&mut self, slot: Slot) {
        self.classes[slot.class()].free.push(slot.place() as u32);
    }

    #[inline]
    pub(crate) fn block(&self, slot: Slot) -> &[u64] {
        let class = &self.classes[slot.class()];
        let (chunk, at) = class.locate(slot);
        &class.chunks[chunk][at..at + class.words]
    }

    #[inline]
    pub(crate) fn block_mut(&mut self, slot: Slot) -> &mut [u64] {
        let class = &mut self.classes[slot.class()];
        let (chunk, at) = class.locate(slot);
        &mut class.chunks[chunk][at..at + class.words]
    }

    /// Whether there ever was a block at this slot.
    pub(crate) fn contains(&self, slot: Slot) -> bool {
        self.classes.get(slot.class()).is_some_and(|class| slot.place() < class.used as usize)
    }

    /// All slots that were ever used, in the order of their memory.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.classes.iter().enumerate().flat_map(|(class, blocks)| {
            (0..blocks.used).map(move |place| Slot((class as u32) << PLACE_BITS | place))
        })
    }

    /// How many bytes the chunks take.
    pub(crate) fn bytes(&self) -> usize {
        let chunks = self.classes.iter().flat_map(|class| &class.chunks);
        chunks.map(|chunk| size_of_val(&**chunk)).sum()
    }
}

impl Class {
    fn new(words: usize) -> Self {
        let shift = (CHUNK_WORDS / words).max(1).ilog2();
        Self { words, shift, chunks: Vec::new(), used: 0, free: Vec::new() }
    }

    #[inline]
    fn locate(&self, slot: Slot) -> (usize, usize) {
        let place = slot.place();
        (place >> self.shift, (place & ((1 << self.shift) - 1)) * self.words)
    }

    fn take(&mut self) -> Option<u32> {
        if let Some(place) = self.free.pop() {
            return Some(place);
        }
        if self.used >> PLACE_BITS != 0 {
            return None;
        }
        if self.used as usize == self.chunks.len() << self.shift {
            self.chunks.push(vec![0; self.words << self.shift].into());
        }
        self.used += 1;
        Some(self.used - 1)
    }
}

/// Classes have 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, … words.
const fn words_of(class: usize) -> usize {
    (4 + class % 4) << (class / 4)
}

const fn class_of(words: usize) -> usize {
    let mut class = 0;
    while words_of(class) < words {
        class += 1;
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_large_enough_and_not_much_larger() {
        for words in 4..100_000 {
            let given = words_of(class_of(words));
            assert!(given >= words && given * 4 <= words * 5, "{words} words in {given}");
        }
    }

    #[test]
    fn blocks_do_not_overlap_and_are_used_again() {
        let mut arena = Arena::default();
        let class = arena.class_for(9);
        let slots: Vec<Slot> = (0..5000).map(|_| arena.take(class).expect("room")).collect();
        for (at, &slot) in slots.iter().enumerate() {
            arena.block_mut(slot).fill(at as u64);
        }
        for (at, &slot) in slots.iter().enumerate() {
            assert!(arena.block(slot).iter().all(|&word| word == at as u64));
        }
        let bytes = arena.bytes();
        for &slot in &slots {
            arena.give_back(slot);
        }
        for _ in 0..5000 {
            arena.take(class).expect("room");
        }
        assert_eq!(arena.bytes(), bytes);
    }
}
