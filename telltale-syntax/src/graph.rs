//! A flow as a table of states, each with the statements that it comes from.

use std::collections::BTreeMap;

use telltale_types::{GlobalExit, StateId};

use crate::ast::{self, Block, Do};
use crate::flow::{Ahead, ChoiceSlot, EXIT, Flow, MessageSlot, Next, SlotId};

/// The states that can be reached, in the order in which they are.
pub(crate) struct Graph<'a> {
    pub(crate) states: Vec<State<'a>>,
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
}

/// The choice that a state comes from.
#[derive(Clone, Copy)]
pub(crate) struct ChoiceOrigin<'a> {
    pub(crate) ast: &'a ast::Choice,
    /// The `do` of the protocol that the choice comes from.
    pub(crate) via: Option<&'a Do>,
}

/// A way out of a state.
pub(crate) struct Exit<'a> {
    pub(crate) global: GlobalExit,
    pub(crate) message: &'a ast::Message,
    /// The `do` of the protocol that the message comes from.
    pub(crate) via: Option<&'a Do>,
    /// Whether that statement of this protocol, the message or the `do`, is over after it.
    pub(crate) is_last: bool,
    /// The branch that begins here.
    pub(crate) branch: Option<&'a Block>,
}

/// Makes states of slots, from the first on.
///
/// Where a branch has no message to begin with, it is left out: that is reported, and what is left
/// still names everything else.
pub(crate) fn graph<'a>(flow: &Flow<'a>, ahead: &Ahead) -> Graph<'a> {
    let mut table = Table { ahead, ids: BTreeMap::new(), order: Vec::new() };
    table.state(flow.entry);
    let mut states = Vec::new();
    while let Some(&slot) = table.order.get(states.len()) {
        let state = match ahead.next(flow, slot) {
            Next::Exit | Next::Nothing => State::default(),
            Next::Message(message) => {
                State { choice: None, exits: vec![table.exit(message, None)] }
            }
            Next::Choice(choice) => table.choice(flow, choice),
        };
        states.push(state);
    }
    Graph { states }
}

struct Table<'t> {
    ahead: &'t Ahead,
    ids: BTreeMap<SlotId, StateId>,
    /// The slots that have a state, by state.
    order: Vec<SlotId>,
}

impl Table<'_> {
    /// The state at which things go on from a slot.
    fn state(&mut self, slot: SlotId) -> StateId {
        let slot = self.ahead.slot(slot).unwrap_or(EXIT);
        *self.ids.entry(slot).or_insert_with(|| {
            self.order.push(slot);
            StateId::at(self.order.len() - 1)
        })
    }

    fn exit<'a>(&mut self, message: &MessageSlot<'a>, branch: Option<&'a Block>) -> Exit<'a> {
        let target = self.state(message.next);
        let MessageSlot { sender, receiver, label, is_last, .. } = *message;
        let global = GlobalExit { sender, receiver, label, target };
        Exit { global, message: message.ast, via: message.via, is_last, branch }
    }

    fn choice<'a>(&mut self, flow: &Flow<'a>, choice: &ChoiceSlot<'a>) -> State<'a> {
        let mut exits = Vec::new();
        for branch in &choice.branches {
            if let Next::Message(message) = self.ahead.next(flow, branch.entry)
                && message.sender == choice.chooser
            {
                exits.push(self.exit(message, Some(branch.ast)));
            }
        }
        let origin = ChoiceOrigin { ast: choice.ast, via: choice.via };
        State { choice: Some(origin), exits }
    }
}
