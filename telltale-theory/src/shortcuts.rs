//! Ways past the nodes at which nothing is decided for a role.
//!
//! Where all exits of a node are without the role and lead, sooner or later, to one and the same
//! node, a run that comes to the first comes to the second. Searches for runs go there at once, so a
//! long stretch between others costs nothing, however often it is come to.

use telltale_types::RoleId;

use crate::components::Components;
use crate::graph::{EdgeId, Graph, Node};

/// For every node the next one at which something is decided for the role, and a shortest way.
#[derive(Debug)]
pub(crate) struct Shortcuts {
    stop: Vec<Node>,
    /// The exit to take, and how many follow until the stop; of a stop itself, there is none.
    way: Vec<Option<(u32, EdgeId)>>,
}

impl Shortcuts {
    pub(crate) fn new(graph: &Graph, role: RoleId) -> Self {
        let mut shortcuts = Self { stop: vec![NOT_YET; graph.len()], way: vec![None; graph.len()] };
        // The nodes after a node come first, except on a cycle, where one of them has to be a stop.
        for component in Components::of(graph, |edge| edge.action(role).is_none()).iter() {
            for &node in component {
                let way = shortcuts.way_on(graph, role, node);
                let target = way.map_or(node, |(_, exit)| graph.edge(exit).target);
                shortcuts.stop[node as usize] =
                    if way.is_some() { shortcuts.stop(target) } else { node };
                shortcuts.way[node as usize] = way;
            }
        }
        shortcuts
    }

    /// The shortest way, if all ways lead to one stop.
    fn way_on(&self, graph: &Graph, role: RoleId, node: Node) -> Option<(u32, EdgeId)> {
        let (mut stop, mut best) = (None, None);
        for exit in graph.exit_ids(node) {
            let edge = graph.edge(exit);
            let next = self.stop(edge.target);
            if edge.action(role).is_some() || next == NOT_YET || *stop.get_or_insert(next) != next {
                return None;
            }
            let way = (self.length(edge.target) + 1, exit);
            best = Some(best.map_or(way, |best: (u32, EdgeId)| best.min(way)));
        }
        best
    }

    /// Where a run that comes to a node comes to in any case.
    pub(crate) fn stop(&self, node: Node) -> Node {
        self.stop[node as usize]
    }

    /// How many exchanges lead from a node to its stop.
    pub(crate) fn length(&self, node: Node) -> u32 {
        self.way[node as usize].map_or(0, |(length, _)| length)
    }

    /// The exits from a node to its stop.
    pub(crate) fn path<'s>(
        &'s self,
        graph: &'s Graph,
        node: Node,
    ) -> impl Iterator<Item = EdgeId> + 's {
        let way = |node: Node| self.way[node as usize].map(|(_, exit)| exit);
        std::iter::successors(way(node), move |&exit| way(graph.edge(exit).target))
    }
}

const NOT_YET: Node = Node::MAX;
