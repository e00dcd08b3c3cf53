//! What went wrong, as JavaScript is told of it.

use js_sys::Array;
use telltale_vm::{Cause, Fault, SessionId, VMError};
use wasm_bindgen::JsValue;

use super::answers::Thrown;
use super::error::{machine, named};
use super::object::set;

/// What the machine cannot do.
pub(super) fn unable(error: &VMError) -> JsValue {
    machine(&error.to_string())
}

/// Why a session has faulted.
pub(super) fn faulted(session: SessionId, fault: &Fault) -> JsValue {
    let thrown = match &fault.cause {
        Cause::Handler(error) => error.downcast_ref::<Thrown>().map(|thrown| thrown.0.clone()),
        _ => None,
    };
    session_error(session, fault.role.as_deref(), &fault.to_string(), thrown)
}

/// Why a session did not come to its end.
#[expect(clippy::cast_precision_loss, reason = "nobody opens 2^53 sessions")]
pub(super) fn session_error(
    session: SessionId,
    role: Option<&str>,
    why: &str,
    thrown: Option<JsValue>,
) -> JsValue {
    let error = named("SessionError", &format!("session {session}: {why}")).into();
    set(&error, "session", session.ordinal() as f64);
    set(&error, "role", role.map_or(JsValue::UNDEFINED, JsValue::from));
    if let Some(thrown) = thrown {
        set(&error, "cause", thrown);
    }
    error
}

/// The first of these failures, with the others in it. It is not in itself, so that it can be written down.
pub(super) fn all_failures(failures: Vec<JsValue>) -> JsValue {
    let mut failures = failures.into_iter();
    let first = failures.next().unwrap_or_default();
    set(&first, "others", failures.collect::<Array>());
    first
}
