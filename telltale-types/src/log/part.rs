//! The part of one role, and where the role is in it.

use super::way::Taken;
use crate::{
    Action, Direction, GlobalType, LabelId, LaneId, Lanes, LocalTypeR, RoleId, Split, StateId,
};

/// The part of one role that a monitor watches.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) role: RoleId,
    pub(super) local: LocalTypeR,
    lanes: Lanes,
    /// For each lane, the lane of the protocol; nothing where the protocol is not known.
    whole: Option<Vec<LaneId>>,
}

/// For each lane of a part, the state in it, if the lane has begun and is not over. A lane around others stays at
/// the parallel part meanwhile.
pub(super) type Strand = Vec<Option<StateId>>;

/// How channels are kept apart.
pub(super) type Channels = Split<(RoleId, RoleId)>;

impl Part {
    pub(super) fn alone(role: RoleId, local: LocalTypeR) -> Self {
        Self { role, lanes: local.lanes(), whole: None, local }
    }

    pub(super) fn of(global: &GlobalType, role: RoleId, local: LocalTypeR) -> Self {
        let whole = Some(Lanes::of_role(global, role, &local));
        Self { role, lanes: local.lanes(), whole, local }
    }

    pub(super) fn start(&self) -> Strand {
        let mut strand = vec![None; self.lanes.len()];
        self.enter(&mut strand, LaneId::OUTERMOST, StateId::START);
        strand
    }

    /// Moves a lane to a state. Forks where a parallel part begins, and joins where all of its arms are over, for
    /// neither is an event.
    pub(super) fn enter(&self, strand: &mut Strand, lane: LaneId, state: StateId) {
        strand[lane.index()] = Some(state);
        let mut open = vec![lane];
        // A part may consist of parallel parts in which nothing happens, for ever.
        let mut silent = 2 * self.local.len();
        while let Some(lane) = open.pop().filter(|_| silent > 0) {
            silent -= 1;
            let Some(state) = strand[lane.index()] else { continue };
            if self.local.direction(state).is_some() {
                continue;
            }
            if let Some(par) = self.local.par(state) {
                for arm in par.arms {
                    let inside = self.lanes.of_state(arm);
                    strand[inside.index()] = Some(arm);
                    open.push(inside);
                }
            } else if let Some(around) = self.join(strand, lane) {
                open.push(around);
            }
        }
    }

    /// Leaves the parallel part of which a lane is an arm, if all of its arms are over; gives the lane
    /// around it.
    fn join(&self, strand: &mut Strand, lane: LaneId) -> Option<LaneId> {
        let arm = self.lanes.arm(lane)?;
        let par = self.local.par(arm.par).expect("an arm belongs to a parallel part");
        let arms = par.arms.iter().map(|&arm| self.lanes.of_state(arm));
        let is_over = |lane: LaneId| strand[lane.index()].is_some_and(|at| self.ends_arm(at));
        if !arms.clone().all(is_over) {
            return None;
        }
        for lane in arms {
            strand[lane.index()] = None;
        }
        strand[arm.around.index()] = Some(par.next);
        Some(arm.around)
    }

    fn ends_arm(&self, state: StateId) -> bool {
        let is_over = self.local.direction(state).is_none() && self.local.par(state).is_none();
        is_over && !self.local.may_end(state)
    }

    /// Whether nothing more need happen.
    pub(super) fn is_over(&self, strand: &Strand) -> bool {
        let over = |state: StateId| self.local.may_end(state) || self.ends_arm(state);
        strand.iter().flatten().all(|&state| match self.local.par(state) {
            Some(par) => over(par.next),
            None => over(state),
        })
    }

    /// Whether nothing more can happen.
    pub(super) fn has_ended(&self, strand: &Strand) -> bool {
        let is_end =
            |state| self.local.direction(state).is_none() && self.local.par(state).is_none();
        strand[LaneId::OUTERMOST.index()].is_some_and(is_end)
    }

    /// Everything that can be done, and with which effect.
    pub(super) fn moves<'p>(
        &'p self,
        strand: &'p Strand,
        channels: &'p Channels,
    ) -> impl Iterator<Item = Taken> + 'p {
        self.moves_where(strand, channels, |_| true)
    }

    /// What can be done with one of these labels.
    pub(super) fn fitting(
        &self,
        strand: &Strand,
        channels: &Channels,
        (direction, peer, labels): (Direction, RoleId, &[LabelId]),
    ) -> Vec<Taken> {
        let fits = |action: Action| {
            action.direction == direction && action.peer == peer && labels.contains(&action.label)
        };
        self.moves_where(strand, channels, fits).collect()
    }

    /// To find a channel takes longer than to see that an action is of no interest.
    fn moves_where<'p>(
        &'p self,
        strand: &'p Strand,
        channels: &'p Channels,
        is_wanted: impl Fn(Action) -> bool + Clone + 'p,
    ) -> impl Iterator<Item = Taken> + 'p {
        let active = strand.iter().enumerate().filter_map(|(lane, &state)| Some((lane, state?)));
        active.flat_map(move |(lane, state)| {
            let lane = LaneId(lane as u16);
            let is_wanted = is_wanted.clone();
            let wanted = self.local.exits(state).filter(move |exit| is_wanted(exit.action));
            wanted.map(move |exit| Taken {
                role: self.role,
                lane,
                state,
                target: exit.target,
                action: exit.action,
                channel: self.channel(channels, lane, exit.action),
            })
        })
    }

    fn channel(&self, channels: &Channels, lane: LaneId, action: Action) -> u16 {
        let pair = action.direction.pair(self.role, action.peer);
        let whole = self.whole.as_ref().map_or(lane, |whole| whole[lane.index()]);
        channels.of(whole, &pair).number
    }
}
