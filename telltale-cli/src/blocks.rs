//! The parts of a file that say protocols.

use std::ops::Range;

use crate::source::Source;

/// A text as it stands inside of `choreography! { … }`.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Where it stands in the file.
    pub(crate) range: Range<usize>,
    /// The lines in front of it.
    pub(crate) lines_before: usize,
    /// The characters in front of it on its first line.
    pub(crate) columns_before: usize,
    /// The space in front of the line that the macro stands in; nothing if the file is the block.
    pub(crate) indent: Option<String>,
}

/// The blocks of a file.
///
/// A Rust file that cannot be split into tokens is one block as a whole: the language has the same tokens, and
/// says what is wrong with them.
pub(crate) fn blocks(source: &Source) -> Vec<Block> {
    let whole =
        || Block { range: 0..source.text.len(), lines_before: 0, columns_before: 0, indent: None };
    if !source.is_rust() {
        return vec![whole()];
    }
    match telltale_syntax::blocks(&source.text) {
        Some(ranges) => place(&source.text, ranges),
        None => vec![whole()],
    }
}

/// The blocks in one walk through the text.
fn place(text: &str, ranges: Vec<Range<usize>>) -> Vec<Block> {
    let (mut at, mut lines) = (0, 0);
    let mut line_start = 0;
    let mut blocks = Vec::new();
    for range in ranges {
        let passed = &text[at..range.start];
        lines += passed.matches('\n').count();
        line_start = passed.rfind('\n').map_or(line_start, |newline| at + newline + 1);
        at = range.start;
        let line = &text[line_start..];
        let indent: String = line.chars().take_while(|sign| [' ', '\t'].contains(sign)).collect();
        blocks.push(Block {
            lines_before: lines,
            columns_before: text[line_start..range.start].chars().count(),
            indent: Some(indent),
            range,
        });
    }
    blocks
}

impl Block {
    /// The text alone: lines and columns count from its beginning.
    pub(crate) fn text<'s>(&self, source: &'s Source) -> &'s str {
        &source.text[self.range.clone()]
    }

    /// The text with as much space in front of it that lines and columns are those of the file.
    pub(crate) fn in_place(&self, source: &Source) -> String {
        let (lines, columns) = ("\n".repeat(self.lines_before), " ".repeat(self.columns_before));
        format!("{lines}{columns}{}", self.text(source))
    }
}
