//! The events of a run as they are kept: two words each, in chunks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use telltale_types::{LabelId, Names, RoleId, Shared};

use crate::arena::Slot;
use crate::{Fault, ObsEvent, Observed, Recording, SessionId};

/// The kinds of [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    Opened,
    Sent,
    ChosenAndSent,
    Received,
    Dropped,
    Deferred,
    Injected,
    Invoked,
    Halted,
    Closed,
    Cancelled,
    Faulted,
    Tick,
}

/// An event as it is kept: two words.
///
/// ```text
/// tag 8 bits | ordinal 56        role 8 bits | peer 8 | label 16 | slot 32
/// ```
#[derive(Clone, Copy, Debug)]
struct Record(u64, u64);

/// The events of a session begin alike: this is what they share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    session: u64,
    slot: u64,
}

impl Stamp {
    pub(crate) fn new(session: SessionId) -> Self {
        let slot = u64::from(session.slot().number()) << 32;
        Self { session: session.ordinal() << 8, slot }
    }
}

/// The events so far.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    chunks: VecDeque<Vec<Record>>,
    faults: VecDeque<Arc<Fault>>,
    /// What the roles and labels of sessions are called, until their end is forgotten.
    names: BTreeMap<u64, Shared<Names>>,
    /// The tick of the first record.
    first_tick: u64,
    tick: u64,
    /// Whether the tick has changed since the last record.
    tick_is_due: bool,
    /// How many events are kept at least; nothing if all are.
    keep: Option<usize>,
}

const CHUNK: usize = 1 << 14;

impl Trace {
    pub(crate) fn new(recording: Recording) -> Self {
        let keep = match recording {
            Recording::Last(events) => Some(events),
            Recording::Off | Recording::Full => None,
        };
        Self { keep, ..Self::default() }
    }

    #[inline]
    pub(crate) fn push(
        &mut self,
        stamp: Stamp,
        tag: Tag,
        role: RoleId,
        peer: RoleId,
        label: LabelId,
    ) {
        let what = u64::from(role.0) | u64::from(peer.0) << 8 | u64::from(label.0) << 16;
        self.add(Record(stamp.session | tag as u64, stamp.slot | what));
    }

    pub(crate) fn push_opened(&mut self, session: SessionId, names: &Shared<Names>) {
        self.names.insert(session.ordinal(), names.clone());
        self.push_session(Stamp::new(session), Tag::Opened);
    }

    pub(crate) fn push_session(&mut self, stamp: Stamp, tag: Tag) {
        self.push(stamp, tag, RoleId(0), RoleId(0), LabelId(0));
    }

    pub(crate) fn push_fault(&mut self, stamp: Stamp, fault: Arc<Fault>) {
        self.push_session(stamp, Tag::Faulted);
        self.faults.push_back(fault);
    }

    /// Events from now on happen at this tick.
    pub(crate) fn set_tick(&mut self, tick: u64) {
        self.tick = tick;
        self.tick_is_due = true;
    }

    /// The events that are kept, oldest first.
    pub(crate) fn events(&self) -> Vec<ObsEvent> {
        let mut events = self.all_events();
        let surplus = self.keep.map_or(0, |keep| events.len().saturating_sub(keep));
        events.split_off(surplus)
    }

    /// Takes out all events.
    pub(crate) fn drain(&mut self) -> Vec<ObsEvent> {
        let events = self.all_events();
        while self.chunks.len() > 1 {
            self.forget_chunk();
        }
        if let Some(mut chunk) = self.chunks.pop_front() {
            self.forget(&chunk);
            chunk.clear();
            self.chunks.push_back(chunk);
        }
        events
    }

    fn all_events(&self) -> Vec<ObsEvent> {
        let mut tick = self.first_tick;
        let mut faults = self.faults.iter();
        let mut events = Vec::new();
        for record in self.chunks.iter().flatten() {
            if record.is(Tag::Tick) {
                tick = record.1;
                continue;
            }
            let Some(names) = self.names.get(&record.ordinal()) else { continue };
            let slot = Slot::from_number((record.1 >> 32) as u32);
            let session = SessionId::new(record.ordinal(), slot);
            for what in record.observed(&mut faults).into_iter().flatten() {
                events.push(ObsEvent { tick, session, what, names: names.clone() });
            }
        }
        events
    }

    #[inline]
    fn add(&mut self, record: Record) {
        if self.tick_is_due {
            self.add_tick();
        }
        match self.chunks.back_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(record),
            _ => self.start_chunk(record),
        }
    }

    #[cold]
    fn add_tick(&mut self) {
        self.tick_is_due = false;
        self.add(Record(Tag::Tick as u64, self.tick));
    }

    #[cold]
    fn start_chunk(&mut self, record: Record) {
        let mut chunk = Vec::with_capacity(CHUNK);
        chunk.push(record);
        self.chunks.push_back(chunk);
        if let Some(keep) = self.keep {
            // At most every second record is a tick, and the last chunk has just been started.
            while self.chunks.len() > 2 + keep.div_ceil(CHUNK / 2) {
                self.forget_chunk();
            }
        }
    }

    fn forget_chunk(&mut self) {
        if let Some(chunk) = self.chunks.pop_front() {
            self.forget(&chunk);
        }
    }

    /// Keeps of some records that are given up what later ones need.
    fn forget(&mut self, records: &[Record]) {
        for record in records {
            if record.is(Tag::Tick) {
                self.first_tick = record.1;
            }
            if record.is(Tag::Faulted) {
                self.faults.pop_front();
            }
            if record.is(Tag::Faulted) || record.is(Tag::Closed) || record.is(Tag::Cancelled) {
                self.names.remove(&record.ordinal());
            }
        }
    }
}

impl Record {
    fn ordinal(self) -> u64 {
        self.0 >> 8
    }

    fn is(self, tag: Tag) -> bool {
        self.0 as u8 == tag as u8
    }

    fn observed<'a>(
        self,
        faults: &mut impl Iterator<Item = &'a Arc<Fault>>,
    ) -> [Option<Observed>; 2] {
        let [role, peer] = [self.1, self.1 >> 8].map(|number| RoleId(number as u8));
        let label = LabelId((self.1 >> 16) as u16);
        let sent = Observed::Sent { from: role, to: peer, label };
        let what = match self.0 as u8 {
            tag if tag == Tag::Opened as u8 => Observed::Opened,
            tag if tag == Tag::Sent as u8 => sent,
            tag if tag == Tag::ChosenAndSent as u8 => {
                return [Some(Observed::Chosen { role, to: peer, label }), Some(sent)];
            }
            tag if tag == Tag::Received as u8 => Observed::Received { from: peer, to: role, label },
            tag if tag == Tag::Dropped as u8 => Observed::Dropped { from: role, to: peer, label },
            tag if tag == Tag::Deferred as u8 => Observed::Deferred { from: role, to: peer, label },
            tag if tag == Tag::Injected as u8 => Observed::Injected { from: role, to: peer, label },
            tag if tag == Tag::Cancelled as u8 => Observed::Cancelled,
            tag if tag == Tag::Invoked as u8 => Observed::Invoked { role, effect: label.0 },
            tag if tag == Tag::Halted as u8 => Observed::Halted { role },
            tag if tag == Tag::Closed as u8 => Observed::Closed,
            _ => {
                return [
                    faults.next().map(|fault| Observed::Faulted { fault: fault.clone() }),
                    None,
                ];
            }
        };
        [Some(what), None]
    }
}
