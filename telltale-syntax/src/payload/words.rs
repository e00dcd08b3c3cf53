//! The words of a type that are looked up where the type stands: those with which its paths begin.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// Whether the word at a place begins a path. It may be a keyword.
pub(crate) fn begins_path(trees: &[TokenTree], at: usize) -> bool {
    let sign = |at: usize| match trees.get(at) {
        Some(TokenTree::Punct(punct)) => punct.as_char(),
        _ => ' ',
    };
    let before = at.checked_sub(1).map_or(' ', sign);
    let goes_on = sign(at + 1) == ':' && sign(at + 2) == ':';
    let is_named = matches!(sign(at + 1), '=' | ':') && !goes_on;
    // The colon in front may belong to a name, as in `fn(x: u8)`, and not to a path.
    let is_after_name = before == ':' && (at < 2 || sign(at - 2) != ':');
    (!matches!(before, ':' | '\'') || is_after_name) && !is_named
}

/// The same type with other words where its paths begin.
pub(crate) fn with_first_words(
    tokens: TokenStream,
    other: &dyn Fn(&Ident) -> TokenStream,
) -> TokenStream {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let tree = |(at, tree): (usize, &TokenTree)| match tree {
        TokenTree::Group(group) => {
            let inside = with_first_words(group.stream(), other);
            let mut moved = Group::new(group.delimiter(), inside);
            moved.set_span(group.span());
            TokenTree::from(moved).into()
        }
        TokenTree::Ident(word) if begins_path(&trees, at) => other(word),
        tree => TokenStream::from(tree.clone()),
    };
    trees.iter().enumerate().flat_map(tree).collect()
}
