//! The codecs of a protocol, as the macro writes them: a function each way for each label.

use std::fmt;
use std::marker::PhantomData;

use telltale_bytecode::Image;
use telltale_types::LabelId;

use super::record::{FieldNames, Named, NamedRef, Record, Serializable};
use super::{Codec, WireProblem};
use crate::value::payload::{Seen, with_payload};
use crate::{Value, pack};

/// How each payload of a protocol is written down, by label.
#[derive(Debug)]
pub struct PayloadCodecs {
    pub(super) by_label: &'static [PayloadCodec],
    pub(super) are_json: bool,
    file: &'static str,
    lines: &'static [u32],
}

impl PayloadCodecs {
    /// All of them.
    pub const fn new<C: Codec>(by_label: &'static [PayloadCodec]) -> Self {
        Self { by_label, are_json: C::IS_JSON, file: "", lines: &[] }
    }

    /// Those of a protocol in this file, whose messages are in these lines, by label.
    #[must_use]
    pub const fn at(self, file: &'static str, lines: &'static [u32]) -> Self {
        Self { file, lines, ..self }
    }

    /// Those of an image, if its protocol is marked `#[serde]`.
    pub(crate) fn of(image: &Image) -> Option<&'static Self> {
        image.attachment()?.downcast_ref()
    }

    /// Where the protocol says the message first: `src/purchase.rs:12`.
    pub(crate) fn place(&self, label: LabelId) -> Option<String> {
        let line = self.lines.get(label.index()).filter(|line| **line > 0)?;
        Some(format!("{}:{line}", self.file))
    }
}

/// How the payload of one label is written down.
pub struct PayloadCodec {
    encode: fn(&str, Seen<'_>, &mut Vec<u8>) -> Result<(), WireProblem>,
    decode: fn(&[u8]) -> Result<Value, WireProblem>,
}

impl PayloadCodec {
    /// A payload without named fields.
    pub const fn of<C: Codec, P: Serializable>() -> Self {
        Self {
            encode: |ty, payload, to| write(ty, payload, |payload: &P| C::encode(payload, to)),
            decode: |bytes| Ok(pack(C::decode::<P>(bytes)?)),
        }
    }

    /// A payload with named fields. `R` is the tuple of their types.
    pub(super) const fn record<C: Codec, N: FieldNames, R: Record>() -> Self {
        Self {
            encode: |ty, payload, to| {
                write(ty, payload, |fields| {
                    C::encode(&NamedRef::<'_, N, R> { fields, names: PhantomData }, to)
                })
            },
            decode: |bytes| Ok(pack(C::decode::<Named<N, R>>(bytes)?.fields)),
        }
    }

    /// Appends a payload, which should be of the type that is spelled like this.
    pub(super) fn encode(
        &self,
        ty: &str,
        payload: Seen<'_>,
        to: &mut Vec<u8>,
    ) -> Result<(), WireProblem> {
        (self.encode)(ty, payload, to)
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Value, WireProblem> {
        (self.decode)(bytes)
    }
}

impl fmt::Debug for PayloadCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayloadCodec")
    }
}

/// Does something with the payload in a value, if it is of that type.
fn write<P: 'static>(
    ty: &str,
    payload: Seen<'_>,
    encode: impl FnOnce(&P) -> Result<(), super::CodecError>,
) -> Result<(), WireProblem> {
    match with_payload(payload, encode) {
        Some(encoded) => Ok(encoded?),
        None => Err(WireProblem::Wrong { expected: ty.to_owned(), found: payload.in_words() }),
    }
}
