//! Errors as exceptions: each an `Error` whose name says what kind it is, and whose properties say the rest.

use js_sys::{Error, RangeError, TypeError};
use wasm_bindgen::JsValue;

use super::object::{data, set};
use crate::protocol::Unreadable;

/// An error of this package.
pub(super) fn named(name: &str, message: &str) -> Error {
    let error = Error::new(message);
    error.set_name(name);
    error
}

/// Somebody gave something of the wrong type.
pub(super) fn wrong_type(message: &str) -> JsValue {
    TypeError::new(message).into()
}

/// Somebody gave something that is not there, or out of range.
pub(super) fn out_of_range(message: &str) -> JsValue {
    RangeError::new(message).into()
}

/// The machine refuses what was asked.
pub(super) fn machine(message: &str) -> JsValue {
    named("MachineError", message).into()
}

/// There is no protocol.
pub(super) fn unreadable(why: &Unreadable) -> JsValue {
    match why {
        Unreadable::Wrong(errors) => {
            let error = named("ProtocolError", &why.to_string()).into();
            set(&error, "errors", data(errors));
            error
        }
        Unreadable::Compile(_) => {
            let error = named("ProtocolError", &why.to_string()).into();
            set(&error, "errors", js_sys::Array::new());
            error
        }
        Unreadable::Image(_) | Unreadable::Json(_) => named("ImageError", &why.to_string()).into(),
        Unreadable::Unknown { .. } => out_of_range(&why.to_string()),
    }
}
