//! Verdicts, and what is no method of anything.

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::error;
use super::object::{data, object};
use crate::judge::Judged;
use crate::protocol::sequence_of;

/// What is to be said of a text.
#[wasm_bindgen(skip_typescript)]
pub fn check(text: &str) -> JsValue {
    let judged = Judged::of(text);
    let protocols = judged.analysis.ast.protocols.iter().enumerate().map(|(at, ast)| {
        let roles = ast.roles.iter().map(|role| JsValue::from(role.name.to_string()));
        object([
            ("name", ast.name.to_string().into()),
            ("roles", roles.collect::<Array>().into()),
            ("ok", judged.projected.get(at).is_some_and(Option::is_some).into()),
        ])
    });
    object([
        ("ok", (judged.errors.is_empty()).into()),
        ("protocols", protocols.collect::<Array>().into()),
        ("errors", data(&judged.errors)),
    ])
}

/// The picture of a protocol as it is written, even if it is refused.
#[wasm_bindgen(js_name = sketch, skip_typescript)]
pub fn sketch(text: &str, name: Option<String>) -> Option<String> {
    sequence_of(text, name.as_deref())
}

/// A seed that nobody can foresee, exact as a number.
///
/// # Errors
///
/// When the platform has none.
#[wasm_bindgen(skip_typescript)]
#[expect(clippy::cast_precision_loss, reason = "it is below 2^53")]
pub fn entropy() -> Result<f64, JsValue> {
    let seed = telltale_vm::js::entropy();
    seed.map(|seed| seed as f64).map_err(|error| error::machine(&error.to_string()))
}
