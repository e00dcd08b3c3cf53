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
use crate::view::View;

/// The number of a vertex.
pub(crate) type VertexId = u32;

#[derive(Debug)]
pub(crate) struct Vertex {
    pub(crate) node: Node,
    /// The vertex before and the exit from there; the start has none.
    pub(crate) before: Option<(VertexId, EdgeId)>,
    /// How many exchanges lead here.
    pub(crate) depth: u32,
    /// A vertex on the run; the start jumps to itself. How far depends on the depth alone.
    jump: VertexId,
}

/// The tree of runs, for some states of a machine and those on the way to them.
#[derive(Debug)]
pub(crate) struct Runs {
    vertices: Vec<Vertex>,
    of_set: HashMap<SetId, Range<VertexId>>,
}

impl Runs {
    pub(crate) fn to(
        graph: &Graph,
        view: &View,
        machine: &Machine,
        sets: impl Iterator<Item = SetId>,
    ) -> Self {
        let mut runs = Self { vertices: Vec::new(), of_set: HashMap::new() };
        let mut taken_in = vec![SetId::MAX; graph.len()];
        for set in with_ancestors(machine, sets) {
            let mut queue = runs.landings(graph, view, machine, set);
            let first = runs.vertices.len() as VertexId;
            while let Some(Reverse((depth, node, before))) = queue.pop() {
                if std::mem::replace(&mut taken_in[node as usize], set) == set {
                    continue;
                }
                let id = runs.vertices.len() as VertexId;
                let jump = before.map_or(id, |(before, _)| runs.jump_over(before));
                runs.vertices.push(Vertex { node, before, depth, jump });
                for exit in graph.exit_ids(node) {
                    let edge = graph.edge(exit);
                    if edge.action(view.role).is_none() {
                        queue.push(Reverse((depth + 1, edge.target, Some((id, exit)))));
                    }
                }
            }
            runs.of_set.insert(set, first..runs.vertices.len() as VertexId);
        }
        runs
    }

    /// Where runs come into a state of the machine.
    fn landings(
        &self,
        graph: &Graph,
        view: &View,
        machine: &Machine,
        set: SetId,
    ) -> BinaryHeap<Reverse<Entry>> {
        let Some((from, action)) = machine.sets[set as usize].found_by else {
            return BinaryHeap::from([Reverse((0, 0, None))]);
        };
        let mut landings = BinaryHeap::new();
        for id in self.vertices_of(from) {
            let vertex = self.vertex(id);
            for exit in graph.exit_ids(vertex.node) {
                let edge = graph.edge(exit);
                if edge.action(view.role) == Some(action) {
                    landings.push(Reverse((vertex.depth + 1, edge.target, Some((id, exit)))));
                }
            }
        }
        landings
    }

    pub(crate) fn vertex(&self, id: VertexId) -> &Vertex {
        &self.vertices[id as usize]
    }

    /// The vertices in a state of the machine, those with the shortest runs first.
    pub(crate) fn vertices_of(&self, set: SetId) -> Range<VertexId> {
        self.of_set[&set].clone()
    }

    /// The run to a vertex.
    pub(crate) fn run_to(&self, id: VertexId) -> Vec<EdgeId> {
        let mut run: Vec<EdgeId> = self.back_from(id).map(|(_, exit)| exit).collect();
        run.reverse();
        run
    }

    /// The exits at which two runs part; nothing when one is part of the other. Each run is given
    /// by the vertex where it ends, and may go on by one more exit.
    pub(crate) fn part(
        &self,
        here: (VertexId, Option<EdgeId>),
        there: (VertexId, Option<EdgeId>),
    ) -> Option<(EdgeId, EdgeId)> {
        let depth = self.vertex(here.0).depth.min(self.vertex(there.0).depth);
        let (mut one, mut other) = (self.back_to(here.0, depth), self.back_to(there.0, depth));
        let parted = if one == other {
            (self.next_exit(here, depth)?, self.next_exit(there, depth)?)
        } else {
            while self.before(one) != self.before(other) {
                let jumps = (self.vertex(one).jump, self.vertex(other).jump);
                let apart = jumps.0 != jumps.1;
                (one, other) = if apart { jumps } else { (self.before(one), self.before(other)) };
            }
            (self.vertex(one).before?.1, self.vertex(other).before?.1)
        };
        (parted.0 != parted.1).then_some(parted)
    }

    /// The exit by which a run goes on after so many exchanges.
    fn next_exit(&self, (end, exit): (VertexId, Option<EdgeId>), depth: u32) -> Option<EdgeId> {
        if self.vertex(end).depth == depth {
            return exit;
        }
        self.vertex(self.back_to(end, depth + 1)).before.map(|(_, exit)| exit)
    }

    /// The vertex on the run to a vertex after so many exchanges.
    fn back_to(&self, mut id: VertexId, depth: u32) -> VertexId {
        while self.vertex(id).depth > depth {
            let jump = self.vertex(id).jump;
            id = if self.vertex(jump).depth >= depth { jump } else { self.before(id) };
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
        let depth = |id| self.vertex(id).depth;
        let jump = self.vertex(id).jump;
        let far = self.vertex(jump).jump;
        if depth(id) - depth(jump) == depth(jump) - depth(far) { far } else { id }
    }

    /// The vertices before a vertex, the nearest first, each with the exit that leads on.
    pub(crate) fn back_from(&self, id: VertexId) -> impl Iterator<Item = (VertexId, EdgeId)> + '_ {
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
