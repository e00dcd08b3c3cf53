//! What the payload of a message must be.

use crate::{Kind, Large, Value};

/// The kind that a payload must have, if it must be of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExpectedKind {
    /// The number that a payload of a scalar kind must have; that of no payload for other kinds.
    scalar: u8,
    kind: Option<Kind>,
}

/// The number of values that are not scalar. It comes right after those of the scalar kinds, so that the numbers are
/// those of the variants of `Value` and the comparison is one.
const LARGE: u8 = Kind::Text as u8;
const NONE: u8 = u8::MAX;

impl ExpectedKind {
    pub(crate) const ANYTHING: Self = Self { scalar: NONE, kind: None };

    pub(crate) fn of_type(payload: &str) -> Self {
        let kind = Kind::of_type(payload);
        let scalar = kind.map(|kind| kind as u8).filter(|&number| number < LARGE);
        Self { scalar: scalar.unwrap_or(NONE), kind }
    }

    /// Whether a payload is of that kind.
    // Nothing here needs the address of a value, so that the compiler can keep it in registers.
    #[inline(always)]
    pub(crate) fn accepts(self, value: &Value) -> bool {
        number(value) == self.scalar
            || match value {
                Value::Large(large) => self.accepts_large(large),
                _ => self.kind.is_none(),
            }
    }

    /// Whether a payload with the number of this kind is one.
    #[inline(always)]
    pub(crate) fn accepts_kind(self, number: u8) -> bool {
        number == self.scalar || self.kind.is_none_or(|kind| kind as u8 == number)
    }

    #[cold]
    #[inline(never)]
    fn accepts_large(self, large: &Large) -> bool {
        self.kind.is_none_or(|kind| kind == large.kind())
    }
}

#[inline(always)]
fn number(value: &Value) -> u8 {
    match value {
        Value::Unit => Kind::Unit as u8,
        Value::Bool(_) => Kind::Bool as u8,
        Value::Int(_) => Kind::Int as u8,
        Value::Uint(_) => Kind::Uint as u8,
        Value::Float(_) => Kind::Float as u8,
        Value::Char(_) => Kind::Char as u8,
        Value::Large(_) => LARGE,
    }
}
