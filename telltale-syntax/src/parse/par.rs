//! `par { … } and { … }`

use super::tokens::Tokens;
use super::{attribute, block};
use crate::ast::{Par, Statement};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

pub(super) fn par(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Statement, Diagnostic> {
    let head = tokens.span();
    tokens.skip(1);
    let arms = block::alternatives(tokens, block::Between::Arms, mistakes)?;
    for arm in &arms {
        attribute::no_docs(&arm.docs, mistakes);
    }
    if arms.len() == 1 {
        mistakes.push(Diagnostic::new(Mistake::OneArm, head));
    }
    Ok(Statement::Par(Par { arms, head }))
}
