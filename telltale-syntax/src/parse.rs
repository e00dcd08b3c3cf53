//! From tokens to the tree, with every mistake on the way.
//!
//! The parser recovers at `;` and `}`: a half-typed statement costs that statement, and what
//! stands around it is read as if nothing had happened. Inside, a function that meets a mistake it
//! cannot read past returns it; the block around it collects it and goes on. What is on the rest of the
//! line is more of the same, so that one cause is one mistake. Where it is clear what was meant, the
//! mistake says what to write instead, and reading goes on as if that had been written.

mod attribute;
mod block;
mod call;
mod choice;
mod looping;
mod message;
mod par;
mod payload;
mod protocol;
mod tokens;
mod words;

use proc_macro2::{Span, TokenStream};

use crate::ast::Ast;
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::nesting::check_delimiters;
pub(crate) use attribute::doc_text;
pub use tokens::NAME_LIMIT;
use tokens::Tokens;

/// Reads what it can of a choreography.
pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Ast {
    if let Err(mistake) = check_delimiters(tokens.clone()) {
        mistakes.push(mistake);
        return Ast::default();
    }
    let mut tokens = Tokens::new(tokens, Span::call_site());
    if tokens.is_empty() {
        mistakes.push(Diagnostic::new(Mistake::NoProtocol, Span::call_site()));
    }
    let mut ast = Ast::default();
    while !tokens.is_empty() {
        match protocol::protocol(&mut tokens, mistakes) {
            Ok(protocol) => ast.protocols.push(protocol),
            Err(mistake) => {
                mistakes.push(mistake);
                protocol::recover(&mut tokens);
            }
        }
    }
    ast
}
