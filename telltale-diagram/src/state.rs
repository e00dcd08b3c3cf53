//! What a state diagram shows.

use telltale_types::{GlobalExit, GlobalType, LocalExit, LocalTypeR, StateId};

/// A state diagram: the states of a type and what leads from one to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateGraph {
    /// What it is a diagram of.
    pub title: String,
    /// The states, the first one being where it starts. A parallel part has one node more, where its arms are over.
    pub nodes: Vec<Node>,
    /// What leads from one to another.
    pub edges: Vec<Edge>,
}

/// A state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// Something happens here.
    State {
        /// Whether the role may also stop here.
        may_end: bool,
    },
    /// All is over.
    End,
    /// Several things begin.
    Fork,
    /// Several things are over.
    Join,
}

/// Something that leads from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The place of a node in [`StateGraph::nodes`].
    pub from: usize,
    /// The place of another one, or the same.
    pub to: usize,
    /// What happens; nothing at the edges of a parallel part.
    pub text: String,
    /// Whether it is dashed. What that means is up to who draws.
    pub is_faint: bool,
}

/// What the two kinds of types have in common.
struct Table {
    states: usize,
    exits: Vec<(StateId, StateId, String)>,
    pars: Vec<(StateId, Vec<StateId>, StateId)>,
    /// For each state that may be the last of its lane, the parallel part that the lane belongs to.
    ends: Vec<(StateId, Option<StateId>)>,
}

impl StateGraph {
    /// The part of one role: `Seller!Title(String)` where it sends, `Seller?Quote(u64)` where it receives.
    ///
    /// ```
    /// use telltale_diagram::{Node, StateGraph};
    /// use telltale_types::{Label, LocalTerm};
    ///
    /// let bob = LocalTerm::recv("Alice", Label::new("Hello"), LocalTerm::end()).close()?;
    /// let graph = StateGraph::of_local("Bob", &bob);
    /// assert_eq!(graph.edges[0].text, "Alice?Hello");
    /// assert_eq!(graph.nodes, [Node::State { may_end: false }, Node::End]);
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn of_local(title: &str, local: &LocalTypeR) -> Self {
        let names = local.names();
        let arrow = |state, exit: LocalExit| (state, exit.target, exit.action.display(names));
        let exits =
            local.states().flat_map(|state| local.exits(state).map(move |exit| arrow(state, exit)));
        let lanes = local.lanes();
        let is_last = |state: &StateId| local.may_end(*state) || is_dead(local, *state);
        let lane = |state| lanes.arm(lanes.of_state(state)).map(|arm| arm.par);
        Table {
            states: local.len(),
            exits: exits.collect(),
            pars: pars(local.states(), |state| local.par(state)),
            ends: local.states().filter(is_last).map(|state| (state, lane(state))).collect(),
        }
        .draw(title)
    }

    /// A protocol seen from above: `Alice→Seller:Title(String)`.
    ///
    /// ```
    /// use telltale_diagram::StateGraph;
    /// use telltale_types::{GlobalTerm, Label};
    ///
    /// let ping = GlobalTerm::send("Alice", "Bob", Label::new("Ping"), GlobalTerm::var("t"));
    /// let graph = StateGraph::of_global("Ping", &GlobalTerm::mu("t", ping).close()?);
    /// assert_eq!((graph.edges[0].from, graph.edges[0].to), (0, 0));
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn of_global(title: &str, global: &GlobalType) -> Self {
        let names = global.names();
        let text = |GlobalExit { sender, receiver, label, .. }: GlobalExit| {
            format!("{}→{}:{}", names.role(sender), names.role(receiver), names.label(label))
        };
        let exits = global.states().flat_map(|state| {
            global.exits(state).map(move |exit| (state, exit.target, text(exit)))
        });
        let lanes = global.lanes();
        let is_last =
            |state: &StateId| global.exits(*state).len() == 0 && global.par(*state).is_none();
        let lane = |state| lanes.arm(lanes.of_state(state)).map(|arm| arm.par);
        Table {
            states: global.len(),
            exits: exits.collect(),
            pars: pars(global.states(), |state| global.par(state)),
            ends: global.states().filter(is_last).map(|state| (state, lane(state))).collect(),
        }
        .draw(title)
    }

    /// How many things there are to draw.
    ///
    /// ```
    /// use telltale_diagram::StateGraph;
    /// use telltale_types::LocalTerm;
    ///
    /// assert_eq!(StateGraph::of_local("Idle", &LocalTerm::end().close()?).size(), 1);
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn size(&self) -> usize {
        self.nodes.len() + self.edges.len()
    }

    /// All of it in sentences, for those who cannot see it.
    pub(crate) fn spoken(&self) -> String {
        let edge = |edge: &Edge| format!("{} to {}: {}.", edge.from, edge.to, edge.text);
        self.edges
            .iter()
            .filter(|edge| !edge.text.is_empty())
            .map(edge)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// An arm of a parallel part is over, and nothing else.
fn is_dead(local: &LocalTypeR, state: StateId) -> bool {
    local.exits(state).len() == 0 && local.par(state).is_none()
}

fn pars(
    states: impl Iterator<Item = StateId>,
    par: impl Fn(StateId) -> Option<telltale_types::Par>,
) -> Vec<(StateId, Vec<StateId>, StateId)> {
    states.filter_map(|state| par(state).map(|par| (state, par.arms, par.next))).collect()
}

impl Table {
    fn draw(self, title: &str) -> StateGraph {
        let mut nodes = vec![Node::State { may_end: false }; self.states];
        let mut edges: Vec<Edge> = Vec::new();
        let edge = |from, to, text| Edge { from, to, text, is_faint: false };
        edges.extend(
            self.exits.iter().map(|(from, to, text)| edge(from.index(), to.index(), text.clone())),
        );
        for (state, around) in &self.ends {
            let is_over = !self.exits.iter().any(|(from, ..)| from == state);
            nodes[state.index()] = match around {
                None if is_over => Node::End,
                _ => Node::State { may_end: !is_over },
            };
        }
        for (state, arms, next) in &self.pars {
            nodes[state.index()] = Node::Fork;
            let join = nodes.len();
            nodes.push(Node::Join);
            edges.extend(arms.iter().map(|arm| edge(state.index(), arm.index(), String::new())));
            let over = self.ends.iter().filter(|(_, around)| *around == Some(*state));
            edges.extend(over.map(|(last, _)| edge(last.index(), join, String::new())));
            edges.push(edge(join, next.index(), String::new()));
        }
        reachable(StateGraph { title: title.to_owned(), nodes, edges })
    }
}

/// Without what cannot be reached: the end behind arms that never end.
fn reachable(graph: StateGraph) -> StateGraph {
    let mut number: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    let mut is_reached = vec![false; graph.nodes.len()];
    let mut leads_to = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        leads_to[edge.from].push(edge.to);
    }
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut is_reached[at], true) {
            open.extend(&leads_to[at]);
        }
    }
    let reached = (0..graph.nodes.len()).filter(|&at| is_reached[at]);
    for (new, old) in reached.clone().enumerate() {
        number[old] = Some(new);
    }
    let renumber =
        |edge: &Edge| Some(Edge { from: number[edge.from]?, to: number[edge.to]?, ..edge.clone() });
    StateGraph {
        nodes: reached.map(|at| graph.nodes[at]).collect(),
        edges: graph.edges.iter().filter_map(renumber).collect(),
        title: graph.title,
    }
}
