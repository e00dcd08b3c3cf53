//! All states: what each role has come to, and what is under way.

use std::collections::{BTreeMap, HashSet, VecDeque};

use telltale_syntax::Projected;
use telltale_theory::Floods;
use telltale_types::{Action, Direction, LabelId, LocalExit, RoleId, StateId};

use super::Limits;
use super::part::{Part, Queue, parts};

/// What was seen of the states.
pub(crate) struct Space {
    pub(crate) states: usize,
    pub(crate) is_complete: bool,
    /// For each pair of roles, how many messages at most are under way from one to the other in one queue.
    pub(crate) longest: BTreeMap<(RoleId, RoleId), usize>,
}

/// For each role where it is in each of the things that it does at once, and the messages in each queue that has some.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    roles: Vec<Vec<StateId>>,
    queues: BTreeMap<Queue, Vec<LabelId>>,
}

struct Explorer<'p> {
    parts: Vec<Part<'p>>,
    floods: &'p Floods,
    limit: usize,
}

pub(crate) fn explore(projected: &Projected, floods: &Floods, limits: Limits) -> Space {
    let global = &projected.global;
    let explorer = Explorer { parts: parts(projected), floods, limit: limits.queue };
    let exits = global.states().flat_map(|state| global.exits(state));
    let mut longest: BTreeMap<(RoleId, RoleId), usize> =
        exits.map(|exit| ((exit.sender, exit.receiver), 0)).collect();
    let first = explorer.first();
    let mut seen = HashSet::from([first.clone()]);
    let mut open = VecDeque::from([first]);
    let mut is_complete = true;
    while let Some(state) = open.pop_front() {
        for ((from, to, _), queue) in &state.queues {
            let known = longest.entry((*from, *to)).or_default();
            *known = (*known).max(queue.len());
        }
        for next in explorer.next(&state) {
            if seen.contains(&next) {
                continue;
            }
            if seen.len() >= limits.states {
                is_complete = false;
                break;
            }
            seen.insert(next.clone());
            open.push_back(next);
        }
    }
    Space { states: seen.len(), is_complete, longest }
}

impl Explorer<'_> {
    fn first(&self) -> State {
        let roles = self.parts.iter().map(|part| part.settled(vec![StateId::START])).collect();
        State { roles, queues: BTreeMap::new() }
    }

    /// What can happen next.
    fn next(&self, state: &State) -> Vec<State> {
        let mut next = Vec::new();
        for (role, part) in self.parts.iter().enumerate() {
            for (lane, &at) in state.roles[role].iter().enumerate() {
                for (nth, LocalExit { action, target }) in part.local.exits(at).enumerate() {
                    let queue = part.queue(at, nth);
                    if self.is_possible(state, queue, action) {
                        let mut after = state.clone();
                        after.carry(queue, action);
                        after.roles[role][lane] = target;
                        let settled = part.settled(std::mem::take(&mut after.roles[role]));
                        after.roles[role] = settled;
                        next.push(after);
                    }
                }
            }
        }
        next
    }

    /// A queue that nothing bounds is looked at up to a limit.
    fn is_possible(&self, state: &State, queue: Queue, action: Action) -> bool {
        let messages = state.queues.get(&queue).map(Vec::as_slice).unwrap_or_default();
        match action.direction {
            Direction::Send => messages.len() < self.limit || !self.floods.has((queue.0, queue.1)),
            Direction::Receive => messages.first() == Some(&action.label),
        }
    }
}

impl State {
    /// Puts a message into its queue, or takes it out.
    fn carry(&mut self, queue: Queue, action: Action) {
        let messages = self.queues.entry(queue).or_default();
        match action.direction {
            Direction::Send => messages.push(action.label),
            Direction::Receive => {
                messages.remove(0);
            }
        }
        if messages.is_empty() {
            self.queues.remove(&queue);
        }
    }
}
