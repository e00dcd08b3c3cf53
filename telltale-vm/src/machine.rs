//! The machine as its embedder sees it, and the loop that runs its sessions.

#[cfg(feature = "serde")]
mod attach;
mod control;
pub(crate) mod endpoints;
#[cfg(feature = "serde")]
pub(crate) mod inside;
mod lifecycle;
pub(crate) mod numbers;
mod outside;
mod parts;
mod rounds;
mod slices;
mod vm;
#[cfg(feature = "multi-thread")]
mod worker;

pub use control::{Message, Rejected};
pub use vm::VM;

#[cfg(test)]
mod tests;
