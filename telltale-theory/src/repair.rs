//! Finds the messages that repair a protocol, by trying.
//!
//! What tells a role enough is easy to guess and easy to get wrong: the message that tells may
//! itself be overtaken, or come to somebody who cannot know whether to wait for it. So every guess
//! is inserted and the protocol checked again. The first that leaves fewer violations, and none at
//! that decision for that role, is the remedy; failing that, the first that makes the decision
//! known and shows that the same role does not know of a later one. Repeated, remedies therefore
//! come to an end.

use std::collections::BTreeSet;

use telltale_types::{GlobalType, RoleId, StateId};

use crate::error::{Violation, Violations};
use crate::guess::guesses;
use crate::remedy::{Advice, Insertion, insert};
use crate::{Condition, Options, project};

/// How much may be tried: guesses times the exits that every role looks at, for each violation.
const WORK: usize = 100_000;

/// So many guesses are tried however large the protocol is.
const GUESSES: usize = 8;

/// What is wrong, and where.
pub(crate) type Fault = (RoleId, Condition, StateId);

/// Completes the remedies of violations of a protocol, which are some of its faults.
pub(crate) fn find_insertions(
    global: &GlobalType,
    options: &Options,
    before: &BTreeSet<Fault>,
    violations: &mut [Violation],
) {
    let exits: usize = global.states().map(|state| global.exits(state).len()).sum();
    let cost = exits * global.names().role_count() * violations.len();
    let mut tries = (WORK / cost.max(1)).max(GUESSES);
    for violation in violations {
        let found = first_repair(global, options, violation, before, &mut tries);
        if let Some(insertions) = found {
            violation.remedy.advice = agreeing(&violation.remedy.advice, violation, &insertions);
            violation.remedy.insertions = insertions;
        }
    }
}

/// The advice, changed to what the insertions do if they do something else.
fn agreeing(advice: &Advice, violation: &Violation, insertions: &[Insertion]) -> Advice {
    let role = violation.role;
    let senders: BTreeSet<RoleId> = insertions.iter().map(|insertion| insertion.sender).collect();
    let told: Vec<RoleId> = senders.iter().copied().filter(|&sender| sender != role).collect();
    match advice {
        Advice::Tell { tellers, .. } if told.iter().any(|role| !tellers.contains(role)) => {
            Advice::Tell { role, tellers: told }
        }
        Advice::Finish { tellers, .. } if told.iter().any(|role| !tellers.contains(role)) => {
            Advice::Finish { role, tellers: told }
        }
        Advice::Wait { .. } if !told.is_empty() => Advice::Tell { role, tellers: told },
        Advice::Wait { .. } => {
            let last = insertions.last().map_or(role, |insertion| insertion.receiver);
            Advice::Wait { sender: last, role }
        }
        advice => advice.clone(),
    }
}

/// Whether insertions repair a violation and leave less to repair.
pub(crate) fn repairs(
    wrong: &Violations,
    violation: &Violation,
    insertions: &[Insertion],
    options: &Options,
) -> bool {
    let repaired = insert(&wrong.global, insertions).ok();
    let after = repaired.and_then(|repaired| project::faults(&repaired, options));
    after.is_some_and(|after| {
        matches!(progress(fault(violation), &wrong.faults, &after), Progress::Repaired)
    })
}

/// The first guess that leaves less to repair, or else the first that moves the fault on.
fn first_repair(
    global: &GlobalType,
    options: &Options,
    violation: &Violation,
    before: &BTreeSet<Fault>,
    tries: &mut usize,
) -> Option<Vec<Insertion>> {
    let mut second_best = None;
    for guess in guesses(global, violation).take(*tries) {
        *tries -= 1;
        let repaired = insert(global, &guess).ok();
        let Some(after) = repaired.and_then(|repaired| project::faults(&repaired, options)) else {
            continue;
        };
        match progress(fault(violation), before, &after) {
            Progress::Repaired => return Some(guess),
            Progress::Moved => second_best = second_best.or(Some(guess)),
            Progress::None => {}
        }
    }
    second_best
}

pub(crate) fn fault(violation: &Violation) -> Fault {
    (violation.role, violation.condition, violation.decision.state)
}

/// What insertions have changed.
enum Progress {
    /// Less is wrong.
    Repaired,
    /// The decision is made known, and it shows that the role does not know of another, later one.
    Moved,
    None,
}

fn progress(this: Fault, before: &BTreeSet<Fault>, after: &BTreeSet<Fault>) -> Progress {
    let (role, condition, _) = this;
    let alike = |new: &Fault| (new.0, new.1) == (role, condition);
    if after.contains(&this) {
        Progress::None
    } else if after.len() < before.len() {
        Progress::Repaired
    } else if after.len() == before.len() && after.difference(before).all(alike) {
        Progress::Moved
    } else {
        Progress::None
    }
}
