//! Types as they read one module further in.
//!
//! What is generated stands in a module of its own that sees everything around it, so most paths
//! mean there what they mean outside. Only those that begin with `self` or `super` do not.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Type;

use crate::payload::with_first_words;

/// The type that means inside of a module what `ty` means around it.
pub(crate) fn one_module_in(ty: &Type) -> Type {
    let outside = ty.to_token_stream();
    match ty {
        Type::Verbatim(_) => Type::Verbatim(with_first_words(outside, &first_word)),
        // The tokens of a type with a path exchanged for a path are a type.
        _ if is_relative(outside.clone()) => {
            syn::parse2(with_first_words(outside, &first_word)).unwrap_or_else(|_| ty.clone())
        }
        _ => ty.clone(),
    }
}

fn is_relative(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Group(group) => is_relative(group.stream()),
        TokenTree::Ident(word) => word == "self" || word == "super",
        _ => false,
    })
}

fn first_word(word: &Ident) -> TokenStream {
    if word == "self" {
        quote_spanned!(word.span()=> super)
    } else if word == "super" {
        quote_spanned!(word.span()=> super::super)
    } else {
        word.to_token_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::type_text;

    #[test]
    fn relative_paths_go_one_module_further_out() {
        let moved = |text| type_text(&one_module_in(&syn::parse_str(text).expect("a type")));
        assert_eq!(moved("self::A"), "super::A");
        assert_eq!(moved("super::super::A"), "super::super::super::A");
        assert_eq!(moved("Vec<(self::A, [super::B; 2])>"), "Vec<(super::A, [super::super::B; 2])>");
        assert_eq!(moved("crate::A<b::C>"), "crate::A<b::C>");
    }
}
