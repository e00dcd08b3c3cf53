//! By what a snapshot shows that it has been altered.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The SHA-256 of a snapshot in its compact form. It finds accidents, and is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checksum(pub(super) [u8; Self::BYTES]);

impl Checksum {
    pub(super) const BYTES: usize = 32;

    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (mut bytes, digits) = ([0; Self::BYTES], text.as_bytes());
        let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = digit(2 * at).zip(digit(2 * at + 1));
            let (high, low) = digits.ok_or_else(|| D::Error::custom("a checksum has 64 digits"))?;
            *byte = (high << 4 | low) as u8;
        }
        if digits.len() == 2 * Self::BYTES {
            Ok(Self(bytes))
        } else {
            Err(D::Error::custom("a checksum has 64 digits"))
        }
    }
}
