//! The memory of all sessions: one contiguous block of words each, in chunks that never move.
//!
//! A chunk has blocks of one size, and a block that is given back is the next of its size to be used, so
//! opening a session costs a copy and the cost does not depend on how many are open.

use crate::memory::outside;

/// Where a block is: its chunk, and its place in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(u32);

/// A chunk has at most two to the power of this many blocks.
const PLACE_BITS: u32 = 8;

/// About as many words as a chunk has at most.
const CHUNK_WORDS: usize = 1 << 13;

/// How many blocks the first chunk of a class has; each further one has twice as many, up to a full chunk.
const FIRST: usize = 4;

/// How many words there are at least from the start of every block on. The words behind a block belong to others and
/// are never used through it; but an index that is known to be in the window needs no bounds check.
pub(crate) const WINDOW: usize = 8 + (1 << 8);

#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Chunk>,
    classes: Vec<Class>,
}

/// Blocks one behind the other, and a [`WINDOW`] behind the last.
#[derive(Debug)]
struct Chunk {
    /// The size of a block.
    words: usize,
    blocks: Box<[u64]>,
}

/// The blocks of one size that are not in use.
#[derive(Debug)]
struct Class {
    words: usize,
    free: Vec<Slot>,
    /// The blocks that have never been used, all of them in one chunk: the next and how many.
    fresh: Slot,
    left: usize,
    /// How many blocks the next chunk has: few at first, for machines that have few sessions.
    next: usize,
}

impl Slot {
    /// In the name of a session that is still to be opened: no chunk is this large.
    pub(crate) const UNKNOWN: Self = Self(u32::MAX);

    pub(crate) const fn new(chunk: usize, place: usize) -> Self {
        Self((chunk as u32) << PLACE_BITS | place as u32)
    }

    /// The slot as a number, and the slot of such a number.
    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    const fn chunk(self) -> usize {
        (self.0 >> PLACE_BITS) as usize
    }

    #[inline]
    const fn place(self) -> usize {
        (self.0 & ((1 << PLACE_BITS) - 1)) as usize
    }
}

impl Arena {
    /// The class for blocks of at least `words` words. Sizes grow by at most a quarter from class
    /// to class, so at most a fifth of a block is unused.
    pub(crate) fn class_for(&mut self, words: usize) -> usize {
        let class = class_of(words);
        self.classes.reserve((class + 1).saturating_sub(self.classes.len()));
        while self.classes.len() <= class {
            let words = words_of(self.classes.len());
            self.classes.push(Class {
                words,
                free: Vec::new(),
                fresh: Slot(0),
                left: 0,
                next: FIRST,
            });
        }
        class
    }

    /// A block whose contents are whatever was there last.
    #[inline]
    pub(crate) fn take(&mut self, class: usize) -> Option<Slot> {
        match self.classes[class].free.pop() {
            Some(slot) => Some(slot),
            None => self.take_fresh(class),
        }
    }

    #[inline(never)]
    fn take_fresh(&mut self, class: usize) -> Option<Slot> {
        let Class { words, fresh, left, next, .. } = &mut self.classes[class];
        if *left == 0 {
            let chunk = self.chunks.len();
            // The last one would have the place that stands for none.
            if (chunk + 1) >> (u32::BITS - PLACE_BITS) != 0 {
                return None;
            }
            *fresh = Slot::new(chunk, 0);
            let most = (CHUNK_WORDS / *words).clamp(1, 1 << PLACE_BITS);
            *left = most.min(*next);
            *next = most.min(*next * 2);
            let blocks = vec![0; *words * *left + WINDOW].into();
            self.chunks.push(Chunk { words: *words, blocks });
        }
        let slot = *fresh;
        *left -= 1;
        // What is behind the last block is never used.
        *fresh = Slot(slot.0.wrapping_add(1));
        Some(slot)
    }

    #[inline]
    pub(crate) fn give_back(&mut self, slot: Slot, class: usize) {
        self.classes[class].free.push(slot);
    }

    #[inline]
    pub(crate) fn block(&self, slot: Slot) -> &[u64] {
        let Some(chunk) = self.chunks.get(slot.chunk()) else { outside() };
        let start = slot.place() * chunk.words;
        match chunk.blocks.get(start..start + chunk.words) {
            Some(block) => block,
            None => outside(),
        }
    }

    #[inline]
    pub(crate) fn block_mut(&mut self, slot: Slot) -> &mut [u64] {
        let Some(chunk) = self.chunks.get_mut(slot.chunk()) else { outside() };
        let start = slot.place() * chunk.words;
        match chunk.blocks.get_mut(start..start + chunk.words) {
            Some(block) => block,
            None => outside(),
        }
    }

    /// A block and whatever is behind it, which is never less than a [`WINDOW`].
    #[inline]
    pub(crate) fn block_and_more_mut(&mut self, slot: Slot) -> &mut [u64] {
        let chunk = &mut self.chunks[slot.chunk()];
        &mut chunk.blocks[slot.place() * chunk.words..]
    }

    /// A block and whatever is behind it, if there ever was a block at this slot.
    #[inline]
    pub(crate) fn find(&self, slot: Slot) -> Option<&[u64]> {
        let chunk = self.chunks.get(slot.chunk())?;
        chunk.blocks.get(slot.place() * chunk.words..).filter(|rest| rest.len() > WINDOW)
    }

    /// The same, to be changed.
    #[inline]
    pub(crate) fn find_mut(&mut self, slot: Slot) -> Option<&mut [u64]> {
        let chunk = self.chunks.get_mut(slot.chunk())?;
        chunk.blocks.get_mut(slot.place() * chunk.words..).filter(|rest| rest.len() > WINDOW)
    }

    /// All slots, in the order of their memory. What has never been used is all zeros.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.chunks
            .iter()
            .enumerate()
            .flat_map(|(at, chunk)| (0..chunk.len()).map(move |place| Slot::new(at, place)))
    }

    /// How many bytes the chunks take.
    pub(crate) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| size_of_val(&*chunk.blocks)).sum()
    }
}

impl Chunk {
    /// How many blocks it has.
    fn len(&self) -> usize {
        (self.blocks.len() - WINDOW) / self.words
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
            arena.give_back(slot, class);
        }
        for _ in 0..5000 {
            arena.take(class).expect("room");
        }
        assert_eq!(arena.bytes(), bytes);
    }
}
