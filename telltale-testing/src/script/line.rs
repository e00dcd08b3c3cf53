//! One line of a script.

use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use telltale_vm::{HandlerResult, Value};

use super::error::{Happened, ScriptError};
use crate::payload::{compare, copy_of, fitted, misfit, shown, typed};

/// What one role does next, and where that is written.
pub(super) struct Line {
    pub(super) role: String,
    pub(super) label: String,
    pub(super) what: What,
    pub(super) at: &'static Location<'static>,
}

pub(super) enum What {
    Sends(Gift),
    /// To this role, if it matters.
    Chooses(Option<String>, Gift),
    Fails(String),
    Receives(Takes),
}

/// What a line gives.
pub(super) struct Gift(Mutex<Given>);

enum Given {
    /// A payload; nothing if it has been given and could not be copied.
    Once(Option<Value>),
    Literal(&'static str),
    Made(Box<dyn Fn() -> Value + Send>),
}

impl Gift {
    pub(super) fn once(value: Value) -> Self {
        let given = match value.into_opaque() {
            Ok(text) => Given::Literal(text),
            Err(value) => Given::Once(Some(value)),
        };
        Self(Mutex::new(given))
    }

    pub(super) fn made(make: impl Fn() -> Value + Send + 'static) -> Self {
        Self(Mutex::new(Given::Made(Box::new(make))))
    }

    fn give(&self) -> Option<Value> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Given::Once(value) => match value.as_ref().and_then(copy_of) {
                Some(copy) => Some(copy),
                None => value.take(),
            },
            Given::Literal(text) => Some(Value::opaque(*text)),
            Given::Made(make) => Some(make()),
        }
    }
}

/// What a line expects.
pub(super) struct Takes {
    /// What it is, for people; empty if it may be anything.
    payload: String,
    compare: Box<Comparison>,
}

/// What was found, if it is something else.
type Comparison = dyn Fn(Value) -> Result<(), String> + Send + Sync;

impl Takes {
    pub(super) fn this<T: PartialEq + fmt::Debug + Send + 'static>(expected: T) -> Self {
        let payload = match format!("{expected:?}") {
            nothing if nothing == "()" => String::new(),
            payload => format!(" with {payload}"),
        };
        let expected = Mutex::new(expected);
        let compare =
            move |found| compare(&*expected.lock().unwrap_or_else(PoisonError::into_inner), found);
        Self { payload, compare: Box::new(compare) }
    }

    pub(super) fn that<T: fmt::Debug + 'static>(
        holds: impl Fn(&T) -> bool + Send + Sync + 'static,
    ) -> Self {
        let compare = move |found| match typed::<T>(found) {
            Ok(found) if holds(&found) => Ok(()),
            Ok(found) => Err(format!("{found:?}")),
            Err(found) => Err(shown(&found)),
        };
        Self { payload: " as the line says".to_owned(), compare: Box::new(compare) }
    }

    pub(super) fn any() -> Self {
        Self { payload: String::new(), compare: Box::new(|_| Ok(())) }
    }
}

impl Line {
    /// Whether its message may go to this role.
    pub(super) fn goes_to(&self, role: &str) -> bool {
        match &self.what {
            What::Chooses(Some(to), _) => to == role,
            _ => true,
        }
    }

    /// Whether it is about something that the role receives.
    pub(super) fn receives(&self) -> bool {
        matches!(self.what, What::Receives(_))
    }

    /// The payload that it gives for a message.
    pub(super) fn gives(&self, label: &str, ty: &str) -> HandlerResult<Value> {
        let gift = match &self.what {
            What::Sends(gift) | What::Chooses(_, gift) => gift,
            What::Fails(why) => return Err(why.as_str().into()),
            What::Receives(_) => return Err("the line gives nothing".into()),
        };
        let error = |happened| ScriptError::new(&self.role, self, happened);
        let value = gift.give().ok_or_else(|| error(Happened::Spent))?;
        let value = fitted(value, ty);
        match misfit(&value, label, ty) {
            Some(misfit) => Err(error(Happened::Misfit(misfit)).into()),
            None => Ok(value),
        }
    }

    /// Compares a payload with what it expects.
    pub(super) fn takes(&self, value: Value) -> Result<(), ScriptError> {
        let What::Receives(takes) = &self.what else { return Ok(()) };
        (takes.compare)(value).map_err(|payload| {
            let happened = Happened::Told { label: self.label.clone(), payload };
            ScriptError::new(&self.role, self, happened)
        })
    }
}

/// ```text
/// receive `Price` with 25
/// ```
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = &self.label;
        match &self.what {
            What::Sends(_) => write!(f, "send `{label}`"),
            What::Chooses(None, _) => write!(f, "choose `{label}`"),
            What::Chooses(Some(to), _) => write!(f, "choose `{label}` to `{to}`"),
            What::Fails(_) => write!(f, "fail at `{label}`"),
            What::Receives(takes) => write!(f, "receive `{label}`{}", takes.payload),
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {self} ({})", self.role, self.at)
    }
}
