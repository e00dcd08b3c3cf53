//! How often each role has done what.

use std::collections::BTreeMap;

use telltale_diagram::StateGraph;
use telltale_syntax::Projected;
use telltale_types::{Direction, EventKind, LogEvent, Names, RoleId, Split, StateId};

use crate::part::{Part, parts};

/// How often each role has done what, in all logs so far.
pub(super) struct Counts<'p> {
    names: &'p Names,
    parts: Vec<Part<'p>>,
    split: Split<(RoleId, RoleId)>,
    /// For each role where it is, in the log that is being read.
    now: Vec<Vec<StateId>>,
    /// For each role and each exit of a state of its part.
    taken: Vec<BTreeMap<(StateId, usize), u64>>,
    /// How often each role has come to its end.
    ended: Vec<u64>,
}

impl<'p> Counts<'p> {
    pub(super) fn new(projected: &'p Projected) -> Self {
        let parts = parts(projected);
        let exits = |part: &Part<'_>| {
            let local = part.local;
            let of_state = |state| (0..local.exits(state).len()).map(move |nth| ((state, nth), 0));
            local.states().flat_map(of_state).collect()
        };
        Self {
            names: projected.global.names(),
            split: projected.global.channels(),
            now: Vec::new(),
            taken: parts.iter().map(exits).collect(),
            ended: vec![0; parts.len()],
            parts,
        }
    }

    /// Another log.
    pub(super) fn begin(&mut self) {
        self.now = self.parts.iter().map(|part| part.settled(vec![StateId::START])).collect();
    }

    /// An event that fits.
    pub(super) fn add(&mut self, event: &LogEvent) {
        let role = |name: &str| self.names.find_role(name);
        let (Some(from), Some(to)) = (role(&event.sender), role(&event.receiver)) else { return };
        if event.kind != EventKind::Receive {
            self.act(from, Direction::Send, to, event);
        }
        if event.kind != EventKind::Send {
            self.act(to, Direction::Receive, from, event);
        }
    }

    /// If the log does not name the channel and there are several, the first one in which it fits.
    fn act(&mut self, role: RoleId, direction: Direction, peer: RoleId, event: &LogEvent) {
        let part = &self.parts[role.index()];
        let pair = if direction == Direction::Send { (role, peer) } else { (peer, role) };
        let names = self.names;
        let is_named = |label| {
            let label = names.label(label);
            label.name == event.label || label.to_string() == event.label
        };
        let is_channel = |state| {
            let number = self.split.of(part.lane(state), &pair).number;
            event.channel.is_none_or(|channel| channel == number)
        };
        let found = self.now[role.index()].iter().enumerate().find_map(|(lane, &state)| {
            let mut exits = part.local.exits(state).enumerate();
            let fits = |action: telltale_types::Action| {
                (action.direction, action.peer) == (direction, peer) && is_named(action.label)
            };
            let (nth, exit) = exits.find(|(_, exit)| fits(exit.action))?;
            is_channel(state).then_some((lane, state, nth, exit.target))
        });
        let Some((lane, state, nth, target)) = found else { return };
        let mut now = std::mem::take(&mut self.now[role.index()]);
        now[lane] = target;
        self.now[role.index()] = part.settled(now);
        *self.taken[role.index()].entry((state, nth)).or_default() += 1;
    }

    /// The log is over; a role that may stop or continue has come to its end only if all are done.
    pub(super) fn end(&mut self, is_complete: bool) {
        for (role, part) in self.parts.iter().enumerate() {
            let is_over = |state: &StateId| {
                part.local.par(*state).is_none()
                    && part.local.exits(*state).len() == 0
                    && part.is_outermost(*state)
            };
            self.ended[role] += u64::from(is_complete || self.now[role].iter().all(is_over));
        }
    }

    pub(super) fn taken(&self, role: RoleId) -> &BTreeMap<(StateId, usize), u64> {
        &self.taken[role.index()]
    }

    pub(super) fn ended(&self, role: RoleId) -> u64 {
        self.ended[role.index()]
    }

    /// Whether the part of a role comes to an end at all.
    pub(super) fn has_end(&self, role: RoleId) -> bool {
        let part = &self.parts[role.index()];
        part.local.states().any(|state| {
            let is_last = part.local.exits(state).len() == 0 && part.local.par(state).is_none();
            (is_last || part.local.may_end(state)) && part.is_outermost(state)
        })
    }

    /// Marks in a picture of the role's part what has not been done.
    pub(super) fn mark(&self, graph: &mut StateGraph, role: &str) {
        let Some(role) = self.names.find_role(role) else { return };
        // The edges with texts are the exits, in their order.
        let mut edges = graph.edges.iter_mut().filter(|edge| !edge.text.is_empty());
        for count in self.taken[role.index()].values() {
            let Some(edge) = edges.next() else { return };
            edge.is_faint = *count == 0;
        }
    }
}
