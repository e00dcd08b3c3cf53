//! How a branch begins, and what it passes before.

use super::{Ahead, ChoiceSlot, Flow, MessageSlot, Passes, Slot, SlotId};
use crate::ast::Statement;

/// How a branch begins.
#[derive(Clone, Copy)]
pub(super) enum Begins<'f, 'a> {
    /// Not at all.
    Nothing,
    /// With the end of the protocol, or of an arm.
    Exit,
    Par(&'a Statement),
    Message(SlotId, &'f MessageSlot<'a>),
    Choice(SlotId, &'f ChoiceSlot<'a>),
}

impl<'f, 'a> Begins<'f, 'a> {
    /// What comes first from a slot on, and the ends of branches in front of it. There are few of them:
    /// whoever comes to the end of a branch is no longer in it, and comes into no other.
    pub(super) fn of(flow: &'f Flow<'a>, ahead: &Ahead, from: SlotId) -> (Vec<SlotId>, Self) {
        let mut ends = Vec::new();
        if ahead.slot(from).is_none() {
            return (ends, Self::Nothing);
        }
        let mut slot = ahead.stop(from);
        let begins = loop {
            match &flow.slots[slot.index()] {
                Slot::Exit | Slot::ArmEnd => break Self::Exit,
                Slot::Par(par) => break Self::Par(par.ast),
                Slot::Message(message) => break Self::Message(slot, message),
                Slot::Choice(choice) => break Self::Choice(slot, choice),
                Slot::Skip { passes: Passes::Par(par), .. } => break Self::Par(par),
                Slot::Skip { to, .. } => {
                    ends.push(slot);
                    slot = ahead.stop(*to);
                }
            }
        };
        (ends, begins)
    }
}

impl<'a> Flow<'a> {
    /// The `par` that begins before anything happens.
    pub(crate) fn par_ahead(&self, ahead: &Ahead, from: SlotId) -> Option<&'a Statement> {
        let (_, begins) = Begins::of(self, ahead, from);
        if let Begins::Par(par) = begins { Some(par) } else { None }
    }
}
