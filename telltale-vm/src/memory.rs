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
