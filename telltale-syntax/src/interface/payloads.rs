//! Payload types mean outside of the generated module what they mean in it.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;

use super::Interface;
use super::claims::Claims;
use crate::diagnostic::Diagnostic;
use crate::keyword::is_keyword;
use crate::mistake::Mistake;
use crate::parse::Mistakes;
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
            let Some(owner) = types.find(&name) else { continue };
            match owner {
                Some(owner) if owner.noun != "label" && PRELUDE.contains(&name.as_str()) => {
                    if hidden.insert(name.clone()) {
                        let used = entry.quote();
                        let mistake =
                            Mistake::HiddenPrelude { owner: owner.to_string(), name, used };
                        mistakes.push(Diagnostic::new(mistake, owner.span));
                    }
                }
                owner => {
                    let owner = owner.map_or("every protocol".to_owned(), ToString::to_string);
                    let mistake = Mistake::GeneratedPayload { word: name, owner };
                    mistakes.push(Diagnostic::new(mistake, &word));
                }
            }
        }
    }
}

/// The words of a type that are looked up where the type stands.
fn first_words(tokens: TokenStream, words: &mut Vec<Ident>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let sign = |at: usize| match trees.get(at) {
        Some(TokenTree::Punct(punct)) => punct.as_char(),
        _ => ' ',
    };
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => first_words(group.stream(), words),
            TokenTree::Ident(word) => {
                let before = at.checked_sub(1).map_or(' ', sign);
                let goes_on = sign(at + 1) == ':' && sign(at + 2) == ':';
                let is_named = matches!(sign(at + 1), '=' | ':') && !goes_on;
                let is_first =
                    !matches!(before, ':' | '\'') || (before == ':' && is_after_name(at, sign));
                if is_first && !is_named && !is_keyword(&word.to_string()) {
                    words.push(word.clone());
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Whether the colon in front belongs to a name, as in `fn(x: u8)`, and not to a path.
fn is_after_name(at: usize, sign: impl Fn(usize) -> char) -> bool {
    at < 2 || sign(at - 2) != ':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_a_path_is_looked_up() {
        let text = "A<::b::C, d::E<F>, dyn Fn(x: G) -> H + 'i, Item = J, crate::K, [L; M]>";
        let mut words = Vec::new();
        first_words(text.parse().expect("the text is made of tokens"), &mut words);
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["A", "d", "F", "Fn", "G", "H", "J", "L", "M"]);
    }
}
