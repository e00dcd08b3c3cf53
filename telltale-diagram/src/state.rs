//! What a state diagram shows.

use telltale_types::{Action, GlobalExit, GlobalType, Lanes, LocalExit, LocalTypeR, Par, StateId};

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

/// What the states of both kinds of types have in common.
struct State {
    /// What happens, and where that leads.
    exits: Vec<(String, StateId)>,
    par: Option<Par>,
    may_end: bool,
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
        let exit = |exit: LocalExit| (exit.action.display(names), exit.target);
        let state = |state| State {
            exits: local.exits(state).map(exit).collect(),
            par: local.par(state),
            may_end: local.may_end(state),
        };
        draw(title, &local.states().map(state).collect::<Vec<_>>(), &local.lanes())
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
        let exit = |exit: GlobalExit| (exit.display(names), exit.target);
        let state = |state| State {
            exits: global.exits(state).map(exit).collect(),
            par: global.par(state),
            may_end: false,
        };
        draw(title, &global.states().map(state).collect::<Vec<_>>(), &global.lanes())
    }

    /// In a picture of the part of one role ([`StateGraph::of_local`]), dashes what it does in a state if that is to be faint.
    ///
    /// ```
    /// use telltale_diagram::StateGraph;
    /// use telltale_types::{Label, LocalTerm};
    ///
    /// let bob = LocalTerm::recv("Alice", Label::new("Hello"), LocalTerm::end()).close()?;
    /// let mut graph = StateGraph::of_local("Bob", &bob);
    /// graph.fade(&bob, |_, action| action.display(bob.names()) == "Alice?Hello");
    /// assert!(graph.edges[0].is_faint);
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn fade(&mut self, local: &LocalTypeR, is_faint: impl Fn(StateId, Action) -> bool) {
        // The edges with texts are the exits, in their order.
        let edges = self.edges.iter_mut().filter(|edge| !edge.text.is_empty());
        for (edge, (state, action)) in edges.zip(local.actions()) {
            edge.is_faint = is_faint(state, action);
        }
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

impl State {
    /// Whether nothing more need happen in its lane.
    fn is_last(&self) -> bool {
        self.may_end || self.exits.is_empty() && self.par.is_none()
    }

    fn node(&self, is_outermost: bool) -> Node {
        match &self.par {
            Some(_) => Node::Fork,
            None if self.exits.is_empty() && is_outermost => Node::End,
            None => Node::State { may_end: self.may_end },
        }
    }
}

fn draw(title: &str, states: &[State], lanes: &Lanes) -> StateGraph {
    let around = |at: usize| lanes.arm(lanes.of_state(StateId::at(at))).map(|arm| arm.par.index());
    let states = || states.iter().enumerate();
    let mut nodes: Vec<Node> =
        states().map(|(at, state)| state.node(around(at).is_none())).collect();
    let edge = |from, to, text| Edge { from, to, text, is_faint: false };
    let exits = states().flat_map(|(at, state)| {
        state.exits.iter().map(move |(text, target)| edge(at, target.index(), text.clone()))
    });
    let mut edges: Vec<Edge> = exits.collect();
    for (at, state) in states() {
        let Some(par) = &state.par else { continue };
        let join = nodes.len();
        nodes.push(Node::Join);
        let silent = |from, to| edge(from, to, String::new());
        edges.extend(par.arms.iter().map(|arm| silent(at, arm.index())));
        let over = states().filter(|(last, state)| state.is_last() && around(*last) == Some(at));
        edges.extend(over.map(|(last, _)| silent(last, join)));
        edges.push(silent(join, par.next.index()));
    }
    reachable(StateGraph { title: title.to_owned(), nodes, edges })
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
