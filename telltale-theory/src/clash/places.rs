//! In a state of a role's machine, the places that are to be compared, by what is violated.

use std::collections::{BTreeSet, HashMap};

use telltale_types::{Action, Direction, LabelId};

use super::{ACT, Clashes, Place, Suspect};
use crate::Condition;
use crate::available::{Available, Channel, Overtaken, Wanted};
use crate::conditions::Broken;
use crate::graph::{Edge, EdgeId, Node};
use crate::machine::SetId;
use crate::runs::VertexId;
use crate::view::Part;

/// What is not [`ACT`].
const WRONG: u32 = ACT + 1;

/// What is neither, nor any of the places at which a role forks or joins.
const MORE: u32 = u32::MAX;

/// So many ways in which messages of one sender overtake others are looked for in one state.
const OVERTAKINGS: usize = 4;

impl Clashes<'_> {
    /// Places where the role would have to act differently; those of each list are to be compared.
    pub(super) fn places(&self, broken: &Broken, available: &mut Available<'_>) -> Vec<Vec<Place>> {
        let set = broken.set;
        let of = |direction, kind| -> Vec<Place> {
            let acts = self.acts(set).filter(|(action, _)| action.direction == direction);
            acts.map(|(_, place)| Place { kind, ..place }).collect()
        };
        match broken.condition {
            Condition::SendValidity => vec![self.resting(set)],
            Condition::Fork | Condition::Join => {
                let fork = |edge: &Edge| edge.is_join() != (broken.condition == Condition::Fork);
                let receipts = of(Direction::Receive, MORE);
                vec![[self.apart(set, fork), receipts].concat()]
            }
            Condition::NoMixedChoice => {
                let mut sends = of(Direction::Send, ACT);
                sends.retain(|place| self.is_exchange(place));
                vec![[sends, of(Direction::Receive, WRONG)].concat()]
            }
            Condition::SilentEnd => vec![[of(Direction::Receive, ACT), self.idle(set)].concat()],
            Condition::ReceiveValidity => {
                let overtaken = self.overtaken(broken, available);
                overtaken.into_iter().map(|overtaken| self.racing(set, overtaken)).collect()
            }
        }
    }

    /// What the role can do in a state of the machine; the shortest runs first.
    pub(super) fn acts(&self, set: SetId) -> impl Iterator<Item = (Action, Place)> + '_ {
        let Suspect { graph, view, .. } = self.suspect;
        self.runs.vertices_of(set).flat_map(move |vertex| {
            graph.exit_ids(self.runs.vertex(vertex).node).filter_map(move |exit| {
                let action = graph.edge(exit).action(view.role)?;
                Some((action, Place { vertex, exit: Some(exit), kind: ACT }))
            })
        })
    }

    fn is_exchange(&self, place: &Place) -> bool {
        place.exit.is_some_and(|exit| self.suspect.graph.edge(exit).is_exchange())
    }

    /// Where the role has nothing more to do.
    fn idle(&self, set: SetId) -> Vec<Place> {
        let view = self.suspect.view;
        let idle =
            |&vertex: &VertexId| view.part(view.part_of(self.runs.vertex(vertex).node)).is_idle();
        let place = |vertex| Place { vertex, exit: None, kind: WRONG };
        self.runs.vertices_of(set).filter(idle).map(place).collect()
    }

    /// Where silence rests; places where the same is sent are of one kind.
    fn resting(&self, set: SetId) -> Vec<Place> {
        let mut kinds: HashMap<Vec<Action>, u32> = HashMap::new();
        let mut places = Vec::new();
        let role = self.suspect.view.role;
        for vertex in self.runs.vertices_of(set) {
            let node = self.runs.vertex(vertex).node;
            let sends: Vec<Action> = self.sends(vertex).collect();
            // A part may have nodes from which silence leads to where the role sends.
            let here = sends.is_empty() || self.suspect.graph.exits(node)[0].sender == role;
            if here && self.suspect.view.part(self.suspect.view.part_of(node)).rests() {
                let next = kinds.len() as u32;
                let kind = *kinds.entry(sends).or_insert(next);
                places.push(Place { vertex, exit: None, kind });
            }
        }
        places
    }

    /// Where silence rests; each place at which the role forks, or joins, is of a kind of its own.
    fn apart(&self, set: SetId, wanted: impl Fn(&Edge) -> bool) -> Vec<Place> {
        let Suspect { graph, view, .. } = self.suspect;
        let mut kinds: HashMap<Node, u32> = HashMap::new();
        let does_it = |exit: EdgeId| !graph.edge(exit).is_exchange() && wanted(graph.edge(exit));
        let rests_elsewhere =
            |part: &Part| part.rests() && !part.exits.iter().any(|&(_, exit)| does_it(exit));
        let mut places = Vec::new();
        for vertex in self.runs.vertices_of(set) {
            let node = self.runs.vertex(vertex).node;
            let acts =
                |edge: &Edge| edge.sender == view.role && !edge.is_exchange() && wanted(edge);
            let exit = graph.exit_ids(node).find(|&exit| acts(graph.edge(exit)));
            let next = kinds.len() as u32;
            let kind = match exit {
                Some(_) => *kinds.entry(node).or_insert(next),
                // A part may have nodes from which silence leads to where the role does it.
                None if rests_elsewhere(view.part(view.part_of(node))) => MORE,
                None => continue,
            };
            places.push(Place { vertex, exit, kind });
        }
        places
    }

    pub(super) fn sends(&self, vertex: VertexId) -> impl Iterator<Item = Action> + '_ {
        let view = self.suspect.view;
        let part = view.part(view.part_of(self.runs.vertex(vertex).node));
        part.actions().filter(|action| action.direction == Direction::Send)
    }

    /// The receipts of a message that overtakes, and those that it overtakes.
    fn racing(&self, set: SetId, (early, from): Overtaken) -> Vec<Place> {
        let kind = |action: Action, exit: EdgeId| match action {
            _ if action == early => Some(ACT),
            _ if action.direction == Direction::Receive
                && action.peer != early.peer
                && self.suspect.graph.edge(exit).target == from =>
            {
                Some(WRONG)
            }
            _ => None,
        };
        let place = |(action, place): (Action, Place)| {
            Some(Place { kind: kind(action, place.exit?)?, ..place })
        };
        self.acts(set).filter_map(place).collect()
    }

    /// Messages that overtake others in a state of the machine, some of each sender. When the limit
    /// is reached, what is known is explained.
    fn overtaken(&self, broken: &Broken, available: &mut Available<'_>) -> BTreeSet<Overtaken> {
        let mut receipts: Vec<&Edge> = Vec::new();
        for (action, place) in self.acts(broken.set) {
            if let (Direction::Receive, Some(exit)) = (action.direction, place.exit) {
                receipts.push(self.suspect.graph.edge(exit));
            }
        }
        let mut overtaken: BTreeSet<Overtaken> = broken.overtaken.into_iter().collect();
        let channels: BTreeSet<Channel> = receipts.iter().map(|edge| Channel::of(edge)).collect();
        for channel in channels {
            overtaken.extend(self.overtaken_on(channel, &receipts, available));
        }
        overtaken
    }

    /// Messages on one channel that overtake those on others.
    fn overtaken_on(
        &self,
        channel: Channel,
        receipts: &[&Edge],
        available: &mut Available<'_>,
    ) -> Vec<Overtaken> {
        let (of_sender, of_others): (Vec<&Edge>, Vec<&Edge>) =
            receipts.iter().partition(|edge| Channel::of(edge) == channel);
        let mut labels: Vec<LabelId> = of_sender.iter().map(|edge| edge.label).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut after: Vec<Node> = of_others.iter().map(|edge| edge.target).collect();
        let receiver = self.suspect.view.role;
        let mut overtaken = Vec::new();
        for _ in 0..OVERTAKINGS {
            let wanted = Wanted { channel, labels: &labels };
            let found = available.search(wanted, &after, self.suspect.steps);
            let Ok(Some(found)) = found else { break };
            after.retain(|node| *node != found.from);
            overtaken.extend(found.overtaken(available, receiver));
        }
        overtaken
    }
}
