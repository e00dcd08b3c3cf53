//! Payload types as they read in the module of a role's states.
//!
//! That module is one further in than the one of the protocol, and a state may be called like a payload type
//! (`Shop -> Customer: Price(Price)`). Outside of the states' own names, everything means there what it means around it.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::Type;

use crate::interface::payloads::first_words;
use crate::payload::{one_module_in, with_first_words};

/// The type that means in a module with these names what `ty` means around it.
pub fn inside(ty: &Type, names: &BTreeSet<String>) -> TokenStream {
    let tokens = one_module_in(ty).to_token_stream();
    let mut words = Vec::new();
    first_words(tokens.clone(), &mut words);
    if words.iter().any(|word| names.contains(&word.to_string())) {
        with_first_words(tokens, &|word| {
            if names.contains(&word.to_string()) {
                quote_spanned!(word.span()=> super::#word)
            } else {
                word.to_token_stream()
            }
        })
    } else {
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::type_text;

    #[test]
    fn names_of_states_do_not_hide_payload_types() {
        let names = BTreeSet::from(["Price".to_owned()]);
        let moved = |text| {
            let ty = syn::parse_str(text).expect("a type");
            type_text(&syn::parse2(inside(&ty, &names)).expect("still a type"))
        };
        assert_eq!(moved("Price"), "super::Price");
        assert_eq!(moved("Vec<(Price, shop::Price)>"), "Vec<(super::Price, shop::Price)>");
        assert_eq!(moved("super::Price"), "super::super::Price");
        assert_eq!(moved("u64"), "u64");
        // What only looks like a path stays.
        assert_eq!(
            moved("Box<dyn Iterator<Price = Price>>"),
            "Box<dyn Iterator<Price = super::Price>>"
        );
    }
}
