//! What would wait for an arm that may never end.

use super::{Ahead, Flow, ParSlot, Slot};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::quote::Quote;
use crate::span::SpanRange;

/// Reports what follows a `par` of which some arm may never end.
///
/// A `par` that such a `par` stands in has an arm that may never end as well, so it is enough to look at
/// what follows each.
pub(crate) fn check(flow: &Flow<'_>, ahead: &Ahead, mistakes: &mut Mistakes) {
    for slot in &flow.slots {
        let Slot::Par(ParSlot { via, next, endless: Some(endless), is_dead_end: false, .. }) = slot
        else {
            continue;
        };
        let follows = ahead.slot(*next).map(|slot| &flow.slots[slot.index()]);
        let Some(span) = follows.and_then(span) else { continue };
        let endless = match via {
            Some(call) => Quote::new(call.span, *call),
            None => Quote::new(endless.span(), *endless),
        };
        mistakes.push(Diagnostic::new(Mistake::WaitsForEndless { endless }, span));
    }
}

/// Where something that happens stands in the protocol; nothing where nothing happens.
fn span(slot: &Slot<'_>) -> Option<SpanRange> {
    let or_call = |span, via: Option<&crate::ast::Do>| Some(via.map_or(span, |call| call.span));
    match slot {
        Slot::Message(message) => or_call(message.ast.span, message.via),
        Slot::Choice(choice) => or_call(choice.origin.ast.head, choice.origin.via),
        Slot::Par(par) => or_call(par.ast.span(), par.via),
        Slot::Exit | Slot::ArmEnd | Slot::Skip { .. } => None,
    }
}
