//! Methods: each role is asked for what it sends and told what it receives.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Ident;
use quote::ToTokens;
use telltale_types::{LabelId, RoleId, StateId};

use super::claims::{Claims, Owner};
use super::{
    Interface, LabelInterface, Parameter, ReceiveMethod, RoleInterface, SendMethod, snake_ident,
};
use crate::ast::{self, Docs};
use crate::camel::to_snake_case;
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::keyword::to_ident;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::payload::{Field, Payload};
use crate::resolve::Protocol;

/// How one role uses one label.
#[derive(Default)]
struct Use {
    /// To whom it is sent.
    sent: BTreeSet<RoleId>,
    /// To whom it is sent when its payload has not been given with a choice.
    asked: BTreeSet<RoleId>,
    /// From whom it is received.
    received: BTreeSet<RoleId>,
}

/// Adds the methods of every role, and marks the labels that need a struct. In the `given` states nobody is asked.
pub(super) fn add(
    roles: &mut [RoleInterface],
    labels: &mut [LabelInterface],
    protocol: &Protocol<'_>,
    graph: &Graph<'_>,
    given: &BTreeSet<StateId>,
) {
    let mut uses: BTreeMap<(RoleId, LabelId), Use> = BTreeMap::new();
    for (at, state) in graph.states.iter().enumerate() {
        let is_given = state.choice.is_some() || given.contains(&StateId::at(at));
        for exit in &state.exits {
            let (sender, receiver) = (exit.global.sender, exit.global.receiver);
            let sending = uses.entry((sender, exit.global.label)).or_default();
            sending.sent.insert(receiver);
            if !is_given {
                sending.asked.insert(receiver);
            }
            uses.entry((receiver, exit.global.label)).or_default().received.insert(sender);
            let label = &mut labels[exit.global.label.index()];
            label.derives.extend(&exit.message.derives);
            if label.docs.is_empty() {
                label.docs.clone_from(&exit.message.docs);
            }
        }
    }
    for ((role, label), uses) in uses {
        let role = &mut roles[role.index()];
        let info = &mut labels[label.index()];
        let own = &protocol.labels[label.index()].first.label;
        if !uses.asked.is_empty() {
            info.has_struct |= matches!(info.payload, Payload::Record(_));
            role.sends.push(send(label, own, &uses, info.docs.clone()));
        }
        if !uses.received.is_empty() {
            role.receives.push(receive(label, own, &uses, info));
        }
    }
}

fn send(label: LabelId, name: &Ident, uses: &Use, docs: Docs) -> SendMethod {
    let peers = uses.asked.iter().copied().collect();
    let to = (uses.sent.len() > 1).then(|| method("", name, "_to"));
    SendMethod { label, name: snake_ident(name), peers, to, docs }
}

fn receive(label: LabelId, own: &Ident, uses: &Use, info: &LabelInterface) -> ReceiveMethod {
    let name = method("on_", own, "");
    let peers = uses.received.iter().copied().collect();
    let from = (uses.received.len() > 1).then(|| method("on_", own, "_from"));
    let parameters = parameters(own, &info.payload);
    ReceiveMethod { label, name, peers, from, parameters, docs: info.docs.clone() }
}

fn method(before: &str, label: &Ident, after: &str) -> Ident {
    use syn::ext::IdentExt;
    let label_in_snake_case = to_snake_case(&label.unraw().to_string());
    to_ident(&format!("{before}{label_in_snake_case}{after}"), label.span())
}

fn parameters(label: &Ident, payload: &Payload) -> Vec<Parameter> {
    if let Payload::Record(fields) = payload {
        let parameter =
            |field: &Field| Parameter { name: field.name.clone(), ty: field.ty.to_token_stream() };
        return fields.iter().map(parameter).collect();
    }
    let one = |ty| Parameter { name: snake_ident(label), ty };
    payload.as_type().filter(|_| !payload.is_unit()).map(one).into_iter().collect()
}

/// Reports what is derived for messages of which no struct is made.
pub(super) fn check_derives(labels: &[LabelInterface], graph: &Graph<'_>, mistakes: &mut Mistakes) {
    let mut reported: BTreeSet<*const ast::Message> = BTreeSet::new();
    for exit in graph.states.iter().flat_map(|state| &state.exits) {
        let Some(span) = exit.message.derives.span.filter(|_| exit.via.is_none()) else { continue };
        let has_struct = labels[exit.global.label.index()].has_struct;
        if !has_struct && reported.insert(exit.message) {
            let label = exit.message.label.to_string();
            mistakes.push(Diagnostic::new(Mistake::NothingToDerive { label }, span));
        }
    }
}

/// Reports methods of one name in one trait, and fields of one name in one label.
pub(super) fn check(interface: &Interface, mistakes: &mut Mistakes) {
    for role in &interface.roles {
        check_trait(interface, role, mistakes);
    }
    for label in &interface.labels {
        check_fields(&label.payload, mistakes);
    }
}

fn check_trait(interface: &Interface, role: &RoleInterface, mistakes: &mut Mistakes) {
    let mut methods = Claims::default();
    let mut claim = |name: &Ident, owner: Owner| {
        let generated = format!("fn {name}` of `trait {}", role.name);
        methods.claim(name, generated, owner, mistakes);
    };
    let of_label = |label: LabelId| Owner::new("label", &interface.labels[label.index()].name);
    for method in &role.sends {
        claim(&method.name, of_label(method.label));
    }
    for method in &role.receives {
        claim(&method.name, of_label(method.label));
    }
    for (to, label) in role.sends.iter().filter_map(|one| Some((one.to.as_ref()?, one.label))) {
        claim(to, of_label(label));
    }
    for (from, label) in
        role.receives.iter().filter_map(|one| Some((one.from.as_ref()?, one.label)))
    {
        claim(from, of_label(label));
    }
    for choice in role.choices.iter().map(|&at| &interface.choices[at]) {
        let owner = Owner::new("choice", &choice.name).at(choice.method.span());
        claim(&choice.method, owner);
    }
}

fn check_fields(payload: &Payload, mistakes: &mut Mistakes) {
    let Payload::Record(fields) = payload else { return };
    let mut names = BTreeSet::new();
    for field in fields {
        if !names.insert(field.name.to_string()) {
            let mistake = Mistake::FieldTwice { field: field.name.to_string() };
            mistakes.push(Diagnostic::new(mistake, &field.name));
        }
    }
}
