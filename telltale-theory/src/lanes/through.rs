//! Shortest ways through the arms of parallel parts.

use std::collections::{BTreeMap, VecDeque};

use telltale_types::{GlobalType, LaneId, StateId};

use super::Parallel;
use crate::Step;

/// For every lane, the exchanges of a shortest way from its beginning to its end.
pub(super) fn all(global: &GlobalType, parallel: &Parallel) -> Vec<Option<Vec<Step>>> {
    let mut ways = vec![None; parallel.len()];
    // What is inside of a lane has a larger number, and is complete before it.
    for index in (1..parallel.len()).rev() {
        ways[index] = way(global, parallel, LaneId(index as u16), &ways);
    }
    ways
}

/// What was taken to come to a state: an exchange, or a parallel part as a whole.
#[derive(Clone, Copy)]
enum Taken {
    Exchange(Step),
    Part(StateId),
}

fn way(
    global: &GlobalType,
    parallel: &Parallel,
    lane: LaneId,
    ways: &[Option<Vec<Step>>],
) -> Option<Vec<Step>> {
    let (par, index) = parallel.part(lane);
    let (start, exit) = (par.arms[index], StateId(parallel.exit(lane)?));
    let mut came_by: BTreeMap<StateId, Option<(StateId, Taken)>> = BTreeMap::from([(start, None)]);
    let mut queue = VecDeque::from([start]);
    while let Some(state) = queue.pop_front().filter(|&state| state != exit) {
        let exits = global.exits(state).enumerate();
        let mut next: Vec<(StateId, Taken)> = exits
            .map(|(nth, exit)| (exit.target, Taken::Exchange(Step { state, exit: nth })))
            .collect();
        if let Some(inner) = parallel.par(state.0)
            && parallel.arms(inner).all(|lane| ways[lane.index()].is_some())
        {
            next.push((inner.next, Taken::Part(state)));
        }
        for (target, taken) in next {
            came_by.entry(target).or_insert_with(|| {
                queue.push_back(target);
                Some((state, taken))
            });
        }
    }
    let mut back = Vec::new();
    let mut at = exit;
    while let Some((before, taken)) = *came_by.get(&at)? {
        back.push(taken);
        at = before;
    }
    let steps = |taken: Taken| match taken {
        Taken::Exchange(step) => vec![step],
        Taken::Part(state) => {
            let arms = parallel.par(state.0).into_iter().flat_map(|par| parallel.arms(par));
            arms.flat_map(|lane| ways[lane.index()].clone().unwrap_or_default()).collect()
        }
    };
    Some(back.into_iter().rev().flat_map(steps).collect())
}
