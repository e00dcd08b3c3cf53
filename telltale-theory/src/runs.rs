//! The shortest runs to every node that a role may find itself at.
//!
//! A vertex is a node of the protocol in a state of the role's machine: the runs that end there all
//! have the view that leads to the state. Each vertex keeps the last exit of one shortest such run,
//! so the vertices form a tree, and where two runs part is where their branches of the tree do. To
//! find that fast, a vertex also keeps a *jump* to a vertex further back (Myers, *An applicative
//! random-access stack*, Information Processing Letters 1983): of two runs with so many exchanges,
//! `O(log n)` vertices are looked at.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::ops::Range;

use telltale_types::Action;

use crate::graph::{EdgeId, Graph, Node};
use crate::machine::{Machine, SetId};
use crate::shortcuts::Shortcuts;
use crate::view::View;

/// The number of a vertex.
pub(crate) type VertexId = u32;

#[derive(Debug)]
pub(crate) struct Vertex {
    pub(crate) node: Node,
    /// The vertex before and the exit from there; the start has none.
    pub(crate) before: Option<(VertexId, EdgeId)>,
    /// How many exchanges lead here.
    pub(crate) length: u32,
    /// How many vertices come before.
    height: u32,
    /// A vertex on the run; the start jumps to itself. How far depends on the height alone.
    jump: VertexId,
}

/// The tree of runs, for some states of a machine and those on the way to them.
#[derive(Debug)]
pub(crate) struct Runs<'g> {
    graph: &'g Graph,
    shortcuts: Shortcuts,
    vertices: Vec<Vertex>,
    /// The place of each vertex when every branch of the tree is walked to its end before the next.
    order: Vec<u32>,
    of_set: HashMap<SetId, Range<VertexId>>,
}

impl<'g> Runs<'g> {
    pub(crate) fn to(
        graph: &'g Graph,
        view: &View,
        machine: &Machine,
        sets: impl Iterator<Item = SetId>,
    ) -> Self {
        let shortcuts = Shortcuts::new(graph, view.role);
        let (vertices, order, of_set) = (Vec::new(), Vec::new(), HashMap::new());
        let mut runs = Self { graph, shortcuts, vertices, order, of_set };
        let mut taken_in = vec![SetId::MAX; graph.len()];
        for set in with_ancestors(machine, sets) {
            let mut queue = runs.landings(view, machine, set);
            let first = runs.vertices.len() as VertexId;
            while let Some(Reverse((length, node, before))) = queue.pop() {
                if std::mem::replace(&mut taken_in[node as usize], set) == set {
                    continue;
                }
                let id = runs.push(node, length, before);
                for exit in graph.exit_ids(node) {
                    if graph.edge(exit).action(view.role).is_none() {
                        queue.push(runs.entry(id, exit));
                    }
                }
            }
            runs.of_set.insert(set, first..runs.vertices.len() as VertexId);
        }
        runs.order = runs.preorder();
        runs
    }

    /// Where runs come into a state of the machine.
    fn landings(&self, view: &View, machine: &Machine, set: SetId) -> BinaryHeap<Reverse<Entry>> {
        let Some((from, action)) = machine.sets[set as usize].found_by else {
            let start = (self.shortcuts.length(0), self.shortcuts.stop(0), None);
            return BinaryHeap::from([Reverse(start)]);
        };
        let mut landings = BinaryHeap::new();
        for id in self.vertices_of(from) {
            for exit in self.graph.exit_ids(self.vertex(id).node) {
                if self.graph.edge(exit).action(view.role) == Some(action) {
                    landings.push(self.entry(id, exit));
                }
            }
        }
        landings
    }

    /// What is come to from a vertex by an exit.
    fn entry(&self, id: VertexId, exit: EdgeId) -> Reverse<Entry> {
        let target = self.graph.edge(exit).target;
        let length = self.vertex(id).length + 1 + self.shortcuts.length(target);
        Reverse((length, self.shortcuts.stop(target), Some((id, exit))))
    }

    fn push(&mut self, node: Node, length: u32, before: Option<(VertexId, EdgeId)>) -> VertexId {
        let id = self.vertices.len() as VertexId;
        let height = before.map_or(0, |(before, _)| self.vertex(before).height + 1);
        let jump = before.map_or(id, |(before, _)| self.jump_over(before));
        self.vertices.push(Vertex { node, before, length, height, jump });
        id
    }

    fn preorder(&self) -> Vec<u32> {
        let mut sizes = vec![1; self.vertices.len()];
        for (id, vertex) in self.vertices.iter().enumerate().rev() {
            if let Some((before, _)) = vertex.before {
                sizes[before as usize] += sizes[id];
            }
        }
        let (mut order, mut next) = (vec![0; sizes.len()], vec![1; sizes.len()]);
        for (id, vertex) in self.vertices.iter().enumerate() {
            if let Some((before, _)) = vertex.before {
                order[id] = next[before as usize];
                next[before as usize] += sizes[id];
                next[id] = order[id] + 1;
            }
        }
        order
    }

    /// How many vertices there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.vertices.len()
    }

    pub(crate) fn vertex(&self, id: VertexId) -> &Vertex {
        &self.vertices[id as usize]
    }

    /// The place of a vertex when every branch of the tree is walked to its end before the next.
    pub(crate) fn order(&self, id: VertexId) -> u32 {
        self.order[id as usize]
    }

    /// The vertices in a state of the machine, those with the shortest runs first.
    pub(crate) fn vertices_of(&self, set: SetId) -> Range<VertexId> {
        self.of_set[&set].clone()
    }

    /// The run to a vertex.
    pub(crate) fn run_to(&self, id: VertexId) -> Vec<EdgeId> {
        let mut exits: Vec<EdgeId> = self.back_from(id).map(|(_, exit)| exit).collect();
        exits.reverse();
        let from = |node| self.shortcuts.path(self.graph, node);
        let then = |exit: EdgeId| std::iter::once(exit).chain(from(self.graph.edge(exit).target));
        from(0).chain(exits.into_iter().flat_map(then)).collect()
    }

    /// The last vertex that the runs to two vertices have in common.
    pub(crate) fn meet(&self, one: VertexId, other: VertexId) -> VertexId {
        let height = self.vertex(one).height.min(self.vertex(other).height);
        let (mut one, mut other) = (self.back_to(one, height), self.back_to(other, height));
        while one != other {
            let jumps = (self.vertex(one).jump, self.vertex(other).jump);
            let apart = jumps.0 != jumps.1;
            (one, other) = if apart { jumps } else { (self.before(one), self.before(other)) };
        }
        one
    }

    /// The exit by which a run goes on after a vertex on it. The run is given by the vertex where it
    /// ends, and may go on by one more exit.
    pub(crate) fn exit_after(
        &self,
        vertex: VertexId,
        (end, exit): (VertexId, Option<EdgeId>),
    ) -> Option<EdgeId> {
        if end == vertex {
            return exit;
        }
        let next = self.back_to(end, self.vertex(vertex).height + 1);
        self.vertex(next).before.map(|(_, exit)| exit)
    }

    /// The vertex on the run to a vertex that so many come before.
    fn back_to(&self, mut id: VertexId, height: u32) -> VertexId {
        while self.vertex(id).height > height {
            let jump = self.vertex(id).jump;
            id = if self.vertex(jump).height >= height { jump } else { self.before(id) };
        }
        id
    }

    /// The vertex before a vertex; before the start is the start.
    fn before(&self, id: VertexId) -> VertexId {
        self.vertex(id).before.map_or(id, |(before, _)| before)
    }

    /// Where the vertex after this one jumps to: as far again as two equal jumps lead, or back to
    /// this one.
    fn jump_over(&self, id: VertexId) -> VertexId {
        let height = |id| self.vertex(id).height;
        let jump = self.vertex(id).jump;
        let far = self.vertex(jump).jump;
        if height(id) - height(jump) == height(jump) - height(far) { far } else { id }
    }

    /// The vertices before a vertex, the nearest first, each with the exit that leads on.
    fn back_from(&self, id: VertexId) -> impl Iterator<Item = (VertexId, EdgeId)> + '_ {
        std::iter::successors(self.vertex(id).before, |(before, _)| self.vertex(*before).before)
    }
}

/// How long a run is, where it ends, and its last exit.
type Entry = (u32, Node, Option<(VertexId, EdgeId)>);

/// The states and those through which they were found, each after the one before it.
fn with_ancestors(machine: &Machine, sets: impl Iterator<Item = SetId>) -> BTreeSet<SetId> {
    let mut all = BTreeSet::new();
    for set in sets {
        let mut next = Some(set);
        while let Some(set) = next.filter(|&set| all.insert(set)) {
            next = machine.sets[set as usize].found_by.map(|(from, _)| from);
        }
    }
    all
}

/// What the role has seen when it comes into a state of its machine.
pub(crate) fn seen(machine: &Machine, set: SetId) -> Vec<Action> {
    let before = |set: SetId| machine.sets[set as usize].found_by;
    let mut seen: Vec<Action> =
        std::iter::successors(before(set), |(from, _)| before(*from)).map(|(_, x)| x).collect();
    seen.reverse();
    seen
}
