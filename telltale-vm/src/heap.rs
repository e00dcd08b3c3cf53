//! Payloads that are not scalars, while they are in a channel.
//!
//! A channel is made of plain words. A scalar is a word; anything larger waits here and its key is
//! the word.

use slab::Slab;

use crate::{Kind, Value};

/// A payload as two numbers: its kind, and its bits or its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) kind: Kind,
    pub(crate) bits: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Heap(Slab<Value>);

impl Heap {
    #[inline]
    pub(crate) fn lower(&mut self, value: Value) -> Word {
        let (kind, bits) = match value {
            Value::Uint(n) => (Kind::Uint, n),
            Value::Unit => (Kind::Unit, 0),
            Value::Int(n) => (Kind::Int, n.cast_unsigned()),
            Value::Bool(b) => (Kind::Bool, b.into()),
            Value::Float(x) => (Kind::Float, x.to_bits()),
            Value::Char(c) => (Kind::Char, u32::from(c).into()),
            large => return self.keep(large),
        };
        Word { kind, bits }
    }

    #[inline]
    pub(crate) fn raise(&mut self, word: Word) -> Value {
        let Word { kind, bits } = word;
        match kind {
            Kind::Uint => Value::Uint(bits),
            Kind::Unit => Value::Unit,
            Kind::Int => Value::Int(bits.cast_signed()),
            Kind::Bool => Value::Bool(bits != 0),
            Kind::Float => Value::Float(f64::from_bits(bits)),
            Kind::Char => {
                Value::Char(char::from_u32(bits as u32).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            Kind::Text | Kind::Bytes | Kind::Record | Kind::Opaque => self.release(bits),
        }
    }

    #[inline(never)]
    fn keep(&mut self, value: Value) -> Word {
        Word { kind: value.kind(), bits: self.0.insert(value) as u64 }
    }

    #[inline(never)]
    fn release(&mut self, key: u64) -> Value {
        self.0.remove(key as usize)
    }
}
