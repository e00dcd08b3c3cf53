//! Lines and columns of a text as JavaScript counts them.

use proc_macro2::LineColumn;

use crate::judge::Place;

/// Where the lines of a text begin: the byte, and the code unit of JavaScript.
pub(crate) struct Places<'t> {
    text: &'t str,
    starts: Vec<(usize, usize)>,
}

impl<'t> Places<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let (mut starts, mut at, mut units) = (vec![(0, 0)], 0, 0);
        for line in text.split_inclusive('\n') {
            at += line.len();
            units += line.encode_utf16().count();
            if line.ends_with('\n') {
                starts.push((at, units));
            }
        }
        Self { text, starts }
    }

    pub(crate) fn place(&self, start: LineColumn, end: LineColumn) -> Place {
        let from = self.unit(start);
        Place {
            line: start.line,
            column: start.column + 1,
            start: from,
            end: self.unit(end).max(from),
        }
    }

    /// A place that is not there is the last one of its line, or of the text.
    fn unit(&self, place: LineColumn) -> usize {
        let Some(&(at, units)) = self.starts.get(place.line.saturating_sub(1)) else {
            return self.text.encode_utf16().count();
        };
        let line = self.text[at..].split('\n').next().unwrap_or_default();
        units + line.chars().take(place.column).map(char::len_utf16).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_outside_of_the_first_plane_are_two_units() {
        let places = Places::of("a𝄞b\r\nc");
        let unit = |line, column| places.unit(LineColumn { line, column });
        assert_eq!([unit(1, 0), unit(1, 2), unit(2, 0), unit(2, 9), unit(9, 0)], [0, 3, 6, 7, 7]);
        let (start, end) = (LineColumn { line: 1, column: 1 }, LineColumn { line: 1, column: 2 });
        let place = Place { line: 1, column: 2, start: 1, end: 3 };
        assert_eq!(places.place(start, end), place);
    }
}
