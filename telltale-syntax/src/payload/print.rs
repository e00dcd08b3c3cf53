//! The one printer of Rust types.
//!
//! A compiler and the parser of texts disagree about the spaces between tokens, so neither is
//! asked: this prints from the tokens alone, in the spelling of `rustfmt`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

/// A type in its one spelling.
pub(crate) fn type_text(ty: &syn::Type) -> String {
    tokens_text(ty.to_token_stream())
}

/// Other tokens, such as those of an attribute, spaced like those of a type.
pub(crate) fn tokens_text(tokens: TokenStream) -> String {
    let mut printer = Printer::default();
    printer.tokens(tokens);
    printer.text
}

/// What was printed last decides whether a space comes next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Word,
    Lifetime,
    Sign,
    /// `+ = ->`, `,` `:` and `;`: a space comes next, whatever it is.
    Spaced,
}

#[derive(Default)]
struct Printer {
    text: String,
    last: Last,
}

impl Printer {
    fn tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let lists = count_lists(&trees);
        let mut at = 0;
        while let Some(tree) = trees.get(at) {
            at += 1;
            match tree {
                TokenTree::Group(group) => self.group(group.delimiter(), group.stream()),
                TokenTree::Ident(word) => self.word(&word.to_string(), Last::Word),
                TokenTree::Literal(literal) => self.word(&literal.to_string(), Last::Word),
                TokenTree::Punct(punct) => {
                    let next = trees.get(at);
                    at += usize::from(self.punct(punct.as_char(), next, lists > 1));
                }
            }
        }
    }

    /// Prints a sign, and with it the next token if they belong together.
    fn punct(&mut self, sign: char, next: Option<&TokenTree>, trailing_comma_drops: bool) -> bool {
        let next_sign = match next {
            Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
            _ => None,
        };
        match (sign, next_sign, next) {
            ('\'', _, Some(TokenTree::Ident(name))) => {
                self.word(&format!("'{name}"), Last::Lifetime);
                true
            }
            ('-', Some('>'), _) => {
                self.spaced(" ->");
                true
            }
            (':', Some(':'), _) => {
                self.tight("::");
                true
            }
            (',', Some('>'), _) => false,
            (',', _, None) if trailing_comma_drops => false,
            (',', _, None) => {
                self.tight(",");
                false
            }
            (',' | ';' | ':', ..) => {
                self.spaced(&sign.to_string());
                false
            }
            ('+' | '=', ..) => {
                self.spaced(&format!(" {sign}"));
                false
            }
            ('>', ..) => {
                self.tight(">");
                // A word that follows is no part of the brackets, as in `for<'a> Fn(&'a u8)`.
                self.last = Last::Word;
                false
            }
            _ => {
                self.tight(&sign.to_string());
                false
            }
        }
    }

    fn group(&mut self, delimiter: Delimiter, inside: TokenStream) {
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{ ", " }"),
            Delimiter::None => return self.tokens(inside),
        };
        if self.last == Last::Lifetime {
            self.text.push(' ');
        }
        self.tight(open);
        self.last = Last::Nothing;
        self.tokens(inside);
        self.text.push_str(close);
        self.last = Last::Word;
    }

    fn word(&mut self, word: &str, kind: Last) {
        if matches!(self.last, Last::Word | Last::Lifetime | Last::Spaced) {
            self.text.push(' ');
        }
        self.text.push_str(word);
        self.last = kind;
    }

    fn tight(&mut self, sign: &str) {
        let starts_operand = matches!(sign, "(" | "[" | "{ " | "&" | "*" | "::" | "<" | "!" | "?");
        let after_word_that_binds = self.last == Last::Word && self.ends_in_modifier();
        if self.last == Last::Spaced || (starts_operand && after_word_that_binds) {
            self.text.push(' ');
        }
        self.text.push_str(sign);
        self.last = Last::Sign;
    }

    fn spaced(&mut self, sign: &str) {
        self.text.push_str(sign);
        self.last = Last::Spaced;
    }

    /// Whether the last word is one that an operand follows, as in `dyn ::a::B` or `mut [u8]`.
    fn ends_in_modifier(&self) -> bool {
        let word = self.text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
        matches!(word, Some("dyn" | "mut" | "const" | "as"))
    }
}

/// How many commas separate something at this level, angle brackets apart.
fn count_lists(trees: &[TokenTree]) -> usize {
    let mut angles = 0_usize;
    let mut commas = 0;
    let mut before = ' ';
    for tree in trees {
        let sign = if let TokenTree::Punct(punct) = tree { punct.as_char() } else { ' ' };
        match sign {
            '<' => angles += 1,
            '>' if before != '-' => angles = angles.saturating_sub(1),
            ',' if angles == 0 => commas += 1,
            _ => {}
        }
        before = sign;
    }
    commas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> String {
        type_text(&syn::parse_str(text).expect("the text is a type"))
    }

    #[test]
    fn types_print_as_rustfmt_writes_them() {
        for text in [
            "()",
            "u8",
            "Vec<u8>",
            "Vec<Vec<u8>>",
            "(u64, String)",
            "(u64,)",
            "(HashMap<u8, u8>,)",
            "chrono::NaiveDate",
            "::std::string::String",
            "[u8; 4]",
            "[u8; N + 1]",
            "&'static str",
            "&'static mut [u8]",
            "&'static (u8, u8)",
            "*const u8",
            "*mut [u8]",
            "fn(u8) -> u8",
            "unsafe extern \"C\" fn(x: u8) -> u8",
            "Option<Box<dyn Fn(u8) -> u8 + Send>>",
            "Box<dyn ::std::any::Any + Send + 'static>",
            "Box<dyn for<'a> Fn(&'a str) -> &'a str>",
            "<Vec<u8> as IntoIterator>::Item",
            "Box<dyn Iterator<Item = u8>>",
            "Matrix<{ 2 }>",
            "r#type::Name",
            "Box<dyn (Fn() -> u8) + Send>",
        ] {
            assert_eq!(print(text), text);
        }
    }

    #[test]
    fn spaces_and_trailing_commas_do_not_matter() {
        assert_eq!(print("Vec < Vec < u8 >, >"), "Vec<Vec<u8>>");
        assert_eq!(print("( u64 , String , )"), "(u64, String)");
        assert_eq!(print("& 'static   str"), "&'static str");
        assert_eq!(print("chrono :: NaiveDate"), "chrono::NaiveDate");
    }
}
