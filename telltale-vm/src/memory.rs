//! The memory of sessions: blocks of words, and what is kept beside them.
//!
//! This wing alone knows what the words of a block mean. Others find them by the places in `program::loaded`, and read
//! them through the types and functions here.

pub(crate) mod arena;
pub(crate) mod channel;
pub(crate) mod coroutine;
pub(crate) mod deferred;
pub(crate) mod header;
pub(crate) mod heap;
pub(crate) mod ready;
pub(crate) mod registers;
pub(crate) mod wraps;

/// A word of a block. It is there, because the layout of the block says so.
#[inline(always)]
const fn word(block: &[u64], at: usize) -> u64 {
    if at < block.len() { block[at] } else { outside() }
}

#[inline(always)]
fn word_mut(block: &mut [u64], at: usize) -> &mut u64 {
    if at < block.len() { &mut block[at] } else { outside() }
}

/// One panic for all places that are not there: where each is asked for would have to be written down in the binary.
#[cold]
#[inline(never)]
const fn outside() -> ! {
    panic!("a place outside of the memory of sessions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a place outside of the memory of sessions")]
    fn a_word_that_is_not_there_is_not_read() {
        word(&[1, 2], 2);
    }

    #[test]
    #[should_panic(expected = "a place outside of the memory of sessions")]
    fn a_word_that_is_not_there_is_not_written() {
        *word_mut(&mut [1, 2], 2) = 3;
    }
}
