//! Where a role could be told.

use std::collections::BTreeSet;

use telltale_types::RoleId;

use super::Guess;
use crate::error::Violation;
use crate::{Condition, Step};

/// So far behind a decision somebody is looked for who hears of it.
const LATER: usize = 16;

impl Guess<'_> {
    /// Directly after the decision, or at the end of the two runs.
    pub(super) fn places(&self) -> Vec<Vec<Step>> {
        let Violation { condition, decision, here, there, .. } = self.violation;
        let of = |exit| Step { state: decision.state, exit };
        let all: Vec<Step> = (0..self.global.exits(decision.state).len()).map(of).collect();
        let but_here = all.iter().copied().filter(|step| *step != decision.here).collect();
        let mut places = in_branches(*condition, decision.here, decision.there);
        if *condition == Condition::SilentEnd {
            places.insert(1, but_here);
        }
        places.push(all);
        if let (Some(&here), Some(&there)) = (here.last(), there.last()) {
            places.extend([vec![there], vec![here, there], vec![here]]);
        }
        for steps in &mut places {
            steps.retain(|step| !self.knows(*step, self.violation.role));
        }
        let mut seen: BTreeSet<Vec<Step>> = BTreeSet::from([Vec::new()]);
        places.retain(|steps| seen.insert(steps.clone()));
        places
    }

    /// Where others hear of the decision, by those others.
    pub(super) fn later(&self) -> Vec<(RoleId, Vec<Step>)> {
        let condition = self.violation.condition;
        let [here, there] = self.violation.after_decision();
        let mut there = there.to_vec();
        if condition == Condition::SilentEnd {
            there.extend(self.going_on());
        }
        let heard = |run: &[Step], by: RoleId| {
            let mut steps = run.iter().copied().take(LATER);
            steps.find(|&step| self.knows(step, by) && !self.knows(step, self.violation.role))
        };
        let mut later = Vec::new();
        for (by, _) in self.global.names().roles().filter(|(by, _)| *by != self.violation.role) {
            let places = match (heard(here, by), heard(&there, by)) {
                (Some(here), Some(there)) => in_branches(condition, here, there),
                (Some(here), None) => vec![vec![here]],
                (None, Some(there)) => vec![vec![there]],
                (None, None) => continue,
            };
            later.extend(places.into_iter().map(|places| (by, places)));
        }
        later
    }

    /// What may follow where the role has nothing more to do.
    fn going_on(&self) -> Vec<Step> {
        let Some(last) = self.violation.there.last() else { return Vec::new() };
        let mut steps = Vec::new();
        let mut state = last.of(self.global).target;
        while steps.len() < LATER
            && let Some(exit) = self.global.exits(state).next()
        {
            steps.push(Step { state, exit: 0 });
            state = exit.target;
        }
        steps
    }

    /// The exits after which nothing more comes for the role, though something could have before.
    pub(super) fn lasts(&self) -> Vec<Step> {
        let exits = self.global.states().flat_map(|state| {
            (0..self.global.exits(state).len()).map(move |exit| Step { state, exit })
        });
        exits.filter(|step| self.is_busy(step.state) && self.is_last(*step)).collect()
    }
}

/// In which of two branches a role may have to be told, by what is violated.
fn in_branches(condition: Condition, here: Step, there: Step) -> Vec<Vec<Step>> {
    match condition {
        Condition::NoMixedChoice => vec![vec![here], vec![here, there]],
        Condition::SilentEnd => vec![vec![there], vec![here, there]],
        Condition::SendValidity
        | Condition::ReceiveValidity
        | Condition::Fork
        | Condition::Join => {
            vec![vec![here, there], vec![here], vec![there]]
        }
    }
}
