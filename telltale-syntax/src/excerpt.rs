//! What the user wrote, as far as a sentence repeats it.

use std::fmt::{self, Display, Write};

/// How many characters are repeated.
const LIMIT: usize = 160;

/// The text of something, cut off where it gets long.
///
/// What is cut off is not printed either, so that it costs nothing to quote one long statement in
/// many mistakes.
pub(crate) fn excerpt(whole: &(impl Display + ?Sized)) -> String {
    let mut excerpt = Excerpt { text: String::new(), left: LIMIT };
    // It fails where the excerpt ends.
    let _ = write!(excerpt, "{whole}");
    excerpt.text
}

struct Excerpt {
    text: String,
    left: usize,
}

impl Write for Excerpt {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for character in part.chars() {
            if self.left == 0 {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.left -= 1;
            self.text.push(character);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_long_is_cut_off() {
        let long = "ä".repeat(LIMIT);
        assert_eq!(excerpt(&long), long);
        assert_eq!(excerpt(&(long.clone() + "b")), long + "…");
    }
}
