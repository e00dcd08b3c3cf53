//! The machine as its embedder sees it, and the loop that runs its sessions.

mod control;
pub(crate) mod deferred;
pub(crate) mod drive;
mod endpoints;
mod lifecycle;
mod rounds;
pub(crate) mod visits;
mod vm;

pub use control::Message;
pub use vm::VM;
