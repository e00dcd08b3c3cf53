//! Several machines side by side, and threads that run them.
//!
//! ```text
//! ThreadedVM (vm) ── opens sessions in its workers: each is a VM (worker) · numbers them (series)
//!  ├── run      threads take workers and run them, a turn at a time
//!  ├── board    which workers wait for a thread, what was asked from outside, and when a run is over
//!  ├── remote   the handle for other threads
//!  └── merge    one trace, and one error, of many
//! ```
//!
//! A session stays with its worker; what moves from thread to thread is the worker. So nothing about a session
//! has to be found, packed or forwarded, whatever it is doing, and a worker's trace does not depend on who runs it.

mod board;
mod merge;
mod objects;
mod remote;
mod run;
pub(crate) mod series;
mod vm;
mod worker;

/// Where `board` has its locks from. Its model has others.
mod sync {
    pub(super) use std::sync::atomic::{AtomicUsize, Ordering};
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
}

pub use remote::Remote;
pub use vm::ThreadedVM;
