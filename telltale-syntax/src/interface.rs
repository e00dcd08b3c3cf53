//! What is generated for a protocol, down to the last name.
//!
//! Labels name methods, and sets of branches name choices; states have names where the protocol has endpoints. Identifiers that
//! the user wrote keep their place, those that are made of them get it.

mod alike;
mod choices;
mod claims;
mod given_once;
mod mentions;
mod methods;
mod order;
mod payloads;
mod states;

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use telltale_types::{LabelId, RoleId, StateId};

use crate::ast::{Derives, Docs};
use crate::camel::to_snake_case;
use crate::graph::Graph;
use crate::keyword::to_ident;
use crate::mistakes::Mistakes;
use crate::payload::Payload;
use crate::resolve::{Protocol, Resolved};
use claims::{Claims, Owner};

pub(crate) use states::Origin;
pub use states::{Origins, inside, state_names};

/// The types that every generated module has, beside those named by the user.
pub const RESERVED_TYPES: [&str; 2] = ["Role", "Roles"];

/// The names in a generated module.
#[derive(Clone, Debug)]
pub struct Interface {
    /// The module, in snake case.
    pub module: Ident,
    /// By [`RoleId`].
    pub roles: Vec<RoleInterface>,
    /// By [`LabelId`].
    pub labels: Vec<LabelInterface>,
    /// The choices of all roles.
    pub choices: Vec<ChoiceInterface>,
    /// The names in the statements, in the order of the source.
    pub mentions: Vec<Mention>,
    /// Where states come from, if they are to have names ([`state_names`]).
    pub origins: Option<Origins>,
}

/// A name in a statement.
#[derive(Clone, Debug)]
pub struct Mention {
    /// As the user wrote it.
    pub name: Ident,
    /// What it means.
    pub meaning: Mentioned,
}

/// What a name in a statement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mentioned {
    /// Somebody who sends, receives or decides, or plays in a protocol that is run.
    Role(RoleId),
    /// A message, other than where the label is first used.
    Label(LabelId),
    /// A choice.
    Choice,
}

/// The trait of a role.
#[derive(Clone, Debug)]
pub struct RoleInterface {
    /// The trait, as the user wrote the role.
    pub name: Ident,
    /// The role whose trait its objects implement; then it has none of its own.
    pub like: Option<RoleId>,
    /// The role in snake case, for arguments and fields.
    pub argument: Ident,
    /// The role's documentation.
    pub docs: Docs,
    /// Methods that are asked for a payload, by label.
    pub sends: Vec<SendMethod>,
    /// Methods that are told of a message, by label.
    pub receives: Vec<ReceiveMethod>,
    /// The choices of the role, by their place in [`Interface::choices`].
    pub choices: Vec<usize>,
    /// All of these methods, in the order of the protocol.
    pub order: Vec<Method>,
}

/// A method of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// By its place in [`RoleInterface::sends`].
    Send(usize),
    /// By its place in [`RoleInterface::receives`].
    Receive(usize),
    /// By its place in [`Interface::choices`].
    Choice(usize),
}

/// `fn quote(&mut self) -> HandlerResult<u64>`; it has a default body if nothing is carried.
#[derive(Clone, Debug)]
pub struct SendMethod {
    /// What is sent.
    pub label: LabelId,
    /// The method.
    pub name: Ident,
    /// To whom, except for first messages of a choice, in the order of the roles.
    pub peers: Vec<RoleId>,
    /// `fn quote_to(&mut self, to: Role)`, for those who want to know to whom, if there are several.
    pub to: Option<Ident>,
    /// The documentation of the first message that has some.
    pub docs: Docs,
}

/// `fn on_quote(&mut self, quote: u64) -> HandlerResult<()>`
#[derive(Clone, Debug)]
pub struct ReceiveMethod {
    /// What is received.
    pub label: LabelId,
    /// The method.
    pub name: Ident,
    /// From whom, in the order of the roles.
    pub peers: Vec<RoleId>,
    /// `fn on_quote_from(&mut self, from: Role, …)`, for those who want to know from whom, if there are several.
    pub from: Option<Ident>,
    /// What is carried: nothing, one payload, or one parameter for each named field.
    pub parameters: Vec<Parameter>,
    /// The documentation of the first message that has some.
    pub docs: Docs,
}

/// A parameter that carries a payload or a part of it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Ident,
    /// Its type, as in [`LabelInterface::payload`].
    pub ty: TokenStream,
}

/// A label and what it carries.
#[derive(Clone, Debug)]
pub struct LabelInterface {
    /// The label where it is first used.
    pub name: Ident,
    /// Its fields, with types that mean in the generated module what the user's mean around it.
    pub payload: Payload,
    /// The payload type as text, as in the global type.
    pub text: String,
    /// Whether a struct of the label's name is generated, for what a sending method returns.
    pub has_struct: bool,
    /// What the struct derives.
    pub derives: Derives,
    /// The documentation of the first message that has some.
    pub docs: Docs,
}

/// An enum and the method that is asked for one of its values.
#[derive(Clone, Debug)]
pub struct ChoiceInterface {
    /// Who decides.
    pub role: RoleId,
    /// The choice whose enum and method it has, by its place in [`Interface::choices`]: that of the role that its
    /// role is like.
    pub like: Option<usize>,
    /// The enum.
    pub name: Ident,
    /// The method.
    pub method: Ident,
    /// The documentation of the first such choice that has some.
    pub docs: Docs,
    /// What the enum derives.
    pub derives: Derives,
    /// One for each branch.
    pub variants: Vec<Variant>,
    /// The states of the global type at which this choice is made.
    pub states: Vec<StateId>,
}

/// A branch: its first message, carrying what that carries.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The label, or `StopToAlice` if the label alone does not tell branches apart.
    pub name: Ident,
    /// Who receives the first message.
    pub receiver: RoleId,
    /// What it is called.
    pub label: LabelId,
    /// Who else receives the message directly afterwards: its payload is given once, for all of them.
    pub others: Vec<RoleId>,
    /// The documentation of the branch, or else of its first message.
    pub docs: Docs,
}

impl Interface {
    /// The role whose trait is implemented by what plays a role: itself, or the one that it is like.
    pub fn model(&self, role: RoleId) -> &RoleInterface {
        let own = &self.roles[role.index()];
        own.like.map_or(own, |model| &self.roles[model.index()])
    }

    /// Whether a choice has the name that the user gave to one, and not one that is made of it.
    pub fn is_named(&self, choice: &ChoiceInterface) -> bool {
        let mut choices = self.mentions.iter().filter(|one| one.meaning == Mentioned::Choice);
        choices.any(|one| one.name == choice.name)
    }
}

/// The interface of every protocol.
pub(crate) fn interfaces(
    resolved: &Resolved<'_>,
    graphs: &[Graph<'_>],
    mistakes: &mut Mistakes,
) -> Vec<Interface> {
    let mut modules = Claims::default();
    let mut interfaces = Vec::new();
    for (protocol, graph) in resolved.protocols.iter().zip(graphs) {
        let name = &protocol.ast.name;
        let module = snake_ident(name);
        let owner = Owner::new("protocol", name);
        modules.claim(&module, format!("mod {module}"), owner, mistakes);
        interfaces.push(interface(protocol, graph, module, mistakes));
    }
    interfaces
}

fn interface(
    protocol: &Protocol<'_>,
    graph: &Graph<'_>,
    module: Ident,
    mistakes: &mut Mistakes,
) -> Interface {
    let mut roles = roles(protocol, mistakes);
    let mut choices = choices::choices(protocol, graph, mistakes);
    let given = given_once::add(&mut choices, graph);
    for (at, choice) in choices.iter().enumerate() {
        roles[choice.role.index()].choices.push(at);
    }
    let mut labels = labels(protocol);
    methods::add(&mut roles, &mut labels, protocol, graph, &given);
    methods::check_derives(&labels, graph, mistakes);
    order::add(&mut roles, &choices, graph);

    let mentions = mentions::mentions(protocol);
    let has_endpoints = protocol.ast.attributes.endpoints;
    let origins = has_endpoints.then(|| states::origins(graph, &choices));
    let mut interface = Interface { module, roles, labels, choices, mentions, origins };
    alike::add(&mut interface, protocol, mistakes);
    let types = claim_types(&interface, mistakes);
    methods::check(&interface, mistakes);
    payloads::check(&interface, protocol, &types, mistakes);
    interface
}

fn roles(protocol: &Protocol<'_>, mistakes: &mut Mistakes) -> Vec<RoleInterface> {
    let mut fields = Claims::default();
    let mut roles = Vec::new();
    for role in &protocol.roles {
        let argument = snake_ident(&role.name);
        let owner = Owner::new("role", &role.name);
        fields.claim(&argument, argument.to_string(), owner, mistakes);
        roles.push(RoleInterface {
            name: role.name.ident.clone(),
            like: None,
            argument,
            docs: role.docs.clone(),
            sends: Vec::new(),
            receives: Vec::new(),
            choices: Vec::new(),
            order: Vec::new(),
        });
    }
    roles
}

fn labels(protocol: &Protocol<'_>) -> Vec<LabelInterface> {
    let label = |entry: &crate::resolve::LabelEntry<'_>| LabelInterface {
        name: entry.first.label.ident.clone(),
        payload: entry.first.payload.one_module_in(),
        text: entry.payload.to_string(),
        has_struct: false,
        derives: protocol.ast.attributes.derives.clone(),
        docs: Docs::default(),
    };
    protocol.labels.iter().map(label).collect()
}

/// The types in the module: a trait for each role, an enum for each choice, structs for payloads.
fn claim_types(interface: &Interface, mistakes: &mut Mistakes) -> Claims {
    let mut types = Claims::default();
    for name in RESERVED_TYPES {
        types.reserve(name);
    }
    if interface.origins.is_some() {
        states::claim(interface, &mut types, mistakes);
    }
    for role in interface.roles.iter().filter(|role| role.like.is_none()) {
        let name = &role.name;
        types.claim(name, format!("trait {name}"), Owner::new("role", name), mistakes);
    }
    for choice in interface.choices.iter().filter(|choice| choice.like.is_none()) {
        let name = &choice.name;
        types.claim(name, format!("enum {name}"), Owner::new("choice", name), mistakes);
    }
    for label in interface.labels.iter().filter(|label| label.has_struct) {
        let name = &label.name;
        types.claim(name, format!("struct {name}"), Owner::new("label", name), mistakes);
    }
    types
}

/// What a method is called that is made of a name.
pub fn snake_ident(name: &Ident) -> Ident {
    use syn::ext::IdentExt;
    to_ident(&to_snake_case(&name.unraw().to_string()), name.span())
}

/// A name that is made of others, of which some may be raw: only a whole name can be.
pub fn joined_ident(names: &str, span: Span) -> Ident {
    to_ident(&names.replace("r#", ""), span)
}

/// The payload as one type, or the struct that is generated for it.
impl LabelInterface {
    /// The Rust type of the payload: `()`, a type, a tuple, or the generated struct.
    pub fn ty(&self) -> TokenStream {
        self.payload.as_type().unwrap_or_else(|| self.name.to_token_stream())
    }
}
