//! `par { … } and { … }`

use super::tokens::Tokens;
use super::{Mistakes, attribute, block};
use crate::ast::Par;
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;

pub(super) fn par(tokens: &mut Tokens, mistakes: &mut Mistakes) -> Result<Par, Diagnostic> {
    let head = tokens.span();
    tokens.skip(1);
    let arms = block::alternatives(tokens, "and", mistakes)?;
    mistakes.extend(arms.iter().filter_map(|arm| attribute::no_docs(&arm.docs).err()));
    if arms.len() == 1 {
        mistakes.push(Diagnostic::new(Mistake::OneArm, head));
    }
    Ok(Par { arms, head })
}
