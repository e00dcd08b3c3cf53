//! What the payload of a message must be.

use crate::{Kind, Large, Opaque, Value};

/// The kind that a payload must have, if it must be of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExpectedKind {
    /// The number that a payload of a scalar kind must have; that of no payload for other kinds.
    scalar: u8,
    kind: Option<Kind>,
}

/// The number of values that are not scalar. It follows upon those of the scalar kinds, so that the compiler
/// reads it where it keeps which variant a value is.
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

    pub(crate) fn kind(self) -> Option<Kind> {
        self.kind
    }

    #[cold]
    #[inline(never)]
    fn accepts_large(self, large: &Large) -> bool {
        self.kind.is_none_or(|kind| kind == large.kind() || is_spelled(kind, large))
    }
}

/// Whether a value is of a type that is spelled like that of a kind: a protocol knows types by their spelling,
/// and its `String` may be somebody's own.
#[inline(never)]
fn is_spelled(kind: Kind, large: &Large) -> bool {
    match (kind, large) {
        (Kind::Text, Large::Opaque(value)) => is_called(value, "String"),
        (Kind::Bytes, Large::Opaque(value)) => is_called(value, "Vec<u8>"),
        _ => false,
    }
}

/// Whether a value is of a type of this name, wherever that is.
fn is_called(value: &Opaque, name: &str) -> bool {
    value.type_name().strip_suffix(name).is_some_and(|path| path.ends_with("::"))
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
