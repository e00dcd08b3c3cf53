//! A branch that begins with a message to several receivers gives its payload once, with the choice.

use std::collections::BTreeSet;

use telltale_types::{LabelId, RoleId, StateId};

use super::{ChoiceInterface, Variant};
use crate::graph::{Exit, Graph, State};

/// Notes for each variant who else receives its message. Gives the states in which the sender is not asked, because
/// the payload has always been given before.
///
/// Two choices that are one must agree about who else receives the message; otherwise the sender is asked.
pub(super) fn add(choices: &mut [ChoiceInterface], graph: &Graph<'_>) -> BTreeSet<StateId> {
    let mut given = Given::default();
    for choice in choices {
        for variant in &mut choice.variants {
            let exits = exits(graph, &choice.states, variant);
            let chains: Vec<_> = exits.map(|(at, exit)| (at, others(graph, exit))).collect();
            let Some((_, first)) = chains.first() else { continue };
            let receivers = receivers(graph, first);
            if chains.iter().all(|(_, chain)| self::receivers(graph, chain) == receivers) {
                variant.others = receivers;
                for (at, chain) in chains {
                    given.by.insert((at, variant.receiver, variant.label));
                    given.states.extend(chain);
                }
            }
        }
    }
    let asked = asked(graph, &given);
    given.states.difference(&asked).copied().collect()
}

/// What is given with a choice.
#[derive(Default)]
struct Given {
    /// The first messages that give it.
    by: BTreeSet<(StateId, RoleId, LabelId)>,
    /// The states whose message has been given then.
    states: BTreeSet<StateId>,
}

/// The first messages of a variant, wherever the choice is made.
fn exits<'g, 'a>(
    graph: &'g Graph<'a>,
    states: &'g [StateId],
    variant: &Variant,
) -> impl Iterator<Item = (StateId, &'g Exit<'a>)> {
    let first = (variant.receiver, variant.label);
    states.iter().flat_map(move |&state| {
        let exits = &graph.states[state.index()].exits;
        let of_variant =
            exits.iter().filter(move |exit| (exit.global.receiver, exit.global.label) == first);
        of_variant.map(move |exit| (state, exit))
    })
}

/// The states in which the statement of a message sends it to its other receivers.
fn others(graph: &Graph<'_>, first: &Exit<'_>) -> Vec<StateId> {
    let mut states = Vec::new();
    let mut at = first.global.target;
    while states.len() + 1 < first.message.receivers.len() {
        let state = &graph.states[at.index()];
        match &state.exits[..] {
            [next] if state.choice.is_none() && is_continued(first, next) => states.push(at),
            _ => break,
        }
        at = state.exits[0].global.target;
    }
    states
}

/// Whether two messages come from one statement and one sender.
fn is_continued(first: &Exit<'_>, next: &Exit<'_>) -> bool {
    let call = |exit: &Exit<'_>| exit.via.map(std::ptr::from_ref);
    std::ptr::eq(first.message, next.message)
        && call(first) == call(next)
        && first.global.sender == next.global.sender
}

fn receivers(graph: &Graph<'_>, states: &[StateId]) -> Vec<RoleId> {
    states.iter().map(|state| graph.states[state.index()].exits[0].global.receiver).collect()
}

/// Those of the states that can also be reached without the choice: in a loop that begins with the message, for example.
fn asked(graph: &Graph<'_>, given: &Given) -> BTreeSet<StateId> {
    let mut asked: BTreeSet<StateId> = BTreeSet::new();
    let mut found: Vec<StateId> = Vec::new();
    for (at, state) in graph.states.iter().enumerate() {
        let at = StateId::at(at);
        for exit in &state.exits {
            let target = exit.global.target;
            let is_giving = given.by.contains(&(at, exit.global.receiver, exit.global.label));
            if !is_giving && !given.states.contains(&at) && given.states.contains(&target) {
                found.push(target);
            }
        }
    }
    let entered = graph.states.iter().flat_map(State::enters);
    found.extend(entered.filter(|state| given.states.contains(state)));
    while let Some(state) = found.pop() {
        if asked.insert(state) {
            let next = graph.states[state.index()].exits[0].global.target;
            found.extend(Some(next).filter(|next| given.states.contains(next)));
        }
    }
    asked
}
