//! Random versions of protocols.

use telltale_types::{
    GlobalExit, GlobalState, GlobalType, Label, LabelId, Names, Par, RoleId, StateId,
};

use super::generate::Rng;
use super::parallel::reachable;

/// A protocol with one to three random changes, both with the same names, which are more than either needs. Nothing
/// if what has come out is no global type.
pub fn two_versions(seed: u64, global: &GlobalType) -> Option<(GlobalType, GlobalType)> {
    let rng = &mut Rng::new(seed);
    let labels = (0..4).map(|label| Label::new(format!("m{label}")));
    let labels = labels.chain([Label::with("m0", "u8")]);
    let names = Names::new(["A", "B", "C", "D", "E", "F"], labels).ok()?;
    let mut states: Vec<GlobalState> = global.states().map(|state| global.state(state)).collect();
    let old = GlobalType::new(names.clone(), states.clone()).ok()?;
    // Sometimes another role joins.
    let roles = global.names().role_count() + usize::from(rng.once_in(6));
    // Where only branches go, much of what was there can stay.
    if rng.once_in(3) {
        remove(rng, &mut states);
    } else {
        (0..=rng.below(3)).for_each(|_| edit(rng, &mut states, roles));
    }
    Some((old, GlobalType::new(names, reachable(&states)).ok()?))
}

fn remove(rng: &mut Rng, states: &mut [GlobalState]) {
    for state in states {
        if let GlobalState::Exits(exits) = state
            && exits.len() > 1
            && rng.once_in(2)
        {
            exits.remove(rng.below(exits.len()));
        }
    }
}

fn edit(rng: &mut Rng, states: &mut Vec<GlobalState>, roles: usize) {
    let at = rng.below(states.len());
    let target = StateId::at(rng.below(states.len()));
    let GlobalState::Exits(exits) = &mut states[at] else { return before(rng, states, at, roles) };
    if exits.is_empty() || rng.once_in(3) {
        return before(rng, states, at, roles);
    }
    let nth = rng.below(exits.len());
    let other = message(rng, exits[nth].sender, roles, exits[nth].target);
    match rng.below(6) {
        0 if exits.len() > 1 => drop(exits.remove(nth)),
        1 => exits[nth].label = other.label,
        2 => exits[nth].receiver = other.receiver,
        3 => exits[nth].target = target,
        _ => exits.push(other),
    }
}

/// Has something happen before a state: mostly one message, sometimes two at once.
fn before(rng: &mut Rng, states: &mut Vec<GlobalState>, at: usize, roles: usize) {
    let sender = RoleId::at(rng.below(roles));
    let moved = StateId::at(states.len());
    states.push(states[at].clone());
    if !rng.once_in(4) {
        states[at] = vec![message(rng, sender, roles, moved)].into();
        return;
    }
    let mut arms = Vec::new();
    for sender in [sender, RoleId::at(rng.below(roles))] {
        states.push(GlobalState::ArmEnd);
        let end = StateId::at(states.len() - 1);
        states.push(vec![message(rng, sender, roles, end)].into());
        arms.push(StateId::at(states.len() - 1));
    }
    states[at] = GlobalState::Par(Par { arms, next: moved });
}

fn message(rng: &mut Rng, sender: RoleId, roles: usize, target: StateId) -> GlobalExit {
    let receiver = RoleId::at((sender.index() + 1 + rng.below(roles - 1)) % roles);
    GlobalExit { sender, receiver, label: LabelId::at(rng.below(5)), target }
}
