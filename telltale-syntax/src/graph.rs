//! A flow as a table of states, each with the statements that it comes from.

use std::collections::BTreeMap;

use telltale_types::{GlobalExit, Par, StateId};

use crate::ast::{self, Do, Statement};
use crate::flow::{
    Ahead, BranchOrigin, ChoiceOrigin, EXIT, Firsts, Flow, MessageSlot, Slot, SlotId,
};

/// The states that can be reached, in the order in which they are.
pub(crate) struct Graph<'a> {
    pub(crate) states: Vec<State<'a>>,
    /// The `par` that is reached before any message.
    pub(crate) par: Option<&'a Statement>,
}

impl Graph<'_> {
    pub(crate) fn has_messages(&self) -> bool {
        self.states.iter().any(|state| !state.exits.is_empty())
    }
}

/// A state and where it comes from.
#[derive(Default)]
pub(crate) struct State<'a> {
    /// The choice that is made here.
    pub(crate) choice: Option<ChoiceOrigin<'a>>,
    /// None at the end of the protocol.
    pub(crate) exits: Vec<Exit<'a>>,
    /// What the state is instead of exits.
    pub(crate) structure: Option<Structure<'a>>,
}

impl State<'_> {
    /// Whether the protocol is over.
    pub(crate) fn is_end(&self) -> bool {
        self.exits.is_empty() && self.structure.is_none()
    }

    /// Where a `par` that begins here leads.
    pub(crate) fn enters(&self) -> impl Iterator<Item = StateId> + '_ {
        let par = match &self.structure {
            Some(Structure::Par { par, .. }) => Some(par),
            Some(Structure::ArmEnd) | None => None,
        };
        par.into_iter().flat_map(|par| par.arms.iter().copied().chain([par.next]))
    }
}

/// Where things happen at once.
pub(crate) enum Structure<'a> {
    /// They begin.
    Par {
        par: Par,
        ast: &'a Statement,
        /// The `do` of the protocol that they come from.
        via: Option<&'a Do>,
        /// What may never end in an arm.
        endless: Option<&'a Statement>,
    },
    /// One of them is over.
    ArmEnd,
}

/// A way out of a state.
pub(crate) struct Exit<'a> {
    pub(crate) global: GlobalExit,
    pub(crate) message: &'a ast::Message,
    /// The `do` of the protocol that the message comes from.
    pub(crate) via: Option<&'a Do>,
    /// Whether that statement of this protocol, the message or the `do`, is over after it.
    pub(crate) is_last: bool,
    /// The branch that begins here, the innermost.
    pub(crate) branch: Option<BranchOrigin<'a>>,
    /// Whether another message at the beginning of the same choice is the same step.
    pub(crate) is_shared: bool,
}

/// Makes states of slots, from the first on.
///
/// Where a branch has no message to begin with, it is left out: that is reported, and what is left
/// still names everything else.
pub(crate) fn graph<'a>(flow: &Flow<'a>, ahead: &Ahead, firsts: &Firsts<'a>) -> Graph<'a> {
    let mut table = Table { flow, ahead, firsts, ids: BTreeMap::new(), order: Vec::new() };
    table.state(flow.entry);
    let mut states = Vec::new();
    while let Some(&slot) = table.order.get(states.len()) {
        let state = match &flow.slots[slot.index()] {
            Slot::Exit | Slot::Skip { .. } => State::default(),
            Slot::Message(_) => {
                State { exits: table.exit(slot, None).into_iter().collect(), ..State::default() }
            }
            Slot::ArmEnd => State { structure: Some(Structure::ArmEnd), ..State::default() },
            Slot::Par(slot) => {
                let arms = slot.arms.iter().map(|&arm| table.state(arm)).collect();
                let par = Par { arms, next: table.state(slot.next) };
                let (ast, via, endless) = (slot.ast, slot.via, slot.endless);
                State {
                    structure: Some(Structure::Par { par, ast, via, endless }),
                    ..State::default()
                }
            }
            Slot::Choice(choice) => {
                let firsts = firsts.of(slot).iter();
                let exits =
                    firsts.filter_map(|first| table.exit(first.message, Some(first.branch)));
                State { exits: exits.collect(), choice: Some(choice.origin), structure: None }
            }
        };
        states.push(state);
    }
    Graph { states, par: flow.par_ahead(ahead, flow.entry) }
}

struct Table<'t, 'a> {
    flow: &'t Flow<'a>,
    ahead: &'t Ahead,
    firsts: &'t Firsts<'a>,
    ids: BTreeMap<SlotId, StateId>,
    /// The slots that have a state, by state.
    order: Vec<SlotId>,
}

impl<'a> Table<'_, 'a> {
    /// The state at which things go on from a slot.
    fn state(&mut self, slot: SlotId) -> StateId {
        let slot = self.ahead.slot(slot).unwrap_or(EXIT);
        *self.ids.entry(slot).or_insert_with(|| {
            self.order.push(slot);
            StateId::at(self.order.len() - 1)
        })
    }

    /// The exit by the message at a slot.
    fn exit(&mut self, slot: SlotId, branch: Option<BranchOrigin<'a>>) -> Option<Exit<'a>> {
        let Slot::Message(message) = &self.flow.slots[slot.index()] else { return None };
        let MessageSlot { ast, via, sender, receiver, label, is_last, next } = *message;
        let global = GlobalExit { sender, receiver, label, target: self.state(next) };
        let is_shared = self.firsts.are_several(slot);
        Some(Exit { global, message: ast, via, is_last, branch, is_shared })
    }
}
