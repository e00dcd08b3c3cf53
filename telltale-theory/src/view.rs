//! A protocol as one role sees it: what it takes no part in is silent, and silence is folded.
//!
//! For a role `p`, write `a ⇝ b` when exits without `p` lead from `a` to `b`. Two foldings keep
//! everything that the conditions and the synthesis ask about a node, which is the set of `p`'s
//! exits it reaches by `⇝`, and where silence can come to rest:
//!
//! - nodes on a silent cycle reach the same, so each strongly connected component of `⇝` is one *part*;
//! - a part where `p` has no exit and from which silence goes on to one other part only is that part.
//!
//! A chain of exchanges between others, however long, and choices between others that `p` never meets
//! cost nothing after this. The components are found in one pass (Tarjan, *Depth-first search and linear graph
//! algorithms*, SIAM J. Comput. 1972), with a stack of its own, in an order in which every part comes
//! after those it goes on to.

use telltale_types::{Action, RoleId};

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
        let unknown = vec![PartId::MAX; graph.len()];
        let mut fold = Fold {
            graph,
            view: Self { role, parts: Vec::new(), part_of: unknown },
            order: vec![0; graph.len()],
            low: vec![0; graph.len()],
            open: Vec::new(),
            count: 0,
        };
        for node in 0..graph.len() as Node {
            if fold.order[node as usize] == 0 {
                fold.visit(node);
            }
        }
        fold.view
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

/// Tarjan's algorithm over the silent exits.
struct Fold<'g> {
    graph: &'g Graph,
    view: View,
    /// When a node was come to, from 1; 0 when it was not.
    order: Vec<u32>,
    /// The earliest open node that a node is known to reach.
    low: Vec<u32>,
    /// The nodes whose component is not known yet.
    open: Vec<Node>,
    count: u32,
}

impl Fold<'_> {
    fn visit(&mut self, start: Node) {
        self.enter(start);
        let mut stack = vec![(start, self.graph.exit_ids(start))];
        while let Some((node, exits)) = stack.last_mut() {
            let node = *node;
            let Some(exit) = exits.next() else {
                stack.pop();
                if let Some((parent, _)) = stack.last() {
                    let low = self.low[node as usize];
                    self.lower(*parent, low);
                }
                self.leave(node);
                continue;
            };
            let edge = self.graph.edge(exit);
            if edge.sender == self.view.role || edge.receiver == self.view.role {
                continue;
            }
            let target = edge.target;
            if self.order[target as usize] == 0 {
                self.enter(target);
                stack.push((target, self.graph.exit_ids(target)));
            } else if self.view.part_of[target as usize] == PartId::MAX {
                self.lower(node, self.order[target as usize]);
            }
        }
    }

    fn enter(&mut self, node: Node) {
        self.count += 1;
        self.order[node as usize] = self.count;
        self.low[node as usize] = self.count;
        self.open.push(node);
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
        let first = self.open.iter().rposition(|&open| open == node).unwrap_or(0);
        let component = self.open.split_off(first);
        let part = self.part(&component);
        let id = match part.next[..] {
            [only] if part.exits.is_empty() => only,
            _ => {
                self.view.parts.push(part);
                self.view.parts.len() as PartId - 1
            }
        };
        for node in component {
            self.view.part_of[node as usize] = id;
        }
    }

    fn part(&self, component: &[Node]) -> Part {
        let mut part = Part::default();
        for &node in component {
            let exits = self.graph.exit_ids(node);
            part.ends |= exits.is_empty();
            for exit in exits {
                let edge = self.graph.edge(exit);
                match edge.action(self.view.role) {
                    Some(action) => part.exits.push((action, exit)),
                    None => part.next.push(self.view.part_of[edge.target as usize]),
                }
            }
        }
        // Only the component itself has no part yet.
        part.next.retain(|&next| next != PartId::MAX);
        part.next.sort_unstable();
        part.next.dedup();
        part.exits.sort_unstable();
        part
    }
}
