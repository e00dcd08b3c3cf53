//! Tokens that should be protocols, as a macro gets them: more than a text can say, since delimiters can be invisible and
//! spans can be of no place.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use telltale_syntax::analyse;

use crate::protocol_text::compile;

/// Whatever tokens come, they are refused with errors or each protocol becomes an image.
///
/// # Panics
///
/// When it is not so.
pub fn holds(bytes: &[u8]) {
    compile(&analyse(read(bytes)));
}

/// Words that protocols are made of.
const WORDS: [&str; 32] = [
    "protocol",
    "pub",
    "crate",
    "A",
    "B",
    "C",
    "P",
    "Q",
    "X",
    "Y",
    "u64",
    "String",
    "Vec",
    "choice",
    "at",
    "or",
    "par",
    "and",
    "do",
    "loop",
    "break",
    "continue",
    "allow",
    "silent_end",
    "serde",
    "self",
    "r#loop",
    "_",
    "dyn",
    "const",
    "name",
    "version",
];

const MARKS: [char; 16] =
    ['-', '>', ':', ';', ',', '#', '\'', '<', '=', '&', '|', '.', '!', '*', '+', '?'];

/// Tokens by their bytes: a word, a mark, a literal, or the begin or end of a group. Groups that do not end end with the bytes.
fn read(bytes: &[u8]) -> TokenStream {
    let mut open: Vec<(Delimiter, Vec<TokenTree>)> = Vec::new();
    let mut tokens = Vec::new();
    for &byte in bytes {
        let low = usize::from(byte & 0x1f);
        let token = match byte >> 5 {
            0..=2 => word(WORDS[low]),
            3 => Punct::new(MARKS[low & 15], Spacing::Alone).into(),
            4 => Punct::new(MARKS[low & 15], Spacing::Joint).into(),
            5 => literal(low),
            // Nesting is bounded here: how deep tokens nest is up to whoever made them, and dropping them recurses.
            6 if open.len() < 200 => {
                open.push((delimiter(low), std::mem::take(&mut tokens)));
                continue;
            }
            _ => match open.pop() {
                Some((delimiter, outer)) => {
                    let inner = std::mem::replace(&mut tokens, outer);
                    Group::new(delimiter, inner.into_iter().collect()).into()
                }
                None => continue,
            },
        };
        tokens.push(token);
    }
    while let Some((delimiter, outer)) = open.pop() {
        let inner = std::mem::replace(&mut tokens, outer);
        tokens.push(Group::new(delimiter, inner.into_iter().collect()).into());
    }
    tokens.into_iter().collect()
}

fn word(word: &str) -> TokenTree {
    match word.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()).into(),
        None => Ident::new(word, Span::call_site()).into(),
    }
}

fn literal(number: usize) -> TokenTree {
    match number % 4 {
        0 => Literal::usize_unsuffixed(number).into(),
        1 => Literal::u8_suffixed(number as u8).into(),
        2 => Literal::string("text").into(),
        _ => Literal::character('\u{2028}').into(),
    }
}

fn delimiter(number: usize) -> Delimiter {
    [Delimiter::Brace, Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::None][number % 4]
}
