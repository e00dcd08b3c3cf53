//! Strongly connected components, in one pass with a stack of its own (Tarjan, *Depth-first search
//! and linear graph algorithms*, SIAM J. Comput. 1972).

use std::ops::Range;

use crate::graph::{Edge, EdgeId, Graph, Node};

/// The nodes of each component, every component after those that its exits lead to.
#[derive(Debug)]
pub(crate) struct Components {
    nodes: Vec<Node>,
    /// Where each component ends among the nodes.
    ends: Vec<usize>,
}

impl Components {
    /// The components of the graph that some of the exits make.
    pub(crate) fn of(graph: &Graph, uses: impl Fn(&Edge) -> bool) -> Self {
        let mut walk = Walk {
            graph,
            uses,
            order: vec![0; graph.len()],
            low: vec![0; graph.len()],
            open: Vec::new(),
            count: 0,
            found: Self { nodes: Vec::with_capacity(graph.len()), ends: Vec::new() },
        };
        for node in 0..graph.len() as Node {
            if walk.order[node as usize] == 0 {
                walk.visit(node);
            }
        }
        walk.found
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[Node]> + '_ {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.nodes[start..end])
    }

    /// The number of each node's component. Exits never lead to a component with a larger number.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let mut numbers = vec![0; self.nodes.len()];
        for (number, component) in self.iter().enumerate() {
            for &node in component {
                numbers[node as usize] = number as u32;
            }
        }
        numbers
    }
}

struct Walk<'g, F> {
    graph: &'g Graph,
    uses: F,
    /// When a node was come to, from 1; 0 when it was not.
    order: Vec<u32>,
    /// The earliest open node that a node is known to reach; `CLOSED` when its component is known.
    low: Vec<u32>,
    /// The nodes whose component is not known yet.
    open: Vec<Node>,
    count: u32,
    found: Components,
}

const CLOSED: u32 = u32::MAX;

impl<F: Fn(&Edge) -> bool> Walk<'_, F> {
    fn visit(&mut self, start: Node) {
        let mut stack: Vec<(Node, Range<EdgeId>)> = vec![self.enter(start)];
        while let Some((node, exits)) = stack.last_mut() {
            let node = *node;
            let Some(exit) = exits.next() else {
                stack.pop();
                if let Some((parent, _)) = stack.last() {
                    self.lower(*parent, self.low[node as usize]);
                }
                self.leave(node);
                continue;
            };
            let edge = self.graph.edge(exit);
            if !(self.uses)(edge) {
                continue;
            }
            if self.order[edge.target as usize] == 0 {
                stack.push(self.enter(edge.target));
            } else if self.low[edge.target as usize] != CLOSED {
                self.lower(node, self.order[edge.target as usize]);
            }
        }
    }

    fn enter(&mut self, node: Node) -> (Node, Range<EdgeId>) {
        self.count += 1;
        self.order[node as usize] = self.count;
        self.low[node as usize] = self.count;
        self.open.push(node);
        (node, self.graph.exit_ids(node))
    }

    fn lower(&mut self, node: Node, to: u32) {
        let low = &mut self.low[node as usize];
        *low = (*low).min(to);
    }

    /// Closes the component of a node, if the node was the first of it.
    fn leave(&mut self, node: Node) {
        if self.low[node as usize] != self.order[node as usize] {
            return;
        }
        while let Some(member) = self.open.pop() {
            self.low[member as usize] = CLOSED;
            self.found.nodes.push(member);
            if member == node {
                break;
            }
        }
        self.found.ends.push(self.found.nodes.len());
    }
}
