//! Where a role would have to act differently in two runs that look the same to it.
//!
//! In a state of the role's machine where a condition is violated, places are of different *kinds*
//! when the role has to act differently there. Of all pairs of different kinds, for each node where
//! the two runs part, a shortest is kept. The pairs are not gone through one by one: they are found
//! where branches of the tree of runs meet, and of a branch only the shortest runs to two different
//! kinds matter.

mod places;

use std::collections::BTreeMap;

use telltale_types::{Action, Direction, StateId};

use crate::Condition;
use crate::available::Available;
use crate::conditions::Broken;
use crate::graph::{EdgeId, Graph, Node};
use crate::lanes::Parallel;
use crate::machine::{Machine, SetId};
use crate::repair::Fault;
use crate::runs::{Runs, VertexId};
use crate::view::View;

/// A role for which something is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspect<'s> {
    pub(crate) graph: &'s Graph,
    pub(crate) parallel: Option<&'s Parallel>,
    pub(crate) view: &'s View,
    pub(crate) machine: &'s Machine,
    pub(crate) broken: &'s [Broken],
    /// How many steps a search for overtaking messages may take.
    pub(crate) steps: usize,
}

/// The end of a run, and perhaps the exit that the role takes there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) vertex: VertexId,
    pub(crate) exit: Option<EdgeId>,
    /// What the role has to do here. Where one of two kinds is an act that is wrong at the other, it
    /// is `ACT`.
    kind: u32,
}

const ACT: u32 = 0;

/// Two runs that look the same and demand different things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clash {
    pub(crate) set: SetId,
    /// The vertex where the runs part.
    pub(crate) fork: VertexId,
    pub(crate) here: Place,
    pub(crate) there: Place,
    /// The two exits at which the runs part.
    pub(crate) parted: (EdgeId, EdgeId),
    length: u32,
}

/// The shortest for each condition and each node where runs part.
pub(crate) type Shortest = BTreeMap<(Condition, Node), Clash>;

/// Where somebody decides from whom the role hears first in a state of its machine.
pub(crate) fn decision(suspect: Suspect<'_>, set: SetId) -> Option<StateId> {
    let mut clashes = Clashes::none(suspect, std::iter::once(set));
    let receipts = clashes.acts(set).filter(|(action, _)| action.direction == Direction::Receive);
    let by_sender = receipts.map(|(action, place)| Place { kind: action.peer.0.into(), ..place });
    let places = by_sender.collect();
    let race = Broken { set, condition: Condition::ReceiveValidity, overtaken: None };
    clashes.keep_shortest(&race, places);
    let shortest = clashes.shortest.iter().min_by_key(|(_, clash)| clash.length);
    shortest.map(|((_, node), _)| StateId(*node))
}

/// What is wrong for a role, and the runs that show it.
pub(crate) struct Clashes<'s> {
    pub(crate) suspect: Suspect<'s>,
    pub(crate) runs: Runs<'s>,
    pub(crate) shortest: Shortest,
    /// How often two places were compared.
    #[cfg(test)]
    pub(crate) compared: usize,
}

impl<'s> Clashes<'s> {
    pub(crate) fn of(suspect: Suspect<'s>, available: &mut Available<'_>) -> Self {
        let mut clashes = Self::none(suspect, suspect.broken.iter().map(|broken| broken.set));
        for broken in suspect.broken {
            for places in clashes.places(broken, available) {
                clashes.keep_shortest(broken, places);
            }
        }
        clashes
    }

    /// None yet; the runs lead to some states of the machine.
    fn none(suspect: Suspect<'s>, sets: impl Iterator<Item = SetId>) -> Self {
        let Suspect { graph, view, machine, .. } = suspect;
        Self {
            suspect,
            runs: Runs::to(graph, view, machine, sets),
            shortest: BTreeMap::new(),
            #[cfg(test)]
            compared: 0,
        }
    }

    pub(crate) fn faults(&self) -> impl Iterator<Item = Fault> + '_ {
        let role = self.suspect.view.role;
        self.shortest.keys().map(move |&(condition, node)| (role, condition, StateId(node)))
    }

    /// Finds where runs to places of different kinds part.
    fn keep_shortest(&mut self, broken: &Broken, mut places: Vec<Place>) {
        places.sort_unstable_by_key(|place| (self.runs.order(place.vertex), place.exit));
        // Of each branch that is not complete yet: where it leaves the one before, and its best.
        let mut open: Vec<(VertexId, Best)> = Vec::new();
        let mut last = None;
        for place in places {
            let fork = last.map_or(place.vertex, |last| self.runs.meet(last, place.vertex));
            self.close(broken, &mut open, Some(fork));
            open.push((fork, Best::default().with(place, &self.runs)));
            last = Some(place.vertex);
        }
        self.close(broken, &mut open, None);
    }

    /// Completes the branches that leave others below a vertex, or all.
    fn close(
        &mut self,
        broken: &Broken,
        open: &mut Vec<(VertexId, Best)>,
        above: Option<VertexId>,
    ) {
        let bound = above.map(|above| self.runs.order(above));
        while let [.., (_, _), (fork, branch)] = open[..] {
            if bound.is_some_and(|bound| self.runs.order(fork) <= bound) {
                break;
            }
            open.pop();
            self.join(broken, fork, open, branch);
        }
    }

    /// Joins a branch to the one before it, which it leaves at a vertex.
    fn join(
        &mut self,
        broken: &Broken,
        fork: VertexId,
        open: &mut [(VertexId, Best)],
        branch: Best,
    ) {
        let Some((_, before)) = open.last_mut() else { return };
        for one in before.places() {
            for other in branch.places().filter(|other| other.kind != one.kind) {
                self.keep(broken, fork, one, other);
            }
        }
        for place in branch.places() {
            *before = before.with(place, &self.runs);
        }
    }

    fn keep(
        &mut self,
        &Broken { set, condition, .. }: &Broken,
        fork: VertexId,
        one: Place,
        other: Place,
    ) {
        let (here, there) = if other.kind == ACT { (other, one) } else { (one, other) };
        #[cfg(test)]
        {
            self.compared += 1;
        }
        let exit = |place: Place| self.runs.exit_after(fork, (place.vertex, place.exit));
        let (Some(first), Some(second)) = (exit(here), exit(there)) else { return };
        let length = self.runs.vertex(here.vertex).length + self.runs.vertex(there.vertex).length;
        let clash = Clash { set, fork, here, there, parted: (first, second), length };
        let node = self.runs.vertex(fork).node;
        let best = self.shortest.entry((condition, node)).or_insert(clash);
        if (length, clash.parted) < (best.length, best.parted) {
            *best = clash;
        }
    }

    /// The clash, as a message that is sent in one run and cannot be sent in the other. It goes from
    /// the earlier branch to the later, if that is possible.
    pub(crate) fn with_send(&self, clash: Clash) -> Option<Clash> {
        let turned = Clash {
            here: clash.there,
            there: clash.here,
            parted: (clash.parted.1, clash.parted.0),
            ..clash
        };
        let mut both = [clash, turned];
        both.sort_by_key(|clash| clash.parted);
        both.into_iter().find_map(|clash| {
            let allowed: Vec<Action> = self.sends(clash.there.vertex).collect();
            let mut acts = self.suspect.graph.exit_ids(self.runs.vertex(clash.here.vertex).node);
            let wrong = acts.find(|&exit| {
                let edge = self.suspect.graph.edge(exit);
                let action = edge.action(self.suspect.view.role);
                action.filter(|_| edge.is_exchange()).is_some_and(|action| {
                    action.direction == Direction::Send && allowed.binary_search(&action).is_err()
                })
            })?;
            Some(Clash { here: Place { exit: Some(wrong), ..clash.here }, ..clash })
        })
    }
}

impl Clashes<'_> {
    /// The clash, as a place where the role forks or joins and another where it does not.
    pub(crate) fn with_fork(&self, clash: Clash) -> Clash {
        let forks = |place: Place| {
            place.exit.is_some_and(|exit| !self.suspect.graph.edge(exit).is_exchange())
        };
        if forks(clash.here) {
            return clash;
        }
        let parted = (clash.parted.1, clash.parted.0);
        Clash { here: clash.there, there: clash.here, parted, ..clash }
    }
}

/// The places of two different kinds to which the shortest runs lead.
#[derive(Clone, Copy, Default)]
struct Best([Option<Place>; 2]);

impl Best {
    fn places(self) -> impl Iterator<Item = Place> {
        self.0.into_iter().flatten()
    }

    fn with(self, new: Place, runs: &Runs<'_>) -> Self {
        let mut places: Vec<Place> = self.places().chain([new]).collect();
        places.sort_by_key(|place| (runs.vertex(place.vertex).length, place.vertex, place.exit));
        let first = places[0];
        let second = places.iter().copied().find(|place| place.kind != first.kind);
        Self([Some(first), second])
    }
}
