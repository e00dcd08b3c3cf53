//! The local type of a role by the subset construction, as it is defined.

use std::collections::BTreeSet;

use telltale_types::{
    Action, Direction, GlobalState, GlobalType, LaneId, LocalExit, LocalState, LocalTypeR, Names,
    Par, RoleId, StateId,
};

use super::definitions::SeenBy;
use super::parts::Parts;

/// What a role of an implementable protocol does: forget what it takes no part in, and follow all
/// nodes at once in which it may be; do so afresh in every arm of a parallel part at which it forks,
/// and after it. Nothing if no type says that.
pub fn erased(global: &GlobalType, role: RoleId) -> Option<LocalTypeR> {
    let parts = Parts::of(global);
    let mut subsets = Subsets { seen_by: SeenBy { parts: &parts, role }, order: Vec::new() };
    subsets.number(&[StateId::START]);
    let mut states = Vec::new();
    while let Some(subset) = subsets.order.get(states.len()).cloned() {
        states.push(subsets.state(&subset)?);
    }
    LocalTypeR::new(Names::clone(global.names()), states).ok()
}

type Subset = BTreeSet<StateId>;

struct Subsets<'g> {
    seen_by: SeenBy<'g>,
    /// The subsets that were come to.
    order: Vec<Subset>,
}

impl Subsets<'_> {
    /// The number of the subset of all nodes to which some lead silently.
    fn number(&mut self, nodes: &[StateId]) -> StateId {
        let mut subset: Subset =
            nodes.iter().flat_map(|&node| self.seen_by.silently(node)).collect();
        // However the role comes to a parallel part, it does the same: an arm belongs to one part.
        if let Some(fork) = self.forced_fork(&subset) {
            subset = Subset::from([fork]);
        }
        let known = self.order.iter().position(|known| *known == subset);
        StateId::at(known.unwrap_or_else(|| {
            self.order.push(subset);
            self.order.len() - 1
        }))
    }

    fn state(&mut self, subset: &Subset) -> Option<LocalState> {
        if let Some(fork) = self.forced_fork(subset) {
            return Some(self.fork(fork));
        }
        if subset.iter().any(|&node| self.forks(node)) {
            return None;
        }
        let exits = self.exits(subset);
        let in_arm = self.scope(subset) != LaneId::OUTERMOST;
        if exits.is_empty() {
            return Some(if in_arm { LocalState::ArmEnd } else { LocalState::END });
        }
        let may_end = subset.iter().any(|&node| self.is_end(node));
        Some(LocalState::Exits { exits, may_end })
    }

    /// Whether the role forks at a node.
    fn forks(&self, node: StateId) -> bool {
        let SeenBy { parts, role } = self.seen_by;
        parts.par(node).is_some_and(|par| parts.forks(role, par))
    }

    /// The parallel part in a subset at which the role forks, if it can do nothing else.
    fn forced_fork(&self, subset: &Subset) -> Option<StateId> {
        let mut acts = subset.iter().copied().filter(|&node| {
            self.forks(node) || self.is_end(node) || !self.seen_by.acts(node).is_empty()
        });
        acts.next().filter(|&node| self.forks(node) && acts.next().is_none())
    }

    fn fork(&mut self, at: StateId) -> LocalState {
        let SeenBy { parts, role } = self.seen_by;
        let Some(par) = parts.par(at) else { return LocalState::ArmEnd };
        let arms = parts.arms_of(role, par).into_iter().map(|arm| self.number(&[arm])).collect();
        LocalState::Par(Par { arms, next: self.number(&[par.next]) })
    }

    fn exits(&mut self, subset: &Subset) -> Vec<LocalExit> {
        let acts: Vec<_> = subset.iter().flat_map(|&node| self.seen_by.acts(node)).collect();
        let distinct: BTreeSet<_> = acts.iter().map(|(act, _)| *act).collect();
        let mut exits = Vec::new();
        for act in distinct {
            let (direction, (sender, receiver, _), label) = act;
            let peer = if direction == Direction::Send { receiver } else { sender };
            let same = acts.iter().filter(|(other, _)| *other == act);
            let targets: Vec<StateId> = same.map(|(_, exit)| exit.target).collect();
            let target = self.number(&targets);
            exits.push(LocalExit { action: Action { direction, peer, label }, target });
        }
        exits
    }

    /// Whether the protocol ends at a node, or an arm that the role does beside others.
    fn is_end(&self, node: StateId) -> bool {
        let parts = self.seen_by.parts;
        match parts.state(node) {
            GlobalState::Exits(exits) => exits.is_empty(),
            GlobalState::Par(_) => false,
            GlobalState::ArmEnd => self.seen_by.silent_moves(node).is_empty(),
        }
    }

    /// The arm in which a subset is, of those that the role does beside others.
    fn scope(&self, subset: &Subset) -> LaneId {
        let SeenBy { parts, role } = self.seen_by;
        let node = subset.first().expect("a subset has a node");
        parts.scope(role, parts.lane(*node))
    }
}
