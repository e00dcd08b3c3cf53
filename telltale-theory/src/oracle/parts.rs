//! The parallel parts of a protocol, as the definitions speak of them.
//!
//! The lane of an arm stands for the arm. A role *forks* at a parallel part iff it occurs in two or
//! more of its arms.

use std::collections::BTreeSet;

use telltale_types::{
    GlobalExit, GlobalState, GlobalType, LaneId, Lanes, Par, RoleId, Split, StateId,
};

use crate::Event;

/// A protocol with what is to be known of its lanes.
pub(super) struct Parts {
    states: Vec<GlobalState>,
    lanes: Lanes,
    channels: Split<(RoleId, RoleId)>,
    /// For each lane, the roles that occur in it or in a lane inside of it.
    roles: Vec<BTreeSet<RoleId>>,
    /// The parallel parts with an arm that may never be over.
    endless: BTreeSet<StateId>,
}

impl Parts {
    pub(super) fn of(global: &GlobalType) -> Self {
        let states: Vec<GlobalState> = global.states().map(|state| global.state(state)).collect();
        let lanes = global.lanes();
        let exits =
            global.states().flat_map(|state| global.exits(state).map(move |exit| (state, exit)));
        let channels = global.channels();
        let mut roles = vec![BTreeSet::new(); lanes.len()];
        for (state, exit) in exits {
            let lane = lanes.of_state(state);
            let inside_out = lanes.path(lane).map(|(lane, _)| lane).chain([LaneId::OUTERMOST]);
            inside_out.for_each(|lane| roles[lane.index()].extend([exit.sender, exit.receiver]));
        }
        let endless = endless(&states, &lanes);
        Self { states, lanes, channels, roles, endless }
    }

    pub(super) fn states(&self) -> impl Iterator<Item = StateId> + use<> {
        (0..self.states.len()).map(StateId::at)
    }

    pub(super) fn state(&self, state: StateId) -> &GlobalState {
        &self.states[state.index()]
    }

    pub(super) fn exits(&self, state: StateId) -> &[GlobalExit] {
        match self.state(state) {
            GlobalState::Exits(exits) => exits,
            GlobalState::Par(_) | GlobalState::ArmEnd => &[],
        }
    }

    /// The parallel parts, each with the state that begins it.
    pub(super) fn pars(&self) -> impl Iterator<Item = (StateId, &Par)> {
        self.states().filter_map(|state| Some((state, self.par(state)?)))
    }

    pub(super) fn par(&self, state: StateId) -> Option<&Par> {
        match self.state(state) {
            GlobalState::Par(par) => Some(par),
            GlobalState::Exits(_) | GlobalState::ArmEnd => None,
        }
    }

    pub(super) fn lane_count(&self) -> usize {
        self.lanes.len()
    }

    pub(super) fn lane(&self, state: StateId) -> LaneId {
        self.lanes.of_state(state)
    }

    /// Whether a lane is another, or inside of it.
    pub(super) fn is_within(&self, lane: LaneId, other: LaneId) -> bool {
        self.around(lane).any(|around| around == other)
    }

    /// A lane and all that are around it, from the inside out.
    pub(super) fn around(&self, lane: LaneId) -> impl Iterator<Item = LaneId> + '_ {
        self.lanes.path(lane).map(|(lane, _)| lane).chain([LaneId::OUTERMOST])
    }

    /// The parallel part that an arm is of, and which of its arms it is.
    pub(super) fn arm(&self, lane: LaneId) -> Option<(StateId, &Par, usize)> {
        let arm = self.lanes.arm(lane)?;
        Some((arm.par, self.par(arm.par)?, arm.index))
    }

    /// The roles that occur in a lane.
    pub(super) fn roles(&self, lane: LaneId) -> &BTreeSet<RoleId> {
        &self.roles[lane.index()]
    }

    /// Where the arms of a parallel part begin in which a role occurs.
    pub(super) fn arms_of(&self, role: RoleId, par: &Par) -> Vec<StateId> {
        let occurs = |arm: &StateId| self.roles(self.lane(*arm)).contains(&role);
        par.arms.iter().copied().filter(occurs).collect()
    }

    pub(super) fn forks(&self, role: RoleId, par: &Par) -> bool {
        self.arms_of(role, par).len() > 1
    }

    /// The innermost arm around a lane, or the lane itself, that a role does beside others; the
    /// outermost when there is none.
    pub(super) fn scope(&self, role: RoleId, lane: LaneId) -> LaneId {
        let beside =
            |lane: &LaneId| self.arm(*lane).is_some_and(|(_, par, _)| self.forks(role, par));
        self.around(lane).find(beside).unwrap_or_default()
    }

    /// Whether a parallel part has an arm that may never be over.
    pub(super) fn is_endless(&self, par: StateId) -> bool {
        self.endless.contains(&par)
    }

    /// The channel of an exit: sender, receiver, and the number that tells it from the channels of
    /// other lanes.
    pub(super) fn channel(&self, at: StateId, exit: GlobalExit) -> (RoleId, RoleId, u16) {
        let pair = (exit.sender, exit.receiver);
        (exit.sender, exit.receiver, self.channels.of(self.lane(at), &pair).number)
    }

    /// The two events of an exit: it is sent, and it is received.
    pub(super) fn events(&self, at: StateId, exit: GlobalExit) -> [Event; 2] {
        let (sender, receiver, number) = self.channel(at, exit);
        [Event::sent(sender, receiver, exit.label), Event::received(sender, receiver, exit.label)]
            .map(|event| event.in_lane(number))
    }
}

/// The parallel parts with an arm in which there is a state, however deep, from which its lane
/// cannot come to its end.
fn endless(states: &[GlobalState], lanes: &Lanes) -> BTreeSet<StateId> {
    let next = |state: StateId| -> Vec<StateId> {
        match &states[state.index()] {
            GlobalState::Exits(exits) => exits.iter().map(|exit| exit.target).collect(),
            GlobalState::Par(par) => vec![par.next],
            GlobalState::ArmEnd => Vec::new(),
        }
    };
    let can_end = |state| reached([state], next).into_iter().any(|state| next(state).is_empty());
    let caught = (0..states.len()).map(StateId::at).filter(|&state| !can_end(state));
    caught.flat_map(|state| lanes.path(lanes.of_state(state)).map(|(_, arm)| arm.par)).collect()
}

/// All states that steps lead to, and those where they begin.
pub(super) fn reached(
    from: impl IntoIterator<Item = StateId>,
    steps: impl Fn(StateId) -> Vec<StateId>,
) -> BTreeSet<StateId> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<StateId> = from.into_iter().collect();
    while let Some(state) = open.pop() {
        if reached.insert(state) {
            open.extend(steps(state));
        }
    }
    reached
}
