//! How deep input may nest, found out before anything recurses over it.

use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream::IntoIter};

use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::span::SpanRange;

/// How deep delimiters may nest, and types.
pub const NESTING_LIMIT: usize = 128;

/// Refuses tokens whose delimiters nest too deep; visits each token once and never recurses.
pub(crate) fn check_delimiters(tokens: TokenStream) -> Result<(), Diagnostic> {
    let mut open: Vec<IntoIter> = vec![tokens.into_iter()];
    while let Some(level) = open.last_mut() {
        match level.next() {
            Some(TokenTree::Group(group)) => {
                if open.len() > NESTING_LIMIT {
                    let mistake = Mistake::NestedTooDeep { limit: NESTING_LIMIT };
                    return Err(Diagnostic::new(mistake, group.span_open()));
                }
                open.push(group.stream().into_iter());
            }
            Some(_) => {}
            None => {
                open.pop();
            }
        }
    }
    Ok(())
}

/// How deep the types in these tokens nest; refuses them beyond the limit.
///
/// Counts everything that can make a type or an expression in a type a part of another: delimiters,
/// angle brackets, prefix operators, arrows, assignments, closures, `else`. The count never falls
/// below the depth of a parser; for a type that anybody would write it stays far below the limit.
pub(crate) fn check_types(tokens: TokenStream, place: SpanRange) -> Result<usize, Diagnostic> {
    let mut deepest = 0;
    let mut open: Vec<Level> = vec![Level::new(tokens, 0)];
    while let Some(level) = open.last_mut() {
        let Some(tree) = level.rest.next() else {
            open.pop();
            continue;
        };
        level.count(&tree);
        deepest = deepest.max(level.depth());
        if deepest > NESTING_LIMIT {
            return Err(Diagnostic::new(Mistake::TypeTooDeep { limit: NESTING_LIMIT }, place));
        }
        if let TokenTree::Group(group) = tree {
            let below = level.depth() + usize::from(group.delimiter() != Delimiter::None);
            open.push(Level::new(group.stream(), below));
        }
    }
    Ok(deepest)
}

/// What has been counted between one pair of delimiters.
struct Level {
    rest: IntoIter,
    /// How deep the delimiters around it are.
    below: usize,
    /// The prefixes at each angle bracket that is still open.
    angles: Vec<usize>,
    /// Operators whose operand goes on; a comma ends them.
    prefixes: usize,
    /// Tokens whose operand a comma need not end.
    lasting: usize,
    /// Whether a `>` would belong to an arrow.
    arrow: bool,
}

impl Level {
    fn new(tokens: TokenStream, below: usize) -> Self {
        let rest = tokens.into_iter();
        Self { rest, below, angles: Vec::new(), prefixes: 0, lasting: 0, arrow: false }
    }

    fn depth(&self) -> usize {
        self.below + self.angles.len() + self.prefixes + self.lasting
    }

    fn count(&mut self, tree: &TokenTree) {
        let arrow = std::mem::take(&mut self.arrow);
        match tree {
            TokenTree::Punct(punct) => self.count_punct(punct.as_char(), arrow),
            TokenTree::Ident(word) if word == "else" => self.lasting += 1,
            TokenTree::Ident(word) if crate::keyword::is_keyword(&word.to_string()) => {
                self.prefixes += 1;
            }
            _ => {}
        }
    }

    fn count_punct(&mut self, punct: char, arrow: bool) {
        match punct {
            '<' => self.angles.push(self.prefixes),
            '>' if arrow => {}
            '>' => {
                if let Some(outer) = self.angles.pop() {
                    self.prefixes = outer;
                }
            }
            ',' | ';' => self.prefixes = self.angles.last().copied().unwrap_or(0),
            '|' => self.lasting += 1,
            '&' | '*' | '!' | '.' | '-' | '=' => {
                self.prefixes += 1;
                self.arrow = matches!(punct, '-' | '=');
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> TokenStream {
        text.parse().expect("the text is made of tokens")
    }

    fn is_type_fine(text: &str) -> bool {
        check_types(tokens(text), SpanRange::from(proc_macro2::Span::call_site())).is_ok()
    }

    #[test]
    fn delimiters_may_nest_up_to_the_limit() {
        let nested = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
        assert!(check_delimiters(tokens(&nested(NESTING_LIMIT))).is_ok());
        assert!(check_delimiters(tokens(&nested(NESTING_LIMIT + 1))).is_err());
        assert!(check_delimiters(tokens(&nested(100_000))).is_err());
    }

    #[test]
    fn types_may_nest_up_to_the_limit() {
        let boxed = |depth: usize| "Box<".repeat(depth) + "u8" + &">".repeat(depth);
        assert!(is_type_fine(&boxed(NESTING_LIMIT)));
        assert!(!is_type_fine(&boxed(NESTING_LIMIT + 1)));
    }

    #[test]
    fn every_way_to_nest_is_counted() {
        for part in ["&", "*const ", "fn() -> ", "[", "(", "A<u8, ", "dyn Fn(", "A<{ |a, b| "] {
            assert!(!is_type_fine(&(part.repeat(200) + &close(&part.repeat(200)))), "{part}");
        }
        for part in ["-", "!", "a = ", "return ", "|a, b| ", "if a {} else "] {
            assert!(!is_type_fine(&format!("[u8; {}]", part.repeat(200))), "{part}");
        }
    }

    #[test]
    fn width_is_not_depth() {
        assert!(is_type_fine(&"&'static str, ".repeat(1_000)));
        assert!(is_type_fine(&"fn(u8) -> Vec<u8>, ".repeat(1_000)));
        assert!(is_type_fine(&format!("A<{}>", "*const u8, ".repeat(1_000))));
    }

    /// The closing delimiters for everything that a text leaves open.
    fn close(text: &str) -> String {
        let closing = |open| match open {
            '(' => Some(')'),
            '[' => Some(']'),
            '{' => Some('}'),
            _ => None,
        };
        let mut open = Vec::new();
        for character in text.chars() {
            match closing(character) {
                Some(close) => open.push(close),
                None if open.last() == Some(&character) => drop(open.pop()),
                None => {}
            }
        }
        open.into_iter().rev().collect()
    }
}
