//! From text to tokens, with a mistake where there are none.

use proc_macro2::{LexError, LineColumn, TokenStream, TokenTree};

use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;

/// How many bytes a text may have: enough for all the steps that a block can have, and little enough
/// for what is made of it to fit into memory.
pub const TEXT_LIMIT: usize = 1 << 24;

/// Hands over the tokens of a text, whose spans mean something until `use_tokens` returns.
///
/// Every text that is split into tokens is kept by `proc-macro2` for its thread, and nothing less than all
/// of them can be let go of. So that is done if there is no other, which is so in programs that read
/// protocols and no other Rust; where somebody else has spans, they stay right, and the text is kept.
pub(crate) fn read<T>(
    text: &str,
    use_tokens: impl FnOnce(Result<TokenStream, Diagnostic>) -> T,
) -> T {
    let is_alone = is_first_text();
    let result = use_tokens(tokens(text));
    if is_alone {
        proc_macro2::extra::invalidate_current_thread_spans();
    }
    result
}

/// Whether the thread keeps no other text than the one that is split to find that out.
fn is_first_text() -> bool {
    let probe: Option<TokenTree> =
        "_".parse().ok().and_then(|tokens: TokenStream| tokens.into_iter().next());
    // In a compiler it is the path of a file instead.
    probe.is_some_and(|probe| probe.span().file() == "<parsed string 1>")
}

/// Splits a text into tokens; the lexer keeps its own stack, so depth does not matter here.
fn tokens(text: &str) -> Result<TokenStream, Diagnostic> {
    if text.len() > TEXT_LIMIT {
        let start = LineColumn { line: 1, column: 0 };
        return Err(Diagnostic::in_text(Mistake::TextTooLong { limit: TEXT_LIMIT }, start));
    }
    text.parse().map_err(|error: LexError| {
        let place = error.span().start();
        Diagnostic::in_text(lexical_mistake(character_at(text, place)), place)
    })
}

fn lexical_mistake(found: Option<char>) -> Mistake {
    match found {
        Some(delimiter @ ('(' | '[' | '{')) => Mistake::UnclosedDelimiter { delimiter },
        Some(delimiter @ (')' | ']' | '}')) => Mistake::UnopenedDelimiter { delimiter },
        found => Mistake::UnknownToken { found },
    }
}

fn character_at(text: &str, place: LineColumn) -> Option<char> {
    text.lines().nth(place.line.checked_sub(1)?)?.chars().nth(place.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        tokens(text).expect_err("the text has no tokens").to_string()
    }

    #[test]
    fn delimiters_are_named_where_they_stand() {
        assert_eq!(mistake("a\n  { b ("), "line 2, column 7: unclosed delimiter `(`");
        assert_eq!(mistake("é )"), "line 1, column 3: unexpected closing delimiter `)`");
        assert_eq!(mistake("(a]"), "line 1, column 3: unexpected closing delimiter `]`");
    }

    #[test]
    fn what_is_no_token_is_said_so() {
        assert_eq!(
            mistake("a # \u{1F600}"),
            "line 1, column 5: unknown or unfinished token `\u{1F600}`"
        );
        assert_eq!(mistake("\n\"open"), "line 2, column 1: unknown or unfinished token `\"`");
    }
}
