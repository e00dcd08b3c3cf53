//! Payloads in the `Debug` of generated types: as they print, or as a hole if they do not.
//!
//! Which of the two is decided by which method is found: the one of [`PrintedAsDebug`] needs one reference less, so
//! it is taken where the payload has `Debug`.

use std::fmt;

/// A payload that is to be printed.
#[derive(Debug)]
pub struct Printed<'a, T>(pub &'a T);

/// For payloads with `Debug`.
pub trait PrintedAsDebug<'a> {
    /// The payload.
    fn printable(&self) -> &'a dyn fmt::Debug;
}

impl<'a, T: fmt::Debug> PrintedAsDebug<'a> for Printed<'a, T> {
    fn printable(&self) -> &'a dyn fmt::Debug {
        self.0
    }
}

/// For all others.
pub trait PrintedAsHole<'a> {
    /// Something that prints as `_`.
    fn printable(&self) -> &'a dyn fmt::Debug;
}

impl<'a, T> PrintedAsHole<'a> for &Printed<'_, T> {
    fn printable(&self) -> &'a dyn fmt::Debug {
        &Hole
    }
}

struct Hole;

impl fmt::Debug for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}
