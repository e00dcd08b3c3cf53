//! One role of one session, or one of the things that a role does at once: a program counter and a count of effects, in
//! one word.
//!
//! ```text
//! program counter 24 bits | marks 8 | count of effects 32
//! ```
//!
//! The count is on top so that it can begin anew without disturbing anything.
//!
//! The program counter is an index into the code of all roles of the image.

use crate::memory::{word, word_mut};

use telltale_types::RoleId;

/// How many words of roles are looked at: as many as there are numbers of roles.
pub(crate) const ROLES: usize = 1 << u8::BITS;

/// The role has finished.
pub(crate) const HALTED: u32 = 1 << 31;
/// The role has chosen a branch whose channel was full; the answer is kept beside the sessions.
pub(crate) const HOLDS: u32 = 1 << 30;
/// The role waits until its handler, which had no answer, says that it has one.
pub(crate) const PENDING: u32 = 1 << 29;
/// The role may not act until it is resumed.
pub(crate) const PAUSED: u32 = 1 << 28;
/// The role only receives what is on its way: its session is being closed.
pub(crate) const DRAINS: u32 = 1 << 27;

/// The role does several things at once; they are coroutines of their own, for which this one waits.
pub(crate) const FORKED: u32 = 1 << 26;

/// The role is played from outside of the VM, so it never acts by itself.
pub(crate) const OUTSIDE: u32 = 1 << 25;

/// The role is pending because of what it has been told. It is not asked again, so only its handler can let it continue.
pub(crate) const TOLD: u32 = 1 << 24;

/// What a role without an answer is marked with, whatever it has none to.
pub(crate) const UNANSWERED: u32 = PENDING | TOLD;

const MARKS: u32 = HALTED | HOLDS | PENDING | PAUSED | DRAINS | FORKED | OUTSIDE | TOLD;

/// Who acts: a role, and which of the things that it does at once; lane 0 is its own coroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(2))]
pub(crate) struct Actor {
    pub(crate) role: RoleId,
    pub(crate) lane: u8,
}

impl Actor {
    /// A role that does one thing.
    pub(crate) const fn of(role: RoleId) -> Self {
        Self { role, lane: 0 }
    }
}

/// The number of a coroutine in its session: those of the roles come first, numbered like them.
pub(crate) type CoroId = RoleId;

/// The state of a coroutine, as it is kept between turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coro {
    pc_and_marks: u32,
    pub(crate) count: u32,
}

/// The coroutine whose word is at this place of a block.
#[inline]
pub(crate) fn read(block: &[u64], at: usize) -> Coro {
    Coro::from_word(word(block, at))
}

#[inline]
pub(crate) fn write(block: &mut [u64], at: usize, coro: Coro) {
    *word_mut(block, at) = coro.to_word();
}

/// Marks it.
#[inline]
pub(crate) fn mark(block: &mut [u64], at: usize, mark: u32) {
    *word_mut(block, at) |= u64::from(mark);
}

/// Takes a mark from it.
#[inline]
pub(crate) fn unmark(block: &mut [u64], at: usize, mark: u32) {
    *word_mut(block, at) &= !u64::from(mark);
}

/// Moves it by what one place, with its count, has more than another. Says whether the count has begun anew.
#[inline(always)]
pub(crate) fn advance(word: &mut u64, step: u64) -> bool {
    let (moved, begins_anew) = word.overflowing_add(step);
    *word = moved;
    begins_anew
}

/// The words of so many coroutines, which lie side by side.
#[inline]
pub(crate) fn words(block: &[u64], at: usize, roles: usize) -> &[u64] {
    &block[at..][..roles]
}

/// The words of all coroutines that a session could have: so many are in the window behind a block.
#[inline(always)]
pub(crate) fn window(block: &mut [u64], at: usize) -> &mut [u64; ROLES] {
    let words = block[at..].first_chunk_mut();
    words.expect("the window behind a block has a word for each number of a role")
}

impl Coro {
    #[inline]
    pub(crate) const fn from_word(word: u64) -> Self {
        Self { pc_and_marks: word as u32, count: (word >> 32) as u32 }
    }

    #[inline]
    pub(crate) const fn to_word(self) -> u64 {
        self.pc_and_marks as u64 | (self.count as u64) << 32
    }

    /// The program counter, which is beyond all programs if there are marks.
    #[inline]
    pub(crate) const fn pc_and_marks(self) -> u32 {
        self.pc_and_marks
    }

    /// The program counter.
    pub(crate) const fn pc(self) -> u32 {
        self.pc_and_marks & !MARKS
    }

    #[inline]
    pub(crate) const fn at(pc: u32, count: u32) -> Self {
        Self { pc_and_marks: pc, count }
    }

    /// Moved by what one place, with its count, has more than another, unless its count begins anew.
    #[inline(always)]
    pub(crate) const fn advanced(self, step: u64) -> Option<Self> {
        match self.to_word().checked_add(step) {
            Some(word) => Some(Self::from_word(word)),
            None => None,
        }
    }

    /// The same marks at another place.
    pub(crate) const fn moved_to(self, pc: u32, count: u32) -> Self {
        Self { pc_and_marks: pc | self.pc_and_marks & MARKS, count }
    }

    /// The same place and marks with another count.
    pub(crate) const fn counting(self, count: u32) -> Self {
        Self { count, ..self }
    }

    /// Whether there is anything that a turn has to look at first.
    #[inline]
    pub(crate) const fn is_marked(self) -> bool {
        self.has(MARKS)
    }

    #[inline]
    pub(crate) const fn has(self, mark: u32) -> bool {
        self.pc_and_marks & mark != 0
    }

    pub(crate) const fn with(self, mark: u32) -> Self {
        Self { pc_and_marks: self.pc_and_marks | mark, ..self }
    }

    pub(crate) const fn without(self, mark: u32) -> Self {
        Self { pc_and_marks: self.pc_and_marks & !mark, ..self }
    }
}
