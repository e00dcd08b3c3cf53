//! Whether statements come to their end, so that what stands behind them happens.

use crate::resolve::{LoopIndex, Meaning, Resolved, Step};

/// By protocol, whether it comes to an end.
pub(crate) struct Falls(Vec<bool>);

impl Falls {
    pub(super) fn of(resolved: &Resolved<'_>) -> Self {
        let mut falls = Self(vec![true; resolved.protocols.len()]);
        for &index in &resolved.callees_first {
            falls.0[index] = falls.through(&resolved.protocols[index].body);
        }
        falls
    }

    /// Whether what stands behind these steps is reached.
    pub(crate) fn through(&self, steps: &[Step<'_>]) -> bool {
        steps.iter().all(|step| self.past(step))
    }

    /// Whether what stands behind this step is reached.
    pub(super) fn past(&self, step: &Step<'_>) -> bool {
        match &step.meaning {
            Meaning::Message { .. } => true,
            Meaning::Break(_) | Meaning::Continue(_) => false,
            Meaning::Choice { branches, .. } => {
                branches.iter().any(|branch| self.through(&branch.body))
            }
            Meaning::Loop { index, body, .. } => has_break(body, *index),
            Meaning::Par { arms } => arms.iter().all(|arm| self.through(arm)),
            Meaning::Do { callee, .. } => self.0[*callee],
        }
    }
}

/// Whether something in a loop leaves it. Nothing leaves a `par`, so arms need no exception.
fn has_break(steps: &[Step<'_>], target: LoopIndex) -> bool {
    steps.iter().any(|step| {
        matches!(step.meaning, Meaning::Break(index) if index == target)
            || step.blocks().any(|block| has_break(block, target))
    })
}
