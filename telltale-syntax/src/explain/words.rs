//! What the language adds to the words of an explanation.

use telltale_theory::{Advice, Violation};
use telltale_types::GlobalType;

use super::propose::Proposed;

/// Of a longer run, only the end is shown.
const EVENTS_SHOWN: usize = 12;

/// A sentence that ends with events, two spaces before each, with the last of many.
pub(super) fn shortened(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split("  ").collect();
    let (words, events) = parts.split_first().unwrap_or((&sentence, &[]));
    match events.len().checked_sub(EVENTS_SHOWN) {
        None | Some(0) => sentence.to_owned(),
        Some(hidden) => format!("{words}  …  {}", events[hidden..].join("  ")),
    }
}

/// What would help, more precisely once it is known what to write.
pub(super) fn precise_help(
    violation: &Violation,
    proposed: &Proposed<'_>,
    global: &GlobalType,
) -> Option<String> {
    let mut senders = proposed.senders.iter().filter(|&&sender| sender != violation.role);
    let (Some(&sender), None) = (senders.next(), senders.next()) else { return None };
    let names = global.names();
    let (role, sender) = (names.role(violation.role), names.role(sender));
    let label = names.label(violation.act.of(global).label).name;
    match proposed.remedy.unwrap_or(&violation.remedy).advice {
        _ if proposed.is_common => {
            Some(format!("let `{sender}` tell `{role}` when the others have finished"))
        }
        Advice::Decide { .. } => {
            Some(format!("let `{sender}` decide, and tell `{role}` when it has to send `{label}`"))
        }
        _ => None,
    }
}
