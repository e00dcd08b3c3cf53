//! Roles that may wait for ever while others go round.

use telltale_types::{GlobalType, RoleId, StateId};

use super::flood::strongly_connected;

/// A role, and a step of a loop in which it has no part although it still has something to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Starved {
    pub(crate) role: RoleId,
    pub(crate) step: (StateId, usize),
}

/// Each role that may starve, with the first loop in which it does.
pub(crate) fn find(global: &GlobalType) -> Vec<Starved> {
    let roles = global.names().roles().map(|(role, _)| role);
    roles.filter_map(|role| starved(global, role)).collect()
}

fn starved(global: &GlobalType, role: RoleId) -> Option<Starved> {
    let has_part = |sender: RoleId, receiver: RoleId| sender == role || receiver == role;
    let mut without: Vec<Vec<usize>> = vec![Vec::new(); global.len()];
    for state in global.states() {
        let exits = global.exits(state).filter(|exit| !has_part(exit.sender, exit.receiver));
        without[state.index()].extend(exits.map(|exit| exit.target.index()));
    }
    let component = strongly_connected(&without);
    let acts = acts_later(global, role);
    let exits = global.states().flat_map(|state| {
        global.exits(state).enumerate().map(move |(nth, exit)| (state, nth, exit))
    });
    let is_round = |(state, _, exit): &(StateId, usize, telltale_types::GlobalExit)| {
        !has_part(exit.sender, exit.receiver)
            && component[state.index()] == component[exit.target.index()]
            && acts[state.index()]
    };
    let (state, nth, _) = exits.into_iter().find(is_round)?;
    Some(Starved { role, step: (state, nth) })
}

/// For each state, whether the role can still do something from there on in its lane.
fn acts_later(global: &GlobalType, role: RoleId) -> Vec<bool> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); global.len()];
    let mut open = Vec::new();
    for state in global.states() {
        for exit in global.exits(state) {
            before[exit.target.index()].push(state.index());
            if exit.sender == role || exit.receiver == role {
                open.push(state.index());
            }
        }
        if let Some(par) = global.par(state) {
            let targets = par.arms.iter().chain([&par.next]);
            targets.for_each(|target| before[target.index()].push(state.index()));
        }
    }
    let mut acts = vec![false; global.len()];
    while let Some(state) = open.pop() {
        if !std::mem::replace(&mut acts[state], true) {
            open.extend(&before[state]);
        }
    }
    acts
}
