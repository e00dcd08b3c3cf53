//! Numbers beside words.

use std::collections::BTreeSet;
use std::fmt::Display;

/// `1 message`, `2 messages`
pub(crate) fn count<N: Copy + Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// `line 6`, `lines 6, 8`
pub(crate) fn lines(lines: &BTreeSet<usize>) -> String {
    let plural = if lines.len() == 1 { "" } else { "s" };
    let numbers: Vec<String> = lines.iter().map(ToString::to_string).collect();
    format!("line{plural} {}", numbers.join(", "))
}
