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
//!
//! With parallel parts, `B` holds roles in lanes: who is stuck in a lane is stuck in what is inside of
//! it. The arms of a parallel part on the way are run one after another, and who is stuck in one is
//! not in the others, but is behind the part. Arms beside the start count as done.

use std::collections::HashMap;

use telltale_types::{Action, LabelId, LaneId, RoleId};

use crate::components::Components;
use crate::error::{Limit, LimitReached};
use crate::graph::{Edge, EdgeId, Graph, Node};
use crate::lanes::Parallel;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Message {
    channel: Channel,
    label: LabelId,
}

/// From whom to whom, and the lane that has this to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Channel {
    pub(crate) sender: RoleId,
    pub(crate) receiver: RoleId,
    own: LaneId,
}

impl Channel {
    pub(crate) fn of(edge: &Edge) -> Self {
        Self { sender: edge.sender, receiver: edge.receiver, own: edge.apart.own }
    }
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
    pub(crate) fn overtaken(
        &self,
        available: &Available<'_>,
        receiver: RoleId,
    ) -> Option<Overtaken> {
        let action = available.graph.edge(*self.path.last()?).action(receiver)?;
        Some((action, self.from))
    }
}

/// Searches for overtaking messages.
#[derive(Debug)]
pub(crate) struct Available<'g> {
    graph: &'g Graph,
    parallel: Option<&'g Parallel>,
    /// The component of each node: paths lead to smaller numbers only.
    order: Vec<u32>,
    /// The smallest number among the components where a message is sent.
    sent_at: HashMap<Message, u32>,
    /// For each component, who sends in it or later; empty until the first search.
    senders: Vec<Roles>,
    /// For each node, the sets it was come to with; only those of `touched` are not empty.
    seen: Vec<Vec<Stuck>>,
    touched: Vec<Node>,
    /// How many steps all searches have taken.
    steps: usize,
}

/// What one search looks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) channel: Channel,
    /// In order.
    pub(crate) labels: &'a [LabelId],
}

/// One situation that the search came to, and from where.
struct Place {
    node: Node,
    stuck: Stuck,
    from: Option<(usize, EdgeId)>,
}

impl<'g> Available<'g> {
    /// For a protocol as a whole.
    pub(crate) fn new(graph: &'g Graph, parallel: Option<&'g Parallel>) -> Self {
        let order = Components::of(graph, |_| true).numbers();
        let mut sent_at = HashMap::new();
        for edge in graph.edges() {
            let number = order[edge.source as usize];
            let message = Message { channel: Channel::of(edge), label: edge.label };
            let first = sent_at.entry(message).or_insert(number);
            *first = number.min(*first);
        }
        let seen = vec![Vec::new(); graph.len()];
        let (senders, touched) = (Vec::new(), Vec::new());
        Self { graph, parallel, order, sent_at, senders, seen, touched, steps: 0 }
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
        let Wanted { channel, labels } = wanted;
        let message = |&label: &LabelId| Message { channel, label };
        let past = labels.iter().filter_map(|label| self.sent_at.get(&message(label))).min();
        let Some(&past) = past else { return Ok(None) };
        let mut places = Vec::new();
        for &node in from {
            let place = Place { node, stuck: self.stuck_at(node, channel.receiver), from: None };
            self.come_to(place, past, &mut places);
        }
        let mut at = 0;
        while let Some(Place { node, stuck, .. }) = places.get(at) {
            let (node, stuck) = (*node, stuck.clone());
            for exit in self.graph.exit_ids(node) {
                self.count_step(channel.receiver, limit)?;
                let edge = self.graph.edge(exit);
                if Channel::of(edge) == channel && edge.is_exchange() {
                    let can_send = !stuck.contains(channel.sender);
                    if can_send && labels.binary_search(&edge.label).is_ok() {
                        return Ok(Some(overtaking(&places, at, exit)));
                    }
                    continue;
                }
                let Some(stuck) = self.pass(edge, stuck.clone()) else { continue };
                if !stuck.for_good(channel.sender) {
                    let place = Place { node: edge.target, stuck, from: Some((at, exit)) };
                    self.come_to(place, past, &mut places);
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// A role that is stuck at a node, in its lane.
    pub(crate) fn stuck_at(&self, node: Node, role: RoleId) -> Stuck {
        let depth = self.parallel.map_or(0, |parallel| parallel.depth(node));
        let mut stuck = Stuck::default();
        stuck.inner.resize(depth, Level { began_inside: true, ..Level::default() });
        stuck.add(role);
        stuck
    }

    /// Who is stuck behind an exit; nothing if a path does not take it.
    pub(crate) fn pass(&self, edge: &Edge, mut stuck: Stuck) -> Option<Stuck> {
        if edge.is_exchange() {
            if stuck.contains(edge.sender) {
                stuck.add(edge.receiver);
            }
            return Some(stuck);
        }
        let parallel = self.parallel?;
        let Some(lane) = parallel.ends_at(edge.source) else {
            stuck.inner.push(Level::default());
            return Some(stuck);
        };
        let (par, index) = parallel.part(lane);
        match par.arms.get(index + 1) {
            Some(next) if !stuck.began_inside() => {
                stuck.next_arm();
                (next.0 == edge.target).then_some(stuck)
            }
            _ => {
                stuck.leave();
                (par.next.0 == edge.target).then_some(stuck)
            }
        }
    }

    /// The exit of a path, which leads through the protocol as a whole.
    pub(crate) fn edge(&self, exit: EdgeId) -> &'g Edge {
        self.graph.edge(exit)
    }

    /// The exchange of a path as others name it.
    pub(crate) fn step(&self, exit: EdgeId) -> crate::Step {
        self.graph.step(exit)
    }

    /// How many steps all searches have taken.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// Adds a place, unless it is past the message, or was come to with fewer stuck roles.
    fn come_to(&mut self, mut place: Place, past: u32, places: &mut Vec<Place>) {
        let node = place.node as usize;
        place.stuck.keep(self.senders[self.order[node] as usize]);
        let seen = &mut self.seen[node];
        self.steps += seen.len();
        if self.order[node] < past || seen.iter().any(|fewer| fewer.is_subset(&place.stuck)) {
            return;
        }
        if seen.is_empty() {
            self.touched.push(place.node);
        }
        seen.push(place.stuck.clone());
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
        let here = senders[from as usize].or(senders[to as usize]);
        senders[from as usize] = if edge.is_exchange() { here.with(edge.sender) } else { here };
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

/// Who is stuck, in the lanes around a place of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stuck {
    /// Outside of all parallel parts.
    outer: Roles,
    /// In each lane around the place, from the outside in.
    inner: Vec<Level>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Level {
    /// Who is stuck in the arm.
    here: Roles,
    /// Who was stuck in arms of the same parallel part before.
    before: Roles,
    /// Whether the path began in the arm: then the other arms count as done.
    began_inside: bool,
}

impl Stuck {
    pub(crate) fn contains(&self, role: RoleId) -> bool {
        self.outer.contains(role) || self.inner.iter().any(|level| level.here.contains(role))
    }

    /// Whether a role is stuck wherever a path goes: who is stuck in an arm is not in the next one.
    fn for_good(&self, role: RoleId) -> bool {
        self.outer.contains(role)
    }

    fn add(&mut self, role: RoleId) {
        let here = self.inner.last_mut().map_or(&mut self.outer, |level| &mut level.here);
        *here = here.with(role);
    }

    /// Whether the path began in the innermost arm around its place, and has not left it since.
    pub(crate) fn began_inside(&self) -> bool {
        self.inner.last().is_some_and(|level| level.began_inside)
    }

    fn next_arm(&mut self) {
        if let Some(Level { here, before, .. }) = self.inner.last_mut() {
            *before = before.or(std::mem::take(here));
        }
    }

    fn leave(&mut self) {
        let Some(Level { here, before, .. }) = self.inner.pop() else { return };
        let around = self.inner.last_mut().map_or(&mut self.outer, |level| &mut level.here);
        *around = around.or(here).or(before);
    }

    /// Forgets all but some roles.
    fn keep(&mut self, roles: Roles) {
        self.outer = self.outer.and(roles);
        for level in &mut self.inner {
            level.here = level.here.and(roles);
            level.before = level.before.and(roles);
        }
    }

    fn is_subset(&self, of: &Self) -> bool {
        let began = |stuck: &Self| {
            let mut inner = stuck.inner.iter();
            inner.position(|level| !level.began_inside)
        };
        if began(self) != began(of) {
            return false;
        }
        let levels = |level: &Level| [level.here, level.before];
        let pairs = self.inner.iter().flat_map(levels).zip(of.inner.iter().flat_map(levels));
        self.outer.is_subset(of.outer)
            && pairs.into_iter().all(|(mine, theirs)| mine.is_subset(theirs))
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles([u64; 4]);

impl Roles {
    pub(crate) fn with(mut self, role: RoleId) -> Self {
        self.0[role.index() / 64] |= 1 << (role.index() % 64);
        self
    }

    pub(crate) fn contains(self, role: RoleId) -> bool {
        self.0[role.index() / 64] >> (role.index() % 64) & 1 == 1
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
