//! Statements that nothing comes to.

use super::Falls;
use crate::diagnostic::Diagnostic;
use crate::mistake::{Mistake, Quote};
use crate::parse::Mistakes;
use crate::resolve::{Meaning, Step};

/// Reports the first statement of each block that is not reached.
pub(super) fn check(steps: &[Step<'_>], falls: &Falls, mistakes: &mut Mistakes) {
    let stop = steps.windows(2).find(|pair| !falls.past(&pair[0]));
    if let Some([last, unreachable]) = stop {
        let after = Quote::new(last.ast.span(), last.ast);
        let mistake = Mistake::Unreachable { after };
        mistakes.push(Diagnostic::new(mistake, unreachable.ast.span()));
    }
    for step in steps {
        match &step.meaning {
            Meaning::Choice { branches, .. } => {
                branches.iter().for_each(|branch| check(&branch.body, falls, mistakes));
            }
            Meaning::Loop { body, .. } => check(body, falls, mistakes),
            Meaning::Par { arms } => arms.iter().for_each(|arm| check(arm, falls, mistakes)),
            Meaning::Message { .. }
            | Meaning::Break(_)
            | Meaning::Continue(_)
            | Meaning::Do { .. } => {}
        }
    }
}
