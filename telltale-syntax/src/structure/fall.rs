//! Whether statements come to their end, so that what stands behind them happens: on some path, and
//! on every one.

use crate::resolve::{LoopIndex, Meaning, Resolved, Step};

/// By protocol, whether it comes to an end.
pub(crate) struct Falls(Vec<Fall>);

#[derive(Clone, Copy)]
struct Fall {
    /// Whether some path comes to the end.
    through: bool,
    /// Whether some path comes to where no path to the end is left.
    caught: bool,
}

impl Falls {
    pub(super) fn of(resolved: &Resolved<'_>) -> Self {
        let unknown = Fall { through: true, caught: false };
        let mut falls = Self(vec![unknown; resolved.protocols.len()]);
        for &index in &resolved.callees_first {
            let body = &resolved.protocols[index].body;
            falls.0[index] =
                Fall { through: falls.through(body), caught: falls.catch(body).is_some() };
        }
        falls
    }

    /// Whether what stands behind these steps is reached.
    pub(crate) fn through(&self, steps: &[Step<'_>]) -> bool {
        steps.iter().all(|step| self.past(step))
    }

    /// Whether what stands behind this step is reached.
    pub(crate) fn past(&self, step: &Step<'_>) -> bool {
        match &step.meaning {
            Meaning::Message { .. } => true,
            Meaning::Break(_) | Meaning::Continue(_) => false,
            Meaning::Choice { branches, .. } => {
                branches.iter().any(|branch| self.through(&branch.body))
            }
            Meaning::Loop { index, body, .. } => has_break(body, *index),
            Meaning::Par { arms } => arms.iter().all(|arm| self.through(arm)),
            Meaning::Do { callee, .. } => self.0[*callee].through,
        }
    }

    /// The first of these steps, or of those in them, from which their end cannot be reached.
    ///
    /// Whoever never comes to the end goes round some loops for ever, and nothing leaves the
    /// outermost of them; so it is enough to look for a loop that nothing leaves.
    pub(crate) fn catch<'s, 'a>(&self, steps: &'s [Step<'a>]) -> Option<&'s Step<'a>> {
        steps.iter().find_map(|step| match &step.meaning {
            Meaning::Loop { index, body, .. } if !is_left(body, *index) => Some(step),
            Meaning::Do { callee, .. } if self.0[*callee].caught => Some(step),
            _ => step.blocks().find_map(|block| self.catch(block)),
        })
    }
}

/// Whether something in a loop breaks it. Nothing leaves a `par`, so arms need no exception.
fn has_break(steps: &[Step<'_>], target: LoopIndex) -> bool {
    has_jump(steps, &|jump| matches!(jump, Meaning::Break(index) if *index == target))
}

/// Whether something in a loop leaves it, if only for the next round of a loop around it. Those
/// have lower numbers.
fn is_left(steps: &[Step<'_>], target: LoopIndex) -> bool {
    has_jump(steps, &|jump| match jump {
        Meaning::Break(index) => *index <= target,
        Meaning::Continue(index) => *index < target,
        _ => false,
    })
}

fn has_jump(steps: &[Step<'_>], is_meant: &impl Fn(&Meaning<'_>) -> bool) -> bool {
    steps
        .iter()
        .any(|step| is_meant(&step.meaning) || step.blocks().any(|block| has_jump(block, is_meant)))
}
