//! The events of a run as they are kept: six bytes each, in chunks.
//!
//! Events of one session mostly come in a row, and so do those of one tick. So both are kept beside the
//! events, once for each row.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use telltale_types::{LabelId, Names, RoleId, Shared};

use crate::quietly::drop_quietly;
use crate::{Fault, ObsEvent, Observed, Recording, SessionId};

/// What an [`Event`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Opened,
    Sent,
    ChosenAndSent,
    Received,
    /// Sent, and received by the peer at once.
    Exchanged,
    /// The same, after a choice.
    ChosenAndExchanged,
    Dropped,
    Deferred,
    Injected,
    Invoked,
    Halted,
    Closed,
    Cancelled,
    Faulted,
}

impl Tag {
    /// As how many events it is seen.
    const fn observed(self) -> u64 {
        match self {
            Self::ChosenAndSent | Self::Exchanged => 2,
            Self::ChosenAndExchanged => 3,
            _ => 1,
        }
    }
}

/// An event as it is kept.
#[derive(Clone, Copy, Debug)]
struct Event {
    tag: Tag,
    role: RoleId,
    peer: RoleId,
    label: LabelId,
}

const _: () = assert!(size_of::<Event>() == 6);

/// When and where the events of a row happened.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// The first of them, by its place in the chunk.
    first: usize,
    tick: u64,
    session: SessionId,
}

#[derive(Debug, Default)]
struct Chunk {
    events: Vec<Event>,
    rows: Vec<Row>,
}

/// The events so far.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The chunk that is being filled.
    chunk: Chunk,
    /// How many events it takes before there has to be a new row or a new chunk.
    room: usize,
    /// The chunks before it, oldest first.
    full: VecDeque<Chunk>,
    faults: VecDeque<Arc<Fault>>,
    /// What the roles and labels of sessions are called, until their end is forgotten.
    names: BTreeMap<u64, Shared<Names>>,
    /// When events happen now.
    tick: u64,
    /// Whose events come now.
    session: Option<SessionId>,
    /// Whether anything is recorded.
    pub(crate) is_on: bool,
    /// How many events are kept at least; nothing if all are.
    keep: Option<usize>,
    /// How many events were kept once and are not any more.
    forgotten: u64,
}

const CHUNK: usize = 1 << 14;

impl Trace {
    pub(crate) fn new(recording: Recording) -> Self {
        let keep = match recording {
            Recording::Last(events) => Some(events),
            Recording::Off | Recording::Full => None,
        };
        Self {
            chunk: Chunk::default(),
            room: 0,
            full: VecDeque::new(),
            faults: VecDeque::new(),
            names: BTreeMap::new(),
            tick: 0,
            session: None,
            is_on: recording != Recording::Off,
            keep,
            forgotten: 0,
        }
    }

    /// No event is forgotten from now on: somebody takes them out.
    pub(crate) fn keep_all(&mut self) {
        self.keep = None;
    }

    /// Events from now on happen at this tick.
    pub(crate) fn set_tick(&mut self, tick: u64) {
        self.tick = tick;
        self.room = 0;
    }

    /// Events from now on are those of this session.
    #[inline]
    pub(crate) fn enter(&mut self, session: SessionId) {
        if self.session != Some(session) {
            self.session = Some(session);
            self.room = 0;
        }
    }

    /// An event of the session that was entered last, if anything is recorded.
    #[inline]
    pub(crate) fn push_if(&mut self, tag: Tag, role: RoleId, peer: RoleId, label: LabelId) {
        if self.is_on {
            self.push(tag, role, peer, label);
        }
    }

    /// An event of the session that was entered last.
    #[inline]
    pub(crate) fn push(&mut self, tag: Tag, role: RoleId, peer: RoleId, label: LabelId) {
        if self.room == 0 {
            self.start_row();
        }
        self.room -= 1;
        self.chunk.events.push(Event { tag, role, peer, label });
    }

    /// An event of this session.
    pub(crate) fn push_of(
        &mut self,
        session: SessionId,
        tag: Tag,
        role: RoleId,
        peer: RoleId,
        label: LabelId,
    ) {
        self.enter(session);
        self.push(tag, role, peer, label);
    }

    pub(crate) fn push_opened(&mut self, session: SessionId, names: &Shared<Names>) {
        self.names.insert(session.ordinal(), names.clone());
        self.push_session(session, Tag::Opened);
    }

    pub(crate) fn push_session(&mut self, session: SessionId, tag: Tag) {
        self.push_of(session, tag, RoleId(0), RoleId(0), LabelId(0));
    }

    pub(crate) fn push_fault(&mut self, session: SessionId, fault: Arc<Fault>) {
        self.push_session(session, Tag::Faulted);
        self.faults.push_back(fault);
    }

    /// The events that are kept, oldest first.
    pub(crate) fn events(&self) -> Vec<ObsEvent> {
        let mut events = self.all_events();
        let surplus = self.keep.map_or(0, |keep| events.len().saturating_sub(keep));
        events.split_off(surplus)
    }

    /// How many events were recorded that [`Trace::events`] does not give any more.
    pub(crate) fn forgotten(&self) -> u64 {
        let chunks = self.full.iter().chain([&self.chunk]);
        let kept: u64 = chunks.flat_map(|chunk| &chunk.events).map(|e| e.tag.observed()).sum();
        let surplus = self.keep.map_or(0, |keep| kept.saturating_sub(keep as u64));
        self.forgotten + surplus
    }

    /// Takes out all events and gives them to somebody.
    #[inline(never)]
    pub(crate) fn drain_to(&mut self, sink: &mut dyn FnMut(ObsEvent)) {
        let events = self.all_events();
        let forgotten = self.forgotten;
        self.end_chunk();
        while let Some(chunk) = self.full.pop_front() {
            self.forget(&chunk);
            // Its memory is good for the next events.
            self.chunk = chunk;
        }
        self.chunk.events.clear();
        self.chunk.rows.clear();
        // The sink has them.
        self.forgotten = forgotten;
        events.into_iter().for_each(sink);
    }

    /// Takes out the faults, which may hold what handlers gave.
    pub(crate) fn drain_faults(&mut self) -> impl Iterator<Item = Arc<Fault>> + '_ {
        self.faults.drain(..)
    }

    fn all_events(&self) -> Vec<ObsEvent> {
        let mut faults = self.faults.iter();
        let mut events = Vec::new();
        for chunk in self.full.iter().chain([&self.chunk]) {
            for (row, of_row) in chunk.rows() {
                let Row { tick, session, .. } = row;
                let Some(names) = self.names.get(&session.ordinal()) else { continue };
                let observed = of_row.iter().flat_map(|event| event.observed(&mut faults));
                let event = |what| ObsEvent { tick, session, what, names: names.clone() };
                events.extend(observed.flatten().map(event));
            }
        }
        events
    }

    /// The next event is the first of a row, and perhaps of a chunk.
    #[inline(never)]
    fn start_row(&mut self) {
        if self.chunk.events.len() == CHUNK {
            self.end_chunk();
        }
        if self.chunk.events.capacity() < CHUNK {
            self.chunk.events.reserve_exact(CHUNK);
        }
        let first = self.chunk.events.len();
        self.room = CHUNK - first;
        let Some(session) = self.session else { return };
        let row = Row { first, tick: self.tick, session };
        match self.chunk.rows.last_mut() {
            // A row in which nothing has happened.
            Some(last) if last.first == first => *last = row,
            _ => self.chunk.rows.push(row),
        }
    }

    fn end_chunk(&mut self) {
        self.room = 0;
        self.full.push_back(std::mem::take(&mut self.chunk));
        if let Some(keep) = self.keep {
            while self.full.len() > 1 + keep.div_ceil(CHUNK) {
                if let Some(chunk) = self.full.pop_front() {
                    self.forget(&chunk);
                }
            }
        }
    }

    /// Drops the faults and names that only the events of this chunk have needed.
    fn forget(&mut self, chunk: &Chunk) {
        for (row, events) in chunk.rows() {
            for event in events {
                self.forgotten += event.tag.observed();
                if event.tag == Tag::Faulted {
                    drop_quietly(self.faults.pop_front());
                }
                if matches!(event.tag, Tag::Faulted | Tag::Closed | Tag::Cancelled) {
                    self.names.remove(&row.session.ordinal());
                }
            }
        }
    }
}

impl Chunk {
    /// Each row with its events.
    fn rows(&self) -> impl Iterator<Item = (Row, &[Event])> {
        let ends = self.rows.iter().skip(1).map(|row| row.first).chain([self.events.len()]);
        self.rows.iter().zip(ends).map(|(row, end)| (*row, &self.events[row.first..end]))
    }
}

impl Event {
    fn observed<'a>(
        self,
        faults: &mut impl Iterator<Item = &'a Arc<Fault>>,
    ) -> [Option<Observed>; 3] {
        let Self { tag, role, peer, label } = self;
        let sent = Some(Observed::Sent { from: role, to: peer, label });
        let chosen = Some(Observed::Chosen { role, to: peer, label });
        let taken = Some(Observed::Received { from: role, to: peer, label });
        let what = match tag {
            Tag::Sent => return [sent, None, None],
            Tag::ChosenAndSent => return [chosen, sent, None],
            Tag::Exchanged => return [sent, taken, None],
            Tag::ChosenAndExchanged => return [chosen, sent, taken],
            Tag::Faulted => {
                let faulted = |fault: &Arc<Fault>| Observed::Faulted { fault: fault.clone() };
                return [faults.next().map(faulted), None, None];
            }
            Tag::Received => Observed::Received { from: peer, to: role, label },
            Tag::Dropped => Observed::Dropped { from: role, to: peer, label },
            Tag::Deferred => Observed::Deferred { from: role, to: peer, label },
            Tag::Injected => Observed::Injected { from: role, to: peer, label },
            Tag::Invoked => Observed::Invoked { role, effect: label.0 },
            Tag::Halted => Observed::Halted { role },
            Tag::Opened => Observed::Opened,
            Tag::Closed => Observed::Closed,
            Tag::Cancelled => Observed::Cancelled,
        };
        [Some(what), None, None]
    }
}
