//! The class `VM`.

use js_sys::{JSON, Promise};
use telltale_vm::{Progress, VMConfig};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::error::{out_of_range, wrong_type};
use super::machine::Shared;
use super::object::{data, kind, object};
use super::protocol::Protocol;
use super::session::Session;
use crate::options::Options;

/// How many rounds a run has where nobody says it: so many that only a protocol without an end needs more.
const ROUNDS: u32 = 1_000_000;

fn word(progress: Progress) -> &'static str {
    match progress {
        Progress::Complete => "complete",
        Progress::OutOfFuel => "out-of-fuel",
        _ => "waiting",
    }
}

fn config(options: &JsValue) -> Result<VMConfig, JsValue> {
    if options.is_undefined() {
        return Ok(VMConfig::default());
    }
    let json = JSON::stringify(options).ok().and_then(|json| json.as_string());
    let expected = || wrong_type(&format!("expected options, found {}", kind(options)));
    let json = json.filter(|json| json.starts_with('{')).ok_or_else(expected)?;
    let options = Options::read(&json).map_err(|error| {
        let text = error.to_string();
        // There is no text with lines that anybody could look at.
        out_of_range(text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text))
    })?;
    Ok(options.config())
}

/// A machine.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug)]
pub struct VM(Shared);

#[wasm_bindgen]
impl VM {
    /// A machine without sessions.
    #[wasm_bindgen(constructor, skip_typescript)]
    pub fn new(options: &JsValue) -> Result<VM, JsValue> {
        Ok(Self(Shared::new(config(options)?)))
    }

    /// Opens a session.
    #[wasm_bindgen(skip_typescript)]
    pub fn open(
        &self,
        protocol: &Protocol,
        roles: &JsValue,
        handler: &JsValue,
    ) -> Result<Session, JsValue> {
        self.0.open(protocol, roles, handler)
    }

    /// Lets sessions act until nobody can.
    #[wasm_bindgen(skip_typescript)]
    pub fn run(&self, rounds: Option<u32>) -> Result<String, JsValue> {
        let rounds = rounds.unwrap_or(ROUNDS) as usize;
        let progress = self.0.act(|vm, answers| vm.run(answers, rounds))?;
        Ok(word(progress).to_owned())
    }

    /// Lets one role have a turn.
    #[wasm_bindgen(skip_typescript)]
    pub fn step(&self) -> Result<JsValue, JsValue> {
        let mut turns = 0;
        let progress = self.0.act(|vm, answers| {
            let step = vm.step(answers)?;
            turns = step.turns;
            Ok(step.progress)
        })?;
        Ok(object([("turns", (turns as u32).into()), ("progress", word(progress).into())]))
    }

    /// Lets sessions act, and waits for what their roles promise.
    #[wasm_bindgen(skip_typescript)]
    pub fn play(&self, rounds: Option<u32>) -> Promise {
        let shared = self.0.clone();
        let rounds = rounds.unwrap_or(ROUNDS) as usize;
        future_to_promise(async move {
            loop {
                let progress = shared.act(|vm, answers| vm.run(answers, rounds))?;
                let next = match progress {
                    Progress::Waiting => shared.next_settled()?,
                    _ => None,
                };
                match next {
                    Some(next) => drop(JsFuture::from(next).await?),
                    None => return Ok(word(progress).into()),
                }
            }
        })
    }

    /// How far the sessions have come.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn progress(&self) -> Result<String, JsValue> {
        Ok(word(self.0.vm()?.progress()).to_owned())
    }

    /// Rounds so far.
    #[wasm_bindgen(getter, skip_typescript)]
    #[expect(clippy::cast_precision_loss, reason = "nobody waits for 2^53 rounds")]
    pub fn clock(&self) -> Result<f64, JsValue> {
        Ok(self.0.vm()?.clock().now() as f64)
    }

    /// The seed.
    #[wasm_bindgen(getter, skip_typescript)]
    #[expect(clippy::cast_precision_loss, reason = "options have no larger one")]
    pub fn seed(&self) -> Result<f64, JsValue> {
        Ok(self.0.vm()?.config().seed as f64)
    }

    /// What was recorded.
    #[wasm_bindgen(skip_typescript)]
    pub fn trace(&self) -> Result<JsValue, JsValue> {
        Ok(data(&self.0.vm()?.trace()))
    }

    /// From now on, roles of this name do not act.
    #[wasm_bindgen(skip_typescript)]
    pub fn pause(&self, role: &str) -> Result<u32, JsValue> {
        Ok(self.0.vm()?.pause(role) as u32)
    }

    /// They act again.
    #[wasm_bindgen(skip_typescript)]
    pub fn resume(&self, role: &str) -> Result<bool, JsValue> {
        Ok(self.0.vm()?.resume(role))
    }

    /// Who waits for whom, session by session.
    #[wasm_bindgen(js_name = toString, skip_typescript)]
    pub fn text(&self) -> Result<String, JsValue> {
        Ok(self.0.vm()?.to_string())
    }
}
