//! The tokens of a text, and where they stand.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};

/// A token of a text that has tokens.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    pub(super) range: Range<usize>,
}

/// All tokens, with braces one by one. A comment that documents something is one token.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let stream: TokenStream = text.parse().unwrap_or_default();
    let mut ranges = Vec::new();
    flatten(stream, text, &mut ranges);
    // What has been split is kept for the thread, until it is let go of.
    proc_macro2::extra::invalidate_current_thread_spans();
    ranges.into_iter().map(|range| Token { text: text[range.clone()].trim_end(), range }).collect()
}

/// As deep as a text that has been parsed, which is bounded.
fn flatten(stream: TokenStream, text: &str, ranges: &mut Vec<Range<usize>>) {
    let mut trees = stream.into_iter();
    while let Some(tree) = trees.next() {
        let range = tree.span().byte_range();
        if is_comment(&text[range.clone()]) {
            // It stands for `#[doc = "…"]`: the brackets have the same place.
            trees.next();
            ranges.push(range);
            continue;
        }
        match tree {
            TokenTree::Group(group) => {
                ranges.push(group.span_open().byte_range());
                flatten(group.stream(), text, ranges);
                ranges.push(group.span_close().byte_range());
            }
            _ => ranges.push(range),
        }
    }
}

fn is_comment(text: &str) -> bool {
    text.starts_with("//") || text.starts_with("/*")
}
