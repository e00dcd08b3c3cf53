//! Payloads as they are written in tests, and as messages carry them.

use std::any::Any;
use std::fmt::Debug;

use telltale_vm::{Kind, Large, Value, pack, unpack};

use crate::random::draw::Draw;
use crate::random::scalars;
use crate::spelling::carried;

/// The kind that payloads of a type have, by the spelling of the type; nothing for opaque ones.
pub(crate) fn kind_of(ty: &str) -> Option<Kind> {
    scalars::value(&carried(ty), &mut Draw::new(0)).map(|value| value.kind())
}

/// The value as the payload of a message whose type is spelled `ty`: a number without a suffix is an `i32`, and a text
/// in quotes a `&str`, where the message may carry a `u64` and a `String`.
pub(crate) fn fitted(value: Value, ty: &str) -> Value {
    match (value, kind_of(ty)) {
        (Value::Int(number @ 0..), Some(Kind::Uint)) => Value::Uint(number.cast_unsigned()),
        (value @ Value::Large(_), Some(Kind::Text)) => match value.into_opaque::<&'static str>() {
            Ok(text) => Value::text(text),
            Err(value) => value,
        },
        (value, _) => value,
    }
}

/// The same value once more, unless it is opaque.
pub(crate) fn copy_of(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Unit => Value::Unit,
        Value::Bool(it) => Value::Bool(*it),
        Value::Int(it) => Value::Int(*it),
        Value::Uint(it) => Value::Uint(*it),
        Value::Float(it) => Value::Float(*it),
        Value::Char(it) => Value::Char(*it),
        Value::Large(large) => match &**large {
            Large::Text(text) => Value::text(text.as_str()),
            Large::Bytes(bytes) => Value::bytes(bytes.as_slice()),
            _ => return None,
        },
        _ => return None,
    })
}

/// Compares a payload with the one that is expected, which may be written as in [`fitted`]. If they differ: what was
/// found.
pub(crate) fn compare<T: PartialEq + Debug + 'static>(
    expected: &T,
    found: Value,
) -> Result<(), String> {
    if let (Some(expected), Some(found)) =
        ((expected as &dyn Any).downcast_ref::<&'static str>(), found.as_text())
    {
        return if *expected == found { Ok(()) } else { Err(format!("{found:?}")) };
    }
    match typed::<T>(found) {
        Ok(found) if found == *expected => Ok(()),
        Ok(found) => Err(format!("{found:?}")),
        Err(found) => Err(found.to_string()),
    }
}

/// What the value carries, as a Rust value; a number may be of another sign than its type.
pub(crate) fn typed<T: 'static>(value: Value) -> Result<T, Value> {
    match unpack(value) {
        Err(Value::Uint(number)) => match i64::try_from(number) {
            Ok(signed) => unpack(Value::Int(signed)).map_err(|_| Value::Uint(number)),
            Err(_) => Err(Value::Uint(number)),
        },
        unpacked => unpacked,
    }
}

/// What is wrong with a value as the payload of a message; nothing if it fits, as far as can be seen.
pub(crate) fn misfit(value: &Value, label: &str, ty: &str) -> Option<String> {
    let is_wrong = kind_of(ty).is_some_and(|kind| value.kind() != kind);
    is_wrong.then(|| format!("`{label}` carries `{ty}` and not {}", shown(value)))
}

/// A value in a sentence.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Unit => "nothing".to_owned(),
        Value::Large(large) => match &**large {
            Large::Opaque(opaque) => format!("a value of type `{}`", opaque.type_name()),
            large => large.to_string(),
        },
        scalar => scalar.to_string(),
    }
}

/// `pack`, as a value that makes values.
pub(crate) fn packing<T: Send + 'static>(make: impl Fn() -> T) -> impl Fn() -> Value {
    move || pack(make())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_fit_into_what_the_label_carries() {
        assert!(matches!(fitted(pack(25), "u64"), Value::Uint(25)));
        assert!(matches!(fitted(pack(-25), "u64"), Value::Int(-25)));
        assert!(matches!(fitted(pack(25), "i64"), Value::Int(25)));
        assert_eq!(fitted(pack("tea"), "String").as_text(), Some("tea"));
        assert_eq!(fitted(pack("tea"), "{ what: String }").as_text(), Some("tea"));
        assert_eq!(fitted(pack("tea"), "&'static str").kind(), Kind::Opaque);
        assert_eq!(compare(&25, pack(25_u64)), Ok(()));
        assert_eq!(compare(&25, pack(u64::MAX)), Err(u64::MAX.to_string()));
        assert_eq!(compare(&"tea", pack("tea".to_owned())), Ok(()));
        assert_eq!(compare(&"tea", pack("cake".to_owned())), Err("\"cake\"".to_owned()));
        assert_eq!(compare(&[1_u16], pack([2_u16])), Err("[2]".to_owned()));
        assert_eq!(compare(&"tea", pack("tea")), Ok(()));
    }

    #[test]
    fn what_does_not_fit_says_so() {
        assert_eq!(misfit(&pack(1_u64), "Price", "u64"), None);
        assert_eq!(misfit(&pack([1]), "Point", "[i32; 1]"), None);
        let misfit = |value, ty| misfit(&value, "Buy", ty).expect("it does not fit");
        assert_eq!(misfit(pack(true), "u64"), "`Buy` carries `u64` and not true");
        assert_eq!(
            misfit(pack(7), "{ address: String }"),
            "`Buy` carries `{ address: String }` and not 7"
        );
    }
}
