//! Rust values as payloads, and back.
//!
//! Which kind of [`Value`] a Rust type becomes is known to the compiler, so these functions cost
//! nothing at run time: each is a chain of comparisons between constants.

use std::any::Any;
use std::mem;

use telltale_bytecode::Image;
use telltale_types::LabelId;

use crate::error::WrongPayload;
#[cfg(feature = "serde")]
use crate::error::{in_words, large_in_words};
use crate::value::box_pool;
use crate::{HandlerError, HandlerResult, Large, Value};

/// The value that carries `payload`.
///
/// Scalars, `String` and `Vec<u8>` have kinds of their own, every other type is opaque.
///
/// ```
/// use telltale_vm::{Kind, pack, unpack};
///
/// let value = pack(7_u16);
/// assert_eq!(value.kind(), Kind::Uint);
/// assert_eq!(unpack::<u16>(value).unwrap(), 7);
/// ```
pub fn pack<T: Send + 'static>(payload: T) -> Value {
    let mut payload = Some(payload);
    match pack_known(&mut payload) {
        Some(value) => value,
        None => payload.map_or(Value::Unit, Value::opaque),
    }
}

#[inline(always)]
fn pack_known(payload: &mut dyn Any) -> Option<Value> {
    macro_rules! known {
        ($($ty:ty => $to:expr;)*) => {$(
            if let Some(payload) = payload.downcast_mut::<Option<$ty>>() {
                let to: fn($ty) -> Value = $to;
                return payload.take().map(to);
            }
        )*};
    }
    known! {
        () => |()| Value::Unit;
        u64 => Value::Uint;
        u32 => |n| Value::Uint(n.into());
        u16 => |n| Value::Uint(n.into());
        u8 => |n| Value::Uint(n.into());
        usize => |n| Value::Uint(n as u64);
        i64 => Value::Int;
        i32 => |n| Value::Int(n.into());
        i16 => |n| Value::Int(n.into());
        i8 => |n| Value::Int(n.into());
        isize => |n| Value::Int(n as i64);
        bool => Value::from;
        f64 => Value::from;
        f32 => |n| Value::from(widened(n));
        char => Value::from;
        String => Value::text;
        Vec<u8> => Value::bytes;
    }
    None
}

/// The Rust value that `value` carries.
///
/// # Errors
///
/// The value itself, when it is of another kind or out of range for `T`.
#[inline(always)]
pub fn unpack<T: 'static>(value: Value) -> Result<T, Value> {
    let mut payload: Option<T> = None;
    unpack_scalar(&value, &mut payload);
    match payload {
        Some(payload) => Ok(payload),
        None => unpack_other(value),
    }
}

/// The Rust value that the payload of a message carries.
///
/// # Errors
///
/// When the payload is of another type, as injected ones can be: a text that names the label, its payload
/// type and what was found.
// What is no scalar is looked at elsewhere, so that a handler that takes a number needs no stack.
#[inline(always)]
pub(crate) fn unpack_of<T: 'static>(
    image: &Image,
    label: LabelId,
    value: Value,
) -> HandlerResult<T> {
    let mut payload: Option<T> = None;
    let is_scalar = unpack_scalar(&value, &mut payload);
    match payload {
        Some(payload) => Ok(payload),
        None if is_scalar => Err(wrong_payload(image, label, value)),
        None => unpack_other(value).map_err(|value| wrong_payload(image, label, value)),
    }
}

/// A value that is looked at: in the hands of a handler, or where the machine keeps what is no scalar.
#[cfg(feature = "serde")]
#[derive(Clone, Copy)]
pub(crate) enum Seen<'a> {
    Scalar(&'a Value),
    Large(&'a Large),
}

#[cfg(feature = "serde")]
impl<'a> Seen<'a> {
    pub(crate) fn of(value: &'a Value) -> Self {
        match value {
            Value::Large(large) => Self::Large(large),
            scalar => Self::Scalar(scalar),
        }
    }

    /// What it is, where it should be something else.
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::Scalar(value) => in_words(value),
            Self::Large(large) => large_in_words(large),
        }
    }
}

/// Does something with the payload that a value carries, if it is a `T`. The value keeps it.
#[cfg(feature = "serde")]
pub(crate) fn with_payload<T: 'static, R>(seen: Seen<'_>, then: impl FnOnce(&T) -> R) -> Option<R> {
    let large = match seen {
        Seen::Large(large) => large,
        Seen::Scalar(value) => {
            let mut scalar: Option<T> = None;
            unpack_scalar(value, &mut scalar);
            return scalar.as_ref().map(then);
        }
    };
    let known: Option<&dyn Any> = match large {
        Large::Text(text) => Some(text),
        Large::Bytes(bytes) => Some(bytes),
        _ => None,
    };
    let known = known.and_then(|known| known.downcast_ref::<T>());
    known.or_else(|| large.opaque::<T>()).map(then)
}

#[cold]
#[inline(never)]
#[expect(clippy::needless_pass_by_value, reason = "whoever calls it has nothing to drop then")]
fn wrong_payload(image: &Image, label: LabelId, value: Value) -> HandlerError {
    WrongPayload::new(image.names().label(label), &value).into()
}

/// Fills in the payload if it is a scalar and the value is one of its kind. Says whether it is a scalar.
#[inline(always)]
fn unpack_scalar(value: &Value, payload: &mut dyn Any) -> bool {
    macro_rules! known {
        ($($kind:pat, $ty:ty => $from:expr;)*) => {$(
            if let Some(payload) = payload.downcast_mut::<Option<$ty>>() {
                if let $kind = *value {
                    *payload = $from;
                }
                return true;
            }
        )*};
    }
    known! {
        Value::Unit, () => Some(());
        Value::Uint(n), u64 => Some(n);
        Value::Uint(n), u32 => n.try_into().ok();
        Value::Uint(n), u16 => n.try_into().ok();
        Value::Uint(n), u8 => n.try_into().ok();
        Value::Uint(n), usize => n.try_into().ok();
        Value::Int(n), i64 => Some(n);
        Value::Int(n), i32 => n.try_into().ok();
        Value::Int(n), i16 => n.try_into().ok();
        Value::Int(n), i8 => n.try_into().ok();
        Value::Int(n), isize => n.try_into().ok();
        Value::Bool(b), bool => Some(b.get());
        Value::Char(c), char => Some(c.get());
        Value::Float(x), f64 => Some(x.get());
        Value::Float(x), f32 => Some(narrowed(x.get()));
    }
    false
}

/// How far the bits of a fraction have to move from an `f32` to an `f64`.
const FRACTION: u32 = f64::MANTISSA_DIGITS - f32::MANTISSA_DIGITS;

/// The same number in twice as many bits. What is no number keeps its sign and its fraction, which a cast does
/// not promise.
#[inline]
fn widened(x: f32) -> f64 {
    if !x.is_nan() {
        return x.into();
    }
    let bits = u64::from(x.to_bits());
    let (sign, fraction) = (bits >> 31 << 63, bits << 41 >> 41);
    f64::from_bits(sign | f64::INFINITY.to_bits() | fraction << FRACTION)
}

/// The same number in half as many bits: what was an `f32` is one again.
#[inline]
fn narrowed(x: f64) -> f32 {
    if !x.is_nan() {
        return x as f32;
    }
    let bits = x.to_bits();
    let (sign, fraction) = (bits >> 63 << 31, (bits >> FRACTION) as u32 & !0 >> 9);
    // A fraction that does not fit must not become that of infinity.
    let fraction = if fraction == 0 { 1 << 22 } else { fraction };
    f32::from_bits(sign as u32 | f32::INFINITY.to_bits() | fraction)
}

/// The payload if it is no scalar, or else the value.
#[inline(never)]
fn unpack_other<T: 'static>(value: Value) -> Result<T, Value> {
    let Value::Large(mut large) = value else { return Err(value) };
    let mut payload: Option<T> = None;
    take_known(&mut large, &mut payload);
    if payload.is_none() {
        return Value::Large(large).into_opaque();
    }
    box_pool::keep::<T>(large);
    payload.ok_or(Value::Unit)
}

/// Takes the payload out if it is of a type with a kind of its own.
#[inline(always)]
fn take_known(large: &mut Large, payload: &mut dyn Any) {
    match large {
        Large::Text(text) => {
            if let Some(payload) = payload.downcast_mut::<Option<String>>() {
                *payload = Some(mem::take(text));
            }
        }
        Large::Bytes(bytes) => {
            if let Some(payload) = payload.downcast_mut::<Option<Vec<u8>>>() {
                *payload = Some(mem::take(bytes));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn round_trip<T>(payload: T, kind: Kind)
    where
        T: Send + Clone + PartialEq + std::fmt::Debug + 'static,
    {
        let value = pack(payload.clone());
        assert_eq!(value.kind(), kind);
        let back: T = unpack(value).expect("the same type");
        assert!(back == payload, "{back:?} is not {payload:?}");
        drop(payload);
    }

    #[test]
    fn every_payload_comes_back() {
        round_trip((), Kind::Unit);
        round_trip(u8::MAX, Kind::Uint);
        round_trip(u64::MAX, Kind::Uint);
        round_trip(usize::MAX, Kind::Uint);
        round_trip(i8::MIN, Kind::Int);
        round_trip(isize::MIN, Kind::Int);
        round_trip(true, Kind::Bool);
        round_trip(1.5_f32, Kind::Float);
        round_trip(f64::MAX, Kind::Float);
        round_trip('ß', Kind::Char);
        round_trip("text".to_owned(), Kind::Text);
        round_trip(vec![1_u8, 2], Kind::Bytes);
        round_trip(vec![1_u16, 2], Kind::Opaque);
        round_trip((1, "two"), Kind::Opaque);
    }

    #[test]
    fn what_is_no_number_keeps_its_bits() {
        for bits in [0x7f80_0001_u32, 0x7fc0_0000, 0xffbf_ffff, 0xffc0_1234, 0x7fff_ffff] {
            let back: f32 = unpack(pack(f32::from_bits(bits))).expect("the same type");
            assert_eq!(back.to_bits(), bits);
        }
        assert!(narrowed(f64::from_bits(0x7ff0_0000_0000_0001)).is_nan());
    }

    #[test]
    fn another_type_gives_the_value_back() {
        assert!(matches!(unpack::<u8>(Value::Uint(256)), Err(Value::Uint(256))));
        assert!(matches!(unpack::<u8>(Value::Int(1)), Err(Value::Int(1))));
        assert!(matches!(unpack::<u8>(pack("text".to_owned())), Err(Value::Large(_))));
        assert!(matches!(unpack::<()>(pack(Some(1))), Err(Value::Large(_))));
        assert!(matches!(unpack::<Option<u8>>(pack(Some(1_u16))), Err(Value::Large(_))));
    }
}
