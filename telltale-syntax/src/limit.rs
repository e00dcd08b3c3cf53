//! How many steps a protocol may have once the protocols that it runs are written out.

use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::resolve::{Branch, Meaning, Resolved, Step};

/// How many steps one protocol may have.
///
/// A message to two receivers is two steps, and a branch that begins with something else than a
/// message is one, for it repeats the message that comes first.
pub const STEP_LIMIT: usize = 65_536;

/// How many steps all protocols of a block may have together, so that many of them that run a
/// large one do not exhaust the compiler.
pub const BLOCK_STEP_LIMIT: usize = 4 * STEP_LIMIT;

/// Leaves out the statements that are too many, and says which is the first.
pub(crate) fn limit_steps(resolved: &mut Resolved<'_>, mistakes: &mut Mistakes) {
    let mut sizes = vec![0; resolved.protocols.len()];
    let mut before = 0;
    let mut is_block_full = false;
    for &index in &resolved.callees_first {
        let protocol = &mut resolved.protocols[index];
        let mut budget = Budget {
            protocol: protocol.ast.name.to_string(),
            sizes: &sizes,
            before,
            used: 0,
            is_full: false,
            is_block_full,
            mistakes,
        };
        budget.spend(&mut protocol.body);
        is_block_full = budget.is_block_full;
        sizes[index] = budget.used;
        before += sizes[index];
    }
}

struct Budget<'b> {
    protocol: String,
    sizes: &'b [usize],
    /// The steps of other protocols.
    before: usize,
    used: usize,
    is_full: bool,
    is_block_full: bool,
    mistakes: &'b mut Mistakes,
}

impl Budget<'_> {
    fn spend(&mut self, steps: &mut Vec<Step<'_>>) {
        steps.retain_mut(|step| {
            for block in step.blocks_mut() {
                self.spend(block);
            }
            let size = match &step.meaning {
                Meaning::Message { senders, receivers, .. } => senders.len() * receivers.len(),
                Meaning::Do { callee, .. } => self.sizes[*callee],
                Meaning::Choice { branches, .. } => {
                    branches.iter().filter(|branch| !begins_with_message(branch)).count()
                }
                _ => 0,
            };
            self.fits(size, step)
        });
    }

    fn fits(&mut self, size: usize, step: &Step<'_>) -> bool {
        let used = self.used + size;
        if used > STEP_LIMIT {
            if !std::mem::replace(&mut self.is_full, true) {
                let statement = excerpt(step.ast);
                let protocol = self.protocol.clone();
                let mistake = Mistake::TooManySteps { statement, protocol, limit: STEP_LIMIT };
                self.mistakes.push(Diagnostic::new(mistake, step.ast.span()));
            }
            return false;
        }
        if self.before + used > BLOCK_STEP_LIMIT {
            if !std::mem::replace(&mut self.is_block_full, true) {
                let statement = excerpt(step.ast);
                let mistake = Mistake::TooManyStepsInAll { statement, limit: BLOCK_STEP_LIMIT };
                self.mistakes.push(Diagnostic::new(mistake, step.ast.span()));
            }
            return false;
        }
        self.used = used;
        true
    }
}

fn begins_with_message(branch: &Branch<'_>) -> bool {
    matches!(branch.body.first(), Some(Step { meaning: Meaning::Message { .. }, .. }))
}
