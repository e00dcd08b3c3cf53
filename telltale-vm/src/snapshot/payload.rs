//! Payloads as they are written down, and made again.

use std::cell::Cell;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use telltale_bytecode::CodeImage;
use telltale_types::LabelId;

use super::error::SnapshotError;
use crate::error::large_in_words;
use crate::memory::heap::{Heap, Word, scalar};
use crate::value::Endpoint;
use crate::wire::Payloads;
use crate::{Large, Value};

/// A payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Payload {
    Unit,
    Bool(bool),
    Int(i64),
    Uint(u64),
    /// The bits of a float: neither format could write all floats otherwise.
    Float(u64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    Record(Fields),
    /// A role of a session.
    Endpoint(u64, u8),
    /// A Rust value, as the codec of its label writes it.
    Encoded(Vec<u8>),
}

/// The fields of a record, which is not too deep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Fields(pub(super) Vec<(String, Payload)>);

/// How deep records may lie inside of each other. Reading, writing and dropping them is recursive.
pub(super) const DEPTH: usize = 64;

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        thread_local!(static DEEP: Cell<usize> = const { Cell::new(0) });
        let deep = DEEP.get();
        if deep == DEPTH {
            return Err(D::Error::custom(format_args!("records are more than {DEPTH} deep")));
        }
        DEEP.set(deep + 1);
        let fields = Vec::deserialize(deserializer);
        DEEP.set(deep);
        fields.map(Self)
    }
}

/// Where a payload is, for errors; and its label, if it has one.
pub(super) struct Place<'a> {
    pub(super) image: &'a CodeImage,
    pub(super) session: u64,
    pub(super) label: Option<LabelId>,
    /// ``the channel from `A` to `B` ``.
    pub(super) what: &'a dyn Fn() -> String,
}

impl Payload {
    /// That of a word in a channel or a register.
    pub(super) fn of_word(
        heap: &Heap,
        word: Word,
        place: &Place<'_>,
    ) -> Result<Self, SnapshotError> {
        match scalar(word) {
            Some(value) => Self::of(&value, place),
            None => match heap.look_at(word) {
                Some(large) => Self::of_large(large, place, DEPTH),
                None => unreachable!("what is no scalar is in the heap"),
            },
        }
    }

    pub(super) fn of(value: &Value, place: &Place<'_>) -> Result<Self, SnapshotError> {
        Self::of_value(value, place, DEPTH)
    }

    fn of_value(value: &Value, place: &Place<'_>, depth: usize) -> Result<Self, SnapshotError> {
        Ok(match value {
            Value::Unit => Self::Unit,
            Value::Bool(value) => Self::Bool(value.get()),
            Value::Int(value) => Self::Int(*value),
            Value::Uint(value) => Self::Uint(*value),
            Value::Float(value) => Self::Float(value.get().to_bits()),
            Value::Char(value) => Self::Char(value.get()),
            Value::Large(large) => Self::of_large(large, place, depth)?,
        })
    }

    fn of_large(large: &Large, place: &Place<'_>, depth: usize) -> Result<Self, SnapshotError> {
        Ok(match large {
            Large::Text(text) => Self::Text(text.clone()),
            Large::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Large::Record(fields) => {
                let Some(depth) = depth.checked_sub(1) else {
                    return Err(place.cannot(format!("a record that is more than {DEPTH} deep")));
                };
                let field = |(name, value): &(String, Value)| {
                    Self::of_value(value, place, depth).map(|payload| (name.clone(), payload))
                };
                Self::Record(Fields(fields.iter().map(field).collect::<Result<_, _>>()?))
            }
            Large::Endpoint(Endpoint { session, role }) => {
                Self::Endpoint(session.ordinal(), role.0)
            }
            Large::Opaque(_) => Self::Encoded(place.encode(large)?),
        })
    }

    /// The payload; `endpoint` makes endpoints.
    pub(super) fn into_value(
        self,
        place: &Place<'_>,
        endpoint: &mut impl FnMut(u64, u8) -> Result<Endpoint, SnapshotError>,
    ) -> Result<Value, SnapshotError> {
        Ok(match self {
            Self::Unit => Value::Unit,
            Self::Bool(value) => value.into(),
            Self::Int(value) => value.into(),
            Self::Uint(value) => value.into(),
            Self::Float(bits) => f64::from_bits(bits).into(),
            Self::Char(value) => value.into(),
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => Value::bytes(bytes),
            Self::Record(Fields(fields)) => {
                let mut values = Vec::with_capacity(fields.len());
                for (name, payload) in fields {
                    values.push((name, payload.into_value(place, endpoint)?));
                }
                Value::record(values)
            }
            Self::Endpoint(session, role) => Large::Endpoint(endpoint(session, role)?).into(),
            Self::Encoded(bytes) => place.decode(&bytes)?,
        })
    }
}

impl Place<'_> {
    /// A Rust value, as the codec of its label writes it; and as it reads it again, because a snapshot with one payload that
    /// nobody can read is one that nobody can read.
    fn encode(&self, large: &Large) -> Result<Vec<u8>, SnapshotError> {
        let payloads = Payloads::of(self.image).with_limit(usize::MAX);
        let written =
            self.label.and_then(|label| Some((label, payloads.encode_large(label, large)?)));
        let Some((label, bytes)) = written else { return Err(self.cannot(large_in_words(large))) };
        let bytes = bytes.and_then(|bytes| payloads.decode(label, &bytes).map(|_| bytes));
        bytes.map_err(|error| self.cannot(format!("what its codec refuses: {error}")))
    }

    fn decode(&self, bytes: &[u8]) -> Result<Value, SnapshotError> {
        let payloads = Payloads::of(self.image).with_limit(usize::MAX);
        let has_codecs = self.image.attachment().is_some();
        let label = self.label.filter(|_| has_codecs).ok_or_else(|| {
            SnapshotError::invalid(format!("{} holds what no codec has written", (self.what)()))
        })?;
        let invalid = |error| SnapshotError::invalid(format!("{}: {error}", (self.what)()));
        payloads.decode(label, bytes).map_err(invalid)
    }

    fn cannot(&self, value: String) -> SnapshotError {
        let label = self.label.map(|label| {
            let label = crate::lines::label_of(self.image.names(), label);
            (label.name.to_owned(), label.payload.to_owned())
        });
        SnapshotError::Unwritable { session: self.session, place: (self.what)(), label, value }
    }
}
