//! Boxes that have carried a payload, kept for the next one of its type.
//!
//! A payload that is no scalar travels in a box, and most boxes live for one message only. Asking the
//! allocator for each costs more than all the rest of the message, so every thread keeps the boxes that were
//! emptied last: one for a type, as long as no other type has the same place.

use std::any::TypeId;
use std::cell::Cell;
use std::hash::{Hash, Hasher};

use crate::Large;

/// How many boxes a thread keeps.
const PLACES: usize = 16;

/// Payloads of more bytes give their memory back.
const LARGEST: usize = 1 << 10;

thread_local! {
    static BOXES: [Cell<Option<Box<Large>>>; PLACES] = const { [const { Cell::new(None) }; PLACES] };
}

/// A box that last carried a payload of this type, or of another one.
#[inline]
pub(crate) fn take<T: 'static>() -> Option<Box<Large>> {
    BOXES.try_with(|boxes| boxes[place::<T>()].take()).ok()?
}

/// Keeps a box that has carried a payload of this type.
#[inline]
pub(crate) fn keep<T: 'static>(emptied: Box<Large>) {
    if size_of::<T>() <= LARGEST {
        // A thread that ends keeps nothing.
        let _ = BOXES.try_with(|boxes| boxes[place::<T>()].set(Some(emptied)));
    }
}

/// Where the box for a type is; the compiler knows the number.
#[inline(always)]
fn place<T: 'static>() -> usize {
    let mut number = Number(0);
    TypeId::of::<T>().hash(&mut number);
    number.0 as usize % PLACES
}

/// What is hashed of a [`TypeId`] is a number that has been hashed already.
struct Number(u64);

impl Hasher for Number {
    #[inline(always)]
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 ^ u64::from(byte);
        }
    }

    #[inline(always)]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    /// Where the box of a payload is.
    fn address<T: Send + 'static>(payload: T) -> (usize, Value) {
        let Value::Large(large) = Value::opaque(payload) else { panic!("it is no scalar") };
        ((&raw const *large).addr(), Value::Large(large))
    }

    #[test]
    fn a_box_is_used_again() {
        let (first, value) = address([1_u64, 2]);
        assert_eq!(value.into_opaque::<[u64; 2]>().expect("the same type"), [1, 2]);
        let (second, value) = address([3_u64, 4]);
        let (third, other) = address([5_u64, 6]);
        assert!(first == second && second != third);
        assert_eq!(value.into_opaque::<[u64; 2]>().expect("the same type"), [3, 4]);
        assert_eq!(other.into_opaque::<[u64; 2]>().expect("the same type"), [5, 6]);
    }

    #[test]
    fn a_box_that_was_of_another_type_is_as_good() {
        keep::<[u8; 3]>(Box::new(Large::Text("of another type".to_owned())));
        assert_eq!(Value::opaque([1_u8; 3]).into_opaque::<[u8; 3]>().expect("a box"), [1; 3]);
        keep::<String>(Box::new(Large::Bytes(vec![1, 2, 3])));
        assert_eq!(Value::text("text").as_text(), Some("text"));
    }

    #[test]
    fn any_hash_of_a_type_is_a_place() {
        let mut number = Number(0);
        number.write(&[1, 2]);
        assert_eq!(number.finish(), 0x0102);
        number.write_u64(7);
        assert_eq!(number.finish(), 7);
    }

    #[test]
    fn large_payloads_give_their_memory_back() {
        let value = Value::opaque([7_u8; LARGEST + 1]);
        assert!(value.into_opaque::<[u8; LARGEST + 1]>().is_ok());
        assert!(take::<[u8; LARGEST + 1]>().is_none());
    }
}
