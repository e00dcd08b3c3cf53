//! How serde's data becomes bytes.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::exact;

/// Why a payload could not be written or read.
pub type CodecError = Box<dyn Error + Send + Sync>;

/// A format that payloads are written in: a type that stands for it, named by `#[serde(codec = path::ToCodec)]`.
///
/// What is decoded may come from anybody. So a codec refuses bytes that stand behind the payload, has a limit for how deep values
/// are nested, and asks for no memory because of a length that the bytes only claim. Most formats of serde do.
///
/// ```
/// use serde::Serialize;
/// use serde::de::DeserializeOwned;
/// use telltale_vm::wire::{Codec, CodecError};
///
/// /// JSON with line breaks, for people.
/// pub struct Pretty;
///
/// impl Codec for Pretty {
///     const IS_JSON: bool = true;
///
///     fn encode<T: Serialize>(payload: &T, to: &mut Vec<u8>) -> Result<(), CodecError> {
///         Ok(serde_json::to_writer_pretty(to, payload)?)
///     }
///
///     fn decode<T: DeserializeOwned>(from: &[u8]) -> Result<T, CodecError> {
///         Ok(serde_json::from_slice(from)?)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no codec",
    label = "payloads cannot be written with it"
)]
pub trait Codec {
    /// Whether it writes JSON, which recordings show as it is.
    const IS_JSON: bool = false;

    /// Appends a payload to the bytes.
    ///
    /// # Errors
    ///
    /// When the format has no place for something in it.
    fn encode<T: Serialize>(payload: &T, to: &mut Vec<u8>) -> Result<(), CodecError>;

    /// The payload that is all of these bytes.
    ///
    /// # Errors
    ///
    /// When they are something else.
    fn decode<T: DeserializeOwned>(from: &[u8]) -> Result<T, CodecError>;
}

/// The codec of protocols that name no other. What is written is read back as the same: numbers are exact, and what JSON would
/// write as `null` and read as something else is an error. Those are floats that it has no number for (NaN, the infinities), and
/// `Some(())`, `Some(None)` and whatever else in a `Some` is written as `null`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Codec for Json {
    const IS_JSON: bool = true;

    fn encode<T: Serialize>(payload: &T, to: &mut Vec<u8>) -> Result<(), CodecError> {
        // `serde_json` would write `null`, which can mean something else when it is read.
        payload.serialize(exact::Check)?;
        Ok(serde_json::to_writer(to, payload)?)
    }

    fn decode<T: DeserializeOwned>(from: &[u8]) -> Result<T, CodecError> {
        Ok(serde_json::from_slice(from)?)
    }
}
