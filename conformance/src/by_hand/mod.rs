//! Random programs written by hand, next to sessions that do nothing wrong, in a machine that is
//! disturbed from outside; and what must hold whatever they do.
//!
//! A [`Scene`](scene::Scene) is data: how the machine is set up, which programs there are, what somebody
//! outside does. It is made from a seed, [played](play::play), and made smaller when it fails.

pub mod census;
mod holds;
mod leaving;
pub mod moody;
pub mod objects;
pub mod parts;
pub mod play;
pub mod program;
pub mod quiet;
pub mod scene;
pub mod shrink;
mod stage;
pub mod wild;
pub mod write;
