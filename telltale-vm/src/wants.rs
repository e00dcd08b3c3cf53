//! What the payload of a message must be.

use crate::{HandlerResult, Kind, Value};

/// The kind that a payload must have, if it must be of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wants {
    /// The number that a payload of a scalar kind must have; that of no payload for other kinds.
    scalar: u8,
    kind: Option<Kind>,
}

/// The numbers of values that are not scalar, and of what is no value. They follow upon those of the scalar
/// kinds, so that the compiler reads them all where it keeps which variant a value is.
const LARGE: u8 = Kind::Text as u8;
const ERROR: u8 = LARGE + 1;
const NONE: u8 = u8::MAX;

impl Wants {
    pub(crate) const ANYTHING: Self = Self { scalar: NONE, kind: None };

    pub(crate) fn of_type(payload: &str) -> Self {
        let kind = Kind::of_type(payload);
        let scalar = kind.map(|kind| kind as u8).filter(|&number| number < LARGE);
        Self { scalar: scalar.unwrap_or(NONE), kind }
    }

    /// Whether a payload is of that kind.
    #[inline(always)]
    pub(crate) fn accepts(self, value: &Value) -> bool {
        number(value) == self.scalar || self.accepts_any(value)
    }

    /// Whether an answer is a payload of that kind.
    #[inline(always)]
    pub(crate) fn accepts_answer(self, answer: &HandlerResult<Value>) -> bool {
        let number = match answer {
            Ok(value) => number(value),
            Err(_) => ERROR,
        };
        number == self.scalar || self.accepts_any_answer(answer)
    }

    /// The payload if it is of that kind, and otherwise what it is instead.
    // By value, so that the compiler never has to keep it in memory.
    #[inline(always)]
    pub(crate) fn accept(self, value: Value) -> Result<Value, Value> {
        if number(&value) == self.scalar { Ok(value) } else { self.accept_any(value) }
    }

    pub(crate) fn kind(self) -> Option<Kind> {
        self.kind
    }

    #[cold]
    #[inline(never)]
    fn accepts_any(self, value: &Value) -> bool {
        self.kind.is_none_or(|kind| kind == value.kind())
    }

    #[cold]
    #[inline(never)]
    fn accepts_any_answer(self, answer: &HandlerResult<Value>) -> bool {
        answer.as_ref().is_ok_and(|value| self.accepts_any(value))
    }

    #[cold]
    #[inline(never)]
    fn accept_any(self, value: Value) -> Result<Value, Value> {
        if self.accepts_any(&value) { Ok(value) } else { Err(value) }
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
