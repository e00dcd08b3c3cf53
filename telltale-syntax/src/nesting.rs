//! How deep input may nest, found out before anything recurses over it.

use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream::IntoIter};

use crate::diagnostic::Diagnostic;
use crate::keyword::is_keyword;
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
/// In a type, whatever makes a type a part of another counts: delimiters, angle brackets, prefix
/// operators, arrows. Where an expression can stand, every token counts, for nearly each of them
/// can make what is before it, or what is behind it, a part of something larger. So the count never
/// falls below the depth of a parser; for a type that anybody would write it stays far below the
/// limit.
pub(crate) fn check_types(tokens: TokenStream, place: SpanRange) -> Result<usize, Diagnostic> {
    let mut deepest = 0;
    let mut open: Vec<Level> = vec![Level::new(tokens, 0, Inside::Types)];
    while let Some(level) = open.last_mut() {
        let Some(tree) = level.rest.next() else {
            open.pop();
            continue;
        };
        let inside = level.count(&tree);
        deepest = deepest.max(level.depth());
        if deepest > NESTING_LIMIT {
            return Err(Diagnostic::new(Mistake::TypeTooDeep { limit: NESTING_LIMIT }, place));
        }
        if let TokenTree::Group(group) = tree {
            let below = level.depth() + 1;
            open.push(Level::new(group.stream(), below, inside));
        }
    }
    Ok(deepest)
}

/// What can stand between delimiters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Types,
    /// A type, and behind a semicolon how many of it there are.
    Array,
    Expression,
}

/// What has been counted between one pair of delimiters.
struct Level {
    rest: IntoIter,
    inside: Inside,
    /// How deep the delimiters around it are.
    below: usize,
    /// The prefixes at each angle bracket that is still open.
    angles: Vec<usize>,
    /// Operators whose operand goes on; a comma ends them.
    prefixes: usize,
    /// Tokens of an expression.
    expression: usize,
    /// The sign before, if it was one.
    before: char,
}

impl Level {
    fn new(tokens: TokenStream, below: usize, inside: Inside) -> Self {
        let rest = tokens.into_iter();
        let (angles, prefixes, expression, before) = (Vec::new(), 0, 0, ' ');
        Self { rest, inside, below, angles, prefixes, expression, before }
    }

    fn depth(&self) -> usize {
        self.below + self.angles.len() + self.prefixes + self.expression
    }

    /// Counts one token, and says what can stand in it.
    fn count(&mut self, tree: &TokenTree) -> Inside {
        let sign = if let TokenTree::Punct(punct) = tree { punct.as_char() } else { ' ' };
        let before = std::mem::replace(&mut self.before, sign);
        if self.inside == Inside::Expression {
            self.expression += 1;
            return Inside::Expression;
        }
        match tree {
            TokenTree::Punct(_) => self.count_sign(sign, before),
            TokenTree::Ident(word) => {
                self.prefixes += usize::from(is_keyword(&word.to_string()));
            }
            TokenTree::Group(group) => return inside(group.delimiter(), before),
            TokenTree::Literal(_) => {}
        }
        Inside::Types
    }

    fn count_sign(&mut self, sign: char, before: char) {
        match sign {
            '<' => self.angles.push(self.prefixes),
            // The head of an arrow.
            '>' if matches!(before, '-' | '=') => {}
            '>' => {
                if let Some(outer) = self.angles.pop() {
                    self.prefixes = outer;
                }
            }
            ';' if self.inside == Inside::Array => self.inside = Inside::Expression,
            ',' | ';' => self.prefixes = self.angles.last().copied().unwrap_or(0),
            '&' | '*' | '!' | '-' | '=' => self.prefixes += 1,
            _ => {}
        }
    }
}

/// What can stand between delimiters that are part of a type.
fn inside(delimiter: Delimiter, before: char) -> Inside {
    match delimiter {
        // An attribute, which can have a value.
        Delimiter::Bracket if before == '#' => Inside::Expression,
        Delimiter::Bracket => Inside::Array,
        Delimiter::Brace => Inside::Expression,
        Delimiter::Parenthesis | Delimiter::None => Inside::Types,
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
    fn every_way_to_nest_types_is_counted() {
        for part in ["&", "*const ", "fn() -> ", "[", "(", "A<u8, ", "dyn Fn(", "A<{ |a, b| "] {
            assert!(!is_type_fine(&(part.repeat(200) + &close(&part.repeat(200)))), "{part}");
        }
    }

    #[test]
    fn every_token_of_an_expression_is_counted() {
        for part in [
            "-",
            "!",
            "a = ",
            "return ",
            "|a, b| ",
            "if a {} else ",
            "1 + ",
            "a.b",
            "a?",
            "()",
            "[0]",
            "as u8",
            "::a",
            "..",
            "{}",
            "a, ",
            "a; ",
        ] {
            let expression = part.repeat(200);
            assert!(!is_type_fine(&format!("[u8; {expression}]")), "{part}");
            assert!(!is_type_fine(&format!("A<{{ {expression} }}>")), "{part}");
            assert!(!is_type_fine(&format!("fn(#[a = {expression}] u8)")), "{part}");
        }
    }

    #[test]
    fn expressions_that_somebody_would_write_are_fine() {
        assert!(is_type_fine(
            "[u8; size_of::<Header>() + 4 * (N + 1) - usize::MAX.count_ones() as usize]"
        ));
        assert!(is_type_fine("Matrix<{ ROWS * 2 }, { if WIDE { 8 } else { 4 } }>"));
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
