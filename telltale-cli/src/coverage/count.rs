//! How often each role has done what.

use std::collections::BTreeMap;

use telltale_diagram::StateGraph;
use telltale_types::{Action, LaneId, LocalTypeR, Monitor, RoleId, StateId};

/// All that a role can do, and in which states.
pub(super) fn actions(local: &LocalTypeR) -> impl Iterator<Item = (StateId, Action)> + '_ {
    local.states().flat_map(|state| local.exits(state).map(move |exit| (state, exit.action)))
}

/// How often each role has done what, in all logs so far.
#[derive(Default)]
pub(super) struct Counts {
    taken: BTreeMap<(RoleId, StateId, Action), u64>,
    /// How often each role has come to its end.
    ended: BTreeMap<RoleId, u64>,
}

impl Counts {
    /// A log is over. A role that may stop or continue has come to its end only if all are done.
    pub(super) fn add(&mut self, monitor: &Monitor) {
        for (role, state, action, count) in monitor.counts() {
            *self.taken.entry((role, state, action)).or_default() += count;
        }
        for role in monitor.ended() {
            *self.ended.entry(role).or_default() += 1;
        }
    }

    pub(super) fn taken(&self, role: RoleId, state: StateId, action: Action) -> u64 {
        self.taken.get(&(role, state, action)).copied().unwrap_or(0)
    }

    /// How often a role has come to the end of its part; nothing if that has none.
    pub(super) fn ended(&self, role: RoleId, local: &LocalTypeR) -> Option<u64> {
        let lanes = local.lanes();
        let is_end = |state| local.may_end(state) && lanes.of_state(state) == LaneId::OUTERMOST;
        let has_end = local.states().any(is_end);
        has_end.then(|| self.ended.get(&role).copied().unwrap_or(0))
    }

    /// Marks in a picture of the role's part what has not been done.
    pub(super) fn mark(&self, graph: &mut StateGraph, role: &str, local: &LocalTypeR) {
        let Some(role) = local.names().find_role(role) else { return };
        // The edges with texts are the exits, in their order.
        let edges = graph.edges.iter_mut().filter(|edge| !edge.text.is_empty());
        for (edge, (state, action)) in edges.zip(actions(local)) {
            edge.is_faint = self.taken(role, state, action) == 0;
        }
    }
}
