//! Where a protocol is written.

use std::path::{Path, PathBuf};

use telltale_syntax::{Analysed, SourceMap, analyse_str, blocks};
use telltale_types::{GlobalType, StateId};
use telltale_vm::loader::CodeImage;

use super::CoverageError;

/// A protocol in a file.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    map: SourceMap,
    /// The lines in front of those that the map speaks of.
    lines_before: usize,
}

impl Source {
    pub(super) fn find(path: &Path, image: &CodeImage) -> Result<Self, CoverageError> {
        let read = std::fs::read_to_string(path);
        let text = read.map_err(|error| CoverageError::Read {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        let is_rust = path.extension().is_some_and(|ending| ending == "rs");
        let whole = 0..text.len();
        // A file of tokens alone is one block, and so is one that cannot be split: nothing is found in it then.
        let ranges = if is_rust { blocks(&text) } else { None }.unwrap_or_else(|| vec![whole]);
        let found = ranges.into_iter().find_map(|range| {
            let map = of_block(&text[range.clone()], &image.global_type)?;
            Some((map, text[..range.start].matches('\n').count()))
        });
        let (map, lines_before) =
            found.ok_or_else(|| CoverageError::NotThere { path: path.to_owned() })?;
        Ok(Self { path: path.to_owned(), map, lines_before })
    }

    /// The line at which an exit of a state of the protocol stands.
    pub(super) fn line(&self, state: StateId, exit: usize) -> Option<usize> {
        Some(self.map.step(state, exit)?.message.quote.line + self.lines_before)
    }
}

/// The protocol of a block that means this.
fn of_block(text: &str, global: &GlobalType) -> Option<SourceMap> {
    let lowered = analyse_str(text).protocols.into_iter().filter_map(|one: Analysed| one.lowered);
    lowered.into_iter().find(|lowered| lowered.global == *global).map(|lowered| lowered.source)
}
