//! What was observed of a run, how it is kept, and when it happened.

mod chunk;
pub(crate) mod clock;
pub(crate) mod event;
pub(crate) mod normal;
pub(crate) mod parts;
#[cfg(feature = "serde")]
mod serial;
pub(crate) mod store;
