//! Whether a message can overtake another.
//!
//! `avail(q→p:m, n, B)`: going on from `n` with the roles in `B` stuck, some run puts `m` at the head of
//! the channel from `q` to `p`. It is the least relation such that, for an exit `(n, x, y, l, n')`:
//!
//! ```text
//! (x,y) = (q,p):  true if q ∉ B and l = m; otherwise this exit gives nothing (q is stuck, or another message hides m)
//! otherwise:      x ∈ B: avail(.., n', B ∪ {y})        x ∉ B: avail(.., n', B)
//! ```
//!
//! (Li, Stutz, Wies and Zufferey, CAV 2023.) Decided breadth-first over `(n, B)`, so the path found is a
//! shortest one. `(n, B)` is skipped when some `(n, B0)` with `B0 ⊆ B` was seen, because fewer stuck roles
//! can do more; and a search ends where `q` is stuck. Exponential in the number of roles at worst.

use std::collections::HashMap;

use telltale_types::{LabelId, RoleId};

use crate::error::{Limit, LimitReached};
use crate::graph::{EdgeId, Graph, Node};

/// The message `sender → receiver : label` at the head of its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) sender: RoleId,
    pub(crate) receiver: RoleId,
    pub(crate) label: LabelId,
}

/// Searches for overtaking messages, and remembers what was found.
#[derive(Debug)]
pub(crate) struct Available<'g> {
    graph: &'g Graph,
    known: HashMap<(Message, Node), bool>,
    /// For each node, the sets it was come to with; only those of `touched` are not empty.
    seen: Vec<Vec<Roles>>,
    touched: Vec<Node>,
    steps: usize,
    limit: usize,
}

/// One situation that the search came to, and from where.
struct Place {
    node: Node,
    stuck: Roles,
    from: Option<(usize, EdgeId)>,
}

impl<'g> Available<'g> {
    pub(crate) fn new(graph: &'g Graph, limit: usize) -> Self {
        let seen = vec![Vec::new(); graph.len()];
        Self { graph, known: HashMap::new(), seen, touched: Vec::new(), steps: 0, limit }
    }

    /// `avail(message, from, {receiver})`.
    pub(crate) fn holds(&mut self, message: Message, from: Node) -> Result<bool, LimitReached> {
        if let Some(&known) = self.known.get(&(message, from)) {
            return Ok(known);
        }
        let found = self.path(message, from)?.is_some();
        self.known.insert((message, from), found);
        Ok(found)
    }

    /// A shortest path that makes the message available, with the exit of the message last.
    pub(crate) fn path(
        &mut self,
        message: Message,
        from: Node,
    ) -> Result<Option<Vec<EdgeId>>, LimitReached> {
        let path = self.search(message, from);
        for node in self.touched.drain(..) {
            self.seen[node as usize].clear();
        }
        path
    }

    fn search(
        &mut self,
        message: Message,
        from: Node,
    ) -> Result<Option<Vec<EdgeId>>, LimitReached> {
        let Message { sender, receiver, label } = message;
        let mut places = Vec::new();
        self.come_to(from, Roles::of(receiver), None, &mut places);
        let mut at = 0;
        while let Some(&Place { node, stuck, .. }) = places.get(at) {
            for exit in self.graph.exit_ids(node) {
                self.count_step(receiver)?;
                let edge = self.graph.edge(exit);
                if (edge.sender, edge.receiver) == (sender, receiver) {
                    if edge.label == label {
                        return Ok(Some(path_to(&places, at, exit)));
                    }
                    continue;
                }
                let stuck =
                    if stuck.contains(edge.sender) { stuck.with(edge.receiver) } else { stuck };
                if !stuck.contains(sender) {
                    self.come_to(edge.target, stuck, Some((at, exit)), &mut places);
                }
            }
            at += 1;
        }
        Ok(None)
    }

    fn come_to(
        &mut self,
        node: Node,
        stuck: Roles,
        from: Option<(usize, EdgeId)>,
        places: &mut Vec<Place>,
    ) {
        let seen = &mut self.seen[node as usize];
        if seen.iter().any(|fewer| fewer.is_subset(stuck)) {
            return;
        }
        if seen.is_empty() {
            self.touched.push(node);
        }
        seen.push(stuck);
        places.push(Place { node, stuck, from });
    }

    fn count_step(&mut self, role: RoleId) -> Result<(), LimitReached> {
        self.steps += 1;
        if self.steps > self.limit {
            let (given, limit) = (self.steps, self.limit);
            return Err(LimitReached { what: Limit::Overtaking, role, given, limit });
        }
        Ok(())
    }
}

fn path_to(places: &[Place], mut at: usize, last: EdgeId) -> Vec<EdgeId> {
    let mut path = vec![last];
    while let Some((before, exit)) = places[at].from {
        path.push(exit);
        at = before;
    }
    path.reverse();
    path
}

/// A set of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roles([u64; 4]);

impl Roles {
    pub(crate) fn of(role: RoleId) -> Self {
        Self([0; 4]).with(role)
    }

    pub(crate) fn with(mut self, role: RoleId) -> Self {
        self.0[role.index() / 64] |= 1 << (role.index() % 64);
        self
    }

    pub(crate) fn contains(self, role: RoleId) -> bool {
        self.0[role.index() / 64] >> (role.index() % 64) & 1 == 1
    }

    fn is_subset(self, of: Self) -> bool {
        self.0.iter().zip(of.0).all(|(mine, theirs)| mine & !theirs == 0)
    }
}
