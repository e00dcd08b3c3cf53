//! Payload types mean outside of the generated module what they mean in it.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;

use super::Interface;
use super::claims::{Claim, Claims};
use crate::diagnostic::Diagnostic;
use crate::keyword::is_keyword;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::payload::begins_path;
use crate::resolve::Protocol;

/// What every module sees without naming it, as far as it can be part of a type.
const PRELUDE: [&str; 31] = [
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Copy",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Into",
    "IntoIterator",
    "Iterator",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Sized",
    "String",
    "Sync",
    "ToString",
    "Unpin",
    "Vec",
];

/// Reports payloads that would mean something generated.
pub(super) fn check(
    interface: &Interface,
    protocol: &Protocol<'_>,
    types: &Claims,
    mistakes: &mut Mistakes,
) {
    let mut hidden = BTreeSet::new();
    for (label, entry) in interface.labels.iter().zip(&protocol.labels) {
        let mut words = Vec::new();
        label.payload.types().for_each(|ty| first_words(ty.to_token_stream(), &mut words));
        for word in words {
            let name = word.to_string();
            let Some(claim) = types.find(&name) else { continue };
            match claim {
                Claim::By(owner) if owner.noun != "label" && is_in_prelude(&name) => {
                    if hidden.insert(name.clone()) {
                        let (owner, span, used) = (owner.to_string(), owner.span, entry.quote());
                        let mistake = Mistake::HiddenPrelude { owner, name, used };
                        mistakes.push(Diagnostic::new(mistake, span));
                    }
                }
                Claim::By(owner) => mistakes.push(generated(&word, owner.to_string())),
                Claim::Reserved => mistakes.push(generated(&word, "every protocol".to_owned())),
            }
        }
    }
}

pub(super) fn is_in_prelude(name: &str) -> bool {
    PRELUDE.binary_search(&name).is_ok()
}

fn generated(word: &Ident, owner: String) -> Diagnostic {
    Diagnostic::new(Mistake::GeneratedPayload { word: word.to_string(), owner }, word)
}

/// The words of a type that are looked up where the type stands.
pub(super) fn first_words(tokens: TokenStream, words: &mut Vec<Ident>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => first_words(group.stream(), words),
            TokenTree::Ident(word) if begins_path(&trees, at) && !is_keyword(&word.to_string()) => {
                words.push(word.clone());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prelude_can_be_searched() {
        assert!(PRELUDE.is_sorted());
    }

    #[test]
    fn only_what_begins_a_path_is_looked_up() {
        let text = "A<::b::C, d::E<F>, dyn Fn(x: G) -> H + 'i, Item = J, crate::K, [L; M]>";
        let mut words = Vec::new();
        first_words(text.parse().expect("the text is made of tokens"), &mut words);
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["A", "d", "F", "Fn", "G", "H", "J", "L", "M"]);
    }
}
