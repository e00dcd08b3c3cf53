//! All states: what each role has come to, and what is under way.

use std::collections::{BTreeMap, HashSet, VecDeque};

use telltale_syntax::Projected;
use telltale_types::{Direction, LabelId, RoleId, Split, StateId};

use super::Limits;
use super::flood::Floods;
use crate::part::{Part, parts};

/// What was seen of the states.
pub(crate) struct Space {
    pub(crate) states: usize,
    pub(crate) is_complete: bool,
    /// For each pair of roles, how many messages at most are under way from one to the other in one queue.
    pub(crate) longest: BTreeMap<(RoleId, RoleId), usize>,
}

/// A queue: from, to, and which of those that the two have in several arms of a `par`.
type Queue = (RoleId, RoleId, u16);

/// For each role where it is in each of the things that it does at once, and the messages in each queue that has some.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    roles: Vec<Vec<StateId>>,
    queues: BTreeMap<Queue, Vec<LabelId>>,
}

struct Explorer<'p> {
    parts: Vec<Part<'p>>,
    split: Split<(RoleId, RoleId)>,
    floods: &'p Floods,
    limit: usize,
}

pub(crate) fn explore(projected: &Projected, floods: &Floods, limits: Limits) -> Space {
    let global = &projected.global;
    let explorer =
        Explorer { parts: parts(projected), split: global.channels(), floods, limit: limits.queue };
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
            for (nth, &at) in state.roles[role].iter().enumerate() {
                for exit in part.local.exits(at) {
                    let pair = exit.action.direction.pair(part.role, exit.action.peer);
                    let queue = (pair.0, pair.1, self.split.of(part.lane(at), &pair).number);
                    let mut after = state.clone();
                    let is_possible = match exit.action.direction {
                        Direction::Send => self.send(&mut after, queue, exit.action.label),
                        Direction::Receive => receive(&mut after, queue, exit.action.label),
                    };
                    if is_possible {
                        after.roles[role][nth] = exit.target;
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
    fn send(&self, state: &mut State, queue: Queue, label: LabelId) -> bool {
        let messages = state.queues.entry(queue).or_default();
        if messages.len() >= self.limit && self.floods.has((queue.0, queue.1)) {
            return false;
        }
        messages.push(label);
        true
    }
}

fn receive(state: &mut State, queue: Queue, label: LabelId) -> bool {
    let Some(messages) = state.queues.get_mut(&queue) else { return false };
    if messages.first() != Some(&label) {
        return false;
    }
    messages.remove(0);
    if messages.is_empty() {
        state.queues.remove(&queue);
    }
    true
}
