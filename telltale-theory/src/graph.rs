//! The global type as two flat arrays, so that passes over all exits touch memory in order.

use std::ops::Range;

use telltale_types::{Action, Apart, Direction, GlobalType, LabelId, RoleId, StateId};

use crate::Step;
use crate::busy::busy;
use crate::lanes::{self, Begins, NOBODY, Parallel};

/// A node of the graph: the number of a state.
pub(crate) type Node = u32;

/// An exit of some node, by its place among all exits.
pub(crate) type EdgeId = u32;

/// One exit `sender → receiver : label` and the nodes it joins.
///
/// Where a parallel part begins and where an arm of one ends, edges are no exchanges: nobody
/// receives. If nobody sends either they are silent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) source: Node,
    pub(crate) sender: RoleId,
    pub(crate) receiver: RoleId,
    pub(crate) label: LabelId,
    pub(crate) target: Node,
    /// Which of the channels between the two is used.
    pub(crate) apart: Apart,
}

impl Edge {
    fn structure(source: Node, sender: RoleId, label: LabelId, target: Node) -> Self {
        Self { source, sender, receiver: NOBODY, label, target, apart: Apart::default() }
    }

    fn silent(source: Node, target: Node) -> Self {
        Self::structure(source, NOBODY, LabelId(0), target)
    }

    /// Whether a message is exchanged.
    pub(crate) fn is_exchange(&self) -> bool {
        self.receiver != NOBODY
    }

    /// Whether a role joins here.
    pub(crate) fn is_join(&self) -> bool {
        let (_, past) = lanes::sent_to_nobody(self.label);
        !self.is_exchange() && self.sender != NOBODY && self.source == self.target && !past
    }

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
    /// A protocol as everybody sees it who takes part in no parallel part.
    pub(crate) fn new(global: &GlobalType) -> Self {
        Self::with_structure(global, None, |_, _| {})
    }

    /// A protocol in which parallel parts are stepped over: silently, from where they begin to what follows.
    pub(crate) fn past_parallel(global: &GlobalType) -> Self {
        Self::with_structure(global, None, |node, edges| {
            let next = global.par(StateId(node)).map(|par| par.next);
            edges.extend(next.map(|next| Edge::silent(node, next.0)));
        })
    }

    /// A protocol with parallel parts as one role sees it: see [`lanes`].
    pub(crate) fn seen_by(global: &GlobalType, parallel: &Parallel, role: RoleId) -> Self {
        let busy = busy(global, Some(parallel), role);
        Self::with_structure(global, Some(parallel), |node, edges| {
            if let Some(par) = parallel.par(node) {
                match parallel.begins(par, role) {
                    Begins::Silent(target) => edges.push(Edge::silent(node, target)),
                    Begins::Fork(arms) => {
                        let into =
                            |&(lane, arm)| Edge::structure(node, role, lanes::fork_into(lane), arm);
                        edges.extend(arms.iter().map(into));
                        let past = lanes::fork_past(arms[0].0);
                        edges.push(Edge::structure(node, role, past, par.next.0));
                    }
                }
            }
            if let Some(lane) = parallel.ends_at(node) {
                let next = parallel.part(lane).0.next;
                if !parallel.forks(lane, role) {
                    edges.push(Edge::silent(node, next.0));
                } else if busy[next.index()] {
                    edges.push(Edge::structure(node, role, lanes::join(lane), node));
                }
            }
        })
    }

    /// A protocol with parallel parts as a whole. Arms follow each other, and each can be left for
    /// what follows. Where some arm never ends, nothing follows, and each can be begun with.
    pub(crate) fn in_sequence(global: &GlobalType, parallel: &Parallel) -> Self {
        Self::with_structure(global, Some(parallel), |node, edges| {
            if let Some(par) = parallel.par(node) {
                let first = if parallel.can_pass(par) { 1 } else { par.arms.len() };
                edges.extend(par.arms[..first].iter().map(|arm| Edge::silent(node, arm.0)));
            }
            if let Some(lane) = parallel.ends_at(node) {
                let (par, index) = parallel.part(lane);
                let after = par.arms.get(index + 1).into_iter().chain([&par.next]);
                edges.extend(after.map(|after| Edge::silent(node, after.0)));
            }
        })
    }

    /// The exchanges of a protocol, and what there is where a parallel part begins or an arm ends.
    fn with_structure(
        global: &GlobalType,
        parallel: Option<&Parallel>,
        structure: impl Fn(Node, &mut Vec<Edge>),
    ) -> Self {
        let mut edges = Vec::new();
        let mut first = vec![0];
        for state in global.states() {
            let (source, before) = (state.0, edges.len());
            edges.extend(global.exits(state).map(|exit| Edge {
                source,
                sender: exit.sender,
                receiver: exit.receiver,
                label: exit.label,
                target: exit.target.0,
                apart: parallel.map_or_else(Apart::default, |parallel| {
                    parallel.apart(source, exit.sender, exit.receiver)
                }),
            }));
            if edges.len() == before {
                structure(source, &mut edges);
            }
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

    /// The exchange of a step.
    pub(crate) fn at(&self, step: Step) -> &Edge {
        &self.exits(step.state.0)[step.exit]
    }

    /// The exchange as others name it.
    pub(crate) fn step(&self, edge: EdgeId) -> Step {
        let source = self.edge(edge).source;
        let exit = edge - self.first[source as usize];
        Step { state: StateId(source), exit: exit as usize }
    }
}
