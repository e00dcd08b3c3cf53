//! An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::thread::LocalKey;

pub struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

// Each thread counts for itself: threads that wrote to one counter would wait for each other at every allocation.
fn add(to: &'static LocalKey<Cell<u64>>, number: u64) {
    to.set(to.get().wrapping_add(number));
}

// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(&CALLS, 1);
        add(&BYTES, layout.size() as u64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(&CALLS, 1);
        add(&BYTES, layout.size() as u64);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(&CALLS, 1);
        add(&BYTES, (size as u64).wrapping_sub(layout.size() as u64));
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        add(&BYTES, (layout.size() as u64).wrapping_neg());
        unsafe { System.dealloc(at, layout) }
    }
}

/// How often this thread has asked for memory so far.
pub fn calls() -> u64 {
    CALLS.get()
}

/// How much memory this thread has asked for and not given back.
pub fn bytes() -> u64 {
    BYTES.get()
}
