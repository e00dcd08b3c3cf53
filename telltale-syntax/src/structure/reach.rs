//! Statements that nothing comes to.

use super::Falls;
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::quote::Quote;
use crate::resolve::Step;

/// Reports the first statement of each block that is not reached.
pub(super) fn check(steps: &[Step<'_>], falls: &Falls, mistakes: &mut Mistakes) {
    let stop = steps.windows(2).find(|pair| !falls.past(&pair[0]));
    if let Some([last, unreachable]) = stop {
        let after = Quote::new(last.ast.span(), last.ast);
        let mistake = Mistake::Unreachable { after };
        mistakes.push(Diagnostic::new(mistake, unreachable.ast.span()));
    }
    for block in steps.iter().flat_map(Step::blocks) {
        check(block, falls, mistakes);
    }
}
