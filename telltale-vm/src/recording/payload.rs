//! Payloads in a recording: as JSON, or as the bytes of another codec.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;
use telltale_bytecode::Image;
use telltale_types::LabelId;

use crate::Value;
use crate::value::serial::{ByteBuf, Bytes};
use crate::wire::{Payloads, WireError};

/// How much of a payload is shown in an error.
const SHOWN: usize = 200;

/// How deep two payloads are compared value by value. Codecs read no deeper ones.
const DEPTH: usize = 128;

#[derive(Clone, Debug)]
pub(super) enum Payload {
    Json(Box<RawValue>),
    Bytes(Vec<u8>),
}

impl Payload {
    /// What a message carries, if it can be read again: a codec may write values that are nested deeper than it reads.
    pub(super) fn encode(image: &Image, label: LabelId, value: &Value) -> Result<Self, WireError> {
        let payloads = Payloads::of(image);
        let bytes = payloads.encode(label, value)?;
        payloads.decode(label, &bytes)?;
        if !payloads.are_json() {
            return Ok(Self::Bytes(bytes));
        }
        let json = String::from_utf8(bytes).ok().and_then(|json| RawValue::from_string(json).ok());
        Ok(Self::Json(json.expect("a codec that says that it writes JSON does")))
    }

    pub(super) fn decode(&self, image: &Image, label: LabelId) -> Result<Value, WireError> {
        let bytes = match self {
            Self::Json(json) => json.get().as_bytes(),
            Self::Bytes(bytes) => bytes,
        };
        Payloads::of(image).decode(label, bytes)
    }

    /// A value that says of what kind it is.
    pub(super) fn described(value: &Value) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(value).map(Self::Json)
    }

    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Self::Json(json) => serde_json::from_str(json.get()).ok(),
            Self::Bytes(_) => None,
        }
    }

    /// Those of a line: at most one of the two.
    pub(super) fn of_line(
        json: Option<Box<RawValue>>,
        bytes: Option<String>,
    ) -> Result<Option<Self>, &'static str> {
        match (json, bytes) {
            (None, None) => Ok(None),
            (Some(json), None) => Ok(Some(Self::Json(json))),
            (None, Some(digits)) => {
                let bytes = ByteBuf::from_digits(&digits);
                bytes
                    .map(|bytes| Some(Self::Bytes(bytes)))
                    .ok_or("`bytes` that are digits in pairs")
            }
            (Some(_), Some(_)) => Err("`payload` or `bytes`"),
        }
    }

    pub(super) fn into_line(self) -> (Option<Box<RawValue>>, Option<String>) {
        match self {
            Self::Json(json) => (Some(json), None),
            Self::Bytes(bytes) => (None, Some(Bytes(&bytes).to_string())),
        }
    }

    /// Whether both are the same data. The members of an object have no order.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Json(one), Self::Json(other)) => is_same(one, other, DEPTH),
            (Self::Bytes(one), Self::Bytes(other)) => one == other,
            _ => false,
        }
    }
}

fn is_same(one: &RawValue, other: &RawValue, depth: usize) -> bool {
    type Object<'a> = BTreeMap<String, &'a RawValue>;
    let (one, other) = (one.get(), other.get());
    if one == other || depth == 0 {
        return one == other;
    }
    // Numbers are compared as they are written: no type of ours holds all of them.
    let parts = |one: &[&RawValue], other: &[&RawValue]| {
        one.len() == other.len()
            && one.iter().zip(other).all(|(one, other)| is_same(one, other, depth - 1))
    };
    match (one.as_bytes().first(), other.as_bytes().first()) {
        (Some(b'"'), Some(b'"')) => {
            let text = |json| serde_json::from_str::<String>(json).ok();
            text(one).is_some_and(|one| Some(one) == text(other))
        }
        (Some(b'['), Some(b'[')) => {
            let list = |json| serde_json::from_str::<Vec<&RawValue>>(json).ok();
            list(one).zip(list(other)).is_some_and(|(one, other)| parts(&one, &other))
        }
        (Some(b'{'), Some(b'{')) => {
            let Ok(one) = serde_json::from_str::<Object<'_>>(one) else { return false };
            let Ok(other) = serde_json::from_str::<Object<'_>>(other) else { return false };
            one.keys().eq(other.keys())
                && one
                    .values()
                    .zip(other.values())
                    .all(|(one, other)| is_same(one, other, depth - 1))
        }
        _ => false,
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Json(json) => json.get().to_owned(),
            Self::Bytes(bytes) => Bytes(bytes).to_string(),
        };
        match text.char_indices().nth(SHOWN) {
            None => f.write_str(&text),
            Some((end, _)) => write!(f, "{}…", &text[..end]),
        }
    }
}
