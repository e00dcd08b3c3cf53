//! The tree prints itself, in the layout of the language reference.

use std::fmt::{self, Display, Formatter};

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::Visibility;

use crate::ast::{
    Ast, Attributes, Block, Choice, Derives, Do, Docs, Jump, Loop, Message, Par, Protocol, Role,
    Serde, Statement,
};
use crate::name::Name;
use crate::parse::doc_text;
use crate::payload::{Payload, is_type_name, tokens_text};

impl Display for Ast {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.protocols.iter().try_for_each(|protocol| writeln!(f, "{protocol}"))
    }
}

impl Display for Protocol {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.attributes.fmt(f)?;
        match &self.visibility {
            Visibility::Inherited => {}
            Visibility::Public(_) => f.write_str("pub ")?,
            Visibility::Restricted(restricted) => {
                let path = restricted.path.to_token_stream().to_string().replace(' ', "");
                let within = if restricted.in_token.is_some() { "in " } else { "" };
                write!(f, "pub({within}{path}) ")?;
            }
        }
        write!(f, "protocol {}(", self.name)?;
        let on_one_line = self.roles.iter().map(Role::to_string).collect::<Vec<_>>().join(", ");
        let is_plain = self.roles.iter().all(|role| role.like.is_none());
        if self.roles.iter().any(|role| !role.docs.is_empty())
            || (!is_plain && on_one_line.chars().count() > ROLES_WIDTH)
        {
            f.write_str("\n")?;
            for role in &self.roles {
                docs(f, &role.docs, 1)?;
                writeln!(f, "{}{role},", Indent(1))?;
            }
        } else {
            f.write_str(&on_one_line)?;
        }
        f.write_str(") ")?;
        block(f, &self.body, 0)
    }
}

/// How long a list of roles with attributes may be on one line.
const ROLES_WIDTH: usize = 80;

/// `#[like(Home)] Away`, without its documentation.
impl Display for Role {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.like {
            Some(model) => write!(f, "#[like({model})] {}", self.name),
            None => self.name.fmt(f),
        }
    }
}

impl Display for Attributes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        docs(f, &self.docs, 0)?;
        if self.silent_end {
            f.write_str("#[allow(silent_end)]\n")?;
        }
        derives(f, &self.derives, 0)?;
        if self.endpoints {
            f.write_str("#[endpoints]\n")?;
        }
        if let Some(serde) = &self.serde {
            writeln!(f, "{serde}")?;
        }
        match &self.crate_path {
            Some(path) => writeln!(f, "#[telltale(crate = {})]", path_text(path)),
            None => Ok(()),
        }
    }
}

impl Display for Serde {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let version = (self.version != 0).then(|| format!("version = {}", self.version));
        let codec = self.codec.as_ref().map(|codec| format!("codec = {}", path_text(codec)));
        let values: Vec<String> = version.into_iter().chain(codec).collect();
        if values.is_empty() {
            return f.write_str("#[serde]");
        }
        write!(f, "#[serde({})]", values.join(", "))
    }
}

fn path_text(path: &syn::Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

/// `Alice, Bob -> Carol: Title(String)`, on one line and without the semicolon.
impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        names(f, &self.senders)?;
        f.write_str(" -> ")?;
        names(f, &self.receivers)?;
        write!(f, ": {}", self.label)?;
        let payload = &*self.payload_text;
        match &self.payload {
            // Alone, it would be read as a payload without its label.
            Payload::Unit if is_type_name(&self.label.to_string()) => f.write_str("()"),
            Payload::Unit => Ok(()),
            Payload::Record(_) => write!(f, " {payload}"),
            Payload::Tuple(types) if types.len() > 1 => f.write_str(payload),
            Payload::Tuple(_) => write!(f, "({payload})"),
        }
    }
}

/// `choice Name at Alice`
impl Display for Choice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "choice {name} at {}", self.chooser),
            None => write!(f, "choice at {}", self.chooser),
        }
    }
}

/// `do Handshake(Alice, Bob)`
impl Display for Do {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "do {}(", self.protocol)?;
        names(f, &self.roles)?;
        f.write_str(")")
    }
}

/// The first line of the statement, as other mistakes quote it.
impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => message.fmt(f),
            Self::Choice(choice) => choice.fmt(f),
            Self::Do(call) => call.fmt(f),
            Self::Par(_) => f.write_str("par"),
            Self::Loop(Loop { label: Some(label), .. }) => write!(f, "'{}: loop", label.name),
            Self::Loop(_) => f.write_str("loop"),
            Self::Break(jump) => write_jump(f, "break", jump),
            Self::Continue(jump) => write_jump(f, "continue", jump),
        }
    }
}

fn write_jump(f: &mut Formatter<'_>, word: &str, jump: &Jump) -> fmt::Result {
    match &jump.label {
        Some(label) => write!(f, "{word} '{}", label.name),
        None => f.write_str(word),
    }
}

struct Indent(usize);

impl Display for Indent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (0..self.0).try_for_each(|_| f.write_str("    "))
    }
}

fn names<'a>(f: &mut Formatter<'_>, names: impl IntoIterator<Item = &'a Name>) -> fmt::Result {
    names.into_iter().enumerate().try_for_each(|(at, name)| {
        let separator = if at == 0 { "" } else { ", " };
        write!(f, "{separator}{name}")
    })
}

/// `Alice, Bob`
pub(crate) fn list(names: &[Name]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn docs(f: &mut Formatter<'_>, docs: &Docs, depth: usize) -> fmt::Result {
    for tree in docs.tokens.clone() {
        // The rest of the tokens are the signs in front of the brackets.
        let TokenTree::Group(attribute) = tree else { continue };
        let Some(text) = doc_text(attribute.stream()).filter(|text| can_be_lines(text)) else {
            writeln!(f, "{}#[{}]", Indent(depth), tokens_text(attribute.stream()))?;
            continue;
        };
        for line in text.split('\n') {
            writeln!(f, "{}///{line}", Indent(depth))?;
        }
    }
    Ok(())
}

/// Whether a text can stand behind slashes: four of them document nothing, and a lone `\r` is refused there.
fn can_be_lines(text: &str) -> bool {
    !text.contains('\r') && text.split('\n').all(|line| !line.starts_with('/'))
}

fn derives(f: &mut Formatter<'_>, derives: &Derives, depth: usize) -> fmt::Result {
    if derives.is_empty() {
        return Ok(());
    }
    let path = |path: &syn::Path| path.to_token_stream().to_string().replace(' ', "");
    let paths: Vec<String> = derives.paths.iter().map(path).collect();
    writeln!(f, "{}#[derive({})]", Indent(depth), paths.join(", "))
}

fn block(f: &mut Formatter<'_>, block: &Block, depth: usize) -> fmt::Result {
    f.write_str("{\n")?;
    block.statements.iter().try_for_each(|inner| statement(f, inner, depth + 1))?;
    write!(f, "{}}}", Indent(depth))
}

fn statement(f: &mut Formatter<'_>, statement: &Statement, depth: usize) -> fmt::Result {
    match statement {
        Statement::Message(Message { docs: text, derives: paths, state, .. })
        | Statement::Choice(Choice { docs: text, derives: paths, state, .. }) => {
            docs(f, text, depth)?;
            derives(f, paths, depth)?;
            if let Some(state) = state {
                writeln!(f, "{}#[state({state})]", Indent(depth))?;
            }
        }
        _ => {}
    }
    write!(f, "{}{statement}", Indent(depth))?;
    match statement {
        Statement::Choice(choice) => alternatives(f, &choice.branches, "or", depth)?,
        Statement::Par(Par { arms, .. }) => alternatives(f, arms, "and", depth)?,
        Statement::Loop(looping) => {
            f.write_str(" ")?;
            block(f, &looping.body, depth)?;
        }
        _ => f.write_str(";")?,
    }
    f.write_str("\n")
}

fn alternatives(f: &mut Formatter<'_>, blocks: &[Block], word: &str, depth: usize) -> fmt::Result {
    for (at, inner) in blocks.iter().enumerate() {
        if at > 0 {
            write!(f, " {word}")?;
        }
        if inner.docs.is_empty() {
            f.write_str(" ")?;
        } else {
            f.write_str("\n")?;
            docs(f, &inner.docs, depth)?;
            Indent(depth).fmt(f)?;
        }
        block(f, inner, depth)?;
    }
    Ok(())
}
