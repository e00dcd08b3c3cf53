//! Parallel parts in a schedule: where its arms begin and end, and what roles do alone there.

use std::ops::Range;

use telltale_types::{GlobalState, GlobalType, Lanes, RoleId, StateId};

use super::StepKind;
use crate::memory::coroutine::{Coro, CoroId, FORKED, HALTED};
use crate::program::op::{Code, Linked, Op};

/// Lets the arms begin that can begin, and goes on behind those that have ended. The states are those in which the global
/// type is at once, one of which is the next that has an exchange.
pub(crate) fn settle(
    global: &GlobalType,
    arms: &Lanes,
    states: &mut Vec<StateId>,
    turn: &mut usize,
) {
    while let Some((places, with)) = begun(global, states).or_else(|| ended(global, arms, states)) {
        states.splice(places, with);
        *turn = (*turn).min(states.len() - 1);
    }
}

/// A state that begins a parallel part, and those in which its arms begin.
fn begun(global: &GlobalType, states: &[StateId]) -> Option<(Range<usize>, Vec<StateId>)> {
    let begins =
        |(nth, &state): (usize, &StateId)| global.par(state).map(|par| (nth..nth + 1, par.arms));
    states.iter().enumerate().find_map(begins)
}

/// States that end all arms of a parallel part, and the one that follows.
fn ended(
    global: &GlobalType,
    arms: &Lanes,
    states: &[StateId],
) -> Option<(Range<usize>, Vec<StateId>)> {
    states.iter().enumerate().find_map(|(nth, &state)| {
        let arm = arms.arm(arms.of_state(state))?;
        let par = global.par(arm.par)?;
        let places = nth..nth + par.arms.len();
        let is_over = |&state: &StateId| {
            let of = arms.arm(arms.of_state(state));
            matches!(global.state(state), GlobalState::ArmEnd)
                && of.is_some_and(|of| of.par == arm.par)
        };
        let are_over = states.get(places.clone())?.iter().all(is_over);
        are_over.then(|| (places, vec![par.next]))
    })
}

/// A role begins several things at once, one of them is over, or all are: which coroutine does that, with where all
/// are after it.
pub(crate) fn forked(linked: &Linked, pcs: &mut [u32]) -> Option<(CoroId, StepKind)> {
    for nth in 0..pcs.len() {
        let at = pcs[nth];
        let op = &linked.ops[Coro::from_word(at.into()).pc() as usize];
        let what = match op.code {
            _ if at & HALTED != 0 => continue,
            Code::Join => {
                pcs[nth] |= HALTED;
                StepKind::Join
            }
            Code::Fork if at & FORKED == 0 => {
                for &(lane, start) in linked.starts(op) {
                    pcs[lane.index()] = start;
                }
                pcs[nth] |= FORKED;
                StepKind::Fork
            }
            Code::Fork if are_over(linked, pcs, op) => {
                pcs[nth] = op.exchange.next;
                StepKind::GoOn
            }
            _ => continue,
        };
        return Some((RoleId::at(nth), what));
    }
    None
}

/// Whether all lanes are over that begin at an instruction.
fn are_over(linked: &Linked, pcs: &[u32], fork: &Op) -> bool {
    linked.starts(fork).iter().all(|(lane, _)| pcs[lane.index()] & HALTED != 0)
}
