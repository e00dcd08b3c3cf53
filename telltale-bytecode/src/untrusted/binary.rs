//! Images as bytes: a magic number, the format, and the tables as `postcard` writes them.
//!
//! ```text
//! 89 54 54 49   format, two bytes, the lower first   tables
//! ```

use super::serial::Tables;
use super::{ImageError, Limits, UntrustedImage};
use crate::{CodeImage, FORMAT};

/// What no text begins with, and "TTI".
const MAGIC: [u8; 4] = [0x89, b'T', b'T', b'I'];

impl CodeImage {
    /// The image in its compact form: see [`UntrustedImage::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        UntrustedImage::from(self).to_bytes()
    }
}

impl UntrustedImage {
    /// The image in its compact form.
    ///
    /// # Panics
    ///
    /// Never: everything that stands in an image can be written down.
    pub fn to_bytes(&self) -> Vec<u8> {
        let tables = postcard::to_allocvec(&Tables::of(self)).expect("memory has no end");
        [&MAGIC[..], &FORMAT.to_le_bytes(), &tables].concat()
    }

    /// Reads the compact form. Format and size are checked first; whether what was read makes sense is left to
    /// [`validate`](UntrustedImage::validate).
    ///
    /// ```
    /// use telltale_bytecode::{ImageError, UntrustedImage};
    ///
    /// let error = UntrustedImage::from_bytes(b"\x89TTI\x07\x00...").unwrap_err();
    /// assert_eq!(error, ImageError::Format { expected: 1, found: 7 });
    /// ```
    ///
    /// # Errors
    ///
    /// When the bytes are no image, one of another format, cut short or altered, or more than [`Limits::bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::from_bytes_with(bytes, &Limits::default())
    }

    /// [`UntrustedImage::from_bytes`] with other limits.
    ///
    /// # Errors
    ///
    /// As [`UntrustedImage::from_bytes`].
    pub fn from_bytes_with(bytes: &[u8], limits: &Limits) -> Result<Self, ImageError> {
        let (magic, rest) = bytes.split_at(bytes.len().min(MAGIC.len()));
        if magic != MAGIC {
            return Err(ImageError::NotAnImage { expected: MAGIC, found: magic.to_vec() });
        }
        let Some((&format, tables)) = rest.split_first_chunk() else {
            return Err(ImageError::Malformed { reason: "it ends within its format".to_owned() });
        };
        let found = u16::from_le_bytes(format);
        if found != FORMAT {
            return Err(ImageError::Format { expected: FORMAT, found });
        }
        if bytes.len() > limits.bytes {
            let (given, limit) = (bytes.len(), limits.bytes);
            return Err(ImageError::Limit { what: "bytes", given, limit });
        }
        let (tables, behind) = postcard::take_from_bytes::<Tables>(tables)
            .map_err(|error| ImageError::Malformed { reason: lower(&error.to_string()) })?;
        if !behind.is_empty() {
            let end = bytes.len() - behind.len();
            return Err(ImageError::TrailingBytes { end, given: bytes.len() });
        }
        Ok(tables.into())
    }
}

/// A sentence of others in the voice of ours.
fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(char::to_lowercase).into_iter().flatten();
    first.chain(letters).collect::<String>().trim_end_matches('.').to_owned()
}
