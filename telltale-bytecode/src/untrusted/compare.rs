//! Where two programs, or two local types, part.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use telltale_types::{Action, LocalTypeR, StateId};

use crate::clip::clipped;
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

/// What leads from one state to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Move {
    Does(Action),
    Enters(usize),
    Leaves,
}

/// The nearest place at which two local types with the same names part. Both are minimal, so as long as they agree a state of one
/// stands for one state of the other.
pub(crate) fn parting(one: &LocalTypeR, other: &LocalTypeR) -> Parting {
    let start = (StateId::START, StateId::START);
    let mut before = HashMap::from([(start, None)]);
    let mut queue = VecDeque::from([start]);
    let mut last = start;
    while let Some(at) = queue.pop_front() {
        last = at;
        let (of_one, of_other) = (moves(one, at.0), moves(other, at.1));
        if !of_one.keys().eq(of_other.keys()) || one.may_end(at.0) != other.may_end(at.1) {
            break;
        }
        for ((step, target), to) in of_one.into_iter().zip(of_other.into_values()) {
            if let Entry::Vacant(new) = before.entry((target, to)) {
                new.insert(Some((at, step)));
                queue.push_back((target, to));
            }
        }
    }
    let (of_one, of_other) = (shown(one, last.0), shown(other, last.1));
    let way = std::iter::successors(before[&last], |(at, _)| before[at]);
    let mut after: Vec<String> = way.take(TOLD).map(|(_, step)| named(one, step)).collect();
    after.reverse();
    Parting { after, of_one, of_other }
}

/// What can happen in a state, with where it leads.
fn moves(local: &LocalTypeR, state: StateId) -> BTreeMap<Move, StateId> {
    let exits = local.exits(state).map(|exit| (Move::Does(exit.action), exit.target));
    let par = local.par(state).into_iter().flat_map(|par| {
        let arms = par.arms.into_iter().enumerate();
        let arms = arms.map(|(nth, arm)| (Move::Enters(nth), arm));
        arms.chain([(Move::Leaves, par.next)])
    });
    exits.chain(par).collect()
}

fn named(local: &LocalTypeR, step: Move) -> String {
    match step {
        Move::Does(action) => clipped(typestate::show(local, action)),
        Move::Enters(arm) => format!("arm {arm}"),
        Move::Leaves => "all arms".to_owned(),
    }
}

fn shown(local: &LocalTypeR, state: StateId) -> String {
    let expected = typestate::expected(local, state);
    let may_rest = local.may_end(state) && local.direction(state).is_some();
    if may_rest { format!("{expected} or nothing more") } else { expected }
}
