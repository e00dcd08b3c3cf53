//! What parallel parts mean to those who take part in them.
//!
//! Each arm of a parallel part `P` is a *lane*: it begins at `e_i` and ends in a node of its own,
//! `exit(P,i)`; behind all of them the protocol goes on at `next(P)`. A role with parts in two or more
//! arms *forks* at `P`, does its parts at once, and *joins* when it has done them. What `P` and its
//! exits are to a role `p` depends on where `p` takes part:
//!
//! | `p` is in | `P` | `exit(P,i)` |
//! |---|---|---|
//! | no arm | silence, to `next(P)` | – |
//! | arm `i` only | silence, to `e_i` | silence, to `next(P)` |
//! | two arms or more | `p` forks: something it *sends*, to each `e_i` that it is in and to `next(P)` | `p` joins, if it has something to do after `P`: something it sends; otherwise an end |
//!
//! What a role sees starts afresh where it forks and where it has joined, because each of these
//! sends leads to one node only. That makes the conditions of a plain protocol those of one with
//! parallel parts: imagine `p`'s part in each arm as a role of its own, whom `p` tells that the arm begins and
//! who tells `p` that it is over. The arms then have no role in common, and happen one after
//! the other as well as at once.

mod through;

use telltale_types::{Apart, GlobalType, LabelId, LaneId, Lanes, Par, RoleId, Split, StateId};

use crate::Step;
use crate::available::Roles;
use crate::graph::{Edge, Node};

/// The parallel parts of a protocol.
#[derive(Debug)]
pub(crate) struct Parallel {
    lanes: Lanes,
    split: Split<(RoleId, RoleId)>,
    /// By the state that begins it.
    pars: Vec<Option<Par>>,
    /// Who takes part in each lane and in those inside of it.
    roles: Vec<Roles>,
    /// Where each lane ends, if it does.
    exits: Vec<Option<Node>>,
    /// A shortest way through each lane, if it can come to its end.
    through: Vec<Option<Vec<Step>>>,
}

impl Parallel {
    /// Nothing, when the protocol has no parallel part.
    pub(crate) fn of(global: &GlobalType) -> Option<Self> {
        let pars: Vec<Option<Par>> = global.states().map(|state| global.par(state)).collect();
        if pars.iter().all(Option::is_none) {
            return None;
        }
        let lanes = global.lanes();
        let exchanges =
            global.states().flat_map(|state| global.exits(state).map(move |exit| (state, exit)));
        let talks = exchanges.clone().map(|(state, exit)| (state, (exit.sender, exit.receiver)));
        let split = lanes.split(talks);
        let mut roles = vec![Roles::default(); lanes.len()];
        for (state, exit) in exchanges {
            for (lane, _) in lanes.path(lanes.of_state(state)) {
                let of = &mut roles[lane.index()];
                *of = of.with(exit.sender).with(exit.receiver);
            }
        }
        let mut exits = vec![None; lanes.len()];
        let inside = |state: &StateId| lanes.of_state(*state) != LaneId::OUTERMOST;
        let ends = global
            .states()
            .filter(|&state| pars[state.index()].is_none() && global.exits(state).len() == 0);
        for end in ends.filter(inside) {
            exits[lanes.of_state(end).index()] = Some(end.0);
        }
        let mut parallel = Self { lanes, split, pars, roles, exits, through: Vec::new() };
        parallel.through = through::all(global, &parallel);
        Some(parallel)
    }

    /// How many lanes there are.
    fn len(&self) -> usize {
        self.lanes.len()
    }

    /// A shortest way through a lane, with the arms of the parallel parts in it one after another.
    pub(crate) fn through(&self, lane: LaneId) -> Option<&[Step]> {
        self.through[lane.index()].as_deref()
    }

    /// Whether all arms of a parallel part can come to their ends.
    pub(crate) fn can_pass(&self, par: &Par) -> bool {
        self.arms(par).all(|lane| self.through(lane).is_some())
    }

    pub(crate) fn lane_of(&self, node: Node) -> LaneId {
        self.lanes.of_state(StateId(node))
    }

    /// How many lanes are around a node.
    pub(crate) fn depth(&self, node: Node) -> usize {
        self.lanes.path(self.lane_of(node)).count()
    }

    /// How the channel of an exchange at a node is kept apart.
    pub(crate) fn apart(&self, node: Node, sender: RoleId, receiver: RoleId) -> Apart {
        self.split.of(self.lane_of(node), &(sender, receiver))
    }

    /// The parallel part that begins at a node.
    pub(crate) fn par(&self, node: Node) -> Option<&Par> {
        self.pars[node as usize].as_ref()
    }

    /// The lanes of a parallel part's arms, in their order.
    pub(crate) fn arms<'p>(&'p self, par: &'p Par) -> impl Iterator<Item = LaneId> + Clone + 'p {
        par.arms.iter().map(|&arm| self.lanes.of_state(arm))
    }

    /// The lane that ends at a node.
    pub(crate) fn ends_at(&self, node: Node) -> Option<LaneId> {
        let lane = self.lane_of(node);
        (self.exits[lane.index()] == Some(node)).then_some(lane)
    }

    /// The ways through all arms of a parallel part, one after another.
    pub(crate) fn all_through(&self, par: &Par) -> Vec<Step> {
        self.through_others(par, None)
    }

    /// What happens in the arms beside, where an edge leaves an arm or leads past the whole part.
    pub(crate) fn beside(&self, edge: &Edge) -> Vec<Step> {
        if let Some(par) = self.par(edge.source) {
            let past = edge.target == par.next.0;
            return if past { self.all_through(par) } else { Vec::new() };
        }
        let lane = self.ends_at(edge.source);
        lane.map_or_else(Vec::new, |lane| self.through_others(self.part(lane).0, Some(lane)))
    }

    /// What happens in the arms beside a lane.
    pub(crate) fn beside_lane(&self, lane: LaneId) -> Vec<Step> {
        self.through_others(self.part(lane).0, Some(lane))
    }

    fn through_others(&self, par: &Par, but: Option<LaneId>) -> Vec<Step> {
        let lanes = self.arms(par).filter(|&lane| Some(lane) != but);
        lanes.flat_map(|lane| self.through(lane).unwrap_or_default()).copied().collect()
    }

    /// Where a lane ends, if it does.
    pub(crate) fn exit(&self, lane: LaneId) -> Option<Node> {
        self.exits[lane.index()]
    }

    /// The parallel part of which a lane is an arm, and which arm.
    ///
    /// # Panics
    ///
    /// When the lane is the outermost.
    pub(crate) fn part(&self, lane: LaneId) -> (&Par, usize) {
        let arm = self.lanes.arm(lane).expect("a lane with an exit is an arm");
        let par = self.par(arm.par.0).expect("an arm belongs to a parallel part");
        (par, arm.index)
    }

    /// What the beginning of a parallel part is to a role.
    pub(crate) fn begins(&self, par: &Par, role: RoleId) -> Begins {
        let mut within = self.arms(par).zip(&par.arms).filter(|(lane, _)| self.has(*lane, role));
        match (within.next(), within.next()) {
            (None, _) => Begins::Silent(par.next.0),
            (Some((_, &only)), None) => Begins::Silent(only.0),
            (Some(first), Some(second)) => {
                let arms = [first, second].into_iter().chain(within);
                Begins::Fork(arms.map(|(lane, &arm)| (lane, arm.0)).collect())
            }
        }
    }

    /// Whether a role has parts in several arms of the parallel part of which a lane is one.
    pub(crate) fn forks(&self, lane: LaneId, role: RoleId) -> bool {
        matches!(self.begins(self.part(lane).0, role), Begins::Fork(_))
    }

    /// Whether a role takes part in a lane.
    fn has(&self, lane: LaneId, role: RoleId) -> bool {
        self.roles[lane.index()].contains(role)
    }

    /// Where no exchange leads from a state: into arms, past them, and out of them.
    pub(crate) fn leads_to(&self, state: StateId) -> Vec<StateId> {
        let begins =
            self.par(state.0).into_iter().flat_map(|par| par.arms.iter().chain([&par.next]));
        let leaves = self.ends_at(state.0).map(|lane| self.part(lane).0.next);
        begins.copied().chain(leaves).collect()
    }
}

/// What the beginning of a parallel part is to a role.
pub(crate) enum Begins {
    /// Nothing: silence leads there.
    Silent(Node),
    /// The role forks into these lanes, which begin there.
    Fork(Vec<(LaneId, Node)>),
}

/// To whom a role sends that it forks or joins.
pub(crate) const NOBODY: RoleId = RoleId(u8::MAX);

/// What a role sends where it forks, to come to a lane.
pub(crate) fn fork_into(lane: LaneId) -> LabelId {
    LabelId(lane.0)
}

/// What a role sends where it forks, to come to what follows. The lane is the first that it forks
/// into.
pub(crate) fn fork_past(lane: LaneId) -> LabelId {
    LabelId(lane.0 | PAST)
}

/// What a role sends at the end of a lane.
pub(crate) fn join(lane: LaneId) -> LabelId {
    LabelId(lane.0)
}

/// The lane of which something was sent to nobody, and whether it was to come past it.
pub(crate) fn sent_to_nobody(label: LabelId) -> (LaneId, bool) {
    (LaneId(label.0 & !PAST), label.0 & PAST != 0)
}

const PAST: u16 = 1 << 15;
