//! Follows a global type and the part of a role together, to find out which lanes of the whole are those of
//! the role, and where the whole may be when the role is somewhere.

use super::Lanes;
use crate::{GlobalExit, GlobalState, GlobalType, LaneId, LocalTypeR, Par, RoleId, StateId};

/// See [`Lanes::of_role`].
pub(super) fn find(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Vec<LaneId> {
    let mut walk = Walk::of(global, role, local);
    walk.follow();
    walk.found
}

/// See [`Lanes::together`].
pub(super) fn together(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Vec<Vec<StateId>> {
    Walk::of(global, role, local).follow()
}

/// For each lane, whether the role takes part in it, or in one inside of it.
fn has_part(global: &GlobalType, role: RoleId, lanes: &Lanes) -> Vec<bool> {
    let mut has_part = vec![false; lanes.len()];
    for state in global.states() {
        if global.exits(state).any(|exit| exit.action(role).is_some()) {
            let around = lanes.path(lanes.of_state(state));
            around.for_each(|(lane, _)| has_part[lane.index()] = true);
        }
    }
    has_part
}

struct Walk<'a> {
    global: &'a GlobalType,
    role: RoleId,
    local: &'a LocalTypeR,
    lanes: Lanes,
    own: Lanes,
    has_part: Vec<bool>,
    found: Vec<LaneId>,
    /// Where the whole may be when the role is somewhere.
    open: Vec<(StateId, StateId)>,
}

impl<'a> Walk<'a> {
    fn of(global: &'a GlobalType, role: RoleId, local: &'a LocalTypeR) -> Self {
        let (lanes, own) = (global.lanes(), local.lanes());
        let found = vec![LaneId::OUTERMOST; own.len()];
        let has_part = has_part(global, role, &lanes);
        let open = vec![(StateId::START, StateId::START)];
        Self { global, role, local, lanes, own, has_part, found, open }
    }

    /// For each state of the whole, those of the role in which it may be then.
    fn follow(&mut self) -> Vec<Vec<StateId>> {
        let mut seen: Vec<Vec<StateId>> = vec![Vec::new(); self.global.len()];
        while let Some((whole, own)) = self.open.pop() {
            let together = &mut seen[whole.index()];
            if together.contains(&own) {
                continue;
            }
            together.push(own);
            match self.global.state(whole) {
                GlobalState::Exits(exits) => self.exchanges(&exits, own),
                GlobalState::Par(par) => self.begins(&par, own),
                GlobalState::ArmEnd => self.ends(whole, own),
            }
        }
        seen
    }

    fn exchanges(&mut self, exits: &[GlobalExit], own: StateId) {
        for exit in exits {
            let Some(action) = exit.action(self.role) else {
                self.open.push((exit.target, own));
                continue;
            };
            let taken = self.local.exits(own).find(|own| own.action == action);
            self.open.extend(taken.map(|taken| (exit.target, taken.target)));
        }
    }

    /// A parallel part begins: the role forks, or takes its only part in it, or has none.
    fn begins(&mut self, par: &Par, own: StateId) {
        let arms = par.arms.iter().copied();
        let within: Vec<StateId> =
            arms.filter(|&arm| self.has_part[self.lanes.of_state(arm).index()]).collect();
        match (&within[..], self.local.par(own)) {
            ([], _) => self.open.push((par.next, own)),
            (&[only], _) => self.open.push((only, own)),
            (_, None) => {}
            (several, Some(forks)) => {
                for (&arm, &own) in several.iter().zip(&forks.arms) {
                    self.found[self.own.of_state(own).index()] = self.lanes.of_state(arm);
                    self.open.push((arm, own));
                }
                self.open.push((par.next, forks.next));
            }
        }
    }

    /// An arm is over, in silence if it is the only one that the role is in.
    fn ends(&mut self, whole: StateId, own: StateId) {
        let arm = self.lanes.arm(self.lanes.of_state(whole));
        let par = arm.and_then(|arm| self.global.par(arm.par));
        self.open.extend(par.map(|par| (par.next, own)));
    }
}
