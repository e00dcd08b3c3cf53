//! How many steps a protocol may have once the protocols that it runs are written out.

use std::fmt::Display;

use crate::ast;
use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::resolve::{Branch, Meaning, ProtocolIndex, Resolved, Step};
use crate::span::SpanRange;

/// How many steps one protocol may have.
///
/// A message to two receivers is two steps. A branch that begins with something else than a message is
/// one for each message that may come first, for it repeats them.
pub const STEP_LIMIT: usize = 65_536;

/// How many steps all protocols of a block may have together, so that many of them that run a
/// large one do not exhaust the compiler.
pub const BLOCK_STEP_LIMIT: usize = 4 * STEP_LIMIT;

/// Leaves out the statements that are too many, and says which is the first.
///
/// What branches repeat that begin with choices is known later, and added to what is returned.
pub(crate) fn limit_steps(resolved: &mut Resolved<'_>, mistakes: &mut Mistakes) -> Steps {
    let mut steps = Steps {
        protocols: vec![Count::default(); resolved.protocols.len()],
        used: 0,
        is_full: false,
    };
    for &index in &resolved.callees_first {
        let protocol = &mut resolved.protocols[index];
        steps.budget(index, protocol.ast).spend(&mut protocol.body, mistakes);
    }
    steps
}

/// The steps of all protocols.
pub(crate) struct Steps {
    protocols: Vec<Count>,
    used: usize,
    is_full: bool,
}

/// The steps of one protocol.
#[derive(Clone, Copy, Default)]
struct Count {
    used: usize,
    /// Of those, the ones that are repeated because a branch begins with a choice.
    repeated: usize,
    is_full: bool,
}

impl Steps {
    /// What a protocol may still use.
    pub(crate) fn budget<'b>(
        &'b mut self,
        index: ProtocolIndex,
        protocol: &'b ast::Protocol,
    ) -> Budget<'b> {
        Budget { steps: self, index, protocol }
    }
}

/// What one protocol may still use.
pub(crate) struct Budget<'b> {
    steps: &'b mut Steps,
    index: ProtocolIndex,
    protocol: &'b ast::Protocol,
}

impl Budget<'_> {
    fn spend(&mut self, steps: &mut Vec<Step<'_>>, mistakes: &mut Mistakes) {
        steps.retain_mut(|step| {
            for block in step.blocks_mut() {
                self.spend(block, mistakes);
            }
            let size = match &step.meaning {
                Meaning::Message { senders, receivers, .. } => senders.len() * receivers.len(),
                Meaning::Do { callee, .. } => self.steps.protocols[*callee].used,
                Meaning::Choice { branches, .. } => {
                    branches.iter().filter(|branch| !begins_with_message(branch)).count()
                }
                _ => 0,
            };
            self.fits(size, step.ast, step.ast.span(), mistakes)
        });
    }

    /// Takes the steps that a choice repeats, unless that is too many.
    pub(crate) fn repeats(
        &mut self,
        size: usize,
        choice: &ast::Choice,
        mistakes: &mut Mistakes,
    ) -> bool {
        self.repeated(size, choice, choice.head, mistakes)
    }

    /// Takes the steps that are repeated in a protocol that is run, unless that is too many.
    pub(crate) fn repeats_in(
        &mut self,
        callee: ProtocolIndex,
        call: &ast::Do,
        mistakes: &mut Mistakes,
    ) -> bool {
        let size = self.steps.protocols[callee].repeated;
        self.repeated(size, call, call.span, mistakes)
    }

    fn repeated(
        &mut self,
        size: usize,
        statement: &impl Display,
        span: SpanRange,
        mistakes: &mut Mistakes,
    ) -> bool {
        let fits = size == 0 || self.fits(size, statement, span, mistakes);
        if fits {
            self.steps.protocols[self.index].repeated += size;
        }
        fits
    }

    fn fits(
        &mut self,
        size: usize,
        statement: &impl Display,
        span: SpanRange,
        mistakes: &mut Mistakes,
    ) -> bool {
        let count = &mut self.steps.protocols[self.index];
        if count.used + size > STEP_LIMIT {
            if !std::mem::replace(&mut count.is_full, true) {
                let (statement, protocol) = (excerpt(statement), self.protocol.name.to_string());
                let mistake = Mistake::TooManySteps { statement, protocol, limit: STEP_LIMIT };
                mistakes.push(Diagnostic::new(mistake, span));
            }
            return false;
        }
        if self.steps.used + size > BLOCK_STEP_LIMIT {
            if !std::mem::replace(&mut self.steps.is_full, true) {
                let statement = excerpt(statement);
                let mistake = Mistake::TooManyStepsInAll { statement, limit: BLOCK_STEP_LIMIT };
                mistakes.push(Diagnostic::new(mistake, span));
            }
            return false;
        }
        count.used += size;
        self.steps.used += size;
        true
    }
}

fn begins_with_message(branch: &Branch<'_>) -> bool {
    matches!(branch.body.first(), Some(Step { meaning: Meaning::Message { .. }, .. }))
}
