//! What belongs to the embedder may panic when it is dropped, and what it panics with may panic as well.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Drops a value of the embedder's, whose `Drop` may panic. Nobody is left to be told.
pub(crate) fn drop_quietly<T>(it: T) {
    let mut dropped = catch_unwind(AssertUnwindSafe(|| drop(it)));
    // The payload of a panic may panic when it is dropped, and so may that of this panic. The last one is leaked.
    for _ in 0..8 {
        let Err(panic) = dropped else { return };
        dropped = catch_unwind(AssertUnwindSafe(|| drop(panic)));
    }
    std::mem::forget(dropped);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics when it is dropped, with its like.
    struct Endless;

    impl Drop for Endless {
        fn drop(&mut self) {
            std::panic::panic_any(Self);
        }
    }

    #[test]
    fn what_never_stops_panicking_is_left_alone() {
        drop_quietly(Endless);
    }
}
