//! Choices: two of one role with the same first messages are one.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, LineColumn};
use telltale_types::{LabelId, RoleId, StateId};

use super::claims::{Claims, Owner};
use super::{ChoiceInterface, Variant, joined_ident, snake_ident};
use crate::ast::{self, Derives, Docs};
use crate::diagnostic::Diagnostic;
use crate::flow::ChoiceOrigin;
use crate::graph::{Exit, Graph, State};
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::quote::Quote;
use crate::resolve::Protocol;
use crate::span::SpanRange;

/// What makes a choice what it is: who decides, and between which messages.
type Key = (RoleId, BTreeSet<(RoleId, LabelId)>);

/// By statement, how many choices of each role it is.
type Meanings = BTreeMap<*const ast::Choice, BTreeMap<RoleId, usize>>;

/// All choices with the same key.
struct Group<'g, 'a> {
    role: RoleId,
    /// The first of them that has a name, or else the first of them.
    origin: ChoiceOrigin<'a>,
    exits: &'g [Exit<'a>],
    docs: Docs,
    derives: Derives,
    states: Vec<StateId>,
}

/// The choices of a protocol, in the order of the source.
pub(super) fn choices(
    protocol: &Protocol<'_>,
    graph: &Graph<'_>,
    mistakes: &mut Mistakes,
) -> Vec<ChoiceInterface> {
    let groups = groups(graph, mistakes);
    check_inner_names(graph, mistakes);
    let mut meanings = Meanings::new();
    for group in &groups {
        let by_role = meanings.entry(std::ptr::from_ref(group.origin.ast)).or_default();
        *by_role.entry(group.role).or_default() += 1;
    }
    let mut firsts: BTreeMap<(bool, String), &Group<'_, '_>> = BTreeMap::new();
    let mut choices = Vec::new();
    for group in &groups {
        let name = ChoiceName::of(group, &meanings, protocol);
        let is_given = group.origin.ast.name.is_some();
        let first = *firsts.entry((is_given, name.choice.to_string())).or_insert(group);
        if std::ptr::eq(first, group) {
            choices.push(choice(group, name, protocol, mistakes));
        } else if !first.origin.is_run_with(&group.origin) {
            let role = protocol.roles[group.role.index()].name.to_string();
            mistakes.push(taken(&group.origin, role, first.origin.quote()));
        }
    }
    choices
}

fn taken(choice: &ChoiceOrigin<'_>, role: String, first: Quote) -> Diagnostic {
    let elsewhere = choice.via.map(|_| Quote::new(choice.ast.head, choice.ast));
    let mistake = match &choice.ast.name {
        Some(name) => Mistake::ChoiceNameTwice { name: name.to_string(), first, elsewhere },
        None => Mistake::SecondUnnamedChoice { role, first, elsewhere },
    };
    Diagnostic::new(mistake, choice.name_span())
}

/// What a choice is called.
struct ChoiceName {
    choice: Ident,
    method: Ident,
}

impl ChoiceName {
    /// The name that the choice has, or one that is made of who decides.
    ///
    /// A choice of a protocol that is run several times may be several choices here: then the names say who
    /// decides, if that differs, and between messages to whom, if one role has several.
    fn of(group: &Group<'_, '_>, meanings: &Meanings, protocol: &Protocol<'_>) -> Self {
        let by_role = &meanings[&std::ptr::from_ref(group.origin.ast)];
        let to = if by_role[&group.role] > 1 { group.receivers(protocol) } else { String::new() };

        let chooser = &protocol.roles[group.role.index()].name;
        if let Some(name) = &group.origin.ast.name {
            let of = if by_role.len() > 1 { chooser.to_string() } else { String::new() };
            let choice = joined_ident(&format!("{of}{name}{to}"), name.span());
            let method = snake_ident(&joined_ident(&format!("{name}{to}"), name.span()));
            return Self { choice, method };
        }
        let span = group.origin.ast.head.first();
        let choice = joined_ident(&format!("{chooser}Choice{to}"), group.origin.span().first());
        let method = snake_ident(&joined_ident(&format!("Choose{to}"), span));
        Self { choice, method }
    }
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

    /// Whether both come from one `do`, so that what is wrong with them was reported in the other protocol.
    fn is_run_with(&self, other: &Self) -> bool {
        self.via.zip(other.via).is_some_and(|(one, other)| std::ptr::eq(one, other))
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
                derives: derives(origin, &state.exits),
                states: vec![id],
            }),
        }
    }
    groups
}

/// Reports names of choices that are only ever the beginning of a branch of another one.
fn check_inner_names(graph: &Graph<'_>, mistakes: &mut Mistakes) {
    let outer: BTreeSet<*const ast::Choice> = graph
        .states
        .iter()
        .filter_map(|state| Some(std::ptr::from_ref(state.choice?.ast)))
        .collect();
    let mut reported = BTreeSet::new();
    for (_, origin, state) in in_source_order(graph) {
        for branch in state.exits.iter().filter_map(|exit| exit.branch) {
            let inner = branch.choice;
            let id = std::ptr::from_ref(inner.ast);
            let Some(name) = inner.ast.name.as_ref().filter(|_| inner.via.is_none()) else {
                continue;
            };
            if !outer.contains(&id) && reported.insert(id) {
                let (name, outer) = (name.to_string(), origin.quote());
                let mistake = Mistake::NameOfInnerChoice { name, outer };
                mistakes.push(Diagnostic::new(mistake, inner.name_span()));
            }
        }
    }
}

/// What a choice derives, and what is derived by those that its branches begin with.
fn derives(origin: ChoiceOrigin<'_>, exits: &[Exit<'_>]) -> Derives {
    let mut derives = origin.ast.derives.clone();
    for branch in exits.iter().filter_map(|exit| exit.branch) {
        derives.extend(&branch.choice.ast.derives);
    }
    derives
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
    /// Who gets its first messages: `ToBobAndCarol`.
    fn receivers(&self, protocol: &Protocol<'_>) -> String {
        let mut names: Vec<String> = Vec::new();
        for exit in self.exits {
            let name = protocol.roles[exit.global.receiver.index()].name.to_string();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        format!("To{}", names.join("And"))
    }

    fn add(&mut self, state: StateId, choice: ChoiceOrigin<'a>, mistakes: &mut Mistakes) {
        self.states.push(state);
        self.derives.extend(&choice.ast.derives);
        if self.docs.is_empty() {
            self.docs = choice.ast.docs.clone();
        }
        match (&self.origin.ast.name, &choice.ast.name) {
            (None, Some(_)) => self.origin = choice,
            (Some(first), Some(second)) if first.ident != second.ident => {
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
    name: ChoiceName,
    protocol: &Protocol<'_>,
    mistakes: &mut Mistakes,
) -> ChoiceInterface {
    let ChoiceName { choice: name, method } = name;
    let variants = variants(group, protocol, mistakes);
    let (docs, states) = (group.docs.clone(), group.states.clone());
    let mut derives = protocol.ast.attributes.derives.clone();
    derives.extend(&group.derives);
    if derives.has("Default") {
        let span = derives.span.unwrap_or_else(|| group.origin.span());
        mistakes.push(Diagnostic::new(Mistake::DefaultChoice, span));
    }
    ChoiceInterface { role: group.role, like: None, name, method, docs, derives, variants, states }
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
            joined_ident(&format!("{label}To{receiver}"), label.span())
        } else {
            label.ident.clone()
        };
        claims.claim(&name, name.to_string(), Owner::new("label", label), mistakes);
        let docs = exit.branch.map_or(&exit.message.docs, |branch| branch.docs).clone();
        let (receiver, label) = (exit.global.receiver, exit.global.label);
        variants.push(Variant { name, receiver, label, others: Vec::new(), docs });
    }
    variants
}
