//! The parts of a Rust file that say protocols.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};

/// Where the insides of all `choreography! { … }` of a Rust file are, in bytes and in their order, but for those that a `macro_rules!`
/// writes; nothing if the file cannot be split into tokens.
///
/// ```
/// let text = "fn main() {} choreography! { protocol Ping(A, B) { A -> B: Ping; } }";
/// let blocks = telltale_syntax::blocks(text).expect("these are tokens");
/// assert_eq!(&text[blocks[0].clone()], " protocol Ping(A, B) { A -> B: Ping; } ");
///
/// assert_eq!(telltale_syntax::blocks("choreography! {"), None);
/// ```
pub fn blocks(text: &str) -> Option<Vec<Range<usize>>> {
    if !text.contains("choreography") {
        return Some(Vec::new());
    }
    let blocks = text.parse().ok().map(find);
    // What has been split is kept for the thread, until it is let go of.
    proc_macro2::extra::invalidate_current_thread_spans();
    blocks
}

fn find(tokens: TokenStream) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = vec![tokens];
    while let Some(tokens) = open.pop() {
        let mut before = [None, None, None];
        for tree in tokens {
            if let TokenTree::Group(group) = &tree {
                let is_rules = matches!(&before, [Some(word), Some(sign), _] if word == "macro_rules" && sign == "!");
                let is_block = matches!(&before, [_, Some(word), Some(sign)] if word == "choreography" && sign == "!");
                if is_block {
                    let (start, end) =
                        (group.span_open().byte_range().end, group.span_close().byte_range().start);
                    found.push(start..end);
                } else if !is_rules {
                    open.push(group.stream());
                }
            }
            before.rotate_left(1);
            before[2] = match tree {
                TokenTree::Group(_) | TokenTree::Literal(_) => None,
                TokenTree::Ident(word) => Some(word.to_string()),
                TokenTree::Punct(sign) => Some(sign.to_string()),
            };
        }
    }
    found.sort_by_key(|range| range.start);
    found
}
