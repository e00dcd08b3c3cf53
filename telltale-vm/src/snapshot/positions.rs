//! Where the coroutines of a session can be: each by itself, and all of them at each place of its schedule.
//!
//! A place says which step comes next; the words of the coroutines have to be those that the steps before it have left. So the
//! schedule is followed once, and each program, and what is written down of sessions is compared with that.

use std::collections::BTreeSet;

use crate::memory::coroutine::{Coro, CoroId, FORKED, HALTED, UNANSWERED};
use crate::program::loaded::Loaded;
use crate::program::op::{Code, Linked};
use crate::program::schedule::{ScheduleStep, StepKind};

pub(super) struct Positions {
    /// By place: the program counters and marks of all coroutines, if sessions come there.
    at_places: Vec<Option<Box<[u32]>>>,
    /// By coroutine, if there are more of them than roles.
    of_coroutines: Vec<Own>,
}

/// Where a coroutine can be.
struct Own {
    /// Where it is until it begins.
    at_first: u32,
    /// The instructions to which its program comes from where it begins.
    places: BTreeSet<u32>,
}

impl Positions {
    pub(super) fn of(loaded: &Loaded) -> Self {
        let coroutines = if loaded.lanes.is_some() { loaded.coroutines } else { 0 };
        let of_coroutines = (0..coroutines).map(|nth| Own::of(loaded, CoroId::at(nth)));
        Self { at_places: at_places(loaded), of_coroutines: of_coroutines.collect() }
    }

    /// Whether coroutines with these words can be at a place. One that waits for its handler there is marked as well.
    pub(super) fn are_at(&self, place: u32, words: &[Coro]) -> bool {
        let here = self.at_places.get(place as usize).and_then(Option::as_deref);
        let words = words.iter().map(|word| word.without(UNANSWERED).pc_and_marks());
        here.is_some_and(|here| words.eq(here.iter().copied()))
    }

    /// Whether a coroutine is where one of its own instructions is, and not one of another lane.
    pub(super) fn are_of(&self, id: CoroId, word: Coro) -> bool {
        self.of_coroutines.get(id.index()).is_none_or(|own| {
            own.places.contains(&word.pc()) || word.has(HALTED) && word.pc() == own.at_first
        })
    }
}

impl Own {
    fn of(loaded: &Loaded, id: CoroId) -> Self {
        let Loaded { linked, template, roles_at, roles, .. } = loaded;
        let at_first = Coro::from_word(template[roles_at + id.index()]).pc();
        let starts = if id.index() < *roles {
            vec![at_first]
        } else {
            let forks = linked.ops.iter().filter(|op| op.code == Code::Fork);
            let starts = forks.flat_map(|op| linked.starts(op)).filter(|(lane, _)| *lane == id);
            starts.map(|&(_, start)| start).collect()
        };
        Self { at_first, places: reached(linked, starts) }
    }
}

/// The instructions to which control comes from these.
fn reached(linked: &Linked, mut todo: Vec<u32>) -> BTreeSet<u32> {
    let mut known = BTreeSet::new();
    while let Some(at) = todo.pop() {
        if known.insert(at) {
            let op = &linked.ops[at as usize];
            let exchanges = linked.sent(op).iter().chain(linked.received(op));
            todo.extend(exchanges.map(|exchange| exchange.next));
            if matches!(op.code, Code::Fork | Code::Registers | Code::Outside) {
                todo.push(op.exchange.next);
            }
        }
    }
    known
}

/// The schedule, followed from its first place.
fn at_places(loaded: &Loaded) -> Vec<Option<Box<[u32]>>> {
    let mut places = vec![None; loaded.schedule.steps().len()];
    let Some(first) = loaded.schedule.first_place() else { return places };
    let starts = &loaded.template[loaded.roles_at..][..loaded.coroutines];
    let starts = starts.iter().map(|&word| Coro::from_word(word).pc_and_marks()).collect();
    let mut todo = vec![first];
    places[first as usize] = Some(starts);
    while let Some(place) = todo.pop() {
        let Some(here) = places[place as usize].clone() else { continue };
        for (next, there) in behind(loaded, loaded.schedule.step(place), &here) {
            let known = &mut places[next as usize];
            if known.is_none() {
                *known = Some(there);
                todo.push(next);
            }
        }
    }
    places
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
