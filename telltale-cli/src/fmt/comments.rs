//! What stands between tokens: comments and empty lines.

/// Something between two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comment<'t> {
    /// As it is written, from its slashes on.
    pub(super) text: &'t str,
    /// Where it begins.
    pub(super) start: usize,
    /// Whether it is the first thing on its line.
    pub(super) begins_line: bool,
    /// Whether it is the last.
    pub(super) ends_line: bool,
    /// Whether the line in front of it is empty.
    pub(super) after_empty_line: bool,
}

/// What stands between two tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Gap<'t> {
    pub(super) comments: Vec<Comment<'t>>,
    /// Whether the line in front of the token behind it is empty.
    pub(super) empty_line: bool,
}

/// What stands between two places of a text; the first gap is at the beginning of a line.
pub(super) fn gap(text: &str, start: usize, end: usize, is_first: bool) -> Gap<'_> {
    let mut gap = Gap::default();
    let mut at = start;
    let (mut newlines, mut is_line_start) = (0, is_first);
    while at < end {
        let rest = &text[at..end];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else {
            let sign = rest.chars().next().map_or(1, char::len_utf8);
            if rest.starts_with('\n') {
                newlines += 1;
                is_line_start = true;
            }
            at += sign;
            continue;
        };
        let behind = &text[at + length..];
        let line = behind.split('\n').next().unwrap_or_default();
        gap.comments.push(Comment {
            text: rest[..length].trim_end(),
            start: at,
            begins_line: is_line_start,
            ends_line: line.trim().is_empty(),
            after_empty_line: newlines > 1,
        });
        at += length;
        (newlines, is_line_start) = (0, false);
    }
    gap.empty_line = newlines > 1;
    gap
}

/// How long a comment is that may contain others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}
