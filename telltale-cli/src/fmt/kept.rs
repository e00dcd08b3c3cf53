//! Whether a layout has all that was written, as far as tokens tell: a tree may not hold something, and two trees do not differ in it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Something that is written, without what may differ in another layout: the order of attributes, which of them share brackets,
/// commas and semicolons.
pub(super) struct Piece {
    pub(super) text: String,
    /// Where it stands.
    pub(super) place: usize,
}

/// The first thing in a text that another one does not have as often.
pub(super) fn lost(before: &str, after: &str) -> Option<Piece> {
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for piece in pieces(after) {
        *left.entry(piece.text).or_default() += 1;
    }
    pieces(before).into_iter().find(|piece| match left.get_mut(&piece.text) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    })
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    push_all(text.parse().unwrap_or_default(), &mut pieces);
    // What has been split is kept for the thread, until it is let go of.
    proc_macro2::extra::invalidate_current_thread_spans();
    pieces
}

/// As deep as a text that has been parsed, which is bounded.
fn push_all(tokens: TokenStream, pieces: &mut Vec<Piece>) {
    let mut trees = tokens.into_iter().peekable();
    // What attributes of the same thing have said: to derive something twice is to derive it.
    let mut said = BTreeSet::new();
    while let Some(tree) = trees.next() {
        let place = tree.span().byte_range().start;
        match (&tree, trees.peek()) {
            (TokenTree::Punct(sign), Some(TokenTree::Group(brackets)))
                if sign.as_char() == '#' && brackets.delimiter() == Delimiter::Bracket =>
            {
                let texts = attribute(brackets);
                let is_new = |text: &String| text.starts_with("///") || said.insert(text.clone());
                pieces.extend(texts.into_iter().filter(is_new).map(|text| Piece { text, place }));
                trees.next();
                continue;
            }
            (TokenTree::Punct(sign), _) if [',', ';'].contains(&sign.as_char()) => {}
            (TokenTree::Group(group), _) => push_all(group.stream(), pieces),
            _ => pieces.push(Piece { text: tree.to_string(), place }),
        }
        said.clear();
    }
}

/// `///` line by line, and otherwise one piece for each thing in its list.
fn attribute(brackets: &Group) -> Vec<String> {
    if let Ok(syn::Meta::NameValue(meta)) = syn::parse2(brackets.stream())
        && let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &meta.value
        && meta.path.is_ident("doc")
    {
        return text.value().split('\n').map(|line| format!("///{line}")).collect();
    }
    let trees: Vec<TokenTree> = brackets.stream().into_iter().collect();
    let [name @ .., TokenTree::Group(list)] = &trees[..] else {
        return vec![format!("#[{}]", brackets.stream())];
    };
    let name: TokenStream = name.iter().cloned().collect();
    let inside: Vec<TokenTree> = list.stream().into_iter().collect();
    let parts = inside.split(is_comma).filter(|part| !part.is_empty());
    parts
        .map(|part| format!("#[{name}({})]", part.iter().map(plain).collect::<TokenStream>()))
        .collect()
}

fn is_comma(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(sign) if sign.as_char() == ',')
}

/// Without commas, and numbers in their one spelling.
fn plain(tree: &TokenTree) -> TokenStream {
    if let TokenTree::Group(group) = tree {
        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
        let inside = inside.iter().filter(|tree| !is_comma(tree)).map(plain).collect();
        return TokenTree::from(Group::new(group.delimiter(), inside)).into();
    }
    let number = syn::parse2::<syn::LitInt>(tree.clone().into());
    let digits = number.ok().and_then(|number| number.base10_digits().parse().ok());
    digits.unwrap_or_else(|| tree.clone().into())
}
