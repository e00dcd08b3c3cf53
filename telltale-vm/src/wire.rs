//! Payloads as bytes, and back.
//!
//! A protocol in front of which `#[serde]` stands has a codec for each of its messages, made when it is compiled: a payload is
//! written by serde, as JSON or by another [`Codec`]. [`Payloads`] finds them with the image:
//!
//! ```
//! # #[cfg(feature = "macros")] mod doc {
//! use telltale_vm::wire::Payloads;
//! use telltale_vm::{choreography, pack, unpack};
//!
//! choreography! {
//!     #[serde]
//!     pub protocol Coffee(Guest, Bar) {
//!         Guest -> Bar: Order { drink: String, cups: u8 };
//!         Bar -> Guest: Served(Option<f64>);
//!     }
//! }
//!
//! # pub
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let payloads = Payloads::of(&coffee::IMAGE);
//!     let order = coffee::IMAGE.names().labels().next().expect("the first message").0;
//!
//!     let bytes = payloads.encode(order, &pack(("tea".to_owned(), 2_u8)))?;
//!     assert_eq!(bytes, br#"{"drink":"tea","cups":2}"#);
//!
//!     let (drink, cups) = unpack::<(String, u8)>(payloads.decode(order, &bytes)?).expect("an order");
//!     assert_eq!((drink.as_str(), cups), ("tea", 2));
//!
//!     let error = payloads.decode(order, br#"{"drink":"tea","cups":256}"#).unwrap_err();
//!     assert_eq!(
//!         error.to_string(),
//!         "`Order { drink: String, cups: u8 }` cannot be read: invalid value: integer `256`, expected u8 at line 1 column 25",
//!     );
//!     Ok(())
//! }
//! # }
//! # #[cfg(feature = "macros")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { doc::main() }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! ```
//!
//! Payloads of other protocols can be written down as long as they are scalars, text, bytes or records: as [`Value`], which says
//! of what kind it is.
//!
//! Codecs are code. They belong to the image that the macro has put into the program, `coffee::IMAGE`, and not to an image that was
//! read and validated, though it is equal: the payloads of that are written as those of other protocols, as values. So take the
//! image of the macro where bytes are exchanged with programs that have it; equal images may stand in for each other everywhere else.

mod codec;
mod error;
mod exact;
pub(crate) mod record;
mod table;

use telltale_bytecode::Image;
use telltale_types::{LabelId, LabelView};

use crate::lines::label_of;
use crate::value::expected::ExpectedKind;
use crate::value::payload::Seen;
use crate::{Kind, Large, Value};

pub use codec::{Codec, CodecError, Json};
pub use error::{WireError, WireProblem};
pub use record::{FieldNames, Serializable};
pub use table::{PayloadCodec, PayloadCodecs};

/// How many bytes a payload has at most, if nobody says otherwise.
pub const DEFAULT_LIMIT: usize = 1 << 20;

/// How the payloads of an image are written down.
#[derive(Clone, Copy, Debug)]
pub struct Payloads<'a> {
    image: &'a Image,
    limit: usize,
}

impl<'a> Payloads<'a> {
    /// Those of an image, of [`DEFAULT_LIMIT`] bytes at most. Only the image that the macro has made of a protocol with
    /// `#[serde]` has its codecs; see [the module](self).
    pub fn of(image: &'a Image) -> Self {
        Self { image, limit: DEFAULT_LIMIT }
    }

    /// With another limit, which holds for what is written as for what is read.
    #[must_use]
    pub fn with_limit(self, bytes: usize) -> Self {
        Self { limit: bytes, ..self }
    }

    /// Whether what is written is JSON.
    pub fn are_json(&self) -> bool {
        self.codecs().is_none_or(|codecs| codecs.are_json)
    }

    /// The payload of a message as bytes.
    ///
    /// # Errors
    ///
    /// When there is no such label, the payload is not of the label's type or cannot be written down, or it would be larger than
    /// the limit.
    pub fn encode(&self, label: LabelId, payload: &Value) -> Result<Vec<u8>, WireError> {
        let view = self.label(label)?;
        let mut bytes = Vec::new();
        let written = match self.codec(label) {
            Some(codec) => codec.encode(view.payload, Seen::of(payload), &mut bytes),
            None => describe(view, payload, &mut bytes),
        };
        let written = written.and_then(|()| self.within_limit(bytes.len()));
        written.map_err(|problem| WireError::writing(view, problem))?;
        Ok(bytes)
    }

    /// The payload of a message as bytes, where it is no scalar and its protocol has a codec for it.
    pub(crate) fn encode_large(
        &self,
        label: LabelId,
        payload: &Large,
    ) -> Option<Result<Vec<u8>, WireError>> {
        let (view, codec) = (self.label(label).ok()?, self.codec(label)?);
        let mut bytes = Vec::new();
        let written = codec.encode(view.payload, Seen::Large(payload), &mut bytes);
        let written = written.and_then(|()| self.within_limit(bytes.len()));
        Some(written.map(|()| bytes).map_err(|problem| WireError::writing(view, problem)))
    }

    /// The payload of a message out of bytes, all of them.
    ///
    /// # Errors
    ///
    /// When there is no such label, there are more bytes than the limit allows, or they are no payload of the label's type.
    pub fn decode(&self, label: LabelId, bytes: &[u8]) -> Result<Value, WireError> {
        let view = self.label(label)?;
        let read = self.within_limit(bytes.len()).and_then(|()| match self.codec(label) {
            Some(codec) => codec.decode(bytes),
            None => described(view, bytes),
        });
        read.map_err(|problem| WireError::reading(view, problem))
    }

    fn codecs(&self) -> Option<&'static PayloadCodecs> {
        PayloadCodecs::of(self.image)
    }

    fn codec(&self, label: LabelId) -> Option<&'static PayloadCodec> {
        self.codecs()?.by_label.get(label.index())
    }

    fn label(&self, label: LabelId) -> Result<LabelView<'a>, WireError> {
        let count = self.image.names().labels().len();
        if label.index() < count {
            Ok(label_of(self.image.names(), label))
        } else {
            Err(WireError::unknown(label, count))
        }
    }

    fn within_limit(&self, size: usize) -> Result<(), WireProblem> {
        let limit = self.limit;
        if size <= limit { Ok(()) } else { Err(WireProblem::TooLarge { size, limit }) }
    }
}

/// Writes down a payload whose protocol has no codecs.
fn describe(label: LabelView<'_>, payload: &Value, to: &mut Vec<u8>) -> Result<(), WireProblem> {
    is_of_type(label, payload)?;
    match payload.kind() {
        Kind::Endpoint => Err(WireProblem::Endpoint),
        Kind::Opaque => Err(WireProblem::opaque(payload)),
        _ => Ok(serde_json::to_writer(to, payload).map_err(Box::from)?),
    }
}

fn described(label: LabelView<'_>, bytes: &[u8]) -> Result<Value, WireProblem> {
    let payload = serde_json::from_slice(bytes).map_err(Box::from)?;
    is_of_type(label, &payload)?;
    Ok(payload)
}

fn is_of_type(label: LabelView<'_>, payload: &Value) -> Result<(), WireProblem> {
    let expected = ExpectedKind::of_type(label.payload);
    if expected.accepts(payload) { Ok(()) } else { Err(WireProblem::wrong(label.payload, payload)) }
}
