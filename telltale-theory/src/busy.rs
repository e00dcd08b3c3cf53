//! Who still has something to do.

use telltale_types::{GlobalType, RoleId, StateId};

use crate::lanes::Parallel;

/// For every state, whether a role still has something to do on some run.
pub(crate) fn busy(global: &GlobalType, parallel: Option<&Parallel>, role: RoleId) -> Vec<bool> {
    let mut into: Vec<Vec<StateId>> = vec![Vec::new(); global.len()];
    let mut open = Vec::new();
    for state in global.states() {
        let structure = parallel.map_or_else(Vec::new, |parallel| parallel.leads_to(state));
        for target in global.exits(state).map(|exit| exit.target).chain(structure) {
            into[target.index()].push(state);
        }
        if global.exits(state).any(|exit| [exit.sender, exit.receiver].contains(&role)) {
            open.push(state);
        }
    }
    let mut busy = vec![false; global.len()];
    while let Some(state) = open.pop() {
        if !std::mem::replace(&mut busy[state.index()], true) {
            open.extend(&into[state.index()]);
        }
    }
    busy
}
