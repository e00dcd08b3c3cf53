//! A text, split into tokens and what stands between them.

use super::comments::{Gap, gap};
use super::tokens::{Token, tokens};

/// See above.
pub(super) struct Split<'t> {
    pub(super) tokens: Vec<Token<'t>>,
    /// What stands in front of the first token, between the tokens, and behind the last.
    pub(super) gaps: Vec<Gap<'t>>,
}

impl<'t> Split<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let tokens = tokens(text);
        let mut gaps = Vec::new();
        let mut start = 0;
        for token in &tokens {
            gaps.push(gap(text, start, token.range.start, start == 0));
            start = token.range.start + token.text.len();
        }
        gaps.push(gap(text, start, text.len(), start == 0));
        Self { tokens, gaps }
    }

    /// The texts of all comments, sorted: one in front of `or` goes behind what stands after the brace.
    pub(super) fn comments(&self) -> Vec<&'t str> {
        let comments = self.gaps.iter().flat_map(|gap| &gap.comments);
        let mut texts: Vec<&str> = comments.map(|comment| comment.text).collect();
        texts.sort_unstable();
        texts
    }
}
