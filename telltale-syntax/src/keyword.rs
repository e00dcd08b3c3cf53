//! The words of Rust that cannot be names.

use proc_macro2::{Ident, Span};

/// Words that a name can still be made of by writing `r#` in front, in order of the alphabet.
const RAW: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that can never be a name, not even as `r#word`.
const NEVER: [&str; 5] = ["Self", "_", "crate", "self", "super"];

/// Whether a name cannot be spelled like this.
pub(crate) fn is_keyword(word: &str) -> bool {
    RAW.binary_search(&word).is_ok() || NEVER.contains(&word)
}

/// The word as an identifier: raw if it must be, and `crate_` where even that is not allowed.
pub(crate) fn to_ident(word: &str, span: Span) -> Ident {
    if NEVER.contains(&word) {
        Ident::new(&format!("{word}_"), span)
    } else if is_keyword(word) {
        Ident::new_raw(word, span)
    } else {
        Ident::new(word, span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(RAW.is_sorted());
    }

    #[test]
    fn every_word_has_an_identifier() {
        for word in RAW.into_iter().chain(NEVER).chain(["quote"]) {
            let ident = to_ident(word, Span::call_site());
            assert!(ident.to_string().contains(word), "{ident}");
        }
    }
}
