//! Objects of JavaScript.

use js_sys::{JSON, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::JsValue;

/// Data as JavaScript has it.
pub(super) fn data(what: &impl Serialize) -> JsValue {
    let json = serde_json::to_string(what).expect("all keys are texts");
    JSON::parse(&json).expect("it was written as JSON")
}

/// A property that everybody may set.
pub(super) fn set(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    // Fails on objects that are frozen only, and those that are set here have just been made.
    let _ = Reflect::set(object, &name.into(), &value.into());
}

/// An object with these properties.
pub(super) fn object<const N: usize>(properties: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new().into();
    for (name, value) in properties {
        set(&object, name, value);
    }
    object
}

/// A property of its own, if there is one.
pub(super) fn own(object: &Object, name: &str) -> Option<JsValue> {
    let is_there = Object::has_own(object, &name.into());
    is_there.then(|| Reflect::get(object, &name.into()).ok()).flatten()
}

/// What something is, for a sentence.
pub(super) fn kind(value: &JsValue) -> String {
    if value.is_null() {
        return "`null`".to_owned();
    }
    if js_sys::Array::is_array(value) {
        return "an array".to_owned();
    }
    match value.js_typeof().as_string().as_deref() {
        Some("undefined") => "`undefined`".to_owned(),
        Some("object") => "an object".to_owned(),
        Some("number") => format!("the number {}", value.as_f64().unwrap_or_default()),
        Some(other) => format!("a {other}"),
        None => "something".to_owned(),
    }
}
