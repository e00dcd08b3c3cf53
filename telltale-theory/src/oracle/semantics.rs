//! What a protocol means: its runs.
//!
//! `p→q:m` is two events, `p!q:m` then `q?p:m`; there is one unbounded FIFO per ordered pair, and
//! one per lane where several arms of a parallel part share the pair. A word `w` is a prefix of a
//! run iff every message is received in order and after it was sent, and for some path `ρ` of the
//! graph, for every role `r`, `w` restricted to `r` is a prefix of what `r` can do along `ρ`: its
//! events in the order of `ρ`, but those of the arms of a parallel part in any order that keeps the
//! order of each arm.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use telltale_types::{
    Action, Direction, GlobalExit, GlobalState, GlobalType, LabelId, LaneId, Par, RoleId, StateId,
};

use super::parts::Parts;
use crate::Event;

/// Whether a word is a prefix of a run of the protocol.
pub fn is_run(global: &GlobalType, word: &[Event]) -> bool {
    Runs::of(global).has(word)
}

/// Whether a role, on its own, may do these things one after the other: some run has them as what
/// it sees.
pub fn may_do(global: &GlobalType, role: RoleId, view: &[Event]) -> bool {
    Runs::of(global).allow(role, view)
}

/// Whether every message is received in the order of its channel, and after it was sent.
pub fn can_happen(word: &[Event]) -> bool {
    let mut channels = Channels::default();
    word.iter().all(|event| channels.take_part(*event))
}

/// The runs of a protocol.
pub(super) struct Runs {
    parts: Parts,
    roles: usize,
    /// For each role and lane, the scope ([`Parts::scope`]). What a role does in one scope, it does in
    /// order.
    scopes: Vec<Vec<LaneId>>,
    /// For each role and lane, the ways in which the role speaks in the lane and inside of it. A
    /// role that does several arms at once speaks in each of them in ways of its own.
    ways: Vec<Vec<BTreeSet<Way>>>,
}

/// Everything about an event but its label.
type Way = (Direction, RoleId, u16);

fn way(event: Event) -> Way {
    (event.action.direction, event.action.peer, event.lane)
}

impl Runs {
    pub(super) fn of(global: &GlobalType) -> Self {
        let parts = Parts::of(global);
        let roles = global.names().role_count();
        let all_roles = || (0..roles).map(RoleId::at);
        let lanes = || (0..parts.lane_count()).map(|lane| LaneId(lane as u16));
        let scopes =
            all_roles().map(|role| lanes().map(|lane| parts.scope(role, lane)).collect()).collect();
        let mut ways = vec![vec![BTreeSet::new(); parts.lane_count()]; roles];
        for state in parts.states() {
            for event in parts.exits(state).iter().flat_map(|exit| parts.events(state, *exit)) {
                for lane in parts.around(parts.lane(state)) {
                    ways[event.role.index()][lane.index()].insert(way(event));
                }
            }
        }
        Self { parts, roles, scopes, ways }
    }

    /// Everything that can happen.
    pub(super) fn alphabet(&self) -> BTreeSet<Event> {
        let events = |state| {
            let exits = self.parts.exits(state).iter();
            exits.flat_map(move |exit| self.parts.events(state, *exit))
        };
        self.parts.states().flat_map(events).collect()
    }

    pub(super) fn has(&self, word: &[Event]) -> bool {
        can_happen(word) && self.some_path_has(word)
    }

    pub(super) fn allow(&self, role: RoleId, view: &[Event]) -> bool {
        let own: Vec<Event> = view.iter().copied().filter(|event| event.role == role).collect();
        self.some_path_has(&own)
    }

    /// A search over (node, how far every role is in every lane), with the paths that differ from the
    /// word given up. Arms are walked through one after the other.
    fn some_path_has(&self, word: &[Event]) -> bool {
        let mut views = vec![Vec::new(); self.roles];
        for event in word {
            views[event.role.index()].push(*event);
        }
        let mut seen = BTreeSet::new();
        let mut open = vec![Walk::start(self.roles)];
        while let Some(walk) = open.pop() {
            if walk.done.iter().zip(&views).all(|(done, view)| done.first == view.len()) {
                return true;
            }
            if seen.insert(walk.clone()) {
                open.extend(self.steps(&views, &walk));
            }
        }
        false
    }

    fn steps(&self, views: &[Vec<Event>], walk: &Walk) -> Vec<Walk> {
        let lane = self.parts.lane(walk.at);
        let steps = match self.parts.state(walk.at) {
            GlobalState::Exits(exits) => {
                let step = |exit: &GlobalExit| {
                    let mut after = walk.clone().at(exit.target);
                    let mut events = self.parts.events(walk.at, *exit).into_iter();
                    events.all(|event| self.follow(views, &mut after, event, lane)).then_some(after)
                };
                exits.iter().filter_map(step).collect()
            }
            GlobalState::Par(par) => vec![walk.clone().at(par.arms[0])],
            GlobalState::ArmEnd => {
                return Vec::from_iter(self.out_of_arm(views, walk.clone(), lane));
            }
        };
        steps.into_iter().chain(self.leave_open(views, walk, lane)).collect()
    }

    /// Moves a role on when what it does in the lane goes on like this; a role whose view is over may
    /// do anything.
    fn follow(&self, views: &[Vec<Event>], walk: &mut Walk, event: Event, lane: LaneId) -> bool {
        let role = event.role;
        let scope = self.scopes[role.index()][lane.index()];
        if walk.over.contains(&(role, scope)) {
            return true;
        }
        match self.next(views, walk, role, scope) {
            Some(at) if views[role.index()][at] == event => {
                walk.done[role.index()].insert(at);
                true
            }
            Some(_) => false,
            None => {
                walk.stop(role, scope);
                true
            }
        }
    }

    /// The place in the view of a role of what it does next in a scope.
    fn next(
        &self,
        views: &[Vec<Event>],
        walk: &Walk,
        role: RoleId,
        scope: LaneId,
    ) -> Option<usize> {
        let (view, done) = (&views[role.index()], &walk.done[role.index()]);
        let mut open = (done.first..view.len()).filter(|at| !done.beyond.contains(at));
        open.find(|&at| self.is_in(scope, view[at]))
    }

    fn is_in(&self, scope: LaneId, event: Event) -> bool {
        self.ways[event.role.index()][scope.index()].contains(&way(event))
    }

    /// The arm goes on, for ever perhaps, and nobody's view shows more of it.
    fn leave_open(&self, views: &[Vec<Event>], walk: &Walk, lane: LaneId) -> Option<Walk> {
        if lane == LaneId::OUTERMOST {
            return None;
        }
        let mut left = walk.clone();
        for &role in self.parts.roles(lane) {
            let scope = self.scopes[role.index()][lane.index()];
            if self.next(views, walk, role, scope).is_some() {
                return None;
            }
            left.stop(role, scope);
        }
        self.out_of_arm(views, left, lane)
    }

    /// Into the next arm, or behind the parallel part.
    fn out_of_arm(&self, views: &[Vec<Event>], mut walk: Walk, lane: LaneId) -> Option<Walk> {
        let (begin, par, index) = self.parts.arm(lane).expect("an arm ends in an arm");
        if let Some(&next) = par.arms.get(index + 1) {
            return Some(walk.at(next));
        }
        let forks = |role: &RoleId| self.parts.forks(*role, par);
        let mut forking = (0..self.roles).map(RoleId::at).filter(forks);
        let around = self.parts.lane(begin);
        forking
            .all(|role| self.join(views, &mut walk, role, par, around))
            .then(|| walk.at(par.next))
    }

    /// Takes a role behind a parallel part at which it forks: what it has done in the arms comes before
    /// all that it does next. If its view does not show all of the arms, it shows nothing behind them.
    fn join(
        &self,
        views: &[Vec<Event>],
        walk: &mut Walk,
        role: RoleId,
        par: &Par,
        around: LaneId,
    ) -> bool {
        let scope = self.scopes[role.index()][around.index()];
        let next = self.next(views, walk, role, scope);
        let inside = par.arms.iter().map(|arm| (role, self.parts.lane(*arm)));
        if inside.clone().any(|arm| walk.over.contains(&arm)) {
            for arm in inside {
                walk.over.remove(&arm);
            }
            walk.stop(role, scope);
            return next.is_none();
        }
        let (view, beyond) = (&views[role.index()], &walk.done[role.index()].beyond);
        let mut done = beyond.iter().filter(|at| self.is_in(scope, view[**at]));
        done.all(|at| next.is_none_or(|next| *at < next))
    }
}

/// Where a search has come to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Walk {
    at: StateId,
    done: Vec<Done>,
    /// Who has more to do in an arm than its view shows.
    over: BTreeSet<(RoleId, LaneId)>,
}

/// The places of a view that were come by: all up to the first, and some beyond.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Done {
    first: usize,
    beyond: BTreeSet<usize>,
}

impl Done {
    fn insert(&mut self, at: usize) {
        self.beyond.insert(at);
        while self.beyond.remove(&self.first) {
            self.first += 1;
        }
    }
}

impl Walk {
    fn start(roles: usize) -> Self {
        Self { at: StateId::START, done: vec![Done::default(); roles], over: BTreeSet::new() }
    }

    fn at(self, at: StateId) -> Self {
        Self { at, ..self }
    }

    /// The view of a role shows no more of a scope. (Outside of all arms that is plain.)
    fn stop(&mut self, role: RoleId, scope: LaneId) {
        if scope != LaneId::OUTERMOST {
            self.over.insert((role, scope));
        }
    }
}

/// The messages under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Channels(BTreeMap<(RoleId, RoleId, u16), VecDeque<LabelId>>);

impl Channels {
    /// Sends or receives, if that is possible.
    pub(super) fn take_part(&mut self, event: Event) -> bool {
        let Action { direction, peer, label } = event.action;
        match direction {
            Direction::Send => {
                let channel = (event.role, peer, event.lane);
                self.0.entry(channel).or_default().push_back(label);
                true
            }
            Direction::Receive => {
                let channel = (peer, event.role, event.lane);
                let Some(channel) = self.0.get_mut(&channel) else { return false };
                channel.pop_front() == Some(label)
            }
        }
    }

    /// Whether there is nothing on the channel on which something is received.
    pub(super) fn is_empty(&self, received: Event) -> bool {
        let channel = (received.action.peer, received.role, received.lane);
        self.0.get(&channel).is_none_or(VecDeque::is_empty)
    }

    pub(super) fn are_empty(&self) -> bool {
        self.0.values().all(VecDeque::is_empty)
    }
}
