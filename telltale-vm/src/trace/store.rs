//! The events of a run as they are kept: in chunks, the oldest of which are forgotten.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use telltale_types::{LabelId, Names, RoleId, Shared};

use super::chunk::{Chunk, Event};
pub(crate) use super::chunk::{Lanes, Tag};
use crate::{Fault, ObsEvent, Recording, SessionId};

/// The events so far.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The chunk that is being filled.
    chunk: Chunk,
    /// How many events it takes before there has to be a new row or a new chunk.
    room: usize,
    /// The chunks before it, oldest first.
    full: VecDeque<Chunk>,
    /// When events happen now.
    tick: u64,
    /// Whose events come now, and what its roles and labels are called.
    session: Option<(SessionId, Shared<Names>)>,
    /// Whether anything is recorded.
    pub(crate) is_on: bool,
    /// How many events are kept at least; nothing if all are.
    keep: Option<usize>,
    /// How many events were kept once and are not any more.
    forgotten: u64,
}

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
            tick: 0,
            session: None,
            is_on: recording != Recording::Off,
            keep,
            forgotten: 0,
        }
    }

    /// So many events were kept before these and are not any more.
    #[cfg(feature = "serde")]
    pub(crate) fn set_forgotten(&mut self, forgotten: u64) {
        self.forgotten = forgotten;
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

    /// Events from now on are those of this session, whose protocol has these names.
    #[inline]
    pub(crate) fn enter(&mut self, session: SessionId, names: &Shared<Names>) {
        match &mut self.session {
            Some((entered, _)) if *entered == session => return,
            Some((entered, known)) if std::ptr::eq(&raw const **known, &raw const **names) => {
                *entered = session;
            }
            other => *other = Some((session, names.clone())),
        }
        self.room = 0;
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
        self.push_in(tag, role, peer, label, Lanes::default());
    }

    /// The same for a lane of the role, and one of the channels between the two.
    #[inline]
    pub(crate) fn push_in(
        &mut self,
        tag: Tag,
        role: RoleId,
        peer: RoleId,
        label: LabelId,
        lanes: Lanes,
    ) {
        if self.room == 0 {
            self.start_row();
        }
        self.room -= 1;
        self.chunk.push(Event { tag, role, peer, label, lanes });
    }

    /// What happens to the session that was entered last as a whole.
    pub(crate) fn push_session(&mut self, tag: Tag) {
        self.push(tag, RoleId(0), RoleId(0), LabelId(0));
    }

    pub(crate) fn push_fault(&mut self, fault: Arc<Fault>) {
        self.push_session(Tag::Faulted);
        self.chunk.push_fault(fault);
    }

    /// The events that are kept, oldest first.
    pub(crate) fn events(&self) -> Vec<ObsEvent> {
        let mut events = Vec::new();
        for chunk in self.chunks() {
            chunk.tell(&mut |event| events.push(event.clone()), &mut 0);
        }
        let surplus = self.keep.map_or(0, |keep| events.len().saturating_sub(keep));
        events.split_off(surplus)
    }

    /// How many events were recorded that [`Trace::events`] does not give any more.
    pub(crate) fn forgotten(&self) -> u64 {
        let kept: u64 = self.chunks().map(Chunk::observed).sum();
        let surplus = self.keep.map_or(0, |keep| kept.saturating_sub(keep as u64));
        self.forgotten + surplus
    }

    fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.full.iter().chain([&self.chunk])
    }

    /// Takes out all events and gives them to somebody. If that panics, it has been given the event at which it did.
    #[inline(never)]
    pub(crate) fn drain_to(&mut self, sink: &mut dyn FnMut(&ObsEvent)) {
        self.room = 0;
        loop {
            let chunk = self.full.front_mut().unwrap_or(&mut self.chunk);
            let mut told = 0;
            let done = catch_unwind(AssertUnwindSafe(|| chunk.tell(sink, &mut told)));
            if let Err(panic) = done {
                chunk.forget_first(told);
                resume_unwind(panic);
            }
            chunk.clear();
            if self.full.pop_front().is_none() {
                return;
            }
        }
    }

    /// Drops the faults, which may hold what handlers gave.
    pub(crate) fn drop_faults(&mut self) {
        for chunk in &mut self.full {
            chunk.drop_faults();
        }
        self.chunk.drop_faults();
    }

    /// The next event is the first of a row, and perhaps of a chunk.
    #[inline(never)]
    fn start_row(&mut self) {
        if self.chunk.room() == 0 {
            self.end_chunk();
        }
        self.room = self.chunk.room();
        if let Some((session, names)) = &self.session {
            self.chunk.start_row(self.tick, *session, names);
        }
    }

    /// Another chunk is filled: the oldest one, if its events need not be kept.
    fn end_chunk(&mut self) {
        self.full.push_back(std::mem::take(&mut self.chunk));
        let Some(keep) = self.keep else { return };
        if self.full.len() > 1 + Chunk::count_for(keep)
            && let Some(mut oldest) = self.full.pop_front()
        {
            self.forgotten += oldest.observed();
            oldest.clear();
            self.chunk = oldest;
        }
    }
}
