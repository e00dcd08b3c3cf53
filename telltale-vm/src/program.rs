//! From an image to what runs: linked instructions, the schedule of the whole protocol, the layout of a session's
//! block.

pub(crate) mod by_hand;
pub(crate) mod direct;
mod landings;
mod lanes;
pub(crate) mod link;
pub(crate) mod loaded;
pub(crate) mod op;
pub(crate) mod parallel;
mod recent;
pub(crate) mod registry;
pub(crate) mod schedule;
pub(crate) mod typestate;
