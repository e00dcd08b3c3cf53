//! Types written as in the papers: open terms that are closed into graphs.
//!
//! A term is built from the inside out. It keeps its nodes in one list, so building, closing and
//! dropping take time in proportion to its size and no recursion, however deep it is.

use std::collections::BTreeMap;

use crate::{
    Action, Direction, GlobalExit, GlobalState, GlobalType, Label, LabelId, LocalExit, LocalState,
    LocalTypeR, Names, Par, RoleId, StateId, TypeError,
};

/// A global type under construction. See [`GlobalType`] for an example.
#[derive(Clone, Debug)]
pub struct GlobalTerm(Term<Exchange>);

#[derive(Clone, Debug)]
struct Exchange {
    sender: String,
    receiver: String,
    label: Label,
}

impl GlobalTerm {
    /// Nothing more happens.
    pub fn end() -> Self {
        Self(Term::leaf(Node::End))
    }

    /// Goes on where the `mu` of that name begins.
    pub fn var(name: impl Into<String>) -> Self {
        Self(Term::leaf(Node::Var(name.into())))
    }

    /// A loop: `name` stands for the whole inside of `body`.
    #[must_use]
    pub fn mu(name: impl Into<String>, body: Self) -> Self {
        Self(body.0.bind(name.into()))
    }

    /// One message: `sender → receiver : label`.
    #[must_use]
    pub fn send(sender: &str, receiver: &str, label: Label, then: Self) -> Self {
        Self::comm(sender, receiver, [(label, then)])
    }

    /// A choice of the sender between messages to one receiver.
    #[must_use]
    pub fn comm(
        sender: &str,
        receiver: &str,
        branches: impl IntoIterator<Item = (Label, Self)>,
    ) -> Self {
        let to = |(label, then)| (receiver, label, then);
        Self::choice(sender, branches.into_iter().map(to))
    }

    /// A choice of the sender between messages to any receivers.
    #[must_use]
    pub fn choice<'a>(
        sender: &str,
        branches: impl IntoIterator<Item = (&'a str, Label, Self)>,
    ) -> Self {
        let exchange = |(receiver, label, then): (&str, Label, Self)| {
            let (sender, receiver) = (sender.to_owned(), receiver.to_owned());
            (Exchange { sender, receiver, label }, then.0)
        };
        Self(Term::choose(sender.to_owned(), branches.into_iter().map(exchange)))
    }

    /// Several things at once. Each ends where its arm says `end`; then comes what follows.
    #[must_use]
    pub fn par(arms: impl IntoIterator<Item = Self>, then: Self) -> Self {
        Self(Term::at_once(arms.into_iter().map(|arm| arm.0), then.0))
    }

    /// The graph of the term. Roles and labels are numbered in the order in which a reader of the
    /// term comes to them.
    ///
    /// # Errors
    ///
    /// When a variable is unbound or bound outside of an arm, a loop has no message, a choice has no
    /// branch, or the result is not a global type ([`GlobalType::new`]).
    pub fn close(&self) -> Result<GlobalType, TypeError> {
        let mut words = Words::default();
        let mut exit = |(event, target): (&Exchange, StateId)| GlobalExit {
            sender: words.role(&event.sender),
            receiver: words.role(&event.receiver),
            label: words.label(&event.label),
            target,
        };
        let state = |closed| match closed {
            Closed::Exits(exits) => GlobalState::Exits(exits.into_iter().map(&mut exit).collect()),
            Closed::Par(par) => GlobalState::Par(par),
            Closed::ArmEnd => GlobalState::ArmEnd,
        };
        let states: Vec<GlobalState> = self.0.close()?.into_iter().map(state).collect();
        GlobalType::new(words.names()?, states)
    }
}

/// A local type under construction. See [`LocalTypeR`] for an example.
#[derive(Clone, Debug)]
pub struct LocalTerm(Term<PeerMessage>);

#[derive(Clone, Debug)]
struct PeerMessage {
    direction: Direction,
    peer: String,
    label: Label,
}

impl LocalTerm {
    /// The role is done.
    pub fn end() -> Self {
        Self(Term::leaf(Node::End))
    }

    /// Goes on where the `mu` of that name begins.
    pub fn var(name: impl Into<String>) -> Self {
        Self(Term::leaf(Node::Var(name.into())))
    }

    /// A loop: `name` stands for the whole inside of `body`.
    #[must_use]
    pub fn mu(name: impl Into<String>, body: Self) -> Self {
        Self(body.0.bind(name.into()))
    }

    /// Sends one message: `peer ! label`.
    #[must_use]
    pub fn send(peer: &str, label: Label, then: Self) -> Self {
        Self::select([(peer, label, then)])
    }

    /// Receives one message: `peer ? label`.
    #[must_use]
    pub fn recv(peer: &str, label: Label, then: Self) -> Self {
        Self::branch([(peer, label, then)])
    }

    /// An internal choice `⊕`: the role picks one message to send.
    #[must_use]
    pub fn select<'a>(branches: impl IntoIterator<Item = (&'a str, Label, Self)>) -> Self {
        Self::choose(Direction::Send, branches)
    }

    /// An external choice `&`: the role takes the message that arrives.
    #[must_use]
    pub fn branch<'a>(branches: impl IntoIterator<Item = (&'a str, Label, Self)>) -> Self {
        Self::choose(Direction::Receive, branches)
    }

    fn choose<'a>(
        direction: Direction,
        branches: impl IntoIterator<Item = (&'a str, Label, Self)>,
    ) -> Self {
        let message = |(peer, label, then): (&str, Label, Self)| {
            (PeerMessage { direction, peer: peer.to_owned(), label }, then.0)
        };
        let owner = match direction {
            Direction::Send => "⊕",
            Direction::Receive => "&",
        };
        Self(Term::choose(owner.to_owned(), branches.into_iter().map(message)))
    }

    /// Several things at once. Each ends where its arm says `end`; then comes what follows.
    #[must_use]
    pub fn par(arms: impl IntoIterator<Item = Self>, then: Self) -> Self {
        Self(Term::at_once(arms.into_iter().map(|arm| arm.0), then.0))
    }

    /// The graph of the term. Roles and labels are numbered in the order in which a reader of the
    /// term comes to them.
    ///
    /// # Errors
    ///
    /// When a variable is unbound or bound outside of an arm, a loop has no message, a choice has no
    /// branch, or the result is not a local type ([`LocalTypeR::new`]).
    pub fn close(&self) -> Result<LocalTypeR, TypeError> {
        let mut words = Words::default();
        let mut exit = |(event, target): (&PeerMessage, StateId)| {
            let (peer, label) = (words.role(&event.peer), words.label(&event.label));
            LocalExit { action: Action { direction: event.direction, peer, label }, target }
        };
        let state = |closed| match closed {
            Closed::Exits(exits) => {
                let exits = exits.into_iter().map(&mut exit).collect();
                LocalState::Exits { exits, may_end: false }
            }
            Closed::Par(par) => LocalState::Par(par),
            Closed::ArmEnd => LocalState::ArmEnd,
        };
        let states = self.0.close()?.into_iter().map(state).collect();
        LocalTypeR::new(words.names()?, states)
    }
}

/// The nodes of a term; the last is its root. Children stand before their parents.
#[derive(Clone, Debug)]
struct Term<E> {
    nodes: Vec<Node<E>>,
}

#[derive(Clone, Debug)]
enum Node<E> {
    End,
    Var(String),
    Mu { name: String, body: usize },
    Choice { owner: String, branches: Vec<(E, usize)> },
    Par { arms: Vec<usize>, then: usize },
}

impl<E> Term<E> {
    fn leaf(node: Node<E>) -> Self {
        Self { nodes: vec![node] }
    }

    fn root(&self) -> usize {
        self.nodes.len() - 1
    }

    fn bind(mut self, name: String) -> Self {
        let body = self.root();
        self.nodes.push(Node::Mu { name, body });
        self
    }

    fn choose(owner: String, parts: impl Iterator<Item = (E, Self)>) -> Self {
        let (events, parts): (Vec<E>, Vec<Self>) = parts.unzip();
        let (mut nodes, roots) = Self::side_by_side(parts.into_iter());
        nodes.push(Node::Choice { owner, branches: events.into_iter().zip(roots).collect() });
        Self { nodes }
    }

    fn at_once(arms: impl Iterator<Item = Self>, then: Self) -> Self {
        let (mut nodes, mut roots) = Self::side_by_side(std::iter::once(then).chain(arms));
        let then = roots.remove(0);
        nodes.push(Node::Par { arms: roots, then });
        Self { nodes }
    }

    /// The nodes of several terms, and where their roots are.
    fn side_by_side(parts: impl Iterator<Item = Self>) -> (Vec<Node<E>>, Vec<usize>) {
        let (mut nodes, mut roots): (Vec<Node<E>>, _) = (Vec::new(), Vec::new());
        for part in parts {
            if nodes.is_empty() {
                // The first part, mostly the only one, stays where it is: a chain is built in linear time.
                nodes = part.nodes;
            } else {
                let offset = nodes.len();
                nodes.extend(part.nodes.into_iter().map(|node| node.moved_by(offset)));
            }
            roots.push(nodes.len() - 1);
        }
        (nodes, roots)
    }

    /// The states that can be come to, in the order in which a reader does.
    fn close(&self) -> Result<Vec<Closed<'_, E>>, TypeError> {
        let scopes = self.scopes()?;
        let leads_to = self.resolve(&scopes.binders)?;
        let identity = |node: usize| match &self.nodes[node] {
            Node::End => Identity::EndOf(scopes.lanes[node]),
            _ => Identity::Node(node),
        };
        let mut number_of = BTreeMap::new();
        let mut order: Vec<usize> = Vec::new();
        let mut stack = vec![leads_to[self.root()]];
        while let Some(node) = stack.pop() {
            if number_of.contains_key(&identity(node)) {
                continue;
            }
            number_of.insert(identity(node), StateId::at(order.len()));
            order.push(node);
            stack.extend(self.nodes[node].children().into_iter().rev().map(|then| leads_to[then]));
        }
        let number = |then: &usize| number_of[&identity(leads_to[*then])];
        let state = |node: usize| match &self.nodes[node] {
            Node::Choice { branches, .. } => {
                Closed::Exits(branches.iter().map(|(event, then)| (event, number(then))).collect())
            }
            Node::Par { arms, then } => {
                Closed::Par(Par { arms: arms.iter().map(number).collect(), next: number(then) })
            }
            _ if scopes.lanes[node] == OUTERMOST => Closed::Exits(Vec::new()),
            _ => Closed::ArmEnd,
        };
        Ok(order.into_iter().map(state).collect())
    }

    /// For every node that is part of the term, the state that it stands for.
    fn resolve(&self, binders: &[usize]) -> Result<Vec<usize>, TypeError> {
        let mut leads_to: Vec<Option<usize>> = vec![None; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut path = Vec::new();
            let mut at = start;
            let found = loop {
                if let Some(known) = leads_to[at] {
                    break known;
                }
                if path.len() > self.nodes.len() {
                    return Err(self.unguarded(at));
                }
                path.push(at);
                at = match &self.nodes[at] {
                    Node::End | Node::Choice { .. } | Node::Par { .. } => break at,
                    Node::Mu { body, .. } => *body,
                    Node::Var(_) => binders[at],
                };
            };
            for node in path {
                leads_to[node] = Some(found);
            }
        }
        Ok(leads_to.into_iter().flatten().collect())
    }

    /// A cycle without a message is made of loops and their variables alone.
    fn unguarded(&self, at: usize) -> TypeError {
        let name = match &self.nodes[at] {
            Node::Mu { name, .. } | Node::Var(name) => name.clone(),
            Node::End | Node::Choice { .. } | Node::Par { .. } => String::new(),
        };
        TypeError::Unguarded { name }
    }

    /// What is around every node; choices must have branches.
    fn scopes(&self) -> Result<Scopes, TypeError> {
        let none = vec![0; self.nodes.len()];
        let mut scopes = Scopes { binders: none.clone(), lanes: none };
        let mut count = OUTERMOST;
        let mut scope: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut stack = vec![(self.root(), OUTERMOST, false)];
        while let Some((at, lane, leave)) = stack.pop() {
            scopes.lanes[at] = lane;
            match &self.nodes[at] {
                Node::End => {}
                Node::Var(name) => {
                    let binder = scope.get(name.as_str()).and_then(|binders| binders.last());
                    let unbound = || TypeError::UnboundVariable { name: name.clone() };
                    scopes.binders[at] = *binder.ok_or_else(unbound)?;
                    if scopes.lanes[scopes.binders[at]] != lane {
                        return Err(TypeError::LeavesArm { name: name.clone() });
                    }
                }
                Node::Mu { name, .. } if leave => {
                    scope.entry(name).or_default().pop();
                }
                Node::Mu { name, body } => {
                    scope.entry(name).or_default().push(at);
                    stack.extend([(at, lane, true), (*body, lane, false)]);
                }
                Node::Choice { owner, branches } if branches.is_empty() => {
                    return Err(TypeError::EmptyChoice { role: owner.clone() });
                }
                Node::Choice { branches, .. } => {
                    stack.extend(branches.iter().rev().map(|(_, then)| (*then, lane, false)));
                }
                Node::Par { arms, then } => {
                    stack.push((*then, lane, false));
                    for &arm in arms {
                        count += 1;
                        stack.push((arm, count, false));
                    }
                }
            }
        }
        Ok(scopes)
    }
}

const OUTERMOST: usize = 0;

/// What is around the nodes of a term.
struct Scopes {
    /// For every variable, the `mu` that binds it.
    binders: Vec<usize>,
    /// For every node, the arm that it is in.
    lanes: Vec<usize>,
}

/// Which nodes are one state: all ends of an arm are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Node(usize),
    EndOf(usize),
}

/// A state of a closed term.
enum Closed<'t, E> {
    Exits(Vec<(&'t E, StateId)>),
    Par(Par),
    ArmEnd,
}

impl<E> Node<E> {
    /// Where a state leads.
    fn children(&self) -> Vec<usize> {
        match self {
            Self::Choice { branches, .. } => branches.iter().map(|(_, then)| *then).collect(),
            Self::Par { arms, then } => arms.iter().copied().chain([*then]).collect(),
            Self::End | Self::Var(_) | Self::Mu { .. } => Vec::new(),
        }
    }

    fn moved_by(self, offset: usize) -> Self {
        match self {
            Self::Mu { name, body } => Self::Mu { name, body: body + offset },
            Self::Choice { owner, branches } => {
                let moved = |(event, then)| (event, then + offset);
                Self::Choice { owner, branches: branches.into_iter().map(moved).collect() }
            }
            Self::Par { arms, then } => {
                let arms = arms.into_iter().map(|arm| arm + offset).collect();
                Self::Par { arms, then: then + offset }
            }
            leaf => leaf,
        }
    }
}

/// Numbers names in the order in which they are come to.
#[derive(Default)]
struct Words {
    roles: BTreeMap<String, usize>,
    labels: BTreeMap<Label, usize>,
}

impl Words {
    /// Numbers past the limits wrap here and are refused by [`Words::names`].
    fn role(&mut self, name: &str) -> RoleId {
        let next = self.roles.len();
        RoleId(*self.roles.entry(name.to_owned()).or_insert(next) as u8)
    }

    fn label(&mut self, label: &Label) -> LabelId {
        let next = self.labels.len();
        LabelId(*self.labels.entry(label.clone()).or_insert(next) as u16)
    }

    fn names(self) -> Result<Names, TypeError> {
        Names::new(by_number(self.roles), by_number(self.labels))
    }
}

fn by_number<T>(numbered: BTreeMap<T, usize>) -> Vec<T> {
    let mut items: Vec<(usize, T)> = numbered.into_iter().map(|(item, n)| (n, item)).collect();
    items.sort_by_key(|(number, _)| *number);
    items.into_iter().map(|(_, item)| item).collect()
}
