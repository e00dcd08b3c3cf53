//! What a monitor says of a log: what does not fit, what was expected instead, and what is still to be done.

use std::collections::{BTreeMap, BTreeSet};

use super::event::shown;
use super::monitor::{Monitor, Read, is_exchange};
use super::part::Part;
use super::report::{Cause, Expected, Pending, Unfit};
use super::way::{Taken, Way};
use super::{EventKind, LogEvent};
use crate::{Direction, LabelId, Lanes, RoleId, StateId};

/// By role: for each state of the protocol, where the role may be then.
type Together = BTreeMap<RoleId, Vec<Vec<StateId>>>;

impl Monitor {
    fn moves<'m>(&'m self, way: &'m Way) -> impl Iterator<Item = Taken> + 'm {
        let parts = self.parts.iter().zip(&way.strands);
        parts.flat_map(|(part, strand)| part.moves(strand, &self.channels))
    }

    pub(super) fn unfit(&self, event: &LogEvent, read: Read<'_>) -> Unfit {
        let mut expected = Vec::new();
        let names_channels =
            read.channel.is_some_and(|given| given > 0 || self.channels.largest() > 0);
        let (mut seen, mut known) = (BTreeSet::new(), Together::new());
        for way in &self.ways {
            for taken in self.moves(way) {
                let Some(kind) = self.can_happen(way, &taken, read.kind) else { continue };
                let message = (taken.sender(), taken.receiver(), taken.action.label);
                let pair = (taken.sender(), taken.receiver());
                let is_known = self.global.is_some() || !self.channels.is_apart(&pair);
                let channel = (names_channels && is_known).then_some(taken.channel);
                if seen.insert((kind, message, channel)) {
                    let text = self.written(kind, message);
                    let Taken { role, state, action, .. } = taken;
                    let role_name = self.name(role).to_owned();
                    let steps = self.steps(&taken, &mut known);
                    let one =
                        Expected { text, kind, channel, role, role_name, state, action, steps };
                    expected.push(one);
                }
            }
        }
        let of_event = [read.sender, read.receiver];
        let concerns =
            |one: &Expected| of_event.contains(&one.role) || of_event.contains(&one.action.peer);
        expected.sort_by_key(|one| !concerns(one));
        let nearest = expected.iter().filter(|one| concerns(one)).count();
        let cause = self.cause(event, read);
        let text = self.as_given(event, read);
        let channel = read.channel.filter(|_| names_channels);
        let place = self.place(event);
        Unfit { event: event.clone(), place, text, channel, cause, expected, nearest }
    }

    /// The steps of the protocol that something is which a role may do.
    fn steps(&self, taken: &Taken, known: &mut Together) -> Vec<(StateId, usize)> {
        let part = self.part(taken.role).map(|(_, part)| part);
        let Some((global, part)) = self.global.as_ref().zip(part) else { return Vec::new() };
        let find = || Lanes::together(global, taken.role, &part.local);
        let own = known.entry(taken.role).or_insert_with(find);
        let states = global.states().zip(own).filter(|(_, own)| own.contains(&taken.state));
        let is_taken = |state| {
            let exits = global.exits(state).enumerate();
            exits.filter(|(_, exit)| exit.action(taken.role) == Some(taken.action))
        };
        states.flat_map(|(state, _)| is_taken(state).map(move |(nth, _)| (state, nth))).collect()
    }

    /// Whether something that a role may do can happen now, and as what.
    fn can_happen(&self, way: &Way, taken: &Taken, kind: EventKind) -> Option<EventKind> {
        let peer = self.part(taken.action.peer);
        let exchange = kind == EventKind::Exchange;
        match (taken.action.direction, peer) {
            (_, None) if exchange => Some(EventKind::Exchange),
            (Direction::Send, Some((at, part))) if exchange => {
                let strand = &way.strands[at];
                let mut others = part.moves(strand, &self.channels);
                others.any(|other| is_exchange(way, taken, &other)).then_some(EventKind::Exchange)
            }
            (Direction::Send, _) => Some(EventKind::Send),
            (Direction::Receive, None) => Some(EventKind::Receive),
            (Direction::Receive, Some(_)) => {
                let is_next = way.first(taken.channel()) == Some(taken.action.label);
                is_next.then_some(EventKind::Receive)
            }
        }
    }

    fn cause(&self, event: &LogEvent, read: Read<'_>) -> Cause {
        if read.labels.is_empty() {
            return Cause::UnknownLabel;
        }
        if event.kind == EventKind::Send || self.part(read.sender).is_none() {
            return Cause::NotExpected;
        }
        for way in &self.ways {
            let received = self.fitting(way, read, Direction::Receive);
            for taken in received.into_iter().flatten() {
                match way.first(taken.channel()) {
                    Some(first) => {
                        return Cause::Behind { first: self.names.label(first).to_string() };
                    }
                    None if event.kind == EventKind::Receive => return Cause::NotSent,
                    None => {}
                }
            }
        }
        Cause::NotExpected
    }

    pub(super) fn pending(&self) -> Vec<Pending> {
        let one = |(at, part): (usize, &Part)| {
            let strands = self.ways.iter().map(|way| &way.strands[at]);
            let waiting = strands.filter(|strand| !part.is_over(strand));
            let moves = waiting.flat_map(|strand| part.moves(strand, &self.channels));
            let texts: BTreeSet<String> =
                moves.map(|taken| taken.action.display(&self.names)).collect();
            let expects: Vec<String> = texts.into_iter().collect();
            let role = self.name(part.role).to_owned();
            (!expects.is_empty()).then_some(Pending { role, expects })
        };
        self.parts.iter().enumerate().filter_map(one).collect()
    }

    /// What is under way in the first way.
    pub(super) fn under_way(&self) -> Vec<String> {
        let queues = self.ways[0].queues.iter();
        let messages = queues.flat_map(|(&(sender, receiver, _), queue)| {
            queue.iter().map(move |&label| (sender, receiver, label))
        });
        messages.map(|message| self.exchange(message)).collect()
    }

    fn name(&self, role: RoleId) -> &str {
        match &self.nameless {
            Some(name) if role.index() == self.names.role_count() => name,
            _ => self.names.role(role),
        }
    }

    /// In the notation of the types: that of local types where one role is watched.
    fn written(&self, kind: EventKind, message: (RoleId, RoleId, LabelId)) -> String {
        let (sender, receiver, label) = message;
        let label = self.names.label(label).to_string();
        self.with_label(kind, (sender, receiver), &label)
    }

    /// The event with the label as the log has it.
    fn as_given(&self, event: &LogEvent, read: Read<'_>) -> String {
        self.with_label(event.kind, (read.sender, read.receiver), &shown(&event.label))
    }

    fn with_label(&self, kind: EventKind, pair: (RoleId, RoleId), label: &str) -> String {
        let (sender, receiver) = (self.name(pair.0), self.name(pair.1));
        match &self.parts[..] {
            [part] if part.role == pair.0 => format!("{receiver}!{label}"),
            [part] if part.role == pair.1 => format!("{sender}?{label}"),
            _ => LogEvent { kind, ..LogEvent::exchange(sender, receiver, label) }.to_string(),
        }
    }

    fn exchange(&self, (sender, receiver, label): (RoleId, RoleId, LabelId)) -> String {
        let label = self.names.label(label).to_string();
        LogEvent::exchange(self.name(sender), self.name(receiver), label).to_string()
    }
}
