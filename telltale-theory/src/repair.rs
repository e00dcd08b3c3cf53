//! Finds the messages that repair a protocol, by trying.
//!
//! What tells a role enough is easy to guess and easy to get wrong: the message that tells may
//! itself be overtaken, or come to somebody who cannot know whether to wait for it. So every guess
//! is inserted and the protocol checked again. The first that leaves fewer violations, and none at
//! that decision for that role, is the remedy; failing that, the first that makes the decision
//! known and shows that the same role does not know of another.

use std::collections::BTreeSet;

use telltale_types::{GlobalType, RoleId, StateId};

use crate::error::{Violation, Violations};
use crate::guess::Guess;
use crate::remedy::{Advice, Insertion, Remedy, insert};
use crate::{Condition, Limits, Options, project};

/// How much may be tried for all violations, as exits that roles look at.
const WORK: usize = 400_000;

/// The work for so many guesses is allowed however large the protocol is.
const GUESSES: usize = 8;

/// How many steps the searches for overtaking messages may take in one trial.
const OVERTAKING: usize = 1 << 22;

/// What is wrong, and where.
pub(crate) type Fault = (RoleId, Condition, StateId);

/// Whether insertions for a violation may be proposed.
type Accepts<'a> = dyn Fn(&Violation, &[Insertion]) -> bool + 'a;

/// Completes the remedies of the violations of a protocol.
pub(crate) fn find_insertions(wrong: &mut Violations, options: &Options, accepts: &Accepts<'_>) {
    let Violations { global, violations, faults } = wrong;
    let (global, before) = (&*global, &*faults);
    let options = &for_trials(options);
    let exits: usize = global.states().map(|state| global.exits(state).len()).sum();
    let mut work = WORK.max(GUESSES * exits * global.names().role_count());
    let count = violations.len();
    for (nth, violation) in violations.iter_mut().enumerate() {
        // What one violation leaves is for the others.
        let share = work.div_ceil(count - nth);
        let mut trial =
            Trial { global, options, before, violation, accepts, exits, work: share, spent: 0 };
        let found = trial.first_repair();
        let remedy =
            found.map(|found| Remedy { advice: trial.agreeing(&found), insertions: found });
        work = work.saturating_sub(trial.spent);
        violation.remedy = remedy.unwrap_or_else(|| violation.remedy.clone());
    }
}

/// A trial is no reason to search for ever: there may be many.
fn for_trials(options: &Options) -> Options {
    let overtaking = options.limits.overtaking.min(OVERTAKING);
    Options { limits: Limits { overtaking, ..options.limits }, ..*options }
}

/// Whether insertions repair a violation and leave less to repair.
pub(crate) fn repairs(
    wrong: &Violations,
    violation: &Violation,
    insertions: &[Insertion],
    options: &Options,
) -> bool {
    let (global, before) = (&wrong.global, &wrong.faults);
    let accepts: &Accepts<'_> = &|_, _| true;
    let options = &for_trials(options);
    let (exits, work, spent) = (0, 0, 0);
    let mut trial = Trial { global, options, before, violation, accepts, exits, work, spent };
    matches!(trial.progress(insertions), Progress::Repaired)
}

/// The search for what repairs one violation.
struct Trial<'a> {
    global: &'a GlobalType,
    options: &'a Options,
    before: &'a BTreeSet<Fault>,
    violation: &'a Violation,
    accepts: &'a Accepts<'a>,
    /// How many exits the protocol has.
    exits: usize,
    /// How many exits of all roles may be looked at before no new guess is tried.
    work: usize,
    /// How many were looked at.
    spent: usize,
}

impl Trial<'_> {
    /// The first guess that leaves less to repair, or else the first that moves the fault on.
    fn first_repair(&mut self) -> Option<Vec<Insertion>> {
        let mut second_best = None;
        for guess in Guess::new(self.global, self.violation).all() {
            if self.spent >= self.work {
                break;
            }
            match self.progress(&guess) {
                Progress::Repaired => return Some(guess),
                Progress::Moved => second_best = second_best.or(Some(guess)),
                Progress::None => {}
            }
        }
        second_best
    }

    /// The advice, changed to what the insertions do if they do something else.
    fn agreeing(&mut self, insertions: &[Insertion]) -> Advice {
        let role = self.violation.role;
        let guess = Guess::new(self.global, self.violation);
        let more = insertions.iter().any(|insertion| !guess.is_last(insertion.after));
        match &self.violation.remedy.advice {
            Advice::Finish { tellers, .. } if !more => {
                Advice::Finish { role, tellers: self.tellers(tellers, insertions) }
            }
            Advice::Tell { tellers, .. } | Advice::Finish { tellers, .. } => {
                Advice::Tell { role, tellers: self.tellers(tellers, insertions) }
            }
            Advice::Wait { .. } if insertions.iter().any(|message| message.sender != role) => {
                Advice::Tell { role, tellers: self.tellers(&[], insertions) }
            }
            Advice::Wait { .. } => {
                let last = insertions.last().map_or(role, |insertion| insertion.receiver);
                Advice::Wait { sender: last, role }
            }
            advice @ Advice::Decide { .. } => advice.clone(),
        }
    }

    /// Who can tell the role: who does it in what was found, and of those who know of the decision
    /// who could do it instead.
    fn tellers(&mut self, known: &[RoleId], found: &[Insertion]) -> Vec<RoleId> {
        let role = self.violation.role;
        let told: BTreeSet<RoleId> =
            found.iter().map(|message| message.sender).filter(|&sender| sender != role).collect();
        let others: Vec<RoleId> = known.iter().copied().filter(|by| !told.contains(by)).collect();
        let alone = told.len() == 1 && found.iter().all(|message| message.receiver == role);
        let could = |by: &RoleId| {
            let by_other = |message: &Insertion| Insertion { sender: *by, ..message.clone() };
            let instead: Vec<Insertion> = found.iter().map(by_other).collect();
            alone && self.spent < self.work && matches!(self.progress(&instead), Progress::Repaired)
        };
        let others: BTreeSet<RoleId> = others.into_iter().filter(could).collect();
        let by_rank = known.iter().filter(|by| told.contains(by) || others.contains(by)).copied();
        let rest = told.iter().filter(|by| !known.contains(by)).copied();
        by_rank.chain(rest).collect()
    }

    /// Inserts messages and looks at what has changed.
    fn progress(&mut self, insertions: &[Insertion]) -> Progress {
        self.spent += self.exits;
        let (this, role) = (fault(self.violation), self.violation.role);
        let Ok(repaired) = insert(self.global, insertions) else { return Progress::None };
        // Most guesses fail for the role itself, and to look at one role is cheap.
        let own = project::faults_of(&repaired, role, self.options);
        let is_repaired = own.as_ref().is_some_and(|own| !own.contains(&this));
        if own.is_some() && !(is_repaired && (self.accepts)(self.violation, insertions)) {
            return Progress::None;
        }
        self.spent += self.exits * self.global.names().role_count();
        let after = own.and_then(|_| project::faults(&repaired, self.options));
        if after.is_none() {
            // What takes too long to check does so with other insertions as well.
            self.work = 0;
        }
        after.map_or(Progress::None, |after| progress(this, self.before, &after))
    }
}

pub(crate) fn fault(violation: &Violation) -> Fault {
    (violation.role, violation.condition, violation.decision.state)
}

/// What insertions have changed.
enum Progress {
    /// Less is wrong.
    Repaired,
    /// The decision is made known, and it shows that the role does not know of another.
    Moved,
    None,
}

fn progress(this: Fault, before: &BTreeSet<Fault>, after: &BTreeSet<Fault>) -> Progress {
    let alike = |new: &Fault| new.0 == this.0;
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
