//! Choices: two of one role with the same first messages are one.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, LineColumn};
use telltale_types::{LabelId, RoleId, StateId};

use super::claims::{Claims, Owner};
use super::{ChoiceInterface, Variant, snake_ident};
use crate::ast::{Do, Docs};
use crate::diagnostic::Diagnostic;
use crate::graph::{ChoiceOrigin, Exit, Graph, State};
use crate::mistake::{Mistake, Quote};
use crate::parse::Mistakes;
use crate::resolve::Protocol;
use crate::span::SpanRange;

/// What makes a choice what it is: who decides, and between which messages.
type Key = (RoleId, BTreeSet<(RoleId, LabelId)>);

/// What a choice is called.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Given(String),
    /// After who decides.
    OfRole(RoleId),
}

/// All choices with the same key.
struct Group<'g, 'a> {
    role: RoleId,
    /// The first of them that has a name, or else the first of them.
    origin: ChoiceOrigin<'a>,
    exits: &'g [Exit<'a>],
    docs: Docs,
    states: Vec<StateId>,
}

/// The choices of a protocol, in the order of the source.
pub(super) fn choices(
    protocol: &Protocol<'_>,
    graph: &Graph<'_>,
    mistakes: &mut Mistakes,
) -> Vec<ChoiceInterface> {
    let groups = groups(graph, mistakes);
    let mut firsts: BTreeMap<Name, &Group<'_, '_>> = BTreeMap::new();
    let mut choices = Vec::new();
    for group in &groups {
        let role = protocol.roles[group.role.index()].name.to_string();
        let name = match &group.origin.ast.name {
            Some(name) => Name::Given(name.to_string()),
            None => Name::OfRole(group.role),
        };
        let first = *firsts.entry(name).or_insert(group);
        if std::ptr::eq(first, group) {
            choices.push(choice(group, protocol, mistakes));
        } else if !first.origin.is(&group.origin) {
            // Otherwise it is a mistake of the protocol that is run.
            mistakes.push(taken(&group.origin, role, first.origin.quote()));
        }
    }
    choices
}

fn taken(choice: &ChoiceOrigin<'_>, role: String, first: Quote) -> Diagnostic {
    let mistake = match &choice.ast.name {
        Some(name) => Mistake::ChoiceNameTwice { name: name.to_string(), first },
        None => Mistake::SecondUnnamedChoice { role, first },
    };
    Diagnostic::new(mistake, choice.name_span())
}

impl ChoiceOrigin<'_> {
    /// The statement of this protocol that makes the choice: it, or the `do` that runs it.
    fn span(&self) -> SpanRange {
        self.via.map_or(self.ast.head, |call| call.span)
    }

    /// Where its name stands, if it has one here.
    fn name_span(&self) -> SpanRange {
        match &self.ast.name {
            Some(name) if self.via.is_none() => name.into(),
            _ => self.span(),
        }
    }

    fn quote(&self) -> Quote {
        match self.via {
            Some(call) => Quote::new(call.span, call),
            None => Quote::new(self.ast.head, self.ast),
        }
    }

    fn is(&self, other: &Self) -> bool {
        let call = |origin: &Self| origin.via.map(std::ptr::from_ref::<Do>);
        std::ptr::eq(self.ast, other.ast) && call(self) == call(other)
    }
}

fn groups<'g, 'a>(graph: &'g Graph<'a>, mistakes: &mut Mistakes) -> Vec<Group<'g, 'a>> {
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    let mut groups: Vec<Group<'g, 'a>> = Vec::new();
    for (id, origin, state) in in_source_order(graph) {
        let Some(role) = state.exits.first().map(|exit| exit.global.sender) else { continue };
        let firsts = state.exits.iter().map(|exit| (exit.global.receiver, exit.global.label));
        let place = *places.entry((role, firsts.collect())).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.add(id, origin, mistakes),
            None => groups.push(Group {
                role,
                origin,
                exits: &state.exits,
                docs: origin.ast.docs.clone(),
                states: vec![id],
            }),
        }
    }
    groups
}

/// The states with a choice, by the place of the choice or of the `do` that it comes from.
fn in_source_order<'g, 'a>(
    graph: &'g Graph<'a>,
) -> Vec<(StateId, ChoiceOrigin<'a>, &'g State<'a>)> {
    let mut choices: Vec<_> = (graph.states.iter().enumerate())
        .filter_map(|(at, state)| Some((StateId::at(at), state.choice?, state)))
        .collect();
    choices.sort_by_cached_key(|(id, origin, _)| {
        let LineColumn { line, column } = origin.span().start();
        (line, column, *id)
    });
    choices
}

impl<'a> Group<'_, 'a> {
    fn add(&mut self, state: StateId, choice: ChoiceOrigin<'a>, mistakes: &mut Mistakes) {
        self.states.push(state);
        if self.docs.is_empty() {
            self.docs = choice.ast.docs.clone();
        }
        match (&self.origin.ast.name, &choice.ast.name) {
            (None, Some(_)) => self.origin = choice,
            (Some(first), Some(second)) if first != second => {
                let first = self.origin.quote();
                let mistake = Mistake::ChoiceRenamed { first };
                mistakes.push(Diagnostic::new(mistake, choice.name_span()));
            }
            _ => {}
        }
    }
}

fn choice(
    group: &Group<'_, '_>,
    protocol: &Protocol<'_>,
    mistakes: &mut Mistakes,
) -> ChoiceInterface {
    let chooser = &protocol.roles[group.role.index()].name;
    let (name, method) = match &group.origin.ast.name {
        Some(name) => (name.clone(), snake_ident(name)),
        None => (
            Ident::new(&format!("{chooser}Choice"), chooser.span()),
            Ident::new("choose", group.origin.ast.head.first),
        ),
    };
    let variants = variants(group, protocol, mistakes);
    let (docs, states) = (group.docs.clone(), group.states.clone());
    ChoiceInterface { role: group.role, name, method, docs, variants, states }
}

fn variants(
    group: &Group<'_, '_>,
    protocol: &Protocol<'_>,
    mistakes: &mut Mistakes,
) -> Vec<Variant> {
    let mut claims = Claims::default();
    let mut variants = Vec::new();
    let mut uses: BTreeMap<LabelId, usize> = BTreeMap::new();
    for exit in group.exits {
        *uses.entry(exit.global.label).or_default() += 1;
    }
    for exit in group.exits {
        let label = &exit.message.label;
        let receiver = &protocol.roles[exit.global.receiver.index()].name;
        let name = if uses[&exit.global.label] > 1 {
            Ident::new(&format!("{label}To{receiver}"), label.span())
        } else {
            label.clone()
        };
        claims.claim(&name, name.to_string(), Owner::new("label", label), mistakes);
        let branch_docs = exit.branch.map(|branch| &branch.docs).filter(|docs| !docs.is_empty());
        let docs = branch_docs.unwrap_or(&exit.message.docs).clone();
        let (receiver, label) = (exit.global.receiver, exit.global.label);
        variants.push(Variant { name, receiver, label, docs });
    }
    variants
}
