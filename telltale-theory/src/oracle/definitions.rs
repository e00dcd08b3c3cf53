//! The conditions as they are defined, on pairs of all nodes.

use std::collections::BTreeSet;

use telltale_types::{GlobalExit, GlobalType, LabelId, RoleId, StateId};

use crate::Condition;

type Pair = (StateId, StateId);

/// Which roles violate which conditions.
pub fn violated(global: &GlobalType) -> BTreeSet<(RoleId, Condition)> {
    let mut violated = BTreeSet::new();
    for (role, _) in global.names().roles() {
        for (a, b) in indistinguishable(global, role) {
            let broken = [
                (Condition::SendValidity, sends_wrongly(global, role, a, b)),
                (Condition::ReceiveValidity, receives_wrongly(global, role, a, b)),
                (Condition::NoMixedChoice, mixes(global, role, a, b)),
                (Condition::SilentEnd, ends_silently(global, role, a, b)),
            ];
            violated.extend(broken.iter().filter(|(_, is)| *is).map(|(what, _)| (role, *what)));
        }
    }
    violated
}

/// `a ~ b` for a role: the least symmetric relation with
///
/// ```text
/// 0 ~ 0
/// a ~ b and an exit a→a' not involving p                       gives a' ~ b
/// a ~ b and exits a→a', b→b' that are the same event of p      give  a' ~ b'
/// ```
fn indistinguishable(global: &GlobalType, role: RoleId) -> BTreeSet<Pair> {
    let mut pairs = BTreeSet::new();
    let mut open = vec![(StateId::START, StateId::START)];
    while let Some((a, b)) = open.pop() {
        if !pairs.insert((a, b)) {
            continue;
        }
        open.push((b, a));
        for one in global.exits(a) {
            if !involves(one, role) {
                open.push((one.target, b));
                continue;
            }
            let same = |other: &GlobalExit| {
                (one.sender, one.receiver, one.label) == (other.sender, other.receiver, other.label)
            };
            open.extend(global.exits(b).filter(same).map(|other| (one.target, other.target)));
        }
    }
    pairs
}

fn involves(exit: GlobalExit, role: RoleId) -> bool {
    exit.sender == role || exit.receiver == role
}

/// All nodes that exits without the role lead to.
fn silently(global: &GlobalType, role: RoleId, from: StateId) -> BTreeSet<StateId> {
    reached(global, from, |exit| !involves(exit, role))
}

fn reached(
    global: &GlobalType,
    from: StateId,
    by: impl Fn(GlobalExit) -> bool,
) -> BTreeSet<StateId> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            let exits = global.exits(node).filter(|&exit| by(exit));
            open.extend(exits.map(|exit| exit.target));
        }
    }
    reached
}

fn sends_wrongly(global: &GlobalType, role: RoleId, a: StateId, b: StateId) -> bool {
    let reaches = |wanted: GlobalExit| {
        silently(global, role, b).into_iter().flat_map(|node| global.exits(node)).any(|exit| {
            (exit.sender, exit.receiver, exit.label)
                == (wanted.sender, wanted.receiver, wanted.label)
        })
    };
    global.exits(a).any(|exit| exit.sender == role && !reaches(exit))
}

fn receives_wrongly(global: &GlobalType, role: RoleId, a: StateId, b: StateId) -> bool {
    let receipts = |node| global.exits(node).filter(|exit| exit.receiver == role);
    receipts(a).any(|one| {
        receipts(b).any(|other| {
            one.sender != other.sender
                && available(global, (one.sender, role, one.label), other.target)
        })
    })
}

fn mixes(global: &GlobalType, role: RoleId, a: StateId, b: StateId) -> bool {
    global.sender(a) == Some(role) && global.exits(b).any(|exit| exit.receiver == role)
}

fn ends_silently(global: &GlobalType, role: RoleId, a: StateId, b: StateId) -> bool {
    let idle = reached(global, a, |_| true)
        .into_iter()
        .all(|node| global.exits(node).all(|exit| !involves(exit, role)));
    idle && global.exits(b).any(|exit| exit.receiver == role)
}

/// `avail(q→p:m, n, {p})`.
fn available(
    global: &GlobalType,
    (sender, receiver, label): (RoleId, RoleId, LabelId),
    from: StateId,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![(from, BTreeSet::from([receiver]))];
    while let Some((node, stuck)) = open.pop() {
        if !seen.insert((node, stuck.clone())) {
            continue;
        }
        for exit in global.exits(node) {
            if (exit.sender, exit.receiver) == (sender, receiver) {
                if !stuck.contains(&sender) && exit.label == label {
                    return true;
                }
                continue;
            }
            let mut stuck = stuck.clone();
            if stuck.contains(&exit.sender) {
                stuck.insert(exit.receiver);
            }
            open.push((exit.target, stuck));
        }
    }
    false
}
