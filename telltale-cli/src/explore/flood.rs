//! Queues that nothing bounds.
//!
//! A loop floods the queue from `A` to `B` when `A` sends to `B` in it and nothing that `B` says is ever heard by `A`, directly or through
//! others: then `A` can go round while `B` has not even begun. (Alur and Yannakakis call a protocol bounded when in every loop
//! whoever is talked to talks back, *Model checking of message sequence charts*, CONCUR 1999.) What can be heard of `B` stays within
//! some set of roles. So a loop is looked for which nobody in the set leaves by a message, for each set with `B` and without `A`.

use std::collections::{BTreeMap, VecDeque};

use telltale_types::{GlobalType, RoleId, StateId};

/// With more roles there are too many sets.
const ROLE_LIMIT: usize = 14;

/// What was found.
pub(crate) struct Floods {
    pub(crate) list: Vec<Flood>,
    /// There are too many roles to know.
    pub(crate) is_undecided: bool,
    /// There are loops that were not looked at.
    pub(crate) has_par_in_loop: bool,
}

/// A queue, and a loop that floods it.
#[derive(Clone, Debug)]
pub(crate) struct Flood {
    pub(crate) from: RoleId,
    pub(crate) to: RoleId,
    /// The steps of the loop, the one that floods the queue first: states and their exits.
    pub(crate) round: Vec<(StateId, usize)>,
}

impl Floods {
    pub(crate) fn has(&self, (from, to): (RoleId, RoleId)) -> bool {
        self.is_undecided || self.list.iter().any(|flood| (flood.from, flood.to) == (from, to))
    }
}

/// A step: from a state, by an exit, to a state.
#[derive(Clone, Copy)]
struct Step {
    state: StateId,
    exit: usize,
    from: RoleId,
    to: RoleId,
    target: StateId,
}

pub(crate) fn find(global: &GlobalType) -> Floods {
    let steps: Vec<Step> = global
        .states()
        .flat_map(|state| {
            global.exits(state).enumerate().map(move |(exit, it)| Step {
                state,
                exit,
                from: it.sender,
                to: it.receiver,
                target: it.target,
            })
        })
        .collect();
    let roles = global.names().role_count();
    let is_undecided = roles > ROLE_LIMIT && has_loop(global, &steps);
    let mut found: BTreeMap<(RoleId, RoleId), Flood> = BTreeMap::new();
    let sets = if roles > ROLE_LIMIT { 0..0 } else { 1..1_u32 << roles };
    for set in sets {
        let is_in = |role: RoleId| set >> role.index() & 1 == 1;
        let allowed: Vec<Step> =
            steps.iter().copied().filter(|step| !is_in(step.from) || is_in(step.to)).collect();
        let floods = |step: &&Step| !is_in(step.from) && is_in(step.to);
        let component = components(global.len(), &allowed);
        for step in allowed.iter().filter(floods) {
            let is_round = component[step.state.index()] == component[step.target.index()];
            if is_round && !found.contains_key(&(step.from, step.to)) {
                let round = round(global.len(), &allowed, *step);
                found.insert((step.from, step.to), Flood { from: step.from, to: step.to, round });
            }
        }
    }
    Floods {
        list: found.into_values().collect(),
        is_undecided,
        has_par_in_loop: has_par_in_loop(global, &steps),
    }
}

fn has_loop(global: &GlobalType, steps: &[Step]) -> bool {
    let component = components(global.len(), steps);
    steps.iter().any(|step| component[step.state.index()] == component[step.target.index()])
}

/// The shortest way round that begins with a step.
fn round(states: usize, steps: &[Step], first: Step) -> Vec<(StateId, usize)> {
    let mut leads: Vec<Vec<Step>> = vec![Vec::new(); states];
    for step in steps {
        leads[step.state.index()].push(*step);
    }
    let mut come: Vec<Option<Step>> = vec![None; states];
    let mut open = VecDeque::from([first.target]);
    while let Some(state) = open.pop_front() {
        if state == first.state {
            break;
        }
        for step in &leads[state.index()] {
            if come[step.target.index()].is_none() && step.target != first.target {
                come[step.target.index()] = Some(*step);
                open.push_back(step.target);
            }
        }
    }
    let mut back = Vec::new();
    let mut at = first.state;
    while at != first.target {
        let Some(step) = come[at.index()] else { break };
        back.push((step.state, step.exit));
        at = step.state;
    }
    back.push((first.state, first.exit));
    back.reverse();
    back
}

/// For each state a number that it shares with those from which one can come back to it (Tarjan, 1972).
fn components(states: usize, steps: &[Step]) -> Vec<usize> {
    let mut leads: Vec<Vec<usize>> = vec![Vec::new(); states];
    for step in steps {
        leads[step.state.index()].push(step.target.index());
    }
    strongly_connected(&leads)
}

/// For each node of a graph the number of its component.
pub(super) fn strongly_connected(leads: &[Vec<usize>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let count = leads.len();
    let (mut index, mut low, mut component) =
        (vec![NONE; count], vec![0; count], vec![NONE; count]);
    let (mut next, mut found) = (0, 0);
    let mut path = Vec::new();
    for start in 0..count {
        if index[start] != NONE {
            continue;
        }
        let mut calls = vec![(start, 0)];
        while let Some((at, nth)) = calls.pop() {
            if nth == 0 {
                (index[at], low[at]) = (next, next);
                next += 1;
                path.push(at);
            }
            if let Some(&to) = leads[at].get(nth) {
                calls.push((at, nth + 1));
                if index[to] == NONE {
                    calls.push((to, 0));
                } else if component[to] == NONE {
                    low[at] = low[at].min(index[to]);
                }
                continue;
            }
            if let Some(&(above, _)) = calls.last() {
                low[above] = low[above].min(low[at]);
            }
            if low[at] == index[at] {
                while let Some(last) = path.pop() {
                    component[last] = found;
                    if last == at {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    component
}

/// Whether a parallel part lies on a way round.
fn has_par_in_loop(global: &GlobalType, steps: &[Step]) -> bool {
    let mut leads: Vec<Vec<usize>> = vec![Vec::new(); global.len()];
    for step in steps {
        leads[step.state.index()].push(step.target.index());
    }
    for state in global.states() {
        if let Some(par) = global.par(state) {
            leads[state.index()].push(par.next.index());
        }
    }
    let component = strongly_connected(&leads);
    global.states().any(|state| {
        let next = global.par(state).map(|par| par.next);
        next.is_some_and(|next| component[next.index()] == component[state.index()])
    })
}
