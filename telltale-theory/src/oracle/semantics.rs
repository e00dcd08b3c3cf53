//! What a protocol means: its runs.
//!
//! `p→q:m` is two events, `p!q:m` then `q?p:m`; there is one unbounded FIFO per ordered pair. A
//! word `w` is a prefix of a run iff every message is received in order and after it was sent, and
//! for some path `ρ` of the graph, for every role `r`, `w` restricted to `r` is a prefix of
//! `split(ρ)` restricted to `r`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use telltale_types::{Action, Direction, GlobalType, LabelId, LocalTypeR, RoleId, StateId};

use crate::Event;

/// Whether a word is a prefix of a run of the protocol.
pub fn is_run(global: &GlobalType, word: &[Event]) -> bool {
    can_happen(word) && some_path_has(global, word)
}

/// Whether a role, on its own, may do these things one after the other: some run has them as what
/// it sees.
pub fn may_do(global: &GlobalType, role: RoleId, view: &[Event]) -> bool {
    let own: Vec<Event> = view.iter().copied().filter(|event| event.role == role).collect();
    some_path_has(global, &own)
}

/// Whether every message is received in the order of its channel, and after it was sent.
pub fn can_happen(word: &[Event]) -> bool {
    let mut channels = Channels::default();
    word.iter().all(|event| channels.take_part(*event))
}

/// A search over (node, how far every role is), with the paths that differ from the word given up.
fn some_path_has(global: &GlobalType, word: &[Event]) -> bool {
    let roles = global.names().role_count();
    let mut views = vec![Vec::new(); roles];
    for event in word {
        views[event.role.index()].push(event.action);
    }
    let mut seen = BTreeSet::new();
    let mut open = vec![(StateId::START, vec![0; roles])];
    while let Some((node, done)) = open.pop() {
        if done.iter().zip(&views).all(|(done, view)| *done == view.len()) {
            return true;
        }
        if !seen.insert((node, done.clone())) {
            continue;
        }
        for exit in global.exits(node) {
            let mut done = done.clone();
            let sent = Event::sent(exit.sender, exit.receiver, exit.label);
            let received = Event::received(exit.sender, exit.receiver, exit.label);
            if [sent, received].into_iter().all(|event| follow(&views, &mut done, event)) {
                open.push((exit.target, done));
            }
        }
    }
    false
}

/// Moves a role on when its view goes on like this; a role whose view is over may do anything.
fn follow(views: &[Vec<Action>], done: &mut [usize], event: Event) -> bool {
    let at = event.role.index();
    match views[at].get(done[at]) {
        Some(next) => {
            done[at] += 1;
            *next == event.action
        }
        None => true,
    }
}

/// The messages under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Channels(BTreeMap<(RoleId, RoleId), VecDeque<LabelId>>);

impl Channels {
    /// Sends or receives, if that is possible.
    fn take_part(&mut self, event: Event) -> bool {
        let Action { direction, peer, label } = event.action;
        match direction {
            Direction::Send => {
                self.0.entry((event.role, peer)).or_default().push_back(label);
                true
            }
            Direction::Receive => {
                let Some(channel) = self.0.get_mut(&(peer, event.role)) else { return false };
                channel.pop_front() == Some(label)
            }
        }
    }

    fn are_empty(&self) -> bool {
        self.0.values().all(VecDeque::is_empty)
    }
}

/// How an implementation differs from its protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The last event of this run is not in any run of the protocol that begins so.
    Wrong(Vec<Event>),
    /// After this run nothing can happen, although somebody waits or a message is under way.
    Stuck(Vec<Event>),
    /// After this run the protocol could go on in this way, and the implementation cannot.
    Missing(Vec<Event>),
}

/// How much was explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explored {
    /// How many situations were come to.
    pub situations: usize,
    /// Whether that was all of them.
    pub all: bool,
}

/// Runs local types, one per role of the protocol, in every possible way, up to runs of `depth`
/// events and to so many situations.
///
/// # Errors
///
/// The first way in which they differ from the protocol.
pub fn explore(
    global: &GlobalType,
    locals: &[LocalTypeR],
    depth: usize,
    situations: usize,
) -> Result<Explored, Misbehaviour> {
    let start = Situation {
        states: vec![StateId::START; locals.len()],
        channels: Channels::default(),
        run: Vec::new(),
    };
    // What every role has done tells all about a situation.
    let mut seen = BTreeSet::from([start.views()]);
    let mut open = VecDeque::from([start]);
    let mut explored = Explored { situations: 0, all: true };
    while let Some(situation) = open.pop_front() {
        explored.situations += 1;
        if situation.run.len() >= depth || seen.len() >= situations {
            explored.all = false;
            continue;
        }
        let next = situation.next(locals);
        if next.is_empty() && !situation.is_final(locals) {
            return Err(Misbehaviour::Stuck(situation.run));
        }
        if let Some(run) = situation.missing(global, &next) {
            return Err(Misbehaviour::Missing(run));
        }
        for next in next {
            if !is_run(global, &next.run) {
                return Err(Misbehaviour::Wrong(next.run));
            }
            if seen.insert(next.views()) {
                open.push_back(next);
            }
        }
    }
    Ok(explored)
}

#[derive(Clone)]
struct Situation {
    states: Vec<StateId>,
    channels: Channels,
    run: Vec<Event>,
}

impl Situation {
    fn views(&self) -> Vec<Vec<Action>> {
        let mut views = vec![Vec::new(); self.states.len()];
        for event in &self.run {
            views[event.role.index()].push(event.action);
        }
        views
    }

    fn next(&self, locals: &[LocalTypeR]) -> Vec<Self> {
        let mut next = Vec::new();
        for (at, local) in locals.iter().enumerate() {
            for exit in local.exits(self.states[at]) {
                let event = Event { role: RoleId::at(at), action: exit.action, lane: 0 };
                let mut after = self.clone();
                if after.channels.take_part(event) {
                    after.states[at] = exit.target;
                    after.run.push(event);
                    next.push(after);
                }
            }
        }
        next
    }

    fn is_final(&self, locals: &[LocalTypeR]) -> bool {
        let ended = |(local, state): (&LocalTypeR, &StateId)| local.may_end(*state);
        self.channels.are_empty() && locals.iter().zip(&self.states).all(ended)
    }

    /// A run of the protocol that begins like this one and goes on as nothing here can.
    fn missing(&self, global: &GlobalType, next: &[Self]) -> Option<Vec<Event>> {
        let events: BTreeSet<Event> = global
            .states()
            .flat_map(|state| global.exits(state))
            .flat_map(|exit| {
                let (sender, receiver, label) = (exit.sender, exit.receiver, exit.label);
                [Event::sent(sender, receiver, label), Event::received(sender, receiver, label)]
            })
            .collect();
        let known = |event: &Event| next.iter().any(|next| next.run.last() == Some(event));
        let runs = events.into_iter().filter(|event| !known(event)).map(|event| {
            let mut run = self.run.clone();
            run.push(event);
            run
        });
        runs.into_iter().find(|run| is_run(global, run))
    }
}
