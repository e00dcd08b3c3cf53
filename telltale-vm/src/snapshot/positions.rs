//! Where all coroutines of a session are at each place of its schedule.
//!
//! A place says which step comes next; the words of the coroutines have to be those that the steps before it have left. So the
//! schedule is followed once, and what is written down of a session is compared with that.

use crate::memory::coroutine::{Coro, FORKED, HALTED, UNANSWERED};
use crate::program::loaded::Loaded;
use crate::program::schedule::{ScheduleStep, StepKind};

/// By place: the program counters and marks of all coroutines, if sessions come there.
pub(super) struct Positions(Vec<Option<Box<[u32]>>>);

impl Positions {
    pub(super) fn of(loaded: &Loaded) -> Self {
        let mut positions = Self(vec![None; loaded.schedule.steps().len()]);
        let Some(first) = loaded.schedule.first_place() else { return positions };
        let starts = &loaded.template[loaded.roles_at..][..loaded.coroutines];
        let starts = starts.iter().map(|&word| Coro::from_word(word).pc_and_marks()).collect();
        let mut todo = vec![first];
        positions.0[first as usize] = Some(starts);
        while let Some(place) = todo.pop() {
            let Some(here) = positions.0[place as usize].clone() else { continue };
            for (next, there) in behind(loaded, loaded.schedule.step(place), &here) {
                let known = &mut positions.0[next as usize];
                if known.is_none() {
                    *known = Some(there);
                    todo.push(next);
                }
            }
        }
        positions
    }

    /// Whether coroutines with these words can be at a place. One that waits for its handler there is marked as well.
    pub(super) fn are_at(&self, place: u32, words: &[Coro]) -> bool {
        let here = self.0.get(place as usize).and_then(Option::as_deref);
        let words = words.iter().map(|word| word.without(UNANSWERED).pc_and_marks());
        here.is_some_and(|here| words.eq(here.iter().copied()))
    }
}

/// Where the session comes from a place, and where its coroutines are then.
fn behind(loaded: &Loaded, step: &ScheduleStep, here: &[u32]) -> Vec<(u32, Box<[u32]>)> {
    let from = step.from_coro.index();
    let op = |at: u32| &loaded.linked.ops[Coro::at(at, 0).pc() as usize];
    let mut there: Box<[u32]> = here.into();
    match step.what {
        StepKind::Exchange => exchanged(step, &mut there),
        StepKind::Choice => {
            let branch = |branch: &ScheduleStep| {
                let mut there = there.clone();
                exchanged(branch, &mut there);
                (branch.next, there)
            };
            return loaded.schedule.branches(step).iter().map(branch).collect();
        }
        StepKind::Halt | StepKind::Join => there[from] |= HALTED,
        StepKind::Fork => {
            for &(lane, start) in loaded.linked.starts(op(here[from])) {
                there[lane.index()] = start;
            }
            there[from] |= FORKED;
        }
        StepKind::GoOn => there[from] = op(here[from]).exchange.next,
        StepKind::Finish | StepKind::Leave => return Vec::new(),
    }
    vec![(step.next, there)]
}

fn exchanged(step: &ScheduleStep, there: &mut [u32]) {
    for (coro, by) in [(step.from_coro, step.from_step), (step.to_coro, step.to_step)] {
        let word = Coro::at(there[coro.index()], 0).to_word().wrapping_add(by);
        there[coro.index()] = Coro::from_word(word).pc_and_marks();
    }
}
