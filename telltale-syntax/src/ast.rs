//! What the user wrote, statement by statement, before any name means anything.
//!
//! Everything keeps its place in the source. The tree prints itself in the layout of the language
//! reference; printing and parsing again gives the same tree.

use std::rc::Rc;

use proc_macro2::TokenStream;
use syn::Visibility;

use crate::name::Name;
use crate::payload::Payload;
use crate::span::SpanRange;

/// Everything inside one `choreography! { … }`.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// The protocols, in order.
    pub protocols: Vec<Protocol>,
}

/// `pub protocol Name(Role, …) { … }`
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The attributes in front.
    pub attributes: Attributes,
    /// Who may use the generated module.
    pub visibility: Visibility,
    /// What the protocol is called.
    pub name: Name,
    /// Who takes part.
    pub roles: Vec<Role>,
    /// What happens.
    pub body: Block,
}

/// The attributes of a protocol.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// `///`
    pub docs: Docs,
    /// `#[allow(silent_end)]`: a role may be left waiting when the protocol ends.
    pub silent_end: bool,
    /// `#[derive(…)]`: for every enum and struct that is generated.
    pub derives: Derives,
    /// `#[endpoints]`: roles can be played by async code, state by state.
    pub endpoints: bool,
    /// `#[serde]`: payloads are written down by serde.
    pub serde: Option<Serde>,
    /// `#[telltale(crate = path)]`: where the generated code finds `telltale_vm`.
    pub crate_path: Option<syn::Path>,
}

/// `#[serde(version = 2, codec = path)]`
#[derive(Clone, Debug)]
pub struct Serde {
    /// The version of what the payloads are, which their types do not say; 0 where none is declared.
    pub version: u32,
    /// The format in which they are written.
    pub codec: Option<syn::Path>,
    /// All of it.
    pub span: SpanRange,
}

/// Documentation, copied to what is generated.
#[derive(Clone, Debug, Default)]
pub struct Docs {
    /// The attributes as written, mostly `#[doc = "…"]`.
    pub tokens: TokenStream,
    /// The text of each that is a `///` line, as written behind the slashes.
    pub lines: Vec<String>,
}

impl Docs {
    /// Adds more of it.
    pub fn extend(&mut self, more: Self) {
        self.tokens.extend(more.tokens);
        self.lines.extend(more.lines);
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

/// `#[derive(…)]`, for the types that are generated.
#[derive(Clone, Debug, Default)]
pub struct Derives {
    /// The macros, without repetitions.
    pub paths: Vec<syn::Path>,
    /// The first of the attributes.
    pub span: Option<SpanRange>,
}

impl Derives {
    /// Adds those that are not there.
    pub fn extend(&mut self, more: &Self) {
        for path in &more.paths {
            if !self.paths.contains(path) {
                self.paths.push(path.clone());
            }
        }
        self.span = self.span.or(more.span);
    }

    /// Whether a trait of this name is derived.
    pub fn has(&self, name: &str) -> bool {
        self.paths.iter().any(|path| path.segments.last().is_some_and(|last| last.ident == name))
    }

    /// Whether nothing is derived.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

/// A participant.
#[derive(Clone, Debug)]
pub struct Role {
    /// `///`
    pub docs: Docs,
    /// `#[like(Left)]`: the role whose trait its objects implement.
    pub like: Option<Name>,
    /// Its name.
    pub name: Name,
}

/// `{ … }`
#[derive(Clone, Debug)]
pub struct Block {
    /// `///` in front of the brace, for a branch of a choice.
    pub docs: Docs,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// From brace to brace.
    pub span: SpanRange,
}

/// One step, or several.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `Alice -> Bob: Title(String);`
    Message(Message),
    /// `choice at Alice { … } or { … }`
    Choice(Choice),
    /// `loop { … }`
    Loop(Loop),
    /// `break;`
    Break(Jump),
    /// `continue;`
    Continue(Jump),
    /// `par { … } and { … }`
    Par(Par),
    /// `do Handshake(Alice, Bob);`
    Do(Do),
}

impl Statement {
    /// Where it stands.
    pub fn span(&self) -> SpanRange {
        match self {
            Self::Message(message) => message.span,
            Self::Choice(choice) => choice.head,
            Self::Loop(looping) => looping.head,
            Self::Break(jump) | Self::Continue(jump) => jump.span,
            Self::Par(par) => par.head,
            Self::Do(call) => call.span,
        }
    }

    /// The blocks inside of it.
    pub fn blocks(&self) -> &[Block] {
        match self {
            Self::Choice(choice) => &choice.branches,
            Self::Loop(looping) => std::slice::from_ref(&looping.body),
            Self::Par(par) => &par.arms,
            Self::Message(_) | Self::Break(_) | Self::Continue(_) | Self::Do(_) => &[],
        }
    }
}

/// `Alice, Bob -> Carol, Dave: Title(String);`
#[derive(Clone, Debug)]
pub struct Message {
    /// `///`
    pub docs: Docs,
    /// `#[derive(…)]`: for the struct of the label.
    pub derives: Derives,
    /// `#[state(Name)]`: what a state is called in which this comes next.
    pub state: Option<Name>,
    /// Who sends, one after the other.
    pub senders: Vec<Name>,
    /// Who receives from each of them, one after the other.
    pub receivers: Vec<Name>,
    /// What the message is called.
    pub label: Name,
    /// What it carries.
    pub payload: Payload,
    /// The text of the payload, for it is compared and quoted more often than it can be printed.
    pub(crate) payload_text: Rc<str>,
    /// All of it, without the semicolon.
    pub span: SpanRange,
}

impl Message {
    /// The roles that it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.senders.iter().chain(&self.receivers)
    }
}

/// `choice Name at Alice { … } or { … }`
#[derive(Clone, Debug)]
pub struct Choice {
    /// `///`
    pub docs: Docs,
    /// `#[derive(…)]`: for the enum.
    pub derives: Derives,
    /// `#[state(Name)]`: what a state is called in which this choice is made or heard of.
    pub state: Option<Name>,
    /// What the choice is called, if it has a name.
    pub name: Option<Name>,
    /// Who decides.
    pub chooser: Name,
    /// What there is to choose from.
    pub branches: Vec<Block>,
    /// From `choice` to the chooser.
    pub head: SpanRange,
}

/// `'name: loop { … }`
#[derive(Clone, Debug)]
pub struct Loop {
    /// The name, without the apostrophe.
    pub label: Option<LoopLabel>,
    /// What is repeated.
    pub body: Block,
    /// From the label, or `loop`, to `loop`.
    pub head: SpanRange,
}

/// `'name`
#[derive(Clone, Debug)]
pub struct LoopLabel {
    /// The name, without the apostrophe.
    pub name: String,
    /// Where it stands.
    pub span: SpanRange,
}

/// `break 'name;` or `continue 'name;`
#[derive(Clone, Debug)]
pub struct Jump {
    /// The loop that is meant, if it is named.
    pub label: Option<LoopLabel>,
    /// All of it, without the semicolon.
    pub span: SpanRange,
}

/// `par { … } and { … }`
#[derive(Clone, Debug)]
pub struct Par {
    /// What runs side by side.
    pub arms: Vec<Block>,
    /// The word `par`.
    pub head: SpanRange,
}

/// `do Handshake(Alice, Bob);`
#[derive(Clone, Debug)]
pub struct Do {
    /// The protocol to run.
    pub protocol: Name,
    /// Who plays its roles, in their order.
    pub roles: Vec<Name>,
    /// All of it, without the semicolon.
    pub span: SpanRange,
}
