//! Roles on their way through their local types.

use telltale_syntax::Projected;
use telltale_types::{LaneId, Lanes, LocalTypeR, RoleId, StateId};

/// A role's part, and which lane of the protocol each of its lanes is.
pub(crate) struct Part<'p> {
    pub(crate) role: RoleId,
    pub(crate) local: &'p LocalTypeR,
    lanes: Lanes,
    in_global: Vec<LaneId>,
}

/// The parts of all roles, in their order.
pub(crate) fn parts(projected: &Projected) -> Vec<Part<'_>> {
    let Projected { global, locals } = projected;
    let part = |(role, name): (RoleId, &str)| {
        let local = &locals[name];
        Part { role, local, lanes: local.lanes(), in_global: Lanes::of_role(global, role, local) }
    };
    global.names().roles().map(part).collect()
}

impl Part<'_> {
    /// The lane of the protocol that a state is in.
    pub(crate) fn lane(&self, state: StateId) -> LaneId {
        self.in_global[self.lanes.of_state(state).index()]
    }

    /// Parallel parts begin, and end where all of their arms are over: neither is a step that somebody sees.
    pub(crate) fn settled(&self, mut states: Vec<StateId>) -> Vec<StateId> {
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

    /// Whether a state is in no arm of a parallel part.
    pub(crate) fn is_outermost(&self, state: StateId) -> bool {
        self.around(state).is_none()
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
