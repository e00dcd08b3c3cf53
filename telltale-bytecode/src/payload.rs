//! What is known of a payload from the spelling of its type.

use crate::ImmKind;

/// The kind of value that a payload of a type is. Of other types than these nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// A scalar, of a kind that instructions can load.
    Scalar(ImmKind),
    /// A text.
    Text,
    /// Bytes.
    Bytes,
}

impl PayloadKind {
    /// The kind of a type with this spelling.
    ///
    /// ```
    /// use telltale_bytecode::{ImmKind, PayloadKind};
    ///
    /// assert_eq!(PayloadKind::of_type("u16"), Some(PayloadKind::Scalar(ImmKind::Uint)));
    /// assert_eq!(PayloadKind::of_type("String"), Some(PayloadKind::Text));
    /// assert_eq!(PayloadKind::of_type("Invoice"), None);
    /// ```
    pub fn of_type(payload: &str) -> Option<Self> {
        Some(Self::Scalar(match payload {
            "()" => ImmKind::Unit,
            "bool" => ImmKind::Bool,
            "i8" | "i16" | "i32" | "i64" | "isize" => ImmKind::Int,
            "u8" | "u16" | "u32" | "u64" | "usize" => ImmKind::Uint,
            "f32" | "f64" => ImmKind::Float,
            "char" => ImmKind::Char,
            "String" => return Some(Self::Text),
            "Vec<u8>" => return Some(Self::Bytes),
            _ => return None,
        }))
    }

    /// Whether a payload is copied when it is moved.
    pub(crate) fn is_scalar(payload: &str) -> bool {
        matches!(Self::of_type(payload), Some(Self::Scalar(_)))
    }
}

/// Whether a scalar that an instruction loads is a value of a type.
pub(crate) fn is_value_of(payload: &str, kind: ImmKind, bits: u32) -> bool {
    let is_kind = PayloadKind::of_type(payload) == Some(PayloadKind::Scalar(kind));
    let int = bits.cast_signed();
    is_kind
        && match payload {
            "u8" => u8::try_from(bits).is_ok(),
            "u16" => u16::try_from(bits).is_ok(),
            "i8" => i8::try_from(int).is_ok(),
            "i16" => i16::try_from(int).is_ok(),
            _ => true,
        }
}
