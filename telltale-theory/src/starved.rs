//! Roles that may wait for ever while others go round.
//!
//! A role starves at a loop in which it has no part when all that it can do next is to receive something, and only from roles that go round
//! or starve as well. One that can send, or that waits for somebody who can, is only late.

use std::collections::BTreeSet;

use telltale_types::{GlobalExit, GlobalType, RoleId, StateId};

use crate::Step;
use crate::components::Components;
use crate::graph::{EdgeId, Graph};

/// A role, and a step of a loop in which it has no part although it still has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Starved {
    /// Who waits.
    pub role: RoleId,
    /// The first step of the loop.
    pub step: Step,
}

/// A loop: the states between which one can go round, who has a part in it, and one of its steps.
struct Round {
    states: Vec<StateId>,
    active: BTreeSet<RoleId>,
    step: Step,
}

/// Finds each role that may wait for ever, with the first loop at which it does.
///
/// ```
/// use telltale_theory::starved;
/// use telltale_types::{GlobalTerm, Label};
///
/// let bye = GlobalTerm::send("A", "C", Label::new("Bye"), GlobalTerm::end());
/// let global = GlobalTerm::comm("A", "B", [(Label::new("Go"), GlobalTerm::var("t")), (Label::new("Stop"), bye)]);
/// let global = GlobalTerm::mu("t", global).close()?;
/// let starved = starved(&global);
/// assert_eq!((starved.len(), global.names().role(starved[0].role)), (1, "C"));
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
pub fn starved(global: &GlobalType) -> Vec<Starved> {
    let graph = Graph::new(global);
    let roles = global.names().roles().map(|(role, _)| role);
    let starved = |role| {
        let rounds = rounds(&graph, role);
        let round = rounds.into_iter().find(|round| starving(global, round).contains(&role))?;
        Some(Starved { role, step: round.step })
    };
    roles.filter_map(starved).collect()
}

/// The loops in which a role has no part.
fn rounds(graph: &Graph, role: RoleId) -> Vec<Round> {
    let component = Components::of(graph, |edge| edge.action(role).is_none()).numbers();
    let mut rounds: Vec<Option<Round>> = (0..graph.len()).map(|_| None).collect();
    for id in 0..graph.edges().len() as EdgeId {
        let edge = graph.edge(id);
        let number = component[edge.source as usize];
        if edge.action(role).is_some() || component[edge.target as usize] != number {
            continue;
        }
        let round = rounds[number as usize].get_or_insert_with(|| Round {
            states: Vec::new(),
            active: BTreeSet::new(),
            step: graph.step(id),
        });
        round.active.extend([edge.sender, edge.receiver]);
        if round.states.last() != Some(&StateId(edge.source)) {
            round.states.push(StateId(edge.source));
        }
    }
    rounds.into_iter().flatten().collect()
}

/// The roles that wait for nobody but those who go round, and each other.
fn starving(global: &GlobalType, round: &Round) -> BTreeSet<RoleId> {
    let roles = global.names().roles().map(|(role, _)| role);
    let idle: Vec<(RoleId, Vec<GlobalExit>)> = (roles.filter(|role| !round.active.contains(role)))
        .map(|role| (role, firsts(global, &round.states, role)))
        .filter(|(_, firsts)| !firsts.is_empty())
        .collect();
    let mut starving: BTreeSet<RoleId> = idle.iter().map(|(role, _)| *role).collect();
    loop {
        let waits = |role: RoleId, exit: &GlobalExit| {
            exit.receiver == role
                && (round.active.contains(&exit.sender) || starving.contains(&exit.sender))
        };
        let is_fed = |(role, firsts): &&(RoleId, Vec<GlobalExit>)| {
            starving.contains(role) && !firsts.iter().all(|exit| waits(*role, exit))
        };
        let Some((fed, _)) = idle.iter().find(is_fed) else { return starving };
        let fed = *fed;
        starving.remove(&fed);
    }
}

/// What a role can do first, from some states on.
fn firsts(global: &GlobalType, states: &[StateId], role: RoleId) -> Vec<GlobalExit> {
    let mut seen = vec![false; global.len()];
    let mut open = states.to_vec();
    let mut firsts = Vec::new();
    while let Some(state) = open.pop() {
        if std::mem::replace(&mut seen[state.index()], true) {
            continue;
        }
        for exit in global.exits(state) {
            if exit.action(role).is_some() {
                firsts.push(exit);
            } else {
                open.push(exit.target);
            }
        }
        if let Some(par) = global.par(state) {
            open.extend(par.arms);
            open.push(par.next);
        }
    }
    firsts
}
