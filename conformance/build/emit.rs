//! Rust source for one text: the macro with the text in it, role objects, a table of its protocols.

use std::fmt::{Display, Write};

use telltale_syntax::interface::{
    ChoiceInterface, Interface, LabelInterface, ReceiveMethod, RoleInterface, SendMethod, Variant,
};
use telltale_syntax::{Analysis, Payload};

const CRATE: &str = "::telltale_conformance";

/// The source so far.
#[derive(Default)]
pub(crate) struct Source {
    text: String,
    modules: usize,
}

impl Source {
    /// Adds a module for a text.
    pub(crate) fn add(&mut self, from: &str, text: &str, analysis: &Analysis) {
        let number = self.modules;
        self.modules += 1;
        let source = module(from, text, analysis);
        let _ = write!(self.text, "mod case_{number} {{\n{source}}}\n\n");
    }

    /// All of it, with a list of all cases.
    pub(crate) fn finish(self) -> String {
        let cases = lines(0..self.modules, |at| format!("    cases.extend(&case_{at}::CASES);"));
        format!(
            "{}pub(crate) fn cases() -> Vec<&'static {CRATE}::case::Case> {{\n    \
             let mut cases = Vec::new();\n{cases}    cases\n}}\n",
            self.text,
        )
    }
}

fn module(from: &str, text: &str, analysis: &Analysis) -> String {
    let mut source = format!("::telltale_vm::choreography! {{\n{text}}}\n\n");
    for protocol in &analysis.protocols {
        let interface = &protocol.interface;
        for (id, _) in interface.roles.iter().enumerate() {
            source += &role(interface, id);
        }
        source += &open(interface);
    }
    let count = analysis.protocols.len();
    let cases = lines(analysis.protocols.iter().enumerate(), |(at, protocol)| {
        let module = &protocol.interface.module;
        format!(
            "    {CRATE}::case::Case {{ from: {from:?}, text: TEXT, protocol: {at}, \
             image: &{module}::IMAGE, given_once: &[{}], open: open_{module} }},",
            given_once(&protocol.interface)
        )
    });
    let text = format!("const TEXT: &str = {text:?};\n");
    source
        + &text
        + &format!("pub(super) static CASES: [{CRATE}::case::Case; {count}] = [\n{cases}];\n")
}

/// What is given once, with the ids of roles and labels.
fn given_once(interface: &Interface) -> String {
    lines_in(&interface.choices, |choice| {
        let (role, variants) = (choice.role.index(), sorted(choice));
        let branches = joined(&variants, |variant| {
            format!("({}, {})", variant.receiver.index(), variant.label.index())
        });
        let given = variants.iter().enumerate().filter(|(_, variant)| !variant.others.is_empty());
        lines_in(given, |(branch, variant)| {
            let others = joined(&variant.others, |other| other.index().to_string());
            format!(
                "{CRATE}::script::GivenOnce {{ role: {role}, branches: &[{branches}], \
                 branch: {branch}, others: &[{others}] }}, "
            )
        })
    })
}

/// The variants of a choice in the order of the image, which is that of the handler's branches.
fn sorted(choice: &ChoiceInterface) -> Vec<&Variant> {
    let mut variants: Vec<&Variant> = choice.variants.iter().collect();
    variants.sort_by_key(|variant| (variant.label, variant.receiver));
    variants
}

/// `fn open_two_buyer`
fn open(interface: &Interface) -> String {
    let module = &interface.module;
    let ids = interface.roles.iter().enumerate();
    let actors = joined(ids, |(id, role)| {
        format!("{}: {CRATE}::script::Actor::new(&actors, {id})", role.argument)
    });
    let logs = joined(&interface.roles, |role| format!("roles.{}.into_log()", role.argument));
    format!(
        "fn open_{module}(vm: &mut ::telltale_vm::VM, actors: {CRATE}::script::Actors) \
         -> Result<{CRATE}::play::Opened, ::telltale_vm::VMError> {{\n    \
         let session = {module}::Roles {{ {actors} }}.open(vm)?;\n    \
         Ok((session.id(), Box::new(move |vm| {{\n        \
         let (outcome, roles) = {CRATE}::play::ended(session.into_roles(vm))?;\n        \
         Ok((outcome, vec![{logs}]))\n    }})))\n}}\n\n"
    )
}

/// `impl two_buyer::Bob for Actor`
fn role(interface: &Interface, id: usize) -> String {
    let RoleInterface { name, sends, receives, choices, .. } = &interface.roles[id];
    let sends = lines(sends, |method| send(interface, method));
    let receives = lines(receives, |method| receive(interface, method));
    let choices = lines(choices, |&choice| choose(interface, &interface.choices[choice]));
    let module = &interface.module;
    format!("impl {module}::{name} for {CRATE}::script::Actor {{\n{sends}{receives}{choices}}}\n\n")
}

/// Where there are several peers, the method that names them is called.
const ASKED_BY_PEER: &str = "Err(\"the method that names the peer is called\".into())";

/// The parameter for a peer, if there is one, and what names the peer.
fn peer(
    interface: &Interface,
    word: &str,
    is_given: bool,
    only: Option<usize>,
) -> (String, String) {
    match only {
        Some(role) if !is_given => (String::new(), format!("{:?}", name_of(interface, role))),
        _ => {
            (format!(", {word}: {}::Role", interface.module), format!("&format!(\"{{{word}:?}}\")"))
        }
    }
}

fn send(interface: &Interface, method: &SendMethod) -> String {
    let only = method.peers.first().map(|role| role.index());
    let (parameter, to) = peer(interface, "to", method.to.is_some(), only);
    let label = &interface.labels[method.label.index()];
    let message = format!("{to}, {:?}, {:?}", label.name.to_string(), label.text);
    let (module, name) = (&interface.module, &method.name);
    let (ty, body) = match &label.payload {
        Payload::Record(_) => {
            let ty = format!("{module}::{}", label.name);
            let fields = fields(&label.payload);
            (ty.clone(), format!("let number = self.asked({message})?; Ok({ty} {fields})"))
        }
        _ => (label.ty().to_string(), format!("self.give({message})")),
    };
    match &method.to {
        Some(by_peer) => {
            method_of(name, "", &ty, ASKED_BY_PEER) + &method_of(by_peer, &parameter, &ty, &body)
        }
        None => method_of(name, &parameter, &ty, &body),
    }
}

fn receive(interface: &Interface, method: &ReceiveMethod) -> String {
    let only = method.peers.first().map(|role| role.index());
    let (parameter, from) = peer(interface, "from", method.from.is_some(), only);
    let label = &interface.labels[method.label.index()];
    let parameters = method.parameters.iter().enumerate();
    let parameters =
        lines_in(parameters, |(at, parameter)| format!(", part{at}: {}", parameter.ty));
    let noted = |at| format!("{CRATE}::payload::Scripted::note(&part{at})");
    let note = match (&label.payload, method.parameters.len()) {
        (Payload::Record(_), count) => {
            format!("{CRATE}::payload::notes([{}])", joined(0..count, noted))
        }
        (_, 0) => "\"()\"".to_owned(),
        _ => noted(0),
    };
    let body = format!("self.told({from}, {:?}, &{note})", label.name.to_string());
    let given = format!("{parameter}{parameters}");
    match &method.from {
        Some(by_peer) => {
            let unused = lines_in(&method.parameters, |parameter| format!(", _: {}", parameter.ty));
            method_of(&method.name, &unused, "()", ASKED_BY_PEER)
                + &method_of(by_peer, &given, "()", &body)
        }
        None => method_of(&method.name, &given, "()", &body),
    }
}

fn choose(interface: &Interface, choice: &ChoiceInterface) -> String {
    let variants = sorted(choice);
    let label = |variant: &Variant| -> &LabelInterface { &interface.labels[variant.label.index()] };
    let messages = joined(&variants, |variant| {
        let (to, label) = (name_of(interface, variant.receiver.index()), label(variant));
        format!("({to:?}, {:?}, {:?})", label.name.to_string(), label.text)
    });
    let ty = format!("{}::{}", interface.module, choice.name);
    let arms = lines_in(variants.iter().enumerate(), |(at, variant)| {
        let payload = &label(variant).payload;
        let number = if matches!(payload, Payload::Unit) { "_" } else { "number" };
        format!(" ({at}, {number}) => {ty}::{} {},", variant.name, fields(payload))
    });
    let body = format!(
        "Ok(match self.decide(&[{messages}])? {{{arms} _ => unreachable!(\"no such branch\") }})"
    );
    method_of(&choice.method, "", &ty, &body)
}

/// The fields of a payload, made of `number`.
fn fields(payload: &Payload) -> String {
    let part = |at| format!("{CRATE}::payload::part(number, {at})");
    match payload {
        Payload::Unit => String::new(),
        Payload::Tuple(types) if types.len() == 1 => {
            format!("({CRATE}::payload::Scripted::of(number))")
        }
        Payload::Tuple(types) => format!("({})", joined(0..types.len(), part)),
        Payload::Record(fields) => {
            let fields = fields.iter().enumerate();
            format!(
                "{{ {} }}",
                joined(fields, |(at, field)| format!("{}: {}", field.name, part(at)))
            )
        }
    }
}

fn method_of(name: &impl Display, parameters: &str, ty: &str, body: &str) -> String {
    format!(
        "    fn {name}(&mut self{parameters}) -> ::telltale_vm::HandlerResult<{ty}> {{ {body} }}"
    )
}

fn name_of(interface: &Interface, role: usize) -> String {
    interface.roles[role].name.to_string()
}

fn joined<T>(items: impl IntoIterator<Item = T>, text: impl FnMut(T) -> String) -> String {
    items.into_iter().map(text).collect::<Vec<_>>().join(", ")
}

fn lines_in<T>(items: impl IntoIterator<Item = T>, text: impl FnMut(T) -> String) -> String {
    items.into_iter().map(text).collect()
}

fn lines<T>(items: impl IntoIterator<Item = T>, mut text: impl FnMut(T) -> String) -> String {
    lines_in(items, |item| text(item) + "\n")
}
