//! Numbers in front of words.

use std::fmt::Display;

/// `1 message`, `2 messages`
pub(crate) fn count<N: Copy + Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {what}{plural}")
}
