//! The machine of one role: erase, determinise.
//!
//! ```text
//! clo(S)     = closure of S under exits that do not involve p
//! init       = clo({0})          step(S, x) = clo({ n' | n ∈ S has an exit to n' that is p's event x })
//! S is final iff End ∈ S
//! ```
//!
//! This is the subset construction of Li, Stutz, Wies and Zufferey (*Complete Multiparty Session
//! Type Projection with Automata*, CAV 2023) on the parts of the role's [`View`]. Of a closed set
//! only the parts that matter are kept: those where the role has an exit, and those where silence
//! rests.
//!
//! Two nodes stand in one state of the machine exactly when some two runs with the same view for
//! `p` end there (`a ~ b`), so the machine is also where the conditions are checked. States are
//! found breadth-first: the first way to a state is a shortest view.

use std::collections::HashMap;

use telltale_types::{Action, RoleId};

use crate::Limits;
use crate::error::{Limit, LimitReached};
use crate::graph::Graph;
use crate::lanes::{self, NOBODY};
use crate::view::{PartId, View};

/// The number of a state of a machine.
pub(crate) type SetId = u32;

/// One state: all that the role may find itself in.
#[derive(Debug)]
pub(crate) struct Set {
    /// The parts that matter, in order.
    pub(crate) parts: Vec<PartId>,
    /// What the role can do, and the state after it, in the order of the actions.
    pub(crate) moves: Vec<(Action, SetId)>,
    /// The state from which, and the action by which it was found; the start has none.
    pub(crate) found_by: Option<(SetId, Action)>,
    /// Whether the protocol may be over.
    pub(crate) may_end: bool,
}

/// What a role does in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acts {
    /// It sends or receives.
    Exchanges,
    /// It begins its parts of several arms.
    Forks,
    /// Its part of an arm is over.
    Joins,
    /// Nothing more.
    Nothing,
}

impl Set {
    /// What the role does, if the state violates no condition.
    pub(crate) fn acts(&self) -> Acts {
        match self.moves.first() {
            None => Acts::Nothing,
            Some((action, _)) if action.peer != NOBODY => Acts::Exchanges,
            Some(_) if self.moves.len() > 1 => Acts::Forks,
            Some(_) => Acts::Joins,
        }
    }
}

/// What the erased protocol lets one role do.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) sets: Vec<Set>,
    /// The limit that was reached before all states were found.
    pub(crate) limit: Option<LimitReached>,
}

impl Machine {
    /// `exits` counts the exits of the machines of all roles so far.
    pub(crate) fn new(graph: &Graph, view: &View, limits: &Limits, exits: &mut usize) -> Self {
        let mut sets = Subsets {
            graph,
            view,
            by_landing: HashMap::new(),
            by_parts: HashMap::new(),
            sets: Vec::new(),
            seen: vec![SetId::MAX; view.len()],
        };
        let limit = sets.explore(limits, exits).err();
        Self { sets: sets.sets, limit }
    }

    /// For every state, whether it is inside of an arm that the role has forked into.
    pub(crate) fn inside(&self) -> Vec<bool> {
        let mut inside = vec![false; self.sets.len()];
        // States are found after those that lead to them.
        for (at, set) in self.sets.iter().enumerate() {
            let Some((from, action)) = set.found_by else { continue };
            let into_arm = action.peer == NOBODY && !lanes::sent_to_nobody(action.label).1;
            inside[at] = inside[from as usize] || into_arm;
        }
        inside
    }
}

struct Subsets<'g> {
    graph: &'g Graph,
    view: &'g View,
    /// The state of the closure of some parts.
    by_landing: HashMap<Vec<PartId>, SetId>,
    by_parts: HashMap<Vec<PartId>, SetId>,
    sets: Vec<Set>,
    /// For each part, the last closure it was taken into.
    seen: Vec<SetId>,
}

impl Subsets<'_> {
    fn explore(&mut self, limits: &Limits, exits: &mut usize) -> Result<(), LimitReached> {
        self.enter(vec![self.view.part_of(0)], None);
        let mut at = 0;
        while at < self.sets.len() {
            let id = at as SetId;
            let lands = self.lands(id);
            *exits += lands.len();
            check(Limit::Exits, self.view.role, *exits, limits.exits)?;
            let mut moves = Vec::new();
            for group in lands.chunk_by(|one, other| one.0 == other.0) {
                let action = group[0].0;
                let landing = group.iter().map(|(_, part)| *part).collect();
                moves.push((action, self.enter(landing, Some((id, action)))));
                check(Limit::States, self.view.role, self.sets.len(), limits.states)?;
            }
            self.sets[at].moves = moves;
            at += 1;
        }
        Ok(())
    }

    /// Each action of a state, with each part it leads to, in order and once.
    fn lands(&self, set: SetId) -> Vec<(Action, PartId)> {
        let parts = &self.sets[set as usize].parts;
        let exits = parts.iter().flat_map(|&part| &self.view.part(part).exits);
        let mut lands: Vec<(Action, PartId)> = exits
            .map(|&(action, exit)| (action, self.view.part_of(self.graph.edge(exit).target)))
            .collect();
        lands.sort_unstable();
        lands.dedup();
        lands
    }

    /// The state of the closure of some parts.
    fn enter(&mut self, landing: Vec<PartId>, found_by: Option<(SetId, Action)>) -> SetId {
        if let Some(&known) = self.by_landing.get(&landing) {
            return known;
        }
        let parts = self.closure(&landing);
        let next = self.sets.len() as SetId;
        let id = *self.by_parts.entry(parts.clone()).or_insert(next);
        if id == next {
            let may_end = parts.iter().any(|&part| self.view.part(part).ends);
            self.sets.push(Set { parts, moves: Vec::new(), found_by, may_end });
        }
        self.by_landing.insert(landing, id);
        id
    }

    fn closure(&mut self, landing: &[PartId]) -> Vec<PartId> {
        // Every closure that is computed adds an entry to `by_landing`, so this is its own number.
        let mark = self.by_landing.len() as SetId;
        let mut parts = Vec::new();
        let mut stack = landing.to_vec();
        while let Some(id) = stack.pop() {
            if std::mem::replace(&mut self.seen[id as usize], mark) == mark {
                continue;
            }
            let part = self.view.part(id);
            if part.rests() || !part.exits.is_empty() {
                parts.push(id);
            }
            stack.extend(&part.next);
        }
        parts.sort_unstable();
        parts
    }
}

fn check(what: Limit, role: RoleId, given: usize, limit: usize) -> Result<(), LimitReached> {
    if given > limit {
        Err(LimitReached { what, role, decision: None, given, limit })
    } else {
        Ok(())
    }
}
