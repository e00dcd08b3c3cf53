//! In a state of a role's machine, the places that are to be compared, by what is violated.

use std::collections::{BTreeSet, HashMap};

use telltale_types::{Action, Direction, LabelId, RoleId};

use super::{ACT, Clashes, Place, Suspect};
use crate::Condition;
use crate::available::{Available, Overtaken, Wanted};
use crate::conditions::Broken;
use crate::graph::{EdgeId, Node};
use crate::machine::SetId;
use crate::runs::VertexId;

/// What is not [`ACT`].
const WRONG: u32 = ACT + 1;

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
            Condition::SendValidity | Condition::Fork | Condition::Join => vec![self.resting(set)],
            Condition::NoMixedChoice => {
                vec![[of(Direction::Send, ACT), of(Direction::Receive, WRONG)].concat()]
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
        let mut receipts: Vec<(Action, Node)> = Vec::new();
        for (action, place) in self.acts(broken.set) {
            if let (Direction::Receive, Some(exit)) = (action.direction, place.exit) {
                receipts.push((action, self.suspect.graph.edge(exit).target));
            }
        }
        let mut overtaken: BTreeSet<Overtaken> = broken.overtaken.into_iter().collect();
        let senders: BTreeSet<RoleId> = receipts.iter().map(|(action, _)| action.peer).collect();
        for sender in senders {
            overtaken.extend(self.overtaken_by(sender, &receipts, available));
        }
        overtaken
    }

    /// Messages of one sender that overtake those of others.
    fn overtaken_by(
        &self,
        sender: RoleId,
        receipts: &[(Action, Node)],
        available: &mut Available<'_>,
    ) -> Vec<Overtaken> {
        let (of_sender, of_others): (Vec<_>, Vec<_>) =
            receipts.iter().partition(|(action, _)| action.peer == sender);
        let mut labels: Vec<LabelId> = of_sender.iter().map(|(action, _)| action.label).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut after: Vec<Node> = of_others.iter().map(|(_, target)| *target).collect();
        let receiver = self.suspect.view.role;
        let mut overtaken = Vec::new();
        for _ in 0..OVERTAKINGS {
            let wanted = Wanted { sender, receiver, labels: &labels };
            let found = available.search(wanted, &after, self.suspect.steps);
            let Ok(Some(found)) = found else { break };
            after.retain(|node| *node != found.from);
            overtaken.extend(found.overtaken(self.suspect.graph, receiver));
        }
        overtaken
    }
}
