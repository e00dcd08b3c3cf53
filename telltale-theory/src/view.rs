//! A protocol as one role sees it: what it takes no part in is silent, and silence is folded.
//!
//! For a role `p`, write `a ⇝ b` when exits without `p` lead from `a` to `b`. Two foldings keep
//! everything that the conditions and the synthesis ask about a node, which is the set of `p`'s
//! exits it reaches by `⇝`, and where silence can come to rest:
//!
//! - nodes on a silent cycle reach the same, so each strongly connected component of `⇝` is one
//!   *part*;
//! - a part where `p` has no exit and from which silence goes on to one other part only is that
//!   part.
//!
//! A chain of exchanges between others, however long, and choices between others that `p` never
//! meets cost nothing after this.

use telltale_types::{Action, RoleId};

use crate::components::Components;
use crate::graph::{EdgeId, Graph, Node};

/// The number of a part.
pub(crate) type PartId = u32;

/// Nodes that are the same to a role.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// What the role can do here, in the order of its actions.
    pub(crate) exits: Vec<(Action, EdgeId)>,
    /// Where silence goes on.
    pub(crate) next: Vec<PartId>,
    /// Whether the protocol may be over here.
    pub(crate) ends: bool,
}

impl Part {
    /// Whether silence comes to rest here: there is no way on without the role, or no way at all.
    ///
    /// Every part goes on to one that rests. A node where the role sends rests, since all its exits
    /// are the role's.
    pub(crate) fn rests(&self) -> bool {
        self.next.is_empty()
    }

    /// Whether the role has nothing more to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.rests() && self.exits.is_empty()
    }

    pub(crate) fn actions(&self) -> impl Iterator<Item = Action> + '_ {
        self.exits.iter().map(|(action, _)| *action)
    }
}

/// The parts of a protocol for one role.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) role: RoleId,
    parts: Vec<Part>,
    part_of: Vec<PartId>,
}

impl View {
    pub(crate) fn new(graph: &Graph, role: RoleId) -> Self {
        let mut view = Self { role, parts: Vec::new(), part_of: vec![NOT_YET; graph.len()] };
        for component in Components::of(graph, |edge| edge.action(role).is_none()).iter() {
            let part = view.fold(graph, component);
            let id = match part.next[..] {
                [only] if part.exits.is_empty() => only,
                _ => {
                    view.parts.push(part);
                    view.parts.len() as PartId - 1
                }
            };
            for &node in component {
                view.part_of[node as usize] = id;
            }
        }
        view
    }

    /// The nodes of a component as one part. Where it goes on to is known already.
    fn fold(&self, graph: &Graph, component: &[Node]) -> Part {
        let mut part = Part::default();
        for &node in component {
            let exits = graph.exit_ids(node);
            part.ends |= exits.is_empty();
            for exit in exits {
                let edge = graph.edge(exit);
                match edge.action(self.role) {
                    Some(action) => part.exits.push((action, exit)),
                    None => part.next.push(self.part_of[edge.target as usize]),
                }
            }
        }
        // Only the component itself is not a part yet.
        part.next.retain(|&next| next != NOT_YET);
        part.next.sort_unstable();
        part.next.dedup();
        part.exits.sort_unstable();
        part
    }

    pub(crate) fn part(&self, part: PartId) -> &Part {
        &self.parts[part as usize]
    }

    pub(crate) fn part_of(&self, node: Node) -> PartId {
        self.part_of[node as usize]
    }

    /// How many parts there are.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }
}

const NOT_YET: PartId = PartId::MAX;
