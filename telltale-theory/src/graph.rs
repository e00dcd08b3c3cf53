//! The global type as two flat arrays, so that passes over all exits touch memory in order.

use std::ops::Range;

use telltale_types::{Action, Direction, GlobalType, LabelId, RoleId, StateId};

use crate::Step;

/// A node of the graph: the number of a state.
pub(crate) type Node = u32;

/// An exit of some node, by its place among all exits.
pub(crate) type EdgeId = u32;

/// One exit `sender → receiver : label` and the nodes it joins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) source: Node,
    pub(crate) sender: RoleId,
    pub(crate) receiver: RoleId,
    pub(crate) label: LabelId,
    pub(crate) target: Node,
}

impl Edge {
    /// What the exit means to a role; nothing (ε) when it does not take part.
    pub(crate) fn action(&self, role: RoleId) -> Option<Action> {
        let of = |direction, peer| Some(Action { direction, peer, label: self.label });
        if role == self.sender {
            of(Direction::Send, self.receiver)
        } else if role == self.receiver {
            of(Direction::Receive, self.sender)
        } else {
            None
        }
    }
}

/// The exits of all nodes, those of one node together.
#[derive(Debug)]
pub(crate) struct Graph {
    edges: Vec<Edge>,
    first: Vec<EdgeId>,
}

impl Graph {
    pub(crate) fn new(global: &GlobalType) -> Self {
        let mut edges = Vec::new();
        let mut first = vec![0];
        for state in global.states() {
            edges.extend(global.exits(state).map(|exit| Edge {
                source: state.0,
                sender: exit.sender,
                receiver: exit.receiver,
                label: exit.label,
                target: exit.target.0,
            }));
            first.push(edges.len() as EdgeId);
        }
        Self { edges, first }
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.first.len() - 1
    }

    pub(crate) fn edges(&self) -> &[Edge] {
        &self.edges
    }

    pub(crate) fn edge(&self, edge: EdgeId) -> &Edge {
        &self.edges[edge as usize]
    }

    pub(crate) fn exit_ids(&self, node: Node) -> Range<EdgeId> {
        self.first[node as usize]..self.first[node as usize + 1]
    }

    pub(crate) fn exits(&self, node: Node) -> &[Edge] {
        let ids = self.exit_ids(node);
        &self.edges[ids.start as usize..ids.end as usize]
    }

    /// The exit as others name it.
    pub(crate) fn step(&self, edge: EdgeId) -> Step {
        let source = self.edge(edge).source;
        let exit = edge - self.first[source as usize];
        Step { state: StateId(source), exit: exit as usize }
    }
}
