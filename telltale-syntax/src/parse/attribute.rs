//! `///` and `#[…]`.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;

use super::tokens::Tokens;
use crate::ast::{Attributes, Derives, Docs, Serde};
use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::name::Name;
use crate::span::SpanRange;

const ON_PROTOCOL: &str = "`///`, `#[allow(silent_end)]`, `#[derive(…)]`, `#[endpoints]`, `#[serde]` and `#[telltale(crate = path)]`";
const ON_STATEMENT: &str = "`///`, `#[derive(…)]` and `#[state(Name)]`";
const ON_ROLE: &str = "`///` and `#[like(Role)]`";
const ON_OTHERS: &str = "`///`";
const NOWHERE: &str = "`///` in front of a protocol, a role, a message, a choice or a branch of a choice, \
     `#[derive(…)]` in front of a protocol, a message or a choice, and `#[state(Name)]` in front of a message or a choice";

/// The attributes that mean something somewhere.
const KNOWN: [&str; 6] = ["derive", "doc", "endpoints", "like", "serde", "state"];

/// What stands between the brackets.
struct Attribute {
    name: String,
    inside: Tokens,
    tokens: TokenStream,
    span: SpanRange,
}

/// Reads the attributes of a protocol.
pub(super) fn protocol_attributes(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Attributes {
    let mut attributes = Attributes::default();
    while let Some(attribute) = next(tokens) {
        mistakes.extend(add(&mut attributes, attribute).err());
    }
    attributes
}

/// Reads the documentation of something that can have nothing else.
pub(super) fn docs(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Docs {
    let mut docs = Docs::default();
    while let Some(attribute) = next(tokens) {
        if attribute.name == "doc" {
            add_doc(&mut docs, attribute);
        } else {
            mistakes.push(unknown(&attribute, ON_OTHERS));
        }
    }
    docs
}

/// Reads the attributes of a role: its documentation, and the role that it is like.
pub(super) fn of_role(tokens: &mut Tokens, mistakes: &mut Mistakes) -> (Docs, Option<Name>) {
    let (mut docs, mut like) = (Docs::default(), None);
    while let Some(mut attribute) = next(tokens) {
        match attribute.name.as_str() {
            "doc" => add_doc(&mut docs, attribute),
            "like" => {
                let read = name_in(&mut attribute, "a role", ON_ROLE);
                let said = read.and_then(|model| once(&mut like, model, "like", attribute.span));
                mistakes.extend(said.err());
            }
            _ => mistakes.push(unknown(&attribute, ON_ROLE)),
        }
    }
    (docs, like)
}

/// The name in `like(Left)` or `state(Waiting)`.
fn name_in(
    attribute: &mut Attribute,
    what: &'static str,
    allowed: &'static str,
) -> Result<Name, Diagnostic> {
    let group = attribute.inside.group(Delimiter::Parenthesis);
    let Some(mut inside) = group.as_ref().map(Tokens::inside) else {
        return Err(unknown(attribute, allowed));
    };
    let name = inside.name(what)?;
    if inside.is_empty() { Ok(name) } else { Err(unknown(attribute, allowed)) }
}

/// What can stand in front of a statement.
#[derive(Default)]
pub(super) struct Outer {
    pub(super) docs: Docs,
    pub(super) derives: Derives,
    pub(super) state: Option<Name>,
}

/// Reads the attributes of a statement.
pub(super) fn outer(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Outer {
    let mut outer = Outer::default();
    while let Some(mut attribute) = next(tokens) {
        match attribute.name.as_str() {
            "doc" => add_doc(&mut outer.docs, attribute),
            "derive" => match derives(&mut attribute) {
                Ok(derives) => outer.derives.extend(&derives),
                Err(mistake) => mistakes.push(mistake),
            },
            "state" => {
                let read = name_in(&mut attribute, "the name of a state", ON_STATEMENT);
                let state = &mut outer.state;
                let said = read.and_then(|name| once(state, name, "state", attribute.span));
                mistakes.extend(said.err());
            }
            _ => mistakes.push(unknown(&attribute, ON_STATEMENT)),
        }
    }
    outer
}

/// Reads attributes that stand directly in front of a name: there the compiler proposes what to derive.
pub(super) fn late(tokens: &mut Tokens, outer: &mut Outer, mistakes: &mut Mistakes) {
    let late = self::outer(tokens, mistakes);
    outer.derives.extend(&late.derives);
    outer.docs.extend(late.docs);
    if let Some(state) = late.state {
        let place = state.place;
        mistakes.extend(once(&mut outer.state, state, "state", place).err());
    }
}

/// Keeps what is said, unless it was said before.
fn once<T>(known: &mut Option<T>, said: T, what: &str, at: SpanRange) -> Result<(), Diagnostic> {
    if known.is_some() {
        return Err(Diagnostic::new(Mistake::GivenTwice { what: what.to_owned() }, at));
    }
    *known = Some(said);
    Ok(())
}

/// Reports attributes in front of something that generates nothing.
pub(super) fn none(outer: &Outer, mistakes: &mut Mistakes) {
    no_docs(&outer.docs, mistakes);
    if let Some(span) = outer.derives.span {
        mistakes.push(nowhere("derive", span));
    }
    if let Some(state) = &outer.state {
        mistakes.push(nowhere("state", state.place));
    }
}

/// Reports documentation in front of something that generates nothing.
pub(super) fn no_docs(docs: &Docs, mistakes: &mut Mistakes) {
    if !docs.is_empty() {
        let elsewhere = proc_macro2::Span::call_site().into();
        mistakes.push(nowhere("doc", SpanRange::of_tokens(docs.tokens.clone(), elsewhere)));
    }
}

fn nowhere(attribute: &str, span: SpanRange) -> Diagnostic {
    let mistake = Mistake::MisplacedAttribute { attribute: attribute.to_owned(), allowed: NOWHERE };
    Diagnostic::new(mistake, span)
}

/// Whether attributes come next, and behind them this word.
pub(super) fn is_before(tokens: &Tokens, word: &str) -> bool {
    let mut ahead = 0;
    while tokens.is_signs(ahead, "#") && brackets(tokens, ahead + 1).is_some() {
        ahead += 2;
    }
    ahead > 0 && tokens.is_word(ahead, word)
}

fn brackets(tokens: &Tokens, ahead: usize) -> Option<&Group> {
    match tokens.peek(ahead)? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group),
        _ => None,
    }
}

fn next(tokens: &mut Tokens) -> Option<Attribute> {
    let inner = usize::from(tokens.is_signs(0, "#!"));
    let group = brackets(tokens, 1 + inner).filter(|_| tokens.is_signs(0, "#"))?.clone();
    let start = tokens.span();
    let mut written = TokenStream::new();
    for _ in 0..2 + inner {
        written.extend(tokens.peek(0).map(ToTokens::to_token_stream));
        tokens.skip(1);
    }
    let mut inside = Tokens::inside(&group);
    let mut name = if inner == 1 { "!".to_owned() } else { String::new() };
    while let Some(TokenTree::Ident(_) | TokenTree::Punct(_)) = inside.peek(0) {
        if inside.is_signs(0, "=") {
            break;
        }
        name.extend(inside.peek(0).map(ToString::to_string));
        inside.skip(1);
    }
    Some(Attribute { name, inside, tokens: written, span: start.to(group.span_close()) })
}

fn add(attributes: &mut Attributes, mut attribute: Attribute) -> Result<(), Diagnostic> {
    match attribute.name.as_str() {
        "doc" => add_doc(&mut attributes.docs, attribute),
        "derive" => attributes.derives.extend(&derives(&mut attribute)?),
        "endpoints" if attribute.inside.is_empty() => attributes.endpoints = true,
        "serde" => {
            let said = serde(&mut attribute)?;
            return once(&mut attributes.serde, said, "serde", attribute.span);
        }
        "allow" if is_silent_end(&attribute) => attributes.silent_end = true,
        "telltale" => {
            let said = crate_path(&mut attribute)?;
            return once(&mut attributes.crate_path, said, "telltale", attribute.span);
        }
        _ => return Err(unknown(&attribute, ON_PROTOCOL)),
    }
    Ok(())
}

fn add_doc(docs: &mut Docs, attribute: Attribute) {
    docs.lines.extend(attribute.tokens.clone().into_iter().find_map(|tree| match tree {
        TokenTree::Group(brackets) => doc_text(brackets.stream()),
        _ => None,
    }));
    docs.tokens.extend(attribute.tokens);
}

/// The text in `doc = "…"`; others, such as `doc(hidden)`, have none.
pub(crate) fn doc_text(inside: TokenStream) -> Option<String> {
    let trees: Vec<TokenTree> = inside.into_iter().collect();
    match &trees[..] {
        [TokenTree::Ident(_), TokenTree::Punct(sign), TokenTree::Literal(literal)]
            if sign.as_char() == '=' =>
        {
            let text = syn::parse2::<syn::LitStr>(literal.to_token_stream()).ok()?;
            Some(text.value())
        }
        _ => None,
    }
}

/// The paths in `derive(Debug, Clone)`.
fn derives(attribute: &mut Attribute) -> Result<Derives, Diagnostic> {
    let Some(group) = attribute.inside.group(Delimiter::Parenthesis) else {
        return Err(attribute.inside.expected("`(`"));
    };
    let mistake = Tokens::inside(&group).expected("the names of macros, with commas");
    let paths = Punctuated::<syn::Path, syn::Token![,]>::parse_terminated_with;
    let parse = |input: syn::parse::ParseStream<'_>| paths(input, syn::Path::parse_mod_style);
    let paths = parse.parse2(group.stream()).map_err(|_| mistake)?;
    let mut derives = Derives::default();
    derives.extend(&Derives { paths: paths.into_iter().collect(), span: Some(attribute.span) });
    Ok(derives)
}

fn is_silent_end(attribute: &Attribute) -> bool {
    let Some(TokenTree::Group(group)) = attribute.inside.peek(0) else { return false };
    let mut lint = Tokens::inside(group);
    lint.word("silent_end").is_some() && (lint.is_empty() || lint.is_signs(0, ","))
}

fn crate_path(attribute: &mut Attribute) -> Result<syn::Path, Diagnostic> {
    let group = attribute.inside.group(Delimiter::Parenthesis);
    let Some(mut inside) = group.as_ref().map(Tokens::inside) else {
        return Err(unknown(attribute, ON_PROTOCOL));
    };
    if inside.word("crate").is_none() || inside.signs("=").is_none() {
        return Err(unknown(attribute, ON_PROTOCOL));
    }
    path(&mut inside)
}

/// A path, up to a comma or the end.
fn path(tokens: &mut Tokens) -> Result<syn::Path, Diagnostic> {
    let mistake = tokens.expected("a path");
    let mut path = TokenStream::new();
    while let Some(tree) = tokens.peek(0).filter(|_| !tokens.is_signs(0, ",")) {
        path.extend(tree.to_token_stream());
        tokens.skip(1);
    }
    syn::Path::parse_mod_style.parse2(path).map_err(|_| mistake)
}

/// `serde` or `serde(version = 2, codec = path)`
fn serde(attribute: &mut Attribute) -> Result<Serde, Diagnostic> {
    let span = attribute.span;
    let (mut version, mut codec) = (None, None);
    let read = |version: Option<u32>, codec| Serde { version: version.unwrap_or(0), codec, span };
    if attribute.inside.is_empty() {
        return Ok(read(version, codec));
    }
    let group = attribute.inside.group(Delimiter::Parenthesis);
    let Some(mut inside) = group.as_ref().map(Tokens::inside) else {
        return Err(unknown(attribute, ON_PROTOCOL));
    };
    loop {
        let (mistake, word) = (inside.expected("`version = 2` or `codec = path`"), inside.span());
        if inside.word("version").is_some() {
            inside.signs("=").ok_or_else(|| inside.expected("`=`"))?;
            once(&mut version, version_number(&mut inside)?, "version", word)?;
        } else if inside.word("codec").is_some() {
            inside.signs("=").ok_or_else(|| inside.expected("`=`"))?;
            once(&mut codec, path(&mut inside)?, "codec", word)?;
        } else {
            return Err(mistake);
        }
        if !inside.is_empty() {
            inside.signs(",").ok_or_else(|| inside.expected("`,`"))?;
        }
        if inside.is_empty() {
            return Ok(read(version, codec));
        }
    }
}

fn version_number(tokens: &mut Tokens) -> Result<u32, Diagnostic> {
    let mistake = tokens.expected("a version from 1 to 4294967295");
    let number = tokens.peek(0).map(ToTokens::to_token_stream);
    tokens.skip(1);
    let number = number.and_then(|number| syn::parse2::<syn::LitInt>(number).ok());
    let version = number.and_then(|number| number.base10_parse().ok());
    version.filter(|version| *version != 0).ok_or(mistake)
}

fn unknown(attribute: &Attribute, allowed: &'static str) -> Diagnostic {
    let text: String = attribute.tokens.to_string().split_whitespace().collect();
    let attribute_text = match text.get(2..text.len() - 1) {
        Some(inside) if !text.starts_with("#!") => inside.to_owned(),
        _ => text,
    };
    let text = excerpt(&attribute_text);
    let mistake = if KNOWN.contains(&attribute.name.as_str()) {
        Mistake::MisplacedAttribute { attribute: text, allowed }
    } else {
        Mistake::UnknownAttribute { attribute: text, allowed }
    };
    Diagnostic::new(mistake, attribute.span)
}
