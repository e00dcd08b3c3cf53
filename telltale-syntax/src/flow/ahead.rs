//! What happens next, seen through everything at which nothing happens.

use super::{Flow, Passes, Slot, SlotId};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

/// What comes next, by slot.
pub(crate) struct Ahead {
    /// The slot at which something happens next; `None` if nothing ever does.
    ends: Vec<Option<SlotId>>,
    /// The same, or what a branch must not come to before: the end of one, the beginning of a `par`.
    stops: Vec<SlotId>,
}

impl Ahead {
    /// Looks ahead from every slot, and reports the loops that go round without a message.
    ///
    /// Whatever points on points to one place only, so this follows each pointer once.
    pub(crate) fn of(flow: &Flow<'_>, mistakes: &mut Mistakes) -> Self {
        let mut seen = vec![Seen::No; flow.slots.len()];
        let mut stops: Vec<SlotId> = (0..flow.slots.len()).map(SlotId::at).collect();
        for start in 0..flow.slots.len() {
            let mut path = Vec::new();
            let mut slot = SlotId::at(start);
            let end = loop {
                match (seen[slot.index()], &flow.slots[slot.index()]) {
                    (Seen::Done(end), _) => break end,
                    (Seen::OnPath(place), _) => {
                        mistakes.extend(unguarded(flow, &path[place..]));
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
            let mut stop = stops[slot.index()];
            for slot in path.into_iter().rev() {
                seen[slot.index()] = Seen::Done(end);
                if flow.slots[slot.index()].is_passed_by_all() {
                    stops[slot.index()] = stop;
                }
                stop = stops[slot.index()];
            }
        }
        let end = |seen| if let Seen::Done(end) = seen { end } else { None };
        Self { ends: seen.into_iter().map(end).collect(), stops }
    }

    /// The slot at which something happens next.
    pub(crate) fn slot(&self, from: SlotId) -> Option<SlotId> {
        self.ends[from.index()]
    }

    /// The slot at which something happens next, or before that a branch ends or a `par` begins.
    pub(crate) fn stop(&self, from: SlotId) -> SlotId {
        self.stops[from.index()]
    }
}

impl Slot<'_> {
    /// Whether nothing happens here, and a branch may have come here before its first message.
    fn is_passed_by_all(&self) -> bool {
        matches!(self, Self::Skip { passes: Passes::Loop(_) | Passes::Call, .. })
    }
}

#[derive(Clone, Copy)]
enum Seen {
    No,
    OnPath(usize),
    Done(Option<SlotId>),
}

/// What there is to say about a circle: it is the outermost of its loops that goes round.
pub(super) fn unguarded(flow: &Flow<'_>, circle: &[SlotId]) -> Option<Diagnostic> {
    let loops = circle.iter().filter_map(|slot| match &flow.slots[slot.index()] {
        Slot::Skip { passes: Passes::Loop(looping), .. } => Some((slot, looping)),
        _ => None,
    });
    // A loop is added before what is in it.
    let (_, outermost) = loops.min_by_key(|(slot, _)| **slot)?;
    Some(Diagnostic::new(Mistake::UnguardedLoop, outermost.head))
}
