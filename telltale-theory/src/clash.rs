//! Where a role would have to act differently in two runs that look the same to it.
//!
//! In a state of the role's machine where a condition is violated, the places where the role acts
//! are set against the places where that is wrong. Of all pairs, for each node where the two runs
//! part, the shortest are kept.

use std::collections::{BTreeMap, HashMap};

use telltale_types::{Action, Direction, StateId};

use crate::Condition;
use crate::available::{Available, Overtaking, Wanted};
use crate::conditions::Broken;
use crate::error::LimitReached;
use crate::graph::{EdgeId, Graph, Node};
use crate::machine::{Machine, SetId};
use crate::repair::Fault;
use crate::runs::{Runs, VertexId};
use crate::view::View;

/// So many pairs of runs are compared for one role; of more, the first of every state are.
const PAIRS: usize = 1 << 22;

/// A role for which something is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspect<'s> {
    pub(crate) graph: &'s Graph,
    pub(crate) view: &'s View,
    pub(crate) machine: &'s Machine,
    pub(crate) broken: &'s [Broken],
    /// How many steps a search for overtaking messages may take.
    pub(crate) steps: usize,
}

/// What is wrong for a role, without explanations.
pub(crate) fn faults(suspect: &Suspect<'_>, available: &mut Available<'_>) -> Vec<Fault> {
    let shortest = Clashes::new(suspect, available).shortest();
    let fault = |(condition, node)| (suspect.view.role, condition, StateId(node));
    shortest.into_keys().map(fault).collect()
}

/// The end of a run, and perhaps the exit that the role takes there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) vertex: VertexId,
    pub(crate) exit: Option<EdgeId>,
}

/// Two runs that look the same and demand different things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clash {
    pub(crate) set: SetId,
    length: u32,
    pub(crate) here: Place,
    pub(crate) there: Place,
    /// The two exits at which the runs part.
    pub(crate) parted: (EdgeId, EdgeId),
}

/// The shortest for each condition and each node where runs part.
pub(crate) type Shortest = BTreeMap<(Condition, Node), Clash>;

/// The search for what clashes for one role.
pub(crate) struct Clashes<'s, 'a, 'g> {
    graph: &'s Graph,
    view: &'s View,
    suspect: &'s Suspect<'s>,
    pub(crate) runs: Runs,
    available: &'a mut Available<'g>,
    /// How many pairs of runs were compared.
    pairs: usize,
}

impl<'s, 'a, 'g> Clashes<'s, 'a, 'g> {
    pub(crate) fn new(suspect: &'s Suspect<'s>, available: &'a mut Available<'g>) -> Self {
        let Suspect { graph, view, machine, broken, .. } = *suspect;
        let runs = Runs::to(graph, view, machine, broken.iter().map(|broken| broken.set));
        Self { graph, view, suspect, runs, available, pairs: 0 }
    }

    pub(crate) fn shortest(&mut self) -> Shortest {
        let mut shortest = BTreeMap::new();
        for broken in self.suspect.broken {
            for (acts, wrongs) in self.clashing(broken) {
                self.keep_shortest(broken, &acts, &wrongs, &mut shortest);
            }
        }
        shortest
    }

    /// Where the role acts, and where that is wrong: any of the first clashes with any of the
    /// second.
    fn clashing(&mut self, broken: &Broken) -> Vec<(Vec<Place>, Vec<Place>)> {
        let set = broken.set;
        let (sends, receives): (Vec<_>, Vec<_>) =
            self.acts(set).into_iter().partition(|(action, _)| action.direction == Direction::Send);
        let places = |acts: &[(Action, Place)]| acts.iter().map(|(_, place)| *place).collect();
        match broken.condition {
            Condition::NoMixedChoice => vec![(places(&sends), places(&receives))],
            Condition::SilentEnd => vec![(places(&receives), self.idle(set))],
            Condition::SendValidity => {
                let silence = self.silence(set);
                let wrong = |same: &[(Action, Place)]| {
                    let acts: Vec<Place> = places(same);
                    let wrong = self.cannot_reach(set, &acts, &silence);
                    (acts, wrong)
                };
                sends.chunk_by(|one, other| one.0 == other.0).map(wrong).collect()
            }
            Condition::ReceiveValidity => {
                let mut clashes = Vec::new();
                for same in receives.chunk_by(|one, other| one.0 == other.0) {
                    clashes.push((places(same), self.overtaken_by(same[0].0, &receives, broken)));
                }
                clashes
            }
        }
    }

    /// What the role can do in a state of the machine, sorted by action; of each, the shortest runs
    /// first.
    fn acts(&self, set: SetId) -> Vec<(Action, Place)> {
        let mut acts = Vec::new();
        for vertex in self.runs.vertices_of(set) {
            for exit in self.graph.exit_ids(self.runs.vertex(vertex).node) {
                if let Some(action) = self.graph.edge(exit).action(self.view.role) {
                    acts.push((action, Place { vertex, exit: Some(exit) }));
                }
            }
        }
        acts.sort_by_key(|(action, _)| *action);
        acts
    }

    /// Where the role has nothing more to do.
    fn idle(&self, set: SetId) -> Vec<Place> {
        let idle = |&vertex: &VertexId| {
            let part = self.view.part_of(self.runs.vertex(vertex).node);
            self.view.part(part).is_idle()
        };
        let place = |vertex| Place { vertex, exit: None };
        self.runs.vertices_of(set).filter(idle).map(place).collect()
    }

    /// For each vertex of a state, counted from its first, those from which an exit without the
    /// role leads to it.
    fn silence(&self, set: SetId) -> Vec<Vec<u32>> {
        let vertices = self.runs.vertices_of(set);
        let nodes = vertices.clone().map(|vertex| self.runs.vertex(vertex).node);
        let number: HashMap<Node, u32> = nodes.clone().zip(0..).collect();
        let mut into = vec![Vec::new(); vertices.len()];
        for (from, node) in (0..).zip(nodes) {
            let exits = self.graph.exits(node).iter();
            for edge in exits.filter(|edge| edge.action(self.view.role).is_none()) {
                // A state of the machine is closed under such exits.
                into[number[&edge.target] as usize].push(from);
            }
        }
        into
    }

    /// Where no exits without the role lead to one of the given places.
    fn cannot_reach(&self, set: SetId, places: &[Place], silence: &[Vec<u32>]) -> Vec<Place> {
        let vertices = self.runs.vertices_of(set);
        let mut reaches = vec![false; silence.len()];
        let mut stack: Vec<u32> =
            places.iter().map(|place| place.vertex - vertices.start).collect();
        while let Some(at) = stack.pop() {
            if !std::mem::replace(&mut reaches[at as usize], true) {
                stack.extend(&silence[at as usize]);
            }
        }
        let place = |vertex| Place { vertex, exit: None };
        vertices.zip(reaches).filter(|(_, reaches)| !reaches).map(|(id, _)| place(id)).collect()
    }

    /// The receipts after which a message of somebody else may be there first.
    fn overtaken_by(
        &mut self,
        action: Action,
        receives: &[(Action, Place)],
        broken: &Broken,
    ) -> Vec<Place> {
        let mut overtaken = Vec::new();
        for (other, place) in receives {
            let Some(exit) = place.exit.filter(|_| other.peer != action.peer) else { continue };
            let from = self.graph.edge(exit).target;
            let known = broken.overtaking.as_ref().is_some_and(|known| {
                let last = known.path.last().map(|&exit| self.graph.edge(exit));
                known.from == from
                    && last.and_then(|edge| edge.action(self.view.role)) == Some(action)
            });
            // When the limit is reached, what is known is explained.
            if known || matches!(self.path(action, from, self.suspect.steps), Ok(Some(_))) {
                overtaken.push(*place);
            }
        }
        overtaken
    }

    /// A shortest path on which the message that the role would receive becomes available.
    pub(crate) fn path(
        &mut self,
        action: Action,
        from: Node,
        limit: usize,
    ) -> Result<Option<Overtaking>, LimitReached> {
        let labels = &[action.label];
        let wanted = Wanted { sender: action.peer, receiver: self.view.role, labels };
        self.available.search(wanted, &[from], limit)
    }

    fn keep_shortest(
        &mut self,
        &Broken { set, condition, .. }: &Broken,
        acts: &[Place],
        wrongs: &[Place],
        shortest: &mut Shortest,
    ) {
        for (&here, &there) in acts.iter().flat_map(|here| wrongs.iter().map(move |it| (here, it)))
        {
            let ends = ((here.vertex, here.exit), (there.vertex, there.exit));
            let Some(parted) = self.runs.part(ends.0, ends.1) else { continue };
            let depth = |place: Place| self.runs.vertex(place.vertex).depth;
            let length = depth(here) + depth(there);
            let clash = Clash { set, length, here, there, parted };
            let decider = self.graph.edge(parted.0).source;
            let best = shortest.entry((condition, decider)).or_insert(clash);
            if (length, parted) < (best.length, best.parted) {
                *best = clash;
            }
            self.pairs += 1;
            if self.pairs > PAIRS {
                break;
            }
        }
    }
}
