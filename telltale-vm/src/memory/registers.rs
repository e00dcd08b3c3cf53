//! The registers of a role, in words of its session's block.
//!
//! ```text
//! filled 1 bit | kind 8,  payload 64
//! ```

use crate::Kind;
use crate::memory::heap::Word;
use crate::memory::{word, word_mut};

/// How many words a register takes.
pub(crate) const WORDS: usize = 2;

const FILLED: u64 = 1 << 8;

/// What is in the register at a place. A scalar stays there, everything else is moved out.
pub(crate) fn take(block: &mut [u64], place: usize) -> Option<Word> {
    let word = read(block, place)?;
    if is_large(word) {
        *word_mut(block, place) = 0;
    }
    Some(word)
}

/// Moves out whatever is in the register at a place.
pub(crate) fn clear(block: &mut [u64], place: usize) -> Option<Word> {
    let word = read(block, place)?;
    *word_mut(block, place) = 0;
    Some(word)
}

/// Fills the register at a place; gives what was there, unless it was a scalar.
pub(crate) fn put(block: &mut [u64], place: usize, word: Word) -> Option<Word> {
    let old = read(block, place).filter(|&old| is_large(old));
    *word_mut(block, place) = FILLED | u64::from(word.kind);
    *word_mut(block, place + 1) = word.bits;
    old
}

/// What is in the register at a place.
pub(crate) fn read(block: &[u64], place: usize) -> Option<Word> {
    let head = word(block, place);
    (head & FILLED != 0).then(|| Word { kind: head as u8, bits: word(block, place + 1) })
}

fn is_large(word: Word) -> bool {
    Kind::from_number(word.kind) >= Kind::Text
}
