//! Texts that may be as long as a stranger wants.

use std::fmt::{self, Write};

/// How many characters of an instruction, or of what a role may do, are shown.
const SHOWN: usize = 400;

/// The beginning of what something looks like. The rest is not even written.
pub(crate) fn clipped(shown: impl fmt::Display) -> String {
    let mut clip = Clip { text: String::new(), left: SHOWN };
    if write!(clip, "{shown}").is_err() {
        clip.text.push('…');
    }
    clip.text
}

struct Clip {
    text: String,
    left: usize,
}

impl Write for Clip {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for char in more.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(char);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_is_shown_and_what_is_long_ends_in_dots() {
        let exact = "ä".repeat(SHOWN);
        assert_eq!(clipped(&exact), exact);
        assert_eq!(clipped(format_args!("{exact}{exact}")), format!("{exact}…"));
    }
}
