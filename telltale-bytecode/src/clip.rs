//! Instructions in sentences.

use std::fmt;

use telltale_types::foreign;

/// How many characters of an instruction, or of what a role may do, are shown.
const SHOWN: usize = 400;

/// The beginning of what something looks like.
pub(crate) fn clipped(shown: impl fmt::Display) -> String {
    foreign::clipped(shown, SHOWN)
}
