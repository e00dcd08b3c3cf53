//! Roles that may wait for ever while others go round.
//!
//! A role starves at a loop in which it has no part when all that it can do next is to receive something, and only from roles that go round
//! or starve as well. One that can send, or that waits for somebody who can, is only late.

use std::collections::BTreeSet;

use telltale_types::{GlobalExit, GlobalType, RoleId, StateId};

use super::flood::strongly_connected;

/// A role, and a step of a loop in which it has no part although it still has something to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Starved {
    pub(crate) role: RoleId,
    pub(crate) step: (StateId, usize),
}

/// A loop: the states between which one can go round, who has a part in it, and one of its steps.
struct Round {
    states: Vec<StateId>,
    active: BTreeSet<RoleId>,
    step: (StateId, usize),
}

/// Each role that may starve, with the first loop at which it does.
pub(crate) fn find(global: &GlobalType) -> Vec<Starved> {
    let roles = global.names().roles().map(|(role, _)| role);
    let starved = |role| {
        let rounds = rounds(global, role);
        let round = rounds.into_iter().find(|round| starving(global, round).contains(&role))?;
        Some(Starved { role, step: round.step })
    };
    roles.filter_map(starved).collect()
}

fn has_part(exit: GlobalExit, role: RoleId) -> bool {
    exit.sender == role || exit.receiver == role
}

/// The loops in which a role has no part.
fn rounds(global: &GlobalType, role: RoleId) -> Vec<Round> {
    let exits =
        |state| global.exits(state).enumerate().filter(move |(_, exit)| !has_part(*exit, role));
    let targets = |state| exits(state).map(|(_, exit)| exit.target.index()).collect();
    let component = strongly_connected(&global.states().map(targets).collect::<Vec<_>>());
    let mut rounds: Vec<Option<Round>> = (0..global.len()).map(|_| None).collect();
    for state in global.states() {
        let number = component[state.index()];
        for (nth, exit) in exits(state).filter(|(_, exit)| component[exit.target.index()] == number)
        {
            let (states, active) = (Vec::new(), BTreeSet::new());
            let round = rounds[number].get_or_insert(Round { states, active, step: (state, nth) });
            round.active.extend([exit.sender, exit.receiver]);
            if round.states.last() != Some(&state) {
                round.states.push(state);
            }
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
            if has_part(exit, role) {
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
