//! The expansion, outside of a compiler.

use proc_macro2::{TokenStream, TokenTree};
use syn::{File, Item};

use super::expand;

const TWO_BUYER: &str = "
    /// Two buyers split the price of a book.
    pub protocol TwoBuyer(
        /// Finds the book.
        Alice,
        Bob,
        Seller,
    ) {
        Alice -> Seller: Title(String);
        Seller -> Alice, Bob: Quote(u64);
        'haggle: loop {
            Alice -> Bob: Share(u64);
            choice Verdict at Bob {
                Bob -> Seller: Accept { address: String };
                Bob -> Alice: Accepted;
                Seller -> Bob: Delivery(chrono::NaiveDate);
                break;
            } or
            /// Not for that price.
            {
                Bob -> Alice: Counter(u64);
            } or {
                Bob -> Seller: Decline;
                Bob -> Alice: Declined;
                break;
            }
        }
    }";

fn file(text: &str) -> File {
    let tokens: TokenStream = text.parse().expect("the text is made of tokens");
    syn::parse2(expand(tokens)).expect("the expansion is made of items")
}

fn pretty(text: &str) -> String {
    prettyplease::unparse(&file(text))
}

#[test]
fn two_buyer() {
    insta::assert_snapshot!(pretty(TWO_BUYER));
}

/// The modules of the roles, with what their documentation says.
#[test]
fn states_of_two_buyer() {
    let mut file = file(&format!("#[endpoints] {TWO_BUYER}"));
    let Item::Mod(module) = &mut file.items[0] else { panic!("a protocol is a module") };
    let (_, items) = module.content.as_mut().expect("it has a body");
    items.retain(|item| matches!(item, Item::Mod(_)));
    insta::assert_snapshot!(prettyplease::unparse(&file));
}

/// Several things at once begin, and are joined.
#[test]
fn states_of_lanes() {
    let text = pretty(
        "#[endpoints] protocol Open(P, Q) {
             par { P -> Q: Open(u8); } and { Q -> P: Open(u8); }
             Q -> P: Done;
         }",
    );
    let (_, states) = text.split_once("pub mod p {").expect("a module for the role");
    let (states, _) = states.split_once("\n    }\n").expect("it ends");
    insta::assert_snapshot!(states);
}

/// Carol cannot know what Bob was told.
#[test]
fn a_faulty_protocol_has_everything_but_an_image() {
    insta::assert_snapshot!(pretty(
        "protocol Blind(Alice, Bob, Carol) {
             choice at Alice {
                 Alice -> Bob: Left;
                 Carol -> Bob: X(u8);
             } or {
                 Alice -> Bob: Right;
                 Carol -> Bob: Y(u8);
             }
         }"
    ));
}

#[test]
fn what_is_not_about_a_mistake_is_generated() {
    let names = |text: &str| -> Vec<String> {
        let items = file(text).items.into_iter();
        let name = |item| match item {
            Item::Mod(module) => module.ident.to_string(),
            Item::Macro(_) => "error".to_owned(),
            other => panic!("{other:?}"),
        };
        items.map(name).collect()
    };
    let good = "protocol Good(A, B) { A -> B: X; }";
    assert_eq!(names(good), ["good"]);
    assert_eq!(
        names(&format!("{good} protocol Bad(A, B) {{ A -> C: X; }}")).last().map(String::as_str),
        Some("bad")
    );
    assert_eq!(names("protocol Half(A, B) { A -> B: X; A -> }"), ["error", "half"]);
    assert_eq!(names(""), ["error"]);
}

#[test]
fn the_crate_can_be_elsewhere() {
    let runtime = |attribute: &str| {
        let text = format!("{attribute} protocol Good(A, B) {{ A -> B: X; }}");
        let text = pretty(&text);
        let line = text.lines().find(|line| line.contains("as __telltale")).map(str::trim);
        line.expect("the runtime is named").to_owned()
    };
    let named = |path| runtime(&format!("#[telltale(crate = {path})]"));
    assert_eq!(runtime(""), "use ::telltale_vm::generated as __telltale;");
    assert_eq!(named("crate::vm"), "use crate::vm::generated as __telltale;");
    assert_eq!(named("self::vm"), "use super::vm::generated as __telltale;");
    assert_eq!(named("super::vm"), "use super::super::vm::generated as __telltale;");
}

#[test]
fn names_of_the_user_keep_their_place() {
    let tokens: TokenStream = TWO_BUYER.parse().expect("the text is made of tokens");
    let mut places = Vec::new();
    find("Delivery", expand(tokens.clone()), &mut places);
    find("on_delivery", expand(tokens), &mut places);
    assert!(places.iter().all(|place| *place == places[0] && place.0 == 16), "{places:?}");
}

fn find(name: &str, tokens: TokenStream, places: &mut Vec<(usize, usize)>) {
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => find(name, group.stream(), places),
            TokenTree::Ident(ident) if ident == name => {
                places.push((ident.span().start().line, ident.span().start().column));
            }
            _ => {}
        }
    }
}

/// Whatever tokens are given, there are items and no panic: every way to leave out or to double
/// one token.
#[test]
fn broken_protocols_expand() {
    let text = "protocol P(A, B) { loop { choice at A { A -> B: X(u8); } or { A -> B: Y { z: u8 }; break; } } }";
    let words: Vec<&str> = text.split(' ').collect();
    for at in 0..words.len() {
        for doubled in [false, true] {
            let mut broken = words.clone();
            if doubled {
                broken.insert(at, words[at]);
            } else {
                broken.remove(at);
            }
            if let Ok(tokens) = broken.join(" ").parse::<TokenStream>() {
                syn::parse2::<File>(expand(tokens)).expect("the expansion is made of items");
            }
        }
    }
}
