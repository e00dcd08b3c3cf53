//! From a number to what is done for it.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// What a function gives for a key.
pub(super) struct Arm {
    pub(super) key: u32,
    pub(super) gives: TokenStream,
}

/// Gives what the arm for the key gives, or fails if there is none.
pub(super) fn dispatch(key: &TokenStream, mut arms: Vec<Arm>) -> TokenStream {
    arms.sort_unstable_by_key(|arm| arm.key);
    let key = (!arms.is_empty()).then(|| quote!(let __key = #key;));
    let tree = tree(&arms);
    quote! {
        #key
        #tree
        visitor.fail(__telltale::unknown())
    }
}

/// A tree of comparisons. A `match` would become a jump through a table, and processors foresee where
/// some small branches go much better than where one jump with many targets does.
fn tree(arms: &[Arm]) -> TokenStream {
    let key = |arm: &Arm| Literal::u32_unsuffixed(arm.key);
    if arms.len() <= 3 {
        let (keys, gives) = (arms.iter().map(key), arms.iter().map(|arm| &arm.gives));
        return quote!(#(if __key == #keys { return #gives; })*);
    }
    let (low, high) = arms.split_at(arms.len() / 2);
    let (first, low, high) = (key(&high[0]), tree(low), tree(high));
    quote!(if __key < #first { #low } else { #high })
}
