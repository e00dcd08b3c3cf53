//! Values that are counted, and values that do not want to go.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

use telltale_vm::Value;

/// Counts its values that exist.
#[derive(Clone, Debug, Default)]
pub struct Census(Arc<AtomicIsize>);

/// A value that is missed when it leaks.
#[derive(Debug)]
pub struct Counted {
    census: Census,
    is_bomb: bool,
}

impl Census {
    /// How many values exist; less than none if one was dropped twice.
    pub fn alive(&self) -> isize {
        self.0.load(Relaxed)
    }

    /// One more.
    pub fn counted(&self) -> Counted {
        self.0.fetch_add(1, Relaxed);
        Counted { census: self.clone(), is_bomb: false }
    }

    /// One more that panics when it is dropped, unless somebody else does.
    pub fn bomb(&self) -> Counted {
        let mut counted = self.counted();
        counted.is_bomb = true;
        counted
    }

    /// One more as a payload.
    pub fn payload(&self) -> Value {
        Value::opaque(self.counted())
    }
}

impl Counted {
    /// Drops it without a panic.
    pub fn defused(mut self) {
        self.is_bomb = false;
    }
}

/// A payload that does not mind being dropped.
pub fn defused(value: Value) -> Value {
    match value.into_opaque::<Counted>() {
        Ok(mut counted) => {
            counted.is_bomb = false;
            Value::opaque(counted)
        }
        Err(other) => other,
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.census.0.fetch_sub(1, Relaxed);
        if self.is_bomb && !std::thread::panicking() {
            panic_quietly("a value does not want to go");
        }
    }
}

/// Panics without a message on the screen.
pub fn panic_quietly(text: &'static str) -> ! {
    resume_unwind(Box::new(text))
}
