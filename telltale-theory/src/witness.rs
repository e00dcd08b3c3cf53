//! Counterexamples: two runs that look the same to a role, where it would have to act differently.
//!
//! Where the two runs part, the sender of that node is the *decider*. (One run may be a prefix of the
//! other; then they part at the exit that the condition speaks of.) With the runs `ρ1` to the act and `ρ2` to
//! where the act is wrong, the run that goes wrong is
//!
//! ```text
//! send validity     split(ρ2) · p!q:m
//! no mixed choice   split(ρ2) · r!p:m' · p!q:m
//! receive validity  split(ρ2) · r!p:m' · [along the avail path, B = {p}: x ∈ B → add y to B, nothing happens;
//!                                         else x!y:l, and y?x:l if y ∉ B] · p?q:m
//! silent end        split(ρ2), and p waits for ever
//! ```
//!
//! One violation is reported for each role, condition and decision: the one with the shortest runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use telltale_types::{Action, Direction, StateId};

use crate::available::{Available, Overtaking, Roles, Wanted};
use crate::conditions::Broken;
use crate::error::{Decision, Event, LimitReached, Violation};
use crate::graph::{EdgeId, Graph, Node};
use crate::machine::{Machine, SetId};
use crate::repair::Fault;
use crate::runs::{self, Runs, VertexId};
use crate::view::View;
use crate::{Condition, Remedy, remedy};

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

/// Explains what is wrong for a role.
pub(crate) fn violations(suspect: &Suspect<'_>, available: &mut Available<'_>) -> Vec<Violation> {
    let mut search = Search::new(suspect, available);
    let shortest = search.shortest();
    let explain = |((condition, _), clash)| search.explain(condition, clash);
    shortest.into_iter().filter_map(explain).collect()
}

/// What is wrong for a role, without explanations.
pub(crate) fn faults(suspect: &Suspect<'_>, available: &mut Available<'_>) -> Vec<Fault> {
    let shortest = Search::new(suspect, available).shortest();
    let fault = |(condition, node)| (suspect.view.role, condition, StateId(node));
    shortest.into_keys().map(fault).collect()
}

/// The end of a run, and perhaps the exit that the role takes there.
#[derive(Clone, Copy)]
struct Place {
    vertex: VertexId,
    exit: Option<EdgeId>,
}

/// Two runs that look the same and demand different things.
#[derive(Clone, Copy)]
struct Clash {
    set: SetId,
    length: u32,
    here: Place,
    there: Place,
    /// The two exits at which the runs part.
    parted: (EdgeId, EdgeId),
}

struct Search<'s, 'a, 'g> {
    graph: &'s Graph,
    view: &'s View,
    suspect: &'s Suspect<'s>,
    runs: Runs,
    available: &'a mut Available<'g>,
}

impl<'s, 'a, 'g> Search<'s, 'a, 'g> {
    fn new(suspect: &'s Suspect<'s>, available: &'a mut Available<'g>) -> Self {
        let Suspect { graph, view, machine, broken, .. } = *suspect;
        let runs = Runs::to(graph, view, machine, broken.iter().map(|broken| broken.set));
        Self { graph, view, suspect, runs, available }
    }

    /// For each condition and each node where runs part, the shortest that do.
    fn shortest(&mut self) -> BTreeMap<(Condition, Node), Clash> {
        let mut shortest = BTreeMap::new();
        for broken in self.suspect.broken {
            for (acts, wrongs) in self.clashes(broken) {
                self.keep_shortest(broken, &acts, &wrongs, &mut shortest);
            }
        }
        shortest
    }

    /// Where the role acts, and where that is wrong: any of the first with any of the second is a violation.
    fn clashes(&mut self, broken: &Broken) -> Vec<(Vec<Place>, Vec<Place>)> {
        let set = broken.set;
        let acts = self.acts(set);
        let (sends, receives): (Vec<_>, Vec<_>) =
            acts.into_iter().partition(|(action, _)| action.direction == Direction::Send);
        let places = |acts: &[(Action, Place)]| acts.iter().map(|(_, place)| *place).collect();
        match broken.condition {
            Condition::NoMixedChoice => vec![(places(&sends), places(&receives))],
            Condition::SilentEnd => vec![(places(&receives), self.idle(set))],
            Condition::SendValidity => {
                let wrong = |same: &[(Action, Place)]| {
                    let acts: Vec<Place> = places(same);
                    let wrong = self.cannot_reach(set, &acts);
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

    /// What the role can do in a state of the machine, sorted by action; of each, the shortest runs first.
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

    /// Where no exits without the role lead to one of the given places.
    fn cannot_reach(&self, set: SetId, places: &[Place]) -> Vec<Place> {
        let vertices = self.runs.vertices_of(set);
        let mut into: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
        for vertex in vertices.clone() {
            for edge in self.graph.exits(self.runs.vertex(vertex).node) {
                if edge.action(self.view.role).is_none() {
                    into.entry(edge.target).or_default().push(edge.source);
                }
            }
        }
        let mut reaching = BTreeSet::new();
        let mut stack: Vec<Node> =
            places.iter().map(|place| self.runs.vertex(place.vertex).node).collect();
        while let Some(node) = stack.pop() {
            if reaching.insert(node) {
                stack.extend(into.get(&node).into_iter().flatten());
            }
        }
        let cannot = |&vertex: &VertexId| !reaching.contains(&self.runs.vertex(vertex).node);
        let place = |vertex| Place { vertex, exit: None };
        vertices.filter(cannot).map(place).collect()
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

    fn path(
        &mut self,
        action: Action,
        from: Node,
        limit: usize,
    ) -> Result<Option<Overtaking>, LimitReached> {
        let labels = &[action.label];
        let wanted = Wanted { sender: action.peer, receiver: self.view.role, labels };
        self.available.search(wanted, &[from], limit)
    }

    /// Keeps, for each node where two runs part, the shortest that do.
    fn keep_shortest(
        &self,
        &Broken { set, condition, .. }: &Broken,
        acts: &[Place],
        wrongs: &[Place],
        shortest: &mut BTreeMap<(Condition, Node), Clash>,
    ) {
        for &here in acts {
            for &there in wrongs {
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
            }
        }
    }

    fn explain(&mut self, condition: Condition, clash: Clash) -> Option<Violation> {
        let role = self.view.role;
        let act = clash.here.exit?;
        let there = self.runs.run_to(clash.there.vertex);
        let instead = match condition {
            Condition::SendValidity => self.next_act(self.runs.vertex(clash.there.vertex).node),
            _ => clash.there.exit,
        };
        let steps = |run: &[EdgeId]| run.iter().map(|&exit| self.graph.step(exit)).collect();
        let (here_exit, there_exit) = clash.parted;
        let decision = Decision {
            decider: self.graph.edge(here_exit).sender,
            state: StateId(self.graph.edge(here_exit).source),
            here: self.graph.step(here_exit),
            there: self.graph.step(there_exit),
        };
        let edge = |exit| self.graph.edge(exit);
        let parted = (edge(here_exit), edge(there_exit));
        let advice = remedy::advice(role, condition, parted, edge(act), instead.map(edge));
        let seen = runs::seen(self.suspect.machine, clash.set);
        let wrong = self.wrong_run(condition, &there, act, clash.there.exit);
        Some(Violation {
            role,
            condition,
            decision,
            act: self.graph.step(act),
            instead: instead.map(|exit| self.graph.step(exit)),
            seen: seen.into_iter().map(|action| Event { role, action }).collect(),
            here: steps(&self.runs.run_to(clash.here.vertex)),
            there: steps(&there),
            wrong,
            remedy: Remedy { advice, insertions: Vec::new() },
        })
    }

    /// What the role does next after a node, if anything.
    fn next_act(&self, node: Node) -> Option<EdgeId> {
        let mut seen = BTreeSet::from([node]);
        let mut queue = VecDeque::from([node]);
        while let Some(node) = queue.pop_front() {
            for exit in self.graph.exit_ids(node) {
                let edge = self.graph.edge(exit);
                if edge.action(self.view.role).is_some() {
                    return Some(exit);
                }
                if seen.insert(edge.target) {
                    queue.push_back(edge.target);
                }
            }
        }
        None
    }

    fn wrong_run(
        &mut self,
        condition: Condition,
        there: &[EdgeId],
        act: EdgeId,
        instead: Option<EdgeId>,
    ) -> Vec<Event> {
        let mut wrong: Vec<Event> = there.iter().flat_map(|&exit| self.split(exit)).collect();
        let [sent, received] = self.split(act);
        let first = instead.map(|exit| self.split(exit)[0]);
        match condition {
            Condition::SendValidity => wrong.push(sent),
            Condition::NoMixedChoice => {
                wrong.extend(first);
                wrong.push(sent);
            }
            Condition::ReceiveValidity => {
                wrong.extend(first);
                wrong.extend(instead.map(|exit| self.overtaking(act, exit)).unwrap_or_default());
                wrong.push(received);
            }
            Condition::SilentEnd => {}
        }
        wrong
    }

    /// The two events of an exchange.
    fn split(&self, exit: EdgeId) -> [Event; 2] {
        let edge = self.graph.edge(exit);
        [
            Event::sent(edge.sender, edge.receiver, edge.label),
            Event::received(edge.sender, edge.receiver, edge.label),
        ]
    }

    /// What the others do, after the exit `instead`, until the message of `act` is there first.
    fn overtaking(&mut self, act: EdgeId, instead: EdgeId) -> Vec<Event> {
        let from = self.graph.edge(instead).target;
        let action = self.graph.edge(act).action(self.view.role);
        // It was found before, within the limit.
        let found = action.and_then(|action| self.path(action, from, usize::MAX).ok().flatten());
        let mut stuck = Roles::of(self.view.role);
        let mut events = Vec::new();
        for exit in found.map(|found| found.path).unwrap_or_default() {
            let edge = self.graph.edge(exit);
            let [sent, received] = self.split(exit);
            if stuck.contains(edge.sender) {
                stuck = stuck.with(edge.receiver);
                continue;
            }
            events.push(sent);
            if !stuck.contains(edge.receiver) {
                events.push(received);
            }
        }
        events
    }
}
