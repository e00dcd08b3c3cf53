//! Payloads between JavaScript and the machine.
//!
//! What the machine knows (scalars, texts, bytes) becomes a [`Value`] of that kind. Everything else travels as it is in JavaScript, once it has
//! been compared with its type.

use js_sys::{Array, BigInt, JsString, Number, Object, Uint8Array};
use telltale_vm::Value;
use wasm_bindgen::{JsCast, JsValue};

use super::object::{element, is_array, keys, kind, length, own, set};
use crate::shape::{Int, Shape};

/// Why something is no payload: what was expected, and what it is.
type Refused = String;

/// The payload that JavaScript gives.
pub(super) fn to_value(given: &JsValue, shape: &Shape) -> Result<Value, Refused> {
    let checked = checked(given, shape)?;
    Ok(match shape {
        Shape::Unit => Value::Unit,
        Shape::Bool => Value::from(checked.is_truthy()),
        Shape::Int(int) if int.bits <= 64 => integer(&checked, *int)?,
        Shape::Float => Value::from(checked.as_f64().unwrap_or_default()),
        Shape::Char => {
            let sign = checked.as_string().and_then(|text| text.chars().next());
            Value::from(sign.unwrap_or_default())
        }
        Shape::Text => Value::text(checked.as_string().unwrap_or_default()),
        Shape::Bytes => Value::bytes(checked.unchecked_into::<Uint8Array>().to_vec()),
        _ => Value::opaque(checked),
    })
}

/// What JavaScript receives.
#[expect(clippy::cast_precision_loss, reason = "integers of 32 bits are exact")]
pub(super) fn from_value(value: Value, shape: &Shape) -> JsValue {
    let is_number = matches!(shape, Shape::Int(int) if int.is_number());
    match value {
        Value::Unit => JsValue::UNDEFINED,
        Value::Bool(is) => is.get().into(),
        Value::Int(number) if is_number => (number as f64).into(),
        Value::Int(number) => BigInt::from(number).into(),
        Value::Uint(number) if is_number => (number as f64).into(),
        Value::Uint(number) => BigInt::from(number).into(),
        Value::Float(number) => number.get().into(),
        Value::Char(sign) => sign.get().to_string().into(),
        large => match large.into_opaque::<JsValue>() {
            Ok(same) => same,
            Err(large) => text_or_bytes(&large),
        },
    }
}

fn text_or_bytes(value: &Value) -> JsValue {
    match (value.as_text(), value) {
        (Some(text), _) => text.into(),
        (None, Value::Large(large)) => match &**large {
            telltale_vm::untyped::Large::Bytes(bytes) => Uint8Array::from(&bytes[..]).into(),
            _ => JsValue::UNDEFINED,
        },
        _ => JsValue::UNDEFINED,
    }
}

fn refused(expected: &str, given: &JsValue) -> Refused {
    format!("expected {expected}, found {}", kind(given))
}

/// What was given, with numbers in the form in which they are received.
fn checked(given: &JsValue, shape: &Shape) -> Result<JsValue, Refused> {
    let is = |is: bool, expected: &str| {
        if is { Ok(given.clone()) } else { Err(refused(expected, given)) }
    };
    match shape {
        Shape::Unit => is(given.is_undefined() || given.is_null(), "nothing"),
        Shape::Bool => is(given.as_bool().is_some(), "`true` or `false`"),
        Shape::Int(int) => exact(given, *int),
        Shape::Float => is(given.as_f64().is_some(), "a number"),
        Shape::Char => {
            let text = well_formed(given, "a string of one character")?;
            is(text.chars().count() == 1, "a string of one character")
        }
        Shape::Text => well_formed(given, "a string").map(JsValue::from),
        Shape::Bytes => is(given.is_instance_of::<Uint8Array>(), "a `Uint8Array`"),
        Shape::List(of) => {
            let length = length(given).ok_or_else(|| refused("an array", given))?;
            parts(given, (0..length).map(|at| (at, &**of)))
        }
        Shape::Maybe(_) if given.is_undefined() || given.is_null() => Ok(JsValue::UNDEFINED),
        Shape::Maybe(of) => checked(given, of),
        Shape::Tuple(types) => tuple(given, types),
        Shape::Record(fields) => record(given, fields),
        Shape::Any => Ok(given.clone()),
    }
}

/// A string in which each half of a pair has its other half: others have no form as a text of Rust.
fn well_formed(given: &JsValue, expected: &str) -> Result<String, Refused> {
    let Some(string) = given.dyn_ref::<JsString>() else { return Err(refused(expected, given)) };
    if !string.is_valid_utf16() {
        return Err(format!("expected {expected}, found one with half of a surrogate pair"));
    }
    Ok(String::from(string))
}

/// The parts of an array, each with its own type. The first that is wrong is the last that is looked at: an array may be nearly empty, and long.
fn parts<'s>(
    array: &JsValue,
    shapes: impl Iterator<Item = (u32, &'s Shape)>,
) -> Result<JsValue, Refused> {
    let part = |(at, of): (u32, &Shape)| {
        checked(&element(array, at), of).map_err(|error| format!("at {at}: {error}"))
    };
    shapes.map(part).collect::<Result<Array, _>>().map(Into::into)
}

fn tuple(given: &JsValue, types: &[Shape]) -> Result<JsValue, Refused> {
    let expected = format!("an array of {}", types.len());
    let length = length(given).ok_or_else(|| refused(&expected, given))?;
    if length as usize != types.len() {
        return Err(format!("expected {expected}, found one of {length}"));
    }
    parts(given, (0..length).zip(types))
}

fn record(given: &JsValue, fields: &[(String, Shape)]) -> Result<JsValue, Refused> {
    let names = fields.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let expected = format!("an object with {names}");
    let object = match given.dyn_ref::<Object>() {
        Some(object) if !is_array(given) && !given.is_function() => object,
        _ => return Err(refused(&expected, given)),
    };
    let record = Object::new().into();
    for (name, of) in fields {
        let value = own(object, name).unwrap_or(JsValue::UNDEFINED);
        let value = checked(&value, of).map_err(|error| format!("`{name}`: {error}"))?;
        set(&record, name, value);
    }
    match keys(object).into_iter().find(|key| fields.iter().all(|(name, _)| name != key)) {
        Some(key) => Err(format!("expected {expected}, found one that has `{key}`")),
        None => Ok(record),
    }
}

/// An integer in its range: a number if all of its type are exact, otherwise a `bigint`.
fn exact(given: &JsValue, int: Int) -> Result<JsValue, Refused> {
    let named = format!("{}{}", if int.signed { 'i' } else { 'u' }, int.bits);
    let big = match given.as_f64() {
        Some(number) if Number::is_safe_integer(given) => BigInt::from(number as i64),
        Some(number) if number.fract() == 0.0 => {
            return Err(format!(
                "expected an integer (`{named}`), found the number {number}, which is not exact: write it as a `bigint`"
            ));
        }
        _ if given.is_bigint() => given.clone().unchecked_into(),
        _ => return Err(refused(&format!("an integer (`{named}`)"), given)),
    };
    let wrapped = if int.signed {
        BigInt::as_int_n(f64::from(int.bits), &big)
    } else {
        BigInt::as_uint_n(f64::from(int.bits), &big)
    };
    if JsValue::from(wrapped) != JsValue::from(big.clone()) {
        let shown = big.to_string(10).map(String::from).unwrap_or_default();
        return Err(format!(
            "expected an integer (`{named}`), found {shown}, which is out of its range"
        ));
    }
    Ok(if int.is_number() { Number::from(big_to_f64(&big)).into() } else { big.into() })
}

#[expect(clippy::cast_precision_loss, reason = "it has 32 bits")]
fn big_to_f64(big: &BigInt) -> f64 {
    i64::try_from(big.clone()).unwrap_or_default() as f64
}

/// A checked integer of at most 64 bits.
fn integer(checked: &JsValue, int: Int) -> Result<Value, Refused> {
    if let Some(number) = checked.as_f64() {
        let number = number as i64;
        return Ok(if int.signed {
            Value::Int(number)
        } else {
            Value::Uint(number.cast_unsigned())
        });
    }
    let missing = |_| refused("an integer", checked);
    let big = || checked.clone().unchecked_into::<BigInt>();
    if int.signed {
        i64::try_from(big()).map(Value::Int).map_err(missing)
    } else {
        u64::try_from(big()).map(Value::Uint).map_err(missing)
    }
}
