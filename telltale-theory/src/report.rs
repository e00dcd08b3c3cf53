//! What is wrong with a protocol: all of it is counted, some of it is explained.
//!
//! An explanation keeps whole runs, and an author reads a few of them at most. So only those of the
//! earliest decisions are made, and a protocol with a thousand mistakes costs little more than one
//! with twenty.

use std::collections::BTreeSet;

use telltale_types::{RoleId, StateId};

use crate::Condition;
use crate::available::Available;
use crate::clash::{Clashes, Suspect};
use crate::error::Violation;
use crate::repair::Fault;
use crate::witness;

/// What is known to be wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Everything.
    pub(crate) faults: BTreeSet<Fault>,
    /// A role for which something is, if there is one.
    pub(crate) role: Option<RoleId>,
    /// Some of it, explained.
    pub(crate) violations: Vec<Violation>,
}

impl Report {
    /// Adds what is wrong for a role, and explains what is among the first so many.
    pub(crate) fn add(&mut self, suspect: Suspect<'_>, available: &mut Available<'_>, most: usize) {
        self.role.get_or_insert(suspect.view.role);
        let clashes = Clashes::of(suspect, available);
        self.faults.extend(clashes.faults());
        let mut found: Vec<_> =
            clashes.shortest.iter().map(|(key, clash)| (*key, *clash)).collect();
        found.sort_by_key(|&((condition, node), _)| (node, condition));
        found.truncate(most);
        for ((condition, node), clash) in found {
            let rank = (StateId(node), suspect.view.role, condition);
            if self.violations.len() >= most && self.violations.last().map(rank_of) < Some(rank) {
                break;
            }
            self.violations.extend(witness::explain(&clashes, condition, clash, available));
            self.violations.sort_by_key(rank_of);
            self.violations.truncate(most);
        }
    }
}

fn rank_of(violation: &Violation) -> (StateId, RoleId, Condition) {
    (violation.decision.state, violation.role, violation.condition)
}
