//! What the language adds to the words of an explanation.

use std::fmt;

use telltale_theory::{Advice, Condition, Explanation, Violation};
use telltale_types::GlobalType;

use super::propose::Proposed;
use super::{CannotKnow, Proposal};

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
    proposed: &Proposed,
    global: &GlobalType,
) -> Option<String> {
    let mut senders = proposed.senders.iter().filter(|&&sender| sender != violation.role);
    let (Some(&sender), None) = (senders.next(), senders.next()) else { return None };
    let names = global.names();
    let (role, sender) = (names.role(violation.role), names.role(sender));
    let label = names.label(violation.act.of(global).label).name;
    match violation.remedy.advice {
        _ if proposed.is_common => {
            Some(format!("let `{sender}` tell `{role}` when the others have finished"))
        }
        Advice::Decide { .. } => {
            Some(format!("let `{sender}` decide, and tell `{role}` when it has to send `{label}`"))
        }
        _ => None,
    }
}

impl CannotKnow {
    /// What would help instead of writing a line, if anything.
    pub fn otherwise(&self) -> Option<String> {
        (self.condition == Condition::SilentEnd).then(|| {
            let role = &self.role;
            format!("write `#[allow(silent_end)]` above the protocol; `{role}` then stops when the session does")
        })
    }
}

/// Title, explanation and help with the lines to write.
impl fmt::Display for CannotKnow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        aligned(&self.explanation).fmt(f)?;
        let insert = |proposal: &Proposal| format!("insert `{}`", proposal.text);
        let width = self.proposals.iter().map(|one| insert(one).chars().count()).max();
        for proposal in &self.proposals {
            let width = width.unwrap_or_default();
            write!(f, "\n    {:width$}  after {}", insert(proposal), proposal.after)?;
        }
        self.otherwise().map_or(Ok(()), |otherwise| write!(f, "\n  or {otherwise}"))
    }
}

/// An explanation with its title set off and the line numbers below each other.
fn aligned(explanation: &Explanation) -> Explanation {
    let mut aligned = explanation.clone();
    aligned.title.push('\n');
    let length = |place: &Option<String>| place.as_ref().map_or(0, String::len);
    let width = aligned.branches.iter().map(|branch| length(&branch.place)).max().unwrap_or(0);
    for place in aligned.branches.iter_mut().filter_map(|branch| branch.place.as_mut()) {
        *place = format!("{place:>width$}");
    }
    aligned
}
