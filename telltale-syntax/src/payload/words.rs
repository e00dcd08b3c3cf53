//! The words of a type that are looked up where the type stands: those with which its paths begin.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// The types that need no path and no arguments.
const TYPES: [&str; 18] = [
    "String", "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str",
    "u8", "u16", "u32", "u64", "u128", "usize",
];

/// Whether a word alone is a type, whatever is in scope.
pub(crate) fn is_type_name(word: &str) -> bool {
    TYPES.contains(&word)
}

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
