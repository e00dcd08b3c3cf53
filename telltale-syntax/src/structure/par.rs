//! The arms of a `par`: whether they can be written one after the other, and that nothing would wait
//! for one that may never end.

use std::collections::BTreeSet;

use telltale_types::RoleId;

use super::Falls;
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::quote::Quote;
use crate::resolve::{Meaning, Step};

/// Whether arms are as good as one after the other: no role takes part in two of them, and at most one
/// may never end, so that it can be the last.
pub(crate) fn are_apart(arms: &[Vec<Step<'_>>], falls: &Falls) -> bool {
    let mut before = BTreeSet::new();
    let apart = arms.iter().all(|arm| {
        let mut here = BTreeSet::new();
        take_part(arm, &mut here);
        let is_apart = before.is_disjoint(&here);
        before.append(&mut here);
        is_apart
    });
    apart && arms.iter().filter(|arm| falls.catch(arm).is_some()).count() < 2
}

/// Reports what would wait for an arm that may never end, where arms are one after the other. Where
/// they are not, that is seen in the flow.
pub(super) fn check(steps: &[Step<'_>], falls: &Falls, mistakes: &mut Mistakes) {
    for (at, step) in steps.iter().enumerate() {
        if let Meaning::Par { arms } = &step.meaning
            && are_apart(arms, falls)
        {
            check_waiting(step, steps.get(at + 1), falls, mistakes);
        }
        for block in step.blocks() {
            check(block, falls, mistakes);
        }
    }
}

/// Reports what stands behind a `par` that may never end. If it never does, that is not reached at
/// all; a jump waits for nobody.
fn check_waiting(par: &Step<'_>, next: Option<&Step<'_>>, falls: &Falls, mistakes: &mut Mistakes) {
    let Some(next) = next else { return };
    let is_jump = matches!(next.meaning, Meaning::Break(_) | Meaning::Continue(_));
    if is_jump || !falls.past(par) {
        return;
    }
    if let Some(endless) = falls.catch(std::slice::from_ref(par)) {
        let endless = Quote::new(endless.ast.span(), endless.ast);
        mistakes.push(Diagnostic::new(Mistake::WaitsForEndless { endless }, next.ast.span()));
    }
}

fn take_part(steps: &[Step<'_>], roles: &mut BTreeSet<RoleId>) {
    for step in steps {
        match &step.meaning {
            Meaning::Message { senders, receivers, .. } => {
                roles.extend(senders.iter().chain(receivers));
            }
            Meaning::Choice { chooser, .. } => {
                roles.insert(*chooser);
            }
            Meaning::Do { roles: of, .. } => roles.extend(of),
            _ => {}
        }
        for block in step.blocks() {
            take_part(block, roles);
        }
    }
}
