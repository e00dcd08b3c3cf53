//! Where two programs, or two local types, part.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use telltale_types::{LocalTypeR, StateId};

use crate::disasm::Operands;
use crate::{Instr, Pc, TargetsId, typestate};

/// The first instruction of a program that is not the one of another, whatever tables stand behind them.
pub(crate) fn first_difference(
    (one, of_one): (&[Instr], &impl Operands),
    (other, of_other): (&[Instr], &impl Operands),
) -> Option<Pc> {
    let is_other = |at: &usize| match (one.get(*at), other.get(*at)) {
        (Some(&one), Some(&other)) => !is_same((one, of_one), (other, of_other)),
        (None, None) => false,
        _ => true,
    };
    (0..one.len().max(other.len())).find(is_other).map(Pc::at)
}

fn is_same(
    (one, of_one): (Instr, &impl Operands),
    (other, of_other): (Instr, &impl Operands),
) -> bool {
    let lead_alike = |one: TargetsId, other: TargetsId, count: usize| {
        (0..count).all(|nth| {
            let (one, other) = (of_one.target(one, nth), of_other.target(other, nth));
            one.is_some() && one == other
        })
    };
    match (one, other) {
        (
            Instr::Choose { via, set, targets },
            Instr::Choose { via: via2, set: set2, targets: targets2 },
        )
        | (
            Instr::Offer { via, set, targets },
            Instr::Offer { via: via2, set: set2, targets: targets2 },
        ) => {
            let branches = of_one.branches(set);
            let count = branches.map_or(0, <[_]>::len);
            via == via2
                && branches.is_some()
                && branches == of_other.branches(set2)
                && lead_alike(targets, targets2, count)
        }
        (
            Instr::Fork { first, count, targets },
            Instr::Fork { first: first2, count: count2, targets: targets2 },
        ) => {
            (first, count) == (first2, count2)
                && lead_alike(targets, targets2, usize::from(count) + 1)
        }
        _ => one == other,
    }
}

/// Where one local type allows something else than another: what was done before, and what each of them allows then.
pub(crate) struct Parting {
    pub(crate) after: Vec<String>,
    pub(crate) of_one: String,
    pub(crate) of_other: String,
}

/// How many actions before the parting are told.
const TOLD: usize = 8;

/// The nearest place at which two local types with the same names part. Both are minimal, so as long as they agree a state of one
/// stands for one state of the other.
pub(crate) fn parting(one: &LocalTypeR, other: &LocalTypeR) -> Parting {
    let mut found: HashMap<(StateId, StateId), Option<((StateId, StateId), String)>> =
        HashMap::from([((StateId::START, StateId::START), None)]);
    let mut queue = VecDeque::from([(StateId::START, StateId::START)]);
    let mut last = (StateId::START, StateId::START);
    while let Some(at) = queue.pop_front() {
        last = at;
        if allowed(one, at.0) != allowed(other, at.1) {
            break;
        }
        let others: BTreeMap<String, StateId> = steps(other, at.1).into_iter().collect();
        for (action, target) in steps(one, at.0) {
            let Some(&to) = others.get(&action) else { continue };
            if let Entry::Vacant(new) = found.entry((target, to)) {
                new.insert(Some((at, action)));
                queue.push_back((target, to));
            }
        }
    }
    let (of_one, of_other) = (shown(one, last.0), shown(other, last.1));
    let mut after = Vec::new();
    while let Some((before, action)) = found.get(&last).cloned().flatten() {
        after.push(action);
        last = before;
    }
    after.truncate(TOLD);
    after.reverse();
    Parting { after, of_one, of_other }
}

/// What can happen in a state, with where it leads.
fn steps(local: &LocalTypeR, state: StateId) -> Vec<(String, StateId)> {
    let exits = local.exits(state).map(|exit| (typestate::show(local, exit.action), exit.target));
    let par = local.par(state).into_iter().flat_map(|par| {
        let arms = par.arms.into_iter().enumerate();
        let arms = arms.map(|(nth, arm)| (format!("arm {nth}"), arm));
        arms.chain([("all arms".to_owned(), par.next)])
    });
    exits.chain(par).collect()
}

fn allowed(local: &LocalTypeR, state: StateId) -> (BTreeSet<String>, bool) {
    let actions = steps(local, state).into_iter().map(|(action, _)| action).collect();
    (actions, local.may_end(state))
}

fn shown(local: &LocalTypeR, state: StateId) -> String {
    let expected = typestate::expected(local, state);
    let may_rest = local.may_end(state) && local.direction(state).is_some();
    if may_rest { format!("{expected} or nothing more") } else { expected }
}
