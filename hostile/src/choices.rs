//! Bytes as choices.

/// Bytes of which each choice takes some, until there are none.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl Choices<'_> {
    /// One of so many things; nothing if there are none of them, or no more bytes.
    pub(crate) fn among(&mut self, count: usize) -> Option<usize> {
        let (&first, rest) = self.0.split_first().filter(|_| count > 0)?;
        self.0 = rest;
        if count <= 256 {
            return Some(usize::from(first) % count);
        }
        let (&second, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(usize::from(u16::from_le_bytes([first, second])) % count)
    }

    pub(crate) fn of<'t, T>(&mut self, things: &'t [T]) -> Option<&'t T> {
        self.among(things.len()).map(|at| &things[at])
    }
}
