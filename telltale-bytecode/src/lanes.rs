//! The lanes of a role that does several things at once: which channels are its own.

use telltale_types::{Direction, GlobalType, LaneId, Lanes, LocalTypeR, RoleId, Split};

use crate::Pc;
use crate::compile::Layout;

/// What is known of the places of a program whose role forks.
#[derive(Debug)]
pub struct RoleLanes {
    role: RoleId,
    split: Split<(RoleId, RoleId)>,
    /// By instruction, the lane of the protocol; of jumps, which use no channel, nothing is known.
    of_code: Vec<LaneId>,
}

impl RoleLanes {
    /// Nothing for a role that never forks.
    pub(crate) fn of(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Option<Self> {
        let own = local.lanes();
        if own.len() == 1 {
            return None;
        }
        let lanes = Lanes::of_role(global, role, local);
        let layout = Layout::of(local);
        let mut of_code = vec![LaneId::OUTERMOST; layout.len()];
        for state in local.states() {
            of_code[layout.place_of(state).index()] = lanes[own.of_state(state).index()];
        }
        Some(Self { role, split: global.channels(), of_code })
    }

    /// Which of the channels to a role, or from it, an instruction uses.
    pub fn channel(&self, at: Pc, direction: Direction, peer: RoleId) -> u16 {
        let lane = self.of_code.get(at.index()).copied().unwrap_or_default();
        self.split.of(lane, &direction.pair(self.role, peer)).number
    }
}
