//! Payloads that are not scalars, while they are in a channel.
//!
//! A channel is made of plain words. A scalar is a word; anything larger waits here and its key is
//! the word.

use slab::Slab;

use crate::quietly::take_each;
use crate::{Kind, Large, Value, Wide};

/// A payload as two numbers: that of its [`Kind`], and its bits or its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) kind: u8,
    pub(crate) bits: u64,
}

const UINT: u8 = Kind::Uint as u8;

#[derive(Debug, Default)]
pub(crate) struct Heap(Slab<Box<Large>>);

impl Heap {
    /// Takes everything out.
    pub(crate) fn take_each(&mut self, to: impl FnMut(Box<Large>)) {
        take_each(&mut self.0, to);
    }

    /// The payload as two numbers.
    #[inline(always)]
    pub(crate) fn encode(&mut self, value: Value) -> Word {
        // The most frequent payload.
        if let Value::Uint(bits) = value {
            Word { kind: UINT, bits }
        } else {
            self.encode_any(value)
        }
    }

    #[inline(never)]
    fn encode_any(&mut self, value: Value) -> Word {
        let (kind, bits) = match value {
            Value::Uint(n) => (Kind::Uint, n),
            Value::Unit => (Kind::Unit, 0),
            Value::Int(n) => (Kind::Int, n.cast_unsigned()),
            Value::Bool(b) => (Kind::Bool, b.bits()),
            Value::Float(x) => (Kind::Float, x.bits()),
            Value::Char(c) => (Kind::Char, c.bits()),
            Value::Large(large) => (large.kind(), self.0.insert(large) as u64),
        };
        Word { kind: kind as u8, bits }
    }

    /// The payload of two numbers that [`Heap::encode`] gave; it must be asked for once.
    #[inline(always)]
    pub(crate) fn decode(&mut self, word: Word) -> Value {
        // The most frequent payload; the others cost one more jump.
        if word.kind == UINT { Value::Uint(word.bits) } else { self.decode_any(word) }
    }

    /// A payload that is not a scalar, where it is.
    pub(crate) fn look_at(&self, word: Word) -> Option<&Large> {
        let is_large = Kind::from_number(word.kind) >= Kind::Text;
        if is_large { self.0.get(word.bits as usize).map(|large| &**large) } else { None }
    }

    #[inline(never)]
    fn decode_any(&mut self, word: Word) -> Value {
        scalar(word).unwrap_or_else(|| Value::Large(self.0.remove(word.bits as usize)))
    }
}

/// The payload of two numbers, if it is a scalar.
#[inline]
pub(crate) fn scalar(word: Word) -> Option<Value> {
    let Word { kind, bits } = word;
    Some(match Kind::from_number(kind) {
        Kind::Uint => Value::Uint(bits),
        Kind::Unit => Value::Unit,
        Kind::Int => Value::Int(bits.cast_signed()),
        Kind::Bool => Value::Bool(Wide::from_bits(bits)),
        Kind::Float => Value::Float(Wide::from_bits(bits)),
        Kind::Char => Value::Char(Wide::from_bits(bits)),
        Kind::Text | Kind::Bytes | Kind::Record | Kind::Endpoint | Kind::Opaque => return None,
    })
}
