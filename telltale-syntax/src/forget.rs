//! What was made of a text lets go of the text.
//!
//! A span is a number that means something as long as the thread keeps the text. When it no longer
//! does, to ask such a span for its line can only give a wrong answer, so every one that is handed
//! out is exchanged for one of no place. Lines and columns are known without it.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, Parser};
use syn::{Type, Visibility};

use crate::name::Name;
use crate::span::SpanRange;

/// Something with spans in it.
pub(crate) trait Forget {
    /// Exchanges all of them for spans of no place.
    fn forget(&mut self);
}

impl<T: Forget> Forget for Vec<T> {
    fn forget(&mut self) {
        self.iter_mut().for_each(T::forget);
    }
}

impl<T: Forget> Forget for Option<T> {
    fn forget(&mut self) {
        self.iter_mut().for_each(T::forget);
    }
}

impl Forget for SpanRange {
    fn forget(&mut self) {
        *self = Self::in_text(self.start(), self.end());
    }
}

impl Forget for Ident {
    fn forget(&mut self) {
        self.set_span(Span::call_site());
    }
}

impl Forget for TokenStream {
    fn forget(&mut self) {
        let tokens = std::mem::take(self).into_iter().map(|mut tree| {
            if let TokenTree::Group(group) = &mut tree {
                let mut inside = group.stream();
                inside.forget();
                *group = Group::new(group.delimiter(), inside);
            }
            tree.set_span(Span::call_site());
            tree
        });
        *self = tokens.collect();
    }
}

/// The tokens of something without their places. They were parsed before, so they can be again.
pub(crate) fn placeless(written: &impl ToTokens) -> TokenStream {
    let mut tokens = written.to_token_stream();
    tokens.forget();
    tokens
}

impl Forget for Type {
    fn forget(&mut self) {
        let tokens = placeless(self);
        *self = match self {
            Self::Verbatim(_) => Self::Verbatim(tokens),
            _ => Self::parse.parse2(tokens.clone()).unwrap_or(Self::Verbatim(tokens)),
        };
    }
}

impl Forget for Visibility {
    fn forget(&mut self) {
        *self = Self::parse.parse2(placeless(self)).unwrap_or(Self::Inherited);
    }
}

impl Forget for Name {
    fn forget(&mut self) {
        self.ident.forget();
        self.place.forget();
    }
}
