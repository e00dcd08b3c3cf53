//! Traces as words: what the definition of a run speaks of.

use std::collections::{BTreeMap, BTreeSet};

use telltale_theory::Event;
use telltale_theory::oracle::is_run;
use telltale_types::{Direction, GlobalExit, GlobalType, RoleId, StateId};
use telltale_vm::{ObsEvent, Observed};

/// The messages of a trace of one session, sent and received.
pub fn word(trace: &[ObsEvent]) -> Vec<Event> {
    let event = |event: &ObsEvent| match event.what {
        Observed::Sent { from, to, label } => Some(Event::sent(from, to, label)),
        Observed::Received { from, to, label } => Some(Event::received(from, to, label)),
        _ => None,
    };
    trace.iter().filter_map(|seen| Some(event(seen)?.in_lane(seen.channel))).collect()
}

/// As much of a word as can be looked at in a moment: what roles do at once, they may have done in many orders.
pub fn beginning<'w>(global: &GlobalType, word: &'w [Event]) -> &'w [Event] {
    let is_parallel = global.states().any(|state| global.par(state).is_some());
    if is_parallel { &word[..word.len().min(40)] } else { word }
}

/// Whether some run from a state comes to the end of its lane.
pub fn can_end(global: &GlobalType, from: StateId) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(state) = open.pop() {
        let par = global.par(state);
        let is_end = par.is_none() && global.exits(state).len() == 0;
        if is_end {
            return true;
        }
        let passed = par.filter(|par| par.arms.iter().all(|&arm| can_end(global, arm)));
        let next = global.exits(state).map(|exit| exit.target).chain(passed.map(|par| par.next));
        open.extend(next.filter(|&next| seen.insert(next)));
    }
    false
}

/// Everything that can happen in a protocol.
pub fn alphabet(global: &GlobalType) -> BTreeSet<Event> {
    let events = exchanges(global).into_iter().flat_map(|(exit, lane)| {
        let (sender, receiver, label) = (exit.sender, exit.receiver, exit.label);
        [Event::sent(sender, receiver, label), Event::received(sender, receiver, label)]
            .map(|event| event.in_lane(lane))
    });
    events.collect()
}

/// All exchanges of a protocol, each with the number of its channel.
pub fn exchanges(global: &GlobalType) -> Vec<(GlobalExit, u16)> {
    let exits =
        global.states().flat_map(|state| global.exits(state).map(move |exit| (state, exit)));
    let (lanes, channels) = (global.lanes(), global.channels());
    let lane = |state, exit: &GlobalExit| {
        channels.of(lanes.of_state(state), &(exit.sender, exit.receiver)).number
    };
    exits.map(|(state, exit)| (exit, lane(state, &exit))).collect()
}

/// Whether nothing can follow a run.
pub fn is_over(global: &GlobalType, word: &[Event]) -> bool {
    let longer = alphabet(global).into_iter().map(|event| [word, &[event]].concat());
    is_run(global, word) && !longer.into_iter().any(|word| is_run(global, &word))
}

/// How many messages were in one channel at most.
pub fn fullest(word: &[Event]) -> usize {
    let mut channels: BTreeMap<(RoleId, RoleId, u16), usize> = BTreeMap::new();
    let mut fullest = 0;
    for Event { role, action, lane } in word {
        if action.direction == Direction::Send {
            let held = channels.entry((*role, action.peer, *lane)).or_default();
            *held += 1;
            fullest = fullest.max(*held);
        } else if let Some(held) = channels.get_mut(&(action.peer, *role, *lane)) {
            *held -= 1;
        }
    }
    fullest
}
