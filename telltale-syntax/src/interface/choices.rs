//! Choices: two of one role with the same first messages are one.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, LineColumn};
use telltale_types::{LabelId, RoleId, StateId};

use super::claims::{Claims, Owner};
use super::{ChoiceInterface, Variant, snake_ident};
use crate::ast::{self, Docs};
use crate::diagnostic::Diagnostic;
use crate::graph::{ChoiceOrigin, Exit, Graph, State};
use crate::mistake::{Mistake, Quote};
use crate::parse::Mistakes;
use crate::resolve::Protocol;

/// What makes a choice what it is: who decides, and between which messages.
type Key = (RoleId, BTreeSet<(RoleId, LabelId)>);

/// All choices with the same key.
struct Group<'g, 'a> {
    role: RoleId,
    /// The first of them that has a name, or else the first of them.
    ast: &'a ast::Choice,
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
    let mut names: BTreeMap<String, &ast::Choice> = BTreeMap::new();
    let mut unnamed: BTreeMap<RoleId, &ast::Choice> = BTreeMap::new();
    let mut choices = Vec::new();
    for group in groups(graph, mistakes) {
        let first = match &group.ast.name {
            Some(name) => names.insert(name.to_string(), group.ast),
            None => unnamed.insert(group.role, group.ast),
        };
        match first {
            Some(first) => {
                mistakes.push(taken(group.ast, first));
                // The first keeps its place, so that a third is told of it as well.
                match &group.ast.name {
                    Some(name) => names.insert(name.to_string(), first),
                    None => unnamed.insert(group.role, first),
                };
            }
            None => choices.push(choice(&group, protocol, mistakes)),
        }
    }
    choices
}

fn taken(choice: &ast::Choice, first: &ast::Choice) -> Diagnostic {
    let at = Quote::new(first.head, first);
    if let Some(name) = &choice.name {
        let mistake = Mistake::ChoiceNameTwice { name: name.to_string(), first: at };
        Diagnostic::new(mistake, name)
    } else {
        let role = choice.chooser.to_string();
        Diagnostic::new(Mistake::SecondUnnamedChoice { role, first: at }, choice.head)
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
            Some(group) => group.add(id, origin.ast, mistakes),
            None => groups.push(Group {
                role,
                ast: origin.ast,
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
        let span = origin.via.map_or(origin.ast.head, |call| call.span);
        let LineColumn { line, column } = span.start();
        (line, column, *id)
    });
    choices
}

impl<'a> Group<'_, 'a> {
    fn add(&mut self, state: StateId, choice: &'a ast::Choice, mistakes: &mut Mistakes) {
        self.states.push(state);
        if self.docs.is_empty() {
            self.docs = choice.docs.clone();
        }
        match (&self.ast.name, &choice.name) {
            (None, Some(_)) => self.ast = choice,
            (Some(first), Some(second)) if first != second => {
                let first = Quote::new(self.ast.head, self.ast);
                mistakes.push(Diagnostic::new(Mistake::ChoiceRenamed { first }, second));
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
    let (name, method) = match &group.ast.name {
        Some(name) => (name.clone(), snake_ident(name)),
        None => (
            Ident::new(&format!("{}Choice", text(chooser)), chooser.span()),
            Ident::new("choose", group.ast.head.first),
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
            Ident::new(&format!("{}To{}", text(label), text(receiver)), label.span())
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

/// A name as a part of another.
fn text(name: &Ident) -> String {
    use syn::ext::IdentExt;
    name.unraw().to_string()
}
