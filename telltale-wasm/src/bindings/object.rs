//! Objects of JavaScript, looked at with care: whatever looks at an object may call a proxy that throws, and an exception that nobody
//! catches would leave the machine in the middle of a run.

use js_sys::{JSON, JsString, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Array, js_name = isArray)]
    fn is_array_or_throws(value: &JsValue) -> Result<bool, JsValue>;

    #[wasm_bindgen(catch, js_name = String)]
    fn text_or_throws(value: &JsValue) -> Result<JsString, JsValue>;
}

/// Data as JavaScript has it.
pub(super) fn data(what: &impl Serialize) -> JsValue {
    let json = serde_json::to_string(what).expect("all keys are texts");
    JSON::parse(&json).expect("it was written as JSON")
}

/// A property that everybody may set.
pub(super) fn set(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    // Fails on objects that are frozen, as what somebody throws may be: then it is as it was.
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
    let descriptor = Reflect::get_own_property_descriptor(object, &name.into()).ok()?;
    (!descriptor.is_undefined()).then(|| Reflect::get(object, &name.into()).ok()).flatten()
}

/// The names of its own properties.
pub(super) fn keys(object: &Object) -> Vec<String> {
    let keys = Reflect::own_keys(object).unwrap_or_default();
    keys.iter().filter_map(|key| key.as_string()).collect()
}

/// Whether it is an array.
pub(super) fn is_array(value: &JsValue) -> bool {
    is_array_or_throws(value).unwrap_or(false)
}

/// How many elements an array has; nothing if it is none.
#[expect(clippy::cast_sign_loss, reason = "arrays have lengths from 0 to 2^32 - 1")]
pub(super) fn length(value: &JsValue) -> Option<u32> {
    let array = is_array(value).then(|| value.unchecked_ref::<Object>())?;
    Some(Reflect::get(array, &"length".into()).ok()?.as_f64()? as u32)
}

/// An element of an array.
pub(super) fn element(array: &JsValue, at: u32) -> JsValue {
    Reflect::get_u32(array.unchecked_ref::<Object>(), at).unwrap_or_default()
}

/// What something is as a text, for people.
pub(super) fn text_of(value: &JsValue) -> String {
    text_or_throws(value).map_or_else(|_| "an object without a text".to_owned(), String::from)
}

/// What something is, for a sentence.
pub(super) fn kind(value: &JsValue) -> String {
    if value.is_null() {
        return "`null`".to_owned();
    }
    if is_array(value) {
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
