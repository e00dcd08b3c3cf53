//! Traces as words: what the definition of a run speaks of.

use std::collections::{BTreeMap, BTreeSet};

use telltale_theory::Event;
use telltale_theory::oracle::is_run;
use telltale_types::{Direction, GlobalType, RoleId};
use telltale_vm::{ObsEvent, Observed};

/// The messages of a trace of one session, sent and received.
pub fn word(trace: &[ObsEvent]) -> Vec<Event> {
    let event = |event: &ObsEvent| match event.what {
        Observed::Sent { from, to, label } => Some(Event::sent(from, to, label)),
        Observed::Received { from, to, label } => Some(Event::received(from, to, label)),
        _ => None,
    };
    trace.iter().filter_map(event).collect()
}

/// Everything that can happen in a protocol.
pub fn alphabet(global: &GlobalType) -> BTreeSet<Event> {
    let exits = global.states().flat_map(|state| global.exits(state));
    let events = exits.flat_map(|exit| {
        let (sender, receiver, label) = (exit.sender, exit.receiver, exit.label);
        [Event::sent(sender, receiver, label), Event::received(sender, receiver, label)]
    });
    events.collect()
}

/// Whether nothing can follow a run.
pub fn is_over(global: &GlobalType, word: &[Event]) -> bool {
    let longer = alphabet(global).into_iter().map(|event| [word, &[event]].concat());
    is_run(global, word) && !longer.into_iter().any(|word| is_run(global, &word))
}

/// How many messages were in one channel at most.
pub fn fullest(word: &[Event]) -> usize {
    let mut channels: BTreeMap<(RoleId, RoleId), usize> = BTreeMap::new();
    let mut fullest = 0;
    for Event { role, action, .. } in word {
        if action.direction == Direction::Send {
            let held = channels.entry((*role, action.peer)).or_default();
            *held += 1;
            fullest = fullest.max(*held);
        } else if let Some(held) = channels.get_mut(&(action.peer, *role)) {
            *held -= 1;
        }
    }
    fullest
}
