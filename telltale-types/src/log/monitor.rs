//! A log held against the parts of roles, one event after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::part::{Channels, Part};
use super::report::{Accepted, LogError, Place};
use super::way::{Taken, Way};
use super::{EventKind, LineError, LogEvent};
use crate::{Action, Direction, GlobalType, LabelId, LocalTypeR, Names, RoleId, Shared, StateId};

/// In how many ways a log may be understood at once.
pub const WAY_LIMIT: usize = 1_000;

/// How many messages may be under way, where there are several such ways: in all of them together.
pub const UNDER_WAY_LIMIT: usize = 10_000;

/// Watches one role or several, and says of each event whether it fits.
///
/// What is sent between two roles that are watched has to be received in order, and after it was sent; to others and from
/// others, everything the part of the role allows is right. Where a log does not say in which of several lanes something happened,
/// all of them are tried, and only events that fit in none are refused. Time and memory do not depend on how long the log is, but
/// what is under way between watched roles is kept.
///
/// After an event that does not fit, the monitor is where it was before.
///
/// ```
/// use telltale_types::{Label, LocalTerm, LogEvent, Monitor};
///
/// let client = LocalTerm::send("Server", Label::new("Ask"), LocalTerm::end()).close()?;
/// let mut monitor = Monitor::of_role(&client, "Client")?;
/// monitor.observe(&LogEvent::exchange("Client", "Server", "Ask"))?;
/// assert!(monitor.accepted().is_complete());
/// assert!(monitor.observe(&LogEvent::exchange("Client", "Server", "Ask")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Monitor {
    pub(super) names: Shared<Names>,
    /// The name of a role that is watched and not among the names.
    pub(super) nameless: Option<String>,
    /// The protocol, if it is known.
    pub(super) global: Option<GlobalType>,
    roles: BTreeMap<String, RoleId>,
    labels: BTreeMap<String, Vec<LabelId>>,
    pub(super) parts: Vec<Part>,
    /// For each role, its place among the parts.
    watched: Vec<Option<usize>>,
    /// The channels of the protocol; if that is not known, those that the one part speaks of, which may be numbered otherwise.
    pub(super) channels: Channels,
    pub(super) ways: Vec<Way>,
    events: u64,
    skipped: u64,
}

/// An event in terms of the types.
#[derive(Clone, Copy)]
pub(super) struct Read<'m> {
    pub(super) kind: EventKind,
    pub(super) sender: RoleId,
    pub(super) receiver: RoleId,
    pub(super) labels: &'m [LabelId],
    pub(super) channel: Option<u16>,
}

/// An event as something that watched roles do.
struct Done {
    sent: Option<Taken>,
    received: Option<Taken>,
}

impl Monitor {
    /// Watches one role.
    ///
    /// Which channel has which number is a matter of the whole protocol. A log that gives the `channel` of events between
    /// roles that talk in several arms of a parallel part is checked by [`Monitor::of_roles`], which may be given one
    /// part only.
    ///
    /// # Errors
    ///
    /// When the type cannot be that of the role: it talks to the role, or it has names for all roles and not
    /// for this one.
    pub fn of_role(local: &LocalTypeR, role: &str) -> Result<Self, LogError> {
        let names = local.names();
        let mut is_peer = vec![false; names.role_count()];
        let exits = local.states().flat_map(|state| local.exits(state));
        exits.for_each(|exit| is_peer[exit.action.peer.index()] = true);
        let id = names.find_role(role);
        let is_own = match id {
            Some(id) => !is_peer[id.index()],
            // A type that was written down on its own names nobody but the peers.
            None => is_peer.iter().all(|&peer| peer),
        };
        if !is_own {
            let others = names.roles().filter(|(id, _)| !is_peer[id.index()]);
            let known = others.map(|(_, name)| name.to_owned()).collect();
            return Err(LogError::NotItsRole { role: role.to_owned(), known });
        }
        let own = id.unwrap_or(RoleId(names.role_count() as u8));
        let nameless = id.is_none().then(|| role.to_owned());
        let (channels, part) = (channels_of_part(own, local), Part::alone(own, local.clone()));
        Ok(Self::new(names.clone(), nameless, vec![part], None, channels))
    }

    /// Watches roles of a protocol, each given by its name with its part.
    ///
    /// If all roles are watched and the parts are projections of the protocol, a log is accepted exactly when it is the
    /// beginning of a run.
    ///
    /// # Errors
    ///
    /// When a role is unknown or given twice, or a part has other names than the protocol.
    pub fn of_roles<'a>(
        global: &GlobalType,
        parts: impl IntoIterator<Item = (&'a str, &'a LocalTypeR)>,
    ) -> Result<Self, LogError> {
        let names = global.names();
        let mut watched: Vec<Part> = Vec::new();
        for (role, local) in parts {
            let known = names.find_role(role);
            let id = known.filter(|id| watched.iter().all(|part| part.role != *id));
            let Some(id) = id.filter(|_| local.names() == names) else {
                let known = names.roles().map(|(_, name)| name.to_owned()).collect();
                return Err(LogError::NotItsRole { role: role.to_owned(), known });
            };
            watched.push(Part::of(global, id, local.clone()));
        }
        Ok(Self::new(names.clone(), None, watched, Some(global.clone()), global.channels()))
    }

    fn new(
        names: Shared<Names>,
        nameless: Option<String>,
        parts: Vec<Part>,
        global: Option<GlobalType>,
        channels: Channels,
    ) -> Self {
        let mut roles: BTreeMap<String, RoleId> =
            names.roles().map(|(id, name)| (name.to_owned(), id)).collect();
        let own = nameless.iter().map(|name| (name.clone(), parts[0].role));
        roles.extend(own);
        let mut labels: BTreeMap<String, Vec<LabelId>> = BTreeMap::new();
        for (id, label) in names.labels() {
            for text in BTreeSet::from([label.name.to_owned(), label.to_string()]) {
                labels.entry(text).or_default().push(id);
            }
        }
        let mut watched = vec![None; names.role_count() + 1];
        for (at, part) in parts.iter().enumerate() {
            watched[part.role.index()] = Some(at);
        }
        Self {
            names,
            nameless,
            roles,
            labels,
            watched,
            channels,
            ways: vec![Way::start(&parts)],
            parts,
            global,
            events: 0,
            skipped: 0,
        }
    }

    /// Also counts what the roles do, for [`Monitor::counts`].
    #[must_use]
    pub fn counting(mut self) -> Self {
        for way in &mut self.ways {
            way.counts.get_or_insert_default();
        }
        self
    }

    /// Holds a whole log against what is watched.
    ///
    /// # Errors
    ///
    /// As [`Monitor::observe`], and for a line that is no event.
    pub fn check<E>(mut self, log: impl IntoIterator<Item = E>) -> Result<Accepted, LogError>
    where
        E: Into<Result<LogEvent, LineError>>,
    {
        for event in log {
            self.observe(&event.into()?)?;
        }
        Ok(self.accepted())
    }

    /// Takes the next event of the log.
    ///
    /// # Errors
    ///
    /// When it does not fit, when it speaks of a role that the protocol does not have, when the log can be understood
    /// in too many ways ([`WAY_LIMIT`], [`UNDER_WAY_LIMIT`]), or when it gives one of several channels and the protocol is
    /// not known.
    pub fn observe(&mut self, event: &LogEvent) -> Result<(), LogError> {
        let (sender, receiver) =
            (self.role(event, &event.sender)?, self.role(event, &event.receiver)?);
        let known = self.labels.get(&event.label);
        let labels = known.map(Vec::as_slice).unwrap_or_default();
        let read = Read { kind: event.kind, sender, receiver, labels, channel: event.channel };
        if !self.concerns(read) {
            self.skipped += 1;
            return Ok(());
        }
        self.check_channel(event, read)?;
        let mut ways = std::mem::take(&mut self.ways);
        let done = match &ways[..] {
            [way] => self.done(way, read),
            _ => Vec::new(),
        };
        if let ([way], [done]) = (&mut ways[..], &done[..]) {
            self.take(way, read.kind, done);
            self.ways = ways;
        } else {
            self.ways = ways;
            self.ways = self.all_after(event, read)?;
        }
        self.events += 1;
        Ok(())
    }

    /// How far the log has come.
    pub fn accepted(&self) -> Accepted {
        let over = self.ways.iter().any(|way| self.is_over(way));
        let pending = if over { Vec::new() } else { self.pending() };
        let under_way = if over { Vec::new() } else { self.under_way() };
        Accepted { events: self.events, skipped: self.skipped, pending, under_way, is_over: over }
    }

    /// How often the roles that are watched have done what, in which states of their parts; nothing of what was before
    /// [`Monitor::counting`].
    ///
    /// Where the log can be understood in several ways, this is one of them, if possible one in which all is over.
    ///
    /// ```
    /// use telltale_types::{Label, LocalTerm, LogEvent, Monitor};
    ///
    /// let client = LocalTerm::send("Server", Label::new("Ask"), LocalTerm::end()).close()?;
    /// let mut monitor = Monitor::of_role(&client, "Client")?.counting();
    /// assert_eq!(monitor.counts().count(), 0);
    /// monitor.observe(&LogEvent::exchange("Client", "Server", "Ask"))?;
    /// let (_, state, action, count) = monitor.counts().next().expect("the client has asked");
    /// assert_eq!(action.display(client.names()), "Server!Ask");
    /// assert_eq!((state.index(), count), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn counts(&self) -> impl Iterator<Item = (RoleId, StateId, Action, u64)> + '_ {
        let counts = self.furthest().counts.iter().flatten();
        counts.map(|(&(role, state, action), &count)| (role, state, action, count))
    }

    /// The roles that have come to their ends, in the way that [`Monitor::counts`] speaks of: those that can do nothing more, and
    /// all that are watched if the log is complete.
    pub fn ended(&self) -> impl Iterator<Item = RoleId> + '_ {
        let way = self.furthest();
        let is_over = self.is_over(way);
        let parts = self.parts.iter().zip(&way.strands);
        let ended = parts.filter(move |(part, strand)| is_over || part.has_ended(strand));
        ended.map(|(part, _)| part.role)
    }

    /// A way in which all is over, or else the first.
    fn furthest(&self) -> &Way {
        self.ways.iter().find(|way| self.is_over(way)).unwrap_or(&self.ways[0])
    }

    fn role(&self, event: &LogEvent, role: &str) -> Result<RoleId, LogError> {
        self.roles.get(role).copied().ok_or_else(|| LogError::UnknownRole {
            place: self.place(event),
            role: role.to_owned(),
            known: self.roles.keys().cloned().collect(),
        })
    }

    pub(super) fn place(&self, event: &LogEvent) -> Place {
        Place { line: event.line, event: self.events + self.skipped + 1 }
    }

    pub(super) fn part(&self, role: RoleId) -> Option<(usize, &Part)> {
        let at = self.watched[role.index()]?;
        Some((at, &self.parts[at]))
    }

    fn concerns(&self, read: Read<'_>) -> bool {
        let (sends, receives) =
            (self.part(read.sender).is_some(), self.part(read.receiver).is_some());
        match read.kind {
            EventKind::Exchange => sends || receives,
            EventKind::Send => sends,
            EventKind::Receive => receives,
        }
    }

    /// The numbers of several channels are those of the protocol.
    fn check_channel(&self, event: &LogEvent, read: Read<'_>) -> Result<(), LogError> {
        let is_apart = self.channels.is_apart(&(read.sender, read.receiver));
        match read.channel {
            Some(channel) if is_apart && self.global.is_none() => {
                Err(LogError::ChannelNotKnown { place: self.place(event), channel })
            }
            _ => Ok(()),
        }
    }

    /// The ways after an event.
    fn all_after(&self, event: &LogEvent, read: Read<'_>) -> Result<Vec<Way>, LogError> {
        let mut after = BTreeSet::new();
        for way in &self.ways {
            for done in self.done(way, read) {
                let mut way = way.clone();
                self.take(&mut way, read.kind, &done);
                after.insert(way);
            }
            if after.len() > WAY_LIMIT {
                return Err(LogError::TooManyWays { place: self.place(event), limit: WAY_LIMIT });
            }
        }
        let under_way: usize = after.iter().map(Way::under_way_count).sum();
        if after.len() > 1 && under_way > UNDER_WAY_LIMIT {
            let (place, limit) = (self.place(event), UNDER_WAY_LIMIT);
            return Err(LogError::TooMuchUnderWay { place, limit });
        }
        if after.is_empty() {
            return Err(LogError::Unfit(Box::new(self.unfit(event, read))));
        }
        Ok(after.into_iter().collect())
    }

    /// All that the event can be in one way.
    fn done(&self, way: &Way, read: Read<'_>) -> Vec<Done> {
        let sent = self.fitting(way, read, Direction::Send);
        let received = self.fitting(way, read, Direction::Receive);
        let one = |sent, received| Done { sent, received };
        match (sent, received) {
            (None, None) => Vec::new(),
            (Some(sent), None) => sent.into_iter().map(|sent| one(Some(sent), None)).collect(),
            (None, Some(received)) => {
                let is_next = |taken: &Taken| {
                    self.part(read.sender).is_none()
                        || way.first(taken.channel()) == Some(taken.action.label)
                };
                received.into_iter().filter(is_next).map(|taken| one(None, Some(taken))).collect()
            }
            (Some(sent), Some(received)) => {
                let pairs =
                    sent.into_iter().flat_map(|sent| received.iter().map(move |to| (sent, *to)));
                let at_once = |(sent, received): &(Taken, Taken)| is_exchange(way, sent, received);
                pairs.filter(at_once).map(|(sent, to)| one(Some(sent), Some(to))).collect()
            }
        }
    }

    /// What the event can be to the role that sends or receives; nothing if it is not watched, or if that is no part of the event.
    pub(super) fn fitting(
        &self,
        way: &Way,
        read: Read<'_>,
        direction: Direction,
    ) -> Option<Vec<Taken>> {
        let (role, peer, other) = match direction {
            Direction::Send => (read.sender, read.receiver, EventKind::Receive),
            Direction::Receive => (read.receiver, read.sender, EventKind::Send),
        };
        let (at, part) = self.part(role).filter(|_| read.kind != other)?;
        let wanted = (direction, peer, read.labels);
        let mut taken = part.fitting(&way.strands[at], &self.channels, wanted);
        if let Some(number) = read.channel {
            taken.retain(|taken| taken.channel == number);
        }
        Some(taken)
    }

    fn take(&self, way: &mut Way, kind: EventKind, done: &Done) {
        for taken in [&done.sent, &done.received].into_iter().flatten() {
            let (at, part) = self.part(taken.role).expect("only what is watched does something");
            way.advance(part, at, *taken);
            let apart = kind != EventKind::Exchange && self.part(taken.action.peer).is_some();
            match taken.action.direction {
                Direction::Send if apart => way.push(taken.channel(), taken.action.label),
                Direction::Receive if apart => way.pop(taken.channel()),
                Direction::Send | Direction::Receive => {}
            }
        }
    }

    pub(super) fn is_over(&self, way: &Way) -> bool {
        let mut parts = self.parts.iter().zip(&way.strands);
        way.queues.is_empty() && parts.all(|(part, strand)| part.is_over(strand))
    }
}

fn channels_of_part(role: RoleId, local: &LocalTypeR) -> Channels {
    let pair = move |action: Action| action.direction.pair(role, action.peer);
    let pairs = |state| local.exits(state).map(move |exit| (state, pair(exit.action)));
    local.lanes().split(local.states().flat_map(pairs))
}

/// Whether these are the two sides of one message that is received as soon as it was sent.
pub(super) fn is_exchange(way: &Way, sent: &Taken, received: &Taken) -> bool {
    sent.channel() == received.channel()
        && received.action.direction == Direction::Receive
        && sent.action.label == received.action.label
        && way.first(sent.channel()).is_none()
}
