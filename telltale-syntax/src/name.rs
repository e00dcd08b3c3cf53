//! A name and where it stands.

use std::fmt;
use std::ops::Deref;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, TokenStreamExt};

use crate::span::SpanRange;

/// A name that the user wrote; an identifier that remembers its place when the text is gone.
#[derive(Clone, Debug)]
pub struct Name {
    pub(crate) ident: Ident,
    pub(crate) place: SpanRange,
}

impl Name {
    pub(crate) fn new(ident: Ident) -> Self {
        Self { place: ident.span().into(), ident }
    }

    /// Where it stands.
    pub fn place(&self) -> SpanRange {
        self.place
    }
}

impl Deref for Name {
    type Target = Ident;

    fn deref(&self) -> &Ident {
        &self.ident
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ident.fmt(f)
    }
}

impl ToTokens for Name {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append(self.ident.clone());
    }
}

impl From<&Name> for SpanRange {
    fn from(name: &Name) -> Self {
        name.place
    }
}
