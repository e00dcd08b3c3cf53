//! Whether a message can overtake another.
//!
//! `avail(q→p:m, n, B)`: going on from `n` with the roles in `B` stuck, some run puts `m` at the
//! head of the channel from `q` to `p`. It is the least relation such that, for an exit `(n, x, y,
//! l, n')`:
//!
//! ```text
//! (x,y) = (q,p):  true if q ∉ B and l = m; otherwise this exit gives nothing (q is stuck, or another message hides m)
//! otherwise:      x ∈ B: avail(.., n', B ∪ {y})        x ∉ B: avail(.., n', B)
//! ```
//!
//! (Li, Stutz, Wies and Zufferey, CAV 2023.) Decided breadth-first over `(n, B)`, so the path found
//! is a shortest one. `(n, B)` is skipped when some `(n, B0)` with `B0 ⊆ B` was seen, because fewer
//! stuck roles can do more, and only roles that send from `n` on count; a search ends where `q` is
//! stuck, and where `q→p:m` cannot come any more because all its exits are in components of the
//! graph that lie behind. Exponential in the number of roles at worst.
//!
//! One search looks for all messages of one sender from many nodes at once.

use std::collections::HashMap;

use telltale_types::{Action, LabelId, RoleId};

use crate::components::Components;
use crate::error::{Limit, LimitReached};
use crate::graph::{Edge, EdgeId, Graph, Node};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Message {
    sender: RoleId,
    receiver: RoleId,
    label: LabelId,
}

/// A shortest path that makes a message available.
#[derive(Debug)]
pub(crate) struct Overtaking {
    /// Where it begins.
    pub(crate) from: Node,
    /// Its exits, that of the message last.
    pub(crate) path: Vec<EdgeId>,
}

/// The receipt of a message that comes too early, and the node after which it does.
pub(crate) type Overtaken = (Action, Node);

impl Overtaking {
    /// What the path shows, without the path.
    pub(crate) fn overtaken(&self, graph: &Graph, receiver: RoleId) -> Option<Overtaken> {
        let action = graph.edge(*self.path.last()?).action(receiver)?;
        Some((action, self.from))
    }
}

/// Searches for overtaking messages.
#[derive(Debug)]
pub(crate) struct Available<'g> {
    graph: &'g Graph,
    /// The component of each node: paths lead to smaller numbers only.
    order: Vec<u32>,
    /// The smallest number among the components where a message is sent.
    sent_at: HashMap<Message, u32>,
    /// For each component, who sends in it or later; empty until the first search.
    senders: Vec<Roles>,
    /// For each node, the sets it was come to with; only those of `touched` are not empty.
    seen: Vec<Vec<Roles>>,
    touched: Vec<Node>,
    /// How many steps all searches have taken.
    steps: usize,
}

/// What one search looks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) sender: RoleId,
    pub(crate) receiver: RoleId,
    /// In order.
    pub(crate) labels: &'a [LabelId],
}

/// One situation that the search came to, and from where.
struct Place {
    node: Node,
    stuck: Roles,
    from: Option<(usize, EdgeId)>,
}

impl<'g> Available<'g> {
    pub(crate) fn new(graph: &'g Graph) -> Self {
        let order = Components::of(graph, |_| true).numbers();
        let mut sent_at = HashMap::new();
        for &Edge { source, sender, receiver, label, .. } in graph.edges() {
            let number = order[source as usize];
            let first = sent_at.entry(Message { sender, receiver, label }).or_insert(number);
            *first = number.min(*first);
        }
        let seen = vec![Vec::new(); graph.len()];
        Self { graph, order, sent_at, senders: Vec::new(), seen, touched: Vec::new(), steps: 0 }
    }

    /// The shortest path from one of some nodes that makes one of some messages available, with the
    /// receiver stuck: `avail(sender→receiver:label, from, {receiver})`.
    pub(crate) fn search(
        &mut self,
        wanted: Wanted<'_>,
        from: &[Node],
        limit: usize,
    ) -> Result<Option<Overtaking>, LimitReached> {
        if self.senders.is_empty() {
            self.senders = senders(self.graph, &self.order);
        }
        let found = self.breadth_first(wanted, from, limit);
        for node in self.touched.drain(..) {
            self.seen[node as usize].clear();
        }
        found
    }

    fn breadth_first(
        &mut self,
        wanted: Wanted<'_>,
        from: &[Node],
        limit: usize,
    ) -> Result<Option<Overtaking>, LimitReached> {
        let Wanted { sender, receiver, labels } = wanted;
        let message = |&label: &LabelId| Message { sender, receiver, label };
        let past = labels.iter().filter_map(|label| self.sent_at.get(&message(label))).min();
        let Some(&past) = past else { return Ok(None) };
        let mut places = Vec::new();
        for &node in from {
            let place = Place { node, stuck: Roles::of(receiver), from: None };
            self.come_to(place, past, &mut places);
        }
        let mut at = 0;
        while let Some(&Place { node, stuck, .. }) = places.get(at) {
            for exit in self.graph.exit_ids(node) {
                self.count_step(receiver, limit)?;
                let edge = self.graph.edge(exit);
                if (edge.sender, edge.receiver) == (sender, receiver) {
                    if labels.binary_search(&edge.label).is_ok() {
                        return Ok(Some(overtaking(&places, at, exit)));
                    }
                    continue;
                }
                let stuck =
                    if stuck.contains(edge.sender) { stuck.with(edge.receiver) } else { stuck };
                if !stuck.contains(sender) {
                    let place = Place { node: edge.target, stuck, from: Some((at, exit)) };
                    self.come_to(place, past, &mut places);
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// How many steps all searches have taken.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// Adds a place, unless it is past the message, or was come to with fewer stuck roles.
    fn come_to(&mut self, mut place: Place, past: u32, places: &mut Vec<Place>) {
        let node = place.node as usize;
        place.stuck = place.stuck.and(self.senders[self.order[node] as usize]);
        let seen = &mut self.seen[node];
        self.steps += seen.len();
        if self.order[node] < past || seen.iter().any(|fewer| fewer.is_subset(place.stuck)) {
            return;
        }
        if seen.is_empty() {
            self.touched.push(place.node);
        }
        seen.push(place.stuck);
        places.push(place);
    }

    fn count_step(&mut self, role: RoleId, limit: usize) -> Result<(), LimitReached> {
        self.steps += 1;
        if self.steps > limit {
            let (what, given) = (Limit::Overtaking, self.steps);
            return Err(LimitReached { what, role, decision: None, given, limit });
        }
        Ok(())
    }
}

/// For each component, who sends in it or in one that it leads to.
fn senders(graph: &Graph, order: &[u32]) -> Vec<Roles> {
    let mut senders =
        vec![Roles::default(); order.iter().max().map_or(0, |&last| last as usize + 1)];
    let mut edges: Vec<&Edge> = graph.edges().iter().collect();
    // Exits lead to smaller numbers, so what is read is complete.
    edges.sort_by_key(|edge| order[edge.source as usize]);
    for edge in edges {
        let (from, to) = (order[edge.source as usize], order[edge.target as usize]);
        senders[from as usize] = senders[from as usize].with(edge.sender).or(senders[to as usize]);
    }
    senders
}

fn overtaking(places: &[Place], mut at: usize, last: EdgeId) -> Overtaking {
    let mut path = vec![last];
    while let Some((before, exit)) = places[at].from {
        path.push(exit);
        at = before;
    }
    path.reverse();
    Overtaking { from: places[at].node, path }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles([u64; 4]);

impl Roles {
    pub(crate) fn of(role: RoleId) -> Self {
        Self::default().with(role)
    }

    pub(crate) fn with(mut self, role: RoleId) -> Self {
        self.0[role.index() / 64] |= 1 << (role.index() % 64);
        self
    }

    pub(crate) fn contains(self, role: RoleId) -> bool {
        self.0[role.index() / 64] >> (role.index() % 64) & 1 == 1
    }

    pub(crate) fn len(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    fn is_subset(self, of: Self) -> bool {
        self.0.iter().zip(of.0).all(|(mine, theirs)| mine & !theirs == 0)
    }
}
