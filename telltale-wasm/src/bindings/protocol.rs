//! The class `Protocol`.

use std::sync::Arc;

use js_sys::{Array, Uint8Array};
use telltale_diagram::Page;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::error::{out_of_range, unreadable, wrong_type};
use super::object::{kind, object};
use super::players::Players;
use crate::methods::Methods;
use crate::protocol::Protocol as Inner;
use crate::shape::Shape;

/// A protocol that can be played.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug)]
pub struct Protocol {
    pub(super) inner: Inner,
    names: Vec<String>,
    methods: Option<Arc<Methods>>,
    shapes: Arc<[Shape]>,
}

impl Protocol {
    fn of(inner: Inner) -> Self {
        let names = inner.roles().map(str::to_owned).collect();
        let labels = inner.image.names().labels();
        let shapes = labels.map(|(_, label)| Shape::of(label.payload)).collect();
        let methods = inner.methods().cloned().map(Arc::new);
        Self { inner, names, methods, shapes }
    }

    pub(super) fn players(&self, roles: &JsValue, handler: &JsValue) -> Result<Players, JsValue> {
        Players::new(&self.names, self.methods.as_ref(), &self.shapes, roles, handler)
    }

    fn no_role(&self, role: &str) -> JsValue {
        let known = self.names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        out_of_range(&format!("the protocol has no role `{role}`; there is {}", known.join(", ")))
    }
}

#[wasm_bindgen]
impl Protocol {
    /// Reads a text.
    #[wasm_bindgen(skip_typescript)]
    pub fn read(text: &str, name: Option<String>) -> Result<Protocol, JsValue> {
        let inner = Inner::read(text, name.as_deref());
        inner.map(Self::of).map_err(|why| unreadable(&why))
    }

    /// Reads an image.
    #[wasm_bindgen(js_name = fromImage, skip_typescript)]
    pub fn from_image(image: &JsValue) -> Result<Protocol, JsValue> {
        let inner = if let Some(bytes) = image.dyn_ref::<Uint8Array>() {
            Inner::from_bytes(&bytes.to_vec())
        } else if let Some(json) = image.as_string() {
            Inner::from_json(&json)
        } else {
            return Err(wrong_type(&format!(
                "expected an image as `Uint8Array` or as JSON in a string, found {}",
                kind(image)
            )));
        };
        inner.map(Self::of).map_err(|why| unreadable(&why))
    }

    /// Its name.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn name(&self) -> Option<String> {
        self.inner.name.clone()
    }

    /// Its roles.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn roles(&self) -> Vec<String> {
        self.names.clone()
    }

    /// Its messages.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn messages(&self) -> Array {
        let labels = self.inner.image.names().labels().map(|(_, label)| {
            object([("label", label.name.into()), ("payload", label.payload.into())])
        });
        labels.collect()
    }

    /// What identifies it.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn hash(&self) -> String {
        self.inner.image.hash().to_string()
    }

    /// The protocol seen from above.
    #[wasm_bindgen(getter, js_name = globalType, skip_typescript)]
    pub fn global_type(&self) -> String {
        self.inner.image.global_type.to_string()
    }

    /// The part of a role.
    #[wasm_bindgen(js_name = localType, skip_typescript)]
    pub fn local_type(&self, role: &str) -> Result<String, JsValue> {
        let image = &self.inner.image;
        let id = image.names().find_role(role).ok_or_else(|| self.no_role(role))?;
        Ok(image.local_types[id].to_string())
    }

    /// All of its bytecode.
    #[wasm_bindgen(skip_typescript)]
    pub fn disassembly(&self) -> String {
        self.inner.image.to_string()
    }

    /// The bytecode of a role.
    #[wasm_bindgen(skip_typescript)]
    pub fn program(&self, role: &str) -> Result<Vec<String>, JsValue> {
        self.inner.program(role).ok_or_else(|| self.no_role(role))
    }

    /// A picture of who sends what to whom.
    #[wasm_bindgen(js_name = sequenceDiagram, skip_typescript)]
    pub fn sequence_diagram(&self, format: Option<String>) -> Result<String, JsValue> {
        let sequence = self.inner.sequence();
        let why = "an image does not say how its protocol was written: draw its states";
        let sequence = sequence.ok_or_else(|| wrong_type(why))?;
        match format.as_deref() {
            None | Some("svg") => Ok(sequence.svg(Page::Inline)),
            Some("svg-file") => Ok(sequence.svg(Page::File)),
            Some("mermaid") => Ok(sequence.mermaid()),
            Some(other) => Err(no_format(other, "`svg`, `svg-file` or `mermaid`")),
        }
    }

    /// A picture of the states of a role, or of the whole protocol.
    #[wasm_bindgen(js_name = stateDiagram, skip_typescript)]
    pub fn state_diagram(
        &self,
        role: Option<String>,
        format: Option<String>,
    ) -> Result<String, JsValue> {
        let role = role.as_deref();
        let states = self.inner.states(role);
        let states = states.ok_or_else(|| self.no_role(role.unwrap_or_default()))?;
        match format.as_deref() {
            None | Some("svg") => Ok(states.svg(Page::Inline)),
            Some("svg-file") => Ok(states.svg(Page::File)),
            Some("mermaid") => Ok(states.mermaid()),
            Some("dot") => Ok(states.dot()),
            Some(other) => Err(no_format(other, "`svg`, `svg-file`, `mermaid` or `dot`")),
        }
    }

    /// Its roles as TypeScript.
    #[wasm_bindgen(skip_typescript)]
    pub fn declarations(&self, package: Option<String>) -> Result<String, JsValue> {
        let package = package.as_deref().unwrap_or("telltale-wasm");
        let why =
            "an image does not say what its choices are called: read the text of the protocol";
        self.inner.declarations(package).ok_or_else(|| wrong_type(why))
    }

    /// Its image in the compact form.
    #[wasm_bindgen(js_name = toBytes, skip_typescript)]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.inner.image.to_bytes()
    }

    /// Its image, for `JSON.stringify`.
    #[wasm_bindgen(js_name = toJSON, skip_typescript)]
    pub fn to_json(&self) -> JsValue {
        super::object::data(&self.inner.image)
    }
}

fn no_format(given: &str, known: &str) -> JsValue {
    out_of_range(&format!("unknown format `{given}`; expected {known}"))
}
