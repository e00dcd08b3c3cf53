//! The class `Session`.

use std::cell::RefCell;
use std::rc::Rc;

use telltale_vm::SessionId;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::machine::Shared;

/// How a session has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: &'static str,
    /// A `SessionError`, or `undefined`.
    pub(super) error: JsValue,
}

/// What is known of an end, by the machine and by whoever has the session.
pub(super) type End = Rc<RefCell<Option<Ended>>>;

/// A session of a machine.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug)]
pub struct Session {
    pub(super) machine: Shared,
    pub(super) id: SessionId,
    pub(super) end: End,
}

#[wasm_bindgen]
impl Session {
    /// Its number in the machine.
    #[wasm_bindgen(getter, skip_typescript)]
    #[expect(clippy::cast_precision_loss, reason = "nobody opens 2^53 sessions")]
    pub fn id(&self) -> f64 {
        self.id.ordinal() as f64
    }

    /// Where it is in its life.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn status(&self) -> Result<String, JsValue> {
        if let Some(ended) = &*self.end.borrow() {
            return Ok(ended.status.to_owned());
        }
        self.machine.status(self.id).map(str::to_owned)
    }

    /// Why it came to no good end.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn error(&self) -> JsValue {
        self.end.borrow().as_ref().map_or(JsValue::UNDEFINED, |ended| ended.error.clone())
    }

    /// What its roles are doing.
    #[wasm_bindgen(skip_typescript)]
    pub fn roles(&self) -> Result<JsValue, JsValue> {
        if self.end.borrow().is_some() {
            return Ok(js_sys::Array::new().into());
        }
        self.machine.looks(self.id)
    }

    /// Ends it.
    #[wasm_bindgen(skip_typescript)]
    pub fn cancel(&self, reason: Option<String>) -> Result<(), JsValue> {
        self.machine.cancel(self.id, reason.as_deref().unwrap_or_default())
    }

    /// Lets it receive what is on its way, and no more.
    #[wasm_bindgen(skip_typescript)]
    pub fn close(&self) -> Result<(), JsValue> {
        self.machine.close(self.id)
    }

    /// Who waits for whom.
    #[wasm_bindgen(js_name = toString, skip_typescript)]
    pub fn text(&self) -> Result<String, JsValue> {
        match &*self.end.borrow() {
            Some(ended) => Ok(format!("{}: {}", self.id, ended.status)),
            None => self.machine.describe(self.id),
        }
    }
}
