//! Roles on their way through their local types.

use telltale_syntax::Projected;
use telltale_types::{Lanes, LocalExit, LocalTypeR, RoleId, StateId};

/// A queue: from, to, and which of those that the two have in several arms of a `par`.
pub(super) type Queue = (RoleId, RoleId, u16);

/// A role's part, and which queues it puts messages into or takes them from.
pub(super) struct Part<'p> {
    pub(super) local: &'p LocalTypeR,
    lanes: Lanes,
    /// For each exit of each state.
    queues: Vec<Vec<Queue>>,
}

/// The parts of all roles, in their order.
pub(super) fn parts(projected: &Projected) -> Vec<Part<'_>> {
    let Projected { global, locals } = projected;
    let channels = global.channels();
    let part = |(role, name): (RoleId, &str)| {
        let local = &locals[name];
        let (lanes, in_global) = (local.lanes(), Lanes::of_role(global, role, local));
        let queue = |state, exit: LocalExit| {
            let pair = exit.action.direction.pair(role, exit.action.peer);
            let lane = in_global[lanes.of_state(state).index()];
            (pair.0, pair.1, channels.of(lane, &pair).number)
        };
        let of_state = |state| local.exits(state).map(|exit| queue(state, exit)).collect();
        let queues = local.states().map(of_state).collect();
        Part { local, lanes, queues }
    };
    global.names().roles().map(part).collect()
}

impl Part<'_> {
    /// The queue of an exit of a state.
    pub(super) fn queue(&self, state: StateId, nth: usize) -> Queue {
        self.queues[state.index()][nth]
    }

    /// Parallel parts begin, and end where all of their arms are over: neither is a step that somebody sees.
    pub(super) fn settled(&self, mut states: Vec<StateId>) -> Vec<StateId> {
        loop {
            if let Some(at) = states.iter().position(|state| self.local.par(*state).is_some()) {
                let par = self.local.par(states.swap_remove(at));
                states.extend(par.into_iter().flat_map(|par| par.arms));
            } else if let Some(par) = self.over(&states) {
                let arms = |state: &StateId| self.around(*state) != Some(par);
                states.retain(arms);
                states.extend(self.local.par(par).map(|par| par.next));
            } else {
                states.sort_unstable();
                return states;
            }
        }
    }

    /// The parallel part that a state is in an arm of.
    fn around(&self, state: StateId) -> Option<StateId> {
        self.lanes.arm(self.lanes.of_state(state)).map(|arm| arm.par)
    }

    /// A parallel part of which all arms are over.
    fn over(&self, states: &[StateId]) -> Option<StateId> {
        let is_over =
            |state: StateId| self.local.exits(state).len() == 0 && self.local.par(state).is_none();
        let over = |par: StateId| {
            let ended =
                states.iter().filter(|state| self.around(**state) == Some(par) && is_over(**state));
            self.local.par(par).is_some_and(|it| it.arms.len() == ended.count())
        };
        states.iter().filter_map(|state| self.around(*state)).find(|par| over(*par))
    }
}
