//! What happens next, seen through everything at which nothing happens.

use std::collections::BTreeSet;

use super::{ChoiceSlot, Flow, MessageSlot, Passes, Slot, SlotId};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

/// The next thing that happens.
#[derive(Clone, Copy)]
pub(crate) enum Next<'f, 'a> {
    /// The protocol is over.
    Exit,
    /// A message, or the first of several.
    Message(&'f MessageSlot<'a>),
    /// A role decides.
    Choice(&'f ChoiceSlot<'a>),
    /// Nothing, for ever.
    Nothing,
}

/// By slot, the one at which something happens next; `None` if nothing ever does.
pub(crate) struct Ahead(Vec<Option<SlotId>>);

impl Ahead {
    /// Looks ahead from every slot, and reports the loops that go round without a message.
    ///
    /// Whatever points on points to one place only, so this follows each pointer once.
    pub(crate) fn of(flow: &Flow<'_>, mistakes: &mut Mistakes) -> Self {
        let mut seen = vec![Seen::No; flow.slots.len()];
        for start in 0..flow.slots.len() {
            let mut path = Vec::new();
            let mut slot = SlotId::at(start);
            let end = loop {
                match (seen[slot.index()], &flow.slots[slot.index()]) {
                    (Seen::Done(end), _) => break end,
                    (Seen::OnPath(place), _) => {
                        report_circle(flow, &path[place..], mistakes);
                        break None;
                    }
                    (Seen::No, Slot::Skip { to, .. }) => {
                        seen[slot.index()] = Seen::OnPath(path.len());
                        path.push(slot);
                        slot = *to;
                    }
                    (Seen::No, _) => {
                        seen[slot.index()] = Seen::Done(Some(slot));
                        break Some(slot);
                    }
                }
            };
            for slot in path {
                seen[slot.index()] = Seen::Done(end);
            }
        }
        let end = |seen| if let Seen::Done(end) = seen { end } else { None };
        Self(seen.into_iter().map(end).collect())
    }

    /// The slot at which something happens next.
    pub(crate) fn slot(&self, from: SlotId) -> Option<SlotId> {
        self.0[from.index()]
    }

    /// What happens next.
    pub(crate) fn next<'f, 'a>(&self, flow: &'f Flow<'a>, from: SlotId) -> Next<'f, 'a> {
        match self.slot(from).map(|slot| &flow.slots[slot.index()]) {
            Some(Slot::Exit) => Next::Exit,
            Some(Slot::Message(message)) => Next::Message(message),
            Some(Slot::Choice(choice)) => Next::Choice(choice),
            Some(Slot::Skip { .. }) | None => Next::Nothing,
        }
    }
}

#[derive(Clone, Copy)]
enum Seen {
    No,
    OnPath(usize),
    Done(Option<SlotId>),
}

/// Reports the outermost loop of a circle, unless all of it belongs to a protocol that is run.
fn report_circle(flow: &Flow<'_>, circle: &[SlotId], mistakes: &mut Mistakes) {
    // A loop is added before what is in it.
    let in_order: BTreeSet<SlotId> = circle.iter().copied().collect();
    let outermost = in_order.into_iter().find_map(|slot| match &flow.slots[slot.index()] {
        Slot::Skip { passes: Passes::Loop(looping), .. } => Some(looping),
        _ => None,
    });
    if let Some(looping) = outermost {
        mistakes.push(Diagnostic::new(Mistake::UnguardedLoop, looping.head));
    }
}
