//! Queues that nothing bounds.
//!
//! A loop floods the queue from `A` to `B` when `A` sends to `B` in it and nothing that `B` says is ever heard by `A`, directly or through
//! others: then `A` can go round while `B` has not even begun. (Alur and Yannakakis call a protocol bounded when in every loop
//! whoever is talked to talks back, *Model checking of message sequence charts*, CONCUR 1999.) What can be heard of `B` stays within
//! some set of roles. So a loop is looked for which nobody in the set leaves by a message, for each set with `B` and without `A`.

use std::collections::{BTreeMap, VecDeque};

use telltale_types::{GlobalType, RoleId};

use crate::Step;
use crate::components::Components;
use crate::graph::{Edge, EdgeId, Graph};

/// With more roles there are too many sets.
const ROLE_LIMIT: usize = 14;

/// Which queues of a protocol nothing bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floods {
    /// The queues, in the order of their roles.
    pub list: Vec<Flood>,
    /// There are loops, and too many roles to know.
    pub is_undecided: bool,
    /// There are loops that contain a parallel part; those were not looked at.
    pub has_par_in_loop: bool,
}

/// A queue, and a loop that floods it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flood {
    /// Who sends.
    pub from: RoleId,
    /// Who receives, if at all.
    pub to: RoleId,
    /// The steps of the loop, the one that floods the queue first.
    pub round: Vec<Step>,
}

impl Floods {
    /// Whether the queue from the first role to the second may grow without bounds, as far as that is known.
    pub fn has(&self, (from, to): (RoleId, RoleId)) -> bool {
        self.is_undecided || self.list.iter().any(|flood| (flood.from, flood.to) == (from, to))
    }
}

/// Finds the queues that nothing bounds.
///
/// ```
/// use telltale_theory::floods;
/// use telltale_types::{GlobalTerm, Label};
///
/// let item = |then| GlobalTerm::send("Source", "Sink", Label::new("Item"), then);
/// let ack = |then| GlobalTerm::send("Sink", "Source", Label::new("Ack"), then);
/// let again = || GlobalTerm::var("t");
///
/// let flood = floods(&GlobalTerm::mu("t", item(again())).close()?);
/// assert_eq!(flood.list[0].round.len(), 1);
/// let bounded = floods(&GlobalTerm::mu("t", item(ack(again()))).close()?);
/// assert!(bounded.list.is_empty());
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
pub fn floods(global: &GlobalType) -> Floods {
    let graph = Graph::past_parallel(global);
    let roles = global.names().role_count();
    let mut found: BTreeMap<(RoleId, RoleId), Flood> = BTreeMap::new();
    let sets = if roles > ROLE_LIMIT { 0..0 } else { 1..1_u32 << roles };
    for set in sets {
        let is_in = |role: RoleId| set >> role.index() & 1 == 1;
        let uses =
            |edge: &Edge| edge.is_exchange() && (!is_in(edge.sender) || is_in(edge.receiver));
        for first in on_rounds(&graph, uses) {
            let Edge { sender: from, receiver: to, .. } = *graph.edge(first);
            if !is_in(from) && is_in(to) {
                let flood = || Flood { from, to, round: round(&graph, uses, first) };
                found.entry((from, to)).or_insert_with(flood);
            }
        }
    }
    Floods {
        list: found.into_values().collect(),
        is_undecided: roles > ROLE_LIMIT && on_rounds(&graph, Edge::is_exchange).next().is_some(),
        has_par_in_loop: on_rounds(&graph, |_| true).any(|id| !graph.edge(id).is_exchange()),
    }
}

/// The exits that lie on a way round, of the graph that some of the exits make.
fn on_rounds(graph: &Graph, uses: impl Fn(&Edge) -> bool + Copy) -> impl Iterator<Item = EdgeId> {
    let component = Components::of(graph, uses).numbers();
    let is_on_round = move |id: &EdgeId| {
        let edge = graph.edge(*id);
        uses(edge) && component[edge.source as usize] == component[edge.target as usize]
    };
    (0..graph.edges().len() as EdgeId).filter(is_on_round)
}

/// The shortest way round that begins with an exit which lies on one.
fn round(graph: &Graph, uses: impl Fn(&Edge) -> bool, first: EdgeId) -> Vec<Step> {
    let Edge { source, target, .. } = *graph.edge(first);
    let mut come: Vec<Option<EdgeId>> = vec![None; graph.len()];
    let mut open = VecDeque::from([target]);
    while let Some(node) = open.pop_front().filter(|&node| node != source) {
        for id in graph.exit_ids(node).filter(|&id| uses(graph.edge(id))) {
            let to = graph.edge(id).target;
            if to != target && come[to as usize].is_none() {
                come[to as usize] = Some(id);
                open.push_back(to);
            }
        }
    }
    let mut back = Vec::new();
    let mut at = source;
    while let Some(id) = come[at as usize] {
        back.push(graph.step(id));
        at = graph.edge(id).source;
    }
    back.push(graph.step(first));
    back.reverse();
    back
}
