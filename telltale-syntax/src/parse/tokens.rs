//! Tokens to read from, one level of delimiters at a time.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;

use crate::ast::LoopLabel;
use crate::camel::{is_name, to_camel_case};
use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::instead::Instead;
use crate::keyword::{is_keyword, to_ident};
use crate::mistake::Mistake;
use crate::name::Name;
use crate::span::SpanRange;

/// How many characters a name may have. What is generated repeats it in many places.
pub const NAME_LIMIT: usize = 255;

/// How many signs in a row are taken for an arrow.
const ARROW_LIMIT: usize = 4;

/// How many tokens of a statement are looked at to find out what was meant.
const REST_LIMIT: usize = 64;

/// A position between the tokens inside one pair of delimiters.
pub(super) struct Tokens {
    trees: Vec<TokenTree>,
    next: usize,
    /// Where the closing delimiter stands.
    close: Span,
    /// The closing delimiter, if there is one.
    delimiter: Option<Delimiter>,
}

impl Tokens {
    pub(super) fn new(stream: TokenStream, close: Span) -> Self {
        let mut trees = Vec::new();
        flatten(stream, &mut trees);
        Self { trees, next: 0, close, delimiter: None }
    }

    pub(super) fn inside(group: &Group) -> Self {
        let tokens = Self::new(group.stream(), group.span_close());
        Self { delimiter: Some(group.delimiter()), ..tokens }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.next == self.trees.len()
    }

    pub(super) fn position(&self) -> usize {
        self.next
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<&TokenTree> {
        self.trees.get(self.next + ahead)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.next = (self.next + count).min(self.trees.len());
    }

    /// The next token, or the closing delimiter.
    pub(super) fn span(&self) -> SpanRange {
        match self.peek(0) {
            Some(TokenTree::Group(group)) => group.span_open().into(),
            Some(_) if self.is_signs(0, "->") => {
                SpanRange::from(&self.trees[self.next]).to(self.trees[self.next + 1].span())
            }
            Some(tree) => tree.into(),
            None => self.close.into(),
        }
    }

    /// The token that was read last.
    pub(super) fn previous(&self) -> SpanRange {
        match self.next.checked_sub(1).and_then(|at| self.trees.get(at)) {
            Some(TokenTree::Group(group)) => group.span_close().into(),
            Some(tree) => tree.into(),
            None => self.close.into(),
        }
    }

    /// Whether a statement can be over behind the next token.
    pub(super) fn is_last(&self) -> bool {
        let line = self.span().line();
        let is_later = |tree: &TokenTree| SpanRange::from(tree).line() > line;
        self.is_signs(1, ";") || self.peek(1).is_none_or(is_later)
    }

    /// Whether the next token stands on a later line than the one that was read last.
    pub(super) fn is_on_new_line(&self) -> bool {
        self.span().line() > self.previous().end().line
    }

    /// A mistake at the next token: something else should stand there.
    pub(super) fn expected(&self, expected: &'static str) -> Diagnostic {
        let found = self.found();
        Diagnostic::new(Mistake::Expected { expected, found, instead: None }, self.span())
    }

    /// The same, with what to write instead.
    pub(super) fn expected_instead(&self, expected: &'static str, instead: Instead) -> Diagnostic {
        let found = self.found();
        let mistake = Mistake::Expected { expected, found, instead: Some(instead) };
        Diagnostic::new(mistake, self.span())
    }

    /// The next token, or the closing delimiter, in words.
    fn found(&self) -> Option<String> {
        self.peek(0).map_or(self.delimiter.map(closing), |tree| Some(self.name_of(tree)))
    }

    /// Signs that could be meant as an arrow, as they are written, and how many they are.
    pub(super) fn signs_ahead(&self, ahead: usize) -> (String, usize) {
        let mut text = String::new();
        let mut length = 0;
        let mut is_joint = true;
        while let Some(TokenTree::Punct(punct)) = self.peek(ahead + length) {
            if [',', ';', ':', '#', '\''].contains(&punct.as_char()) || length == ARROW_LIMIT {
                break;
            }
            if !is_joint {
                text.push(' ');
            }
            text.push(punct.as_char());
            is_joint = punct.spacing() == Spacing::Joint;
            length += 1;
        }
        (text, length)
    }

    /// What is left of the statement: up to a `;` or a block, or to the end of the line.
    pub(super) fn up_to_semicolon(&self) -> (Vec<TokenTree>, SpanRange) {
        let line = self.span().line();
        let is_rest = |(at, tree): &(usize, &TokenTree)| {
            let is_end = match tree {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => *at > 0 && group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            !is_end && (*at == 0 || tree.span().start().line == line)
        };
        let rest = self.trees[self.next..].iter().take(REST_LIMIT).enumerate();
        let rest: Vec<TokenTree> = rest.take_while(is_rest).map(|(_, tree)| tree.clone()).collect();
        let span = SpanRange::of_tokens(rest.iter().cloned().collect(), self.span());
        (rest, span)
    }

    fn name_of(&self, tree: &TokenTree) -> String {
        match tree {
            TokenTree::Group(group) => opening(group.delimiter()),
            TokenTree::Ident(word) if word != "_" && is_keyword(&word.to_string()) => {
                format!("keyword `{word}`")
            }
            _ if self.is_signs(0, "->") => "`->`".to_owned(),
            tree => format!("`{}`", excerpt(tree)),
        }
    }

    /// Whether this word comes, `ahead` tokens from here.
    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek(ahead), Some(TokenTree::Ident(ident)) if ident == word)
    }

    /// Whether a word comes that may be a name or not, `ahead` tokens from here.
    pub(super) fn is_any_word(&self, ahead: usize) -> bool {
        matches!(self.peek(ahead), Some(TokenTree::Ident(_)))
    }

    /// Whether a name comes, `ahead` tokens from here.
    pub(super) fn is_name(&self, ahead: usize) -> bool {
        matches!(self.peek(ahead), Some(TokenTree::Ident(ident)) if !is_keyword(&ident.to_string()))
    }

    /// Whether something in delimiters comes, `ahead` tokens from here.
    pub(super) fn is_group(&self, ahead: usize) -> bool {
        matches!(self.peek(ahead), Some(TokenTree::Group(_)))
    }

    /// Whether a `{ … }` comes, `ahead` tokens from here.
    pub(super) fn is_block(&self, ahead: usize) -> bool {
        matches!(
            self.peek(ahead),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace
        )
    }

    /// Whether these signs come, `ahead` tokens from here.
    pub(super) fn is_signs(&self, ahead: usize, signs: &str) -> bool {
        // The `#` of a comment is not joined to what follows, so only arrows are asked for that.
        let is_one =
            |at: usize, punct: &Punct| signs != "->" || at > 0 || punct.spacing() == Spacing::Joint;
        signs.chars().enumerate().all(|(at, sign)| {
            matches!(
                self.peek(ahead + at),
                Some(TokenTree::Punct(punct)) if punct.as_char() == sign && is_one(at, punct)
            )
        })
    }

    /// Reads a word if it comes next.
    pub(super) fn word(&mut self, word: &str) -> Option<SpanRange> {
        self.is_word(0, word).then(|| self.advance(1))
    }

    /// Reads signs if they come next.
    pub(super) fn signs(&mut self, signs: &str) -> Option<SpanRange> {
        self.is_signs(0, signs).then(|| self.advance(signs.len()))
    }

    /// Reads a name, which is any word but a keyword.
    pub(super) fn name(&mut self, expected: &'static str) -> Result<Name, Diagnostic> {
        match self.peek(0) {
            Some(TokenTree::Ident(ident)) if !is_keyword(&ident.to_string()) => {
                // `r#Alice` is another spelling of `Alice`.
                let text = ident.unraw().to_string();
                check_length(&text, ident)?;
                let name = Name::new(to_ident(&text, ident.span()));
                self.skip(1);
                Ok(name)
            }
            // At the beginning of a line, something else begins, unless it sends.
            Some(TokenTree::Ident(keyword)) if !self.is_on_new_line() || self.is_signs(1, "->") => {
                let name = to_camel_case(&keyword.to_string());
                let instead =
                    if is_name(&name) { Instead::Keyword { name } } else { Instead::OtherName };
                Err(self.expected_instead(expected, instead))
            }
            _ => Err(self.expected(expected)),
        }
    }

    /// Reads a delimited group if it comes next.
    pub(super) fn group(&mut self, delimiter: Delimiter) -> Option<Group> {
        match self.peek(0) {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => {
                let group = group.clone();
                self.skip(1);
                Some(group)
            }
            _ => None,
        }
    }

    /// Whether a `'name` comes next.
    pub(super) fn is_loop_label(&self) -> bool {
        self.is_signs(0, "'") && matches!(self.peek(1), Some(TokenTree::Ident(_)))
    }

    /// Reads a `'name` if it comes next.
    pub(super) fn loop_label(&mut self) -> Result<Option<LoopLabel>, Diagnostic> {
        match self.peek(1) {
            Some(TokenTree::Ident(word)) if self.is_signs(0, "'") => {
                let name = word.to_string();
                check_length(&name, word)?;
                Ok(Some(LoopLabel { name, span: self.advance(2) }))
            }
            _ => Ok(None),
        }
    }

    fn advance(&mut self, count: usize) -> SpanRange {
        let first = self.span();
        self.skip(count);
        first.to(self.previous())
    }
}

/// A mistake if a name is too long.
pub(super) fn check_length(text: &str, name: &Ident) -> Result<(), Diagnostic> {
    if text.chars().nth(NAME_LIMIT).is_none() {
        return Ok(());
    }
    let mistake = Mistake::NameTooLong { beginning: excerpt(text), limit: NAME_LIMIT };
    Err(Diagnostic::new(mistake, name))
}

fn opening(delimiter: Delimiter) -> String {
    match delimiter {
        Delimiter::Parenthesis => "`(`".to_owned(),
        Delimiter::Bracket => "`[`".to_owned(),
        Delimiter::Brace | Delimiter::None => "`{`".to_owned(),
    }
}

fn closing(delimiter: Delimiter) -> String {
    match delimiter {
        Delimiter::Parenthesis => "`)`".to_owned(),
        Delimiter::Bracket => "`]`".to_owned(),
        Delimiter::Brace | Delimiter::None => "`}`".to_owned(),
    }
}

/// Groups without visible delimiters, as a `macro_rules!` leaves them, mean what is in them.
fn flatten(stream: TokenStream, trees: &mut Vec<TokenTree>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                flatten(group.stream(), trees);
            }
            tree => trees.push(tree),
        }
    }
}
