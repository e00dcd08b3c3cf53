//! What belongs to the embedder may panic when it is dropped, and what it panics with may panic as well.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use slab::Slab;

use crate::Cause;

/// Drops a value of the embedder's, whose `Drop` may panic. Nobody is left to be told.
#[inline(never)]
pub(crate) fn drop_quietly<T>(it: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(it))) {
        drop_panic(panic);
    }
}

/// The same for each of several, one by one: if one panics, the others are dropped all the same.
#[inline(never)]
pub(crate) fn drop_each_quietly<T>(items: &mut Vec<T>) {
    items.reverse();
    while let Some(item) = items.pop() {
        drop_quietly(item);
    }
}

/// Takes everything out of a slab, in the order of the keys.
pub(crate) fn take_each<T>(items: &mut Slab<T>, mut to: impl FnMut(T)) {
    for key in 0..items.capacity() {
        if items.contains(key) {
            to(items.remove(key));
        }
    }
}

/// The payload of a panic may panic when it is dropped, and so may that of this panic. The last one is leaked.
#[cold]
fn drop_panic(panic: Box<dyn Any + Send>) {
    let mut dropped = Err(panic);
    for _ in 0..8 {
        let Err(panic) = dropped else { return };
        dropped = catch_unwind(AssertUnwindSafe(|| drop(panic)));
    }
    std::mem::forget(dropped);
}

/// The fault of a role for which the embedder's code has panicked.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Cause {
    let message = panic_text(&*panic);
    drop_quietly(panic);
    Cause::Panicked { message }
}

/// What somebody has panicked with, in words.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a value that is not text".to_owned())
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
