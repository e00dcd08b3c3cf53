//! A piece of the trace: events as they are kept, eight bytes each.
//!
//! Events of one session mostly come in a row, and so do those of one tick. So both are kept beside the events, once
//! for each row.

use std::sync::Arc;

use telltale_types::{LabelId, Names, RoleId, Shared};

use crate::quietly::{drop_each_quietly, drop_quietly};
use crate::{Fault, ObsEvent, Observed, SessionId};

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
    /// Lanes begin; the peer is the number of the first of them, the label how many there are.
    Forked,
    /// They are over.
    Joined,
    Closed,
    Cancelled,
    Faulted,
}

/// An event as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) tag: Tag,
    pub(super) role: RoleId,
    pub(super) peer: RoleId,
    pub(super) label: LabelId,
    pub(super) lanes: Lanes,
}

/// Which lanes an event concerns, and which channel; all 0 where roles do one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// The lane that acts.
    pub(crate) lane: u8,
    /// The lane of the peer that receives at once.
    pub(crate) peer: u8,
    /// The number of the channel among those of the pair.
    pub(crate) channel: u8,
}

const _: () = assert!(size_of::<Event>() <= 8);

/// When and where the events of a row happened.
#[derive(Clone, Copy, Debug)]
struct Row {
    tick: u64,
    session: SessionId,
    /// The first of them, by its place in the chunk.
    first: u32,
    /// What roles and labels are called, by its place among the names of the chunk.
    names: u32,
}

/// So many events at most, and what is needed to tell them.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    events: Vec<Event>,
    rows: Vec<Row>,
    names: Vec<Shared<Names>>,
    /// Those that happened in this chunk, in their order.
    faults: Vec<Arc<Fault>>,
}

/// How many events a chunk holds.
const SIZE: usize = 1 << 14;

/// For how many events there is room at first.
const FIRST: usize = 64;

/// How many of the names in a chunk are looked at before they are written down once more.
const RECENT: usize = 8;

impl Chunk {
    /// How many chunks there are room for so many events in.
    pub(super) const fn count_for(events: usize) -> usize {
        events.div_ceil(SIZE)
    }

    /// How many more events it takes.
    pub(super) fn room(&self) -> usize {
        SIZE - self.events.len()
    }

    #[inline]
    pub(super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Makes room for the events of a short session, if there is none yet.
    fn make_room(&mut self) {
        if self.events.capacity() == 0 {
            self.events.reserve(FIRST);
        }
    }

    pub(super) fn push_fault(&mut self, fault: Arc<Fault>) {
        self.faults.push(fault);
    }

    /// The events that come now are those of this session, and happen at this tick.
    pub(super) fn start_row(&mut self, tick: u64, session: SessionId, names: &Shared<Names>) {
        self.make_room();
        let names = self.number_of(names);
        let first = self.events.len() as u32;
        let row = Row { tick, session, first, names };
        match self.rows.last_mut() {
            // A row in which nothing has happened.
            Some(last) if last.first == first => *last = row,
            _ => self.rows.push(row),
        }
    }

    /// The place of names in this chunk. They are the same if they are one thing in memory.
    fn number_of(&mut self, names: &Shared<Names>) -> u32 {
        let is_it = |known: &Shared<Names>| std::ptr::eq(&raw const **known, &raw const **names);
        let recent = self.names.iter().enumerate().rev().take(RECENT);
        let known = recent.into_iter().find(|(_, known)| is_it(known)).map(|(nth, _)| nth);
        known.unwrap_or_else(|| {
            self.names.push(names.clone());
            self.names.len() - 1
        }) as u32
    }

    /// As how many events its own are seen.
    pub(super) fn observed(&self) -> u64 {
        self.events.iter().map(|event| event.tag.observed()).sum()
    }

    /// Gives everything that can be seen, in order, and counts the events of which something has been given.
    pub(super) fn tell(&self, to: &mut dyn FnMut(&ObsEvent), told: &mut usize) {
        let mut faults = self.faults.iter();
        let ends = self.rows.iter().skip(1).map(|row| row.first).chain([self.events.len() as u32]);
        for (row, end) in self.rows.iter().zip(ends) {
            let Row { tick, session, first, names } = *row;
            let names = self.names[names as usize].clone();
            let mut seen =
                ObsEvent { tick, session, what: Observed::Opened, lane: 0, channel: 0, names };
            for &event in &self.events[first as usize..end as usize] {
                *told += 1;
                seen.channel = event.lanes.channel.into();
                event.tell(&mut faults, &mut |what, lane| {
                    (seen.what, seen.lane) = (what, lane);
                    to(&seen);
                });
            }
        }
    }

    /// Forgets the first events.
    pub(super) fn forget_first(&mut self, count: usize) {
        let is_fault = |event: &Event| event.tag == Tag::Faulted;
        let faults = self.events.drain(..count).filter(is_fault).count();
        self.faults.drain(..faults).for_each(drop_quietly);
        let begun = self.rows.iter().take_while(|row| row.first as usize <= count).count();
        self.rows.drain(..begun.saturating_sub(1));
        for row in &mut self.rows {
            row.first = row.first.saturating_sub(count as u32);
        }
    }

    /// Forgets everything but its memory, which is good for the next events.
    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.rows.clear();
        self.names.clear();
        self.drop_faults();
    }

    #[inline(never)]
    pub(super) fn drop_faults(&mut self) {
        drop_each_quietly(&mut self.faults);
    }
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

impl Event {
    /// Gives what can be seen of it.
    #[inline(always)]
    fn tell<'a>(
        self,
        faults: &mut impl Iterator<Item = &'a Arc<Fault>>,
        give: &mut impl FnMut(Observed, u8),
    ) {
        let Self { tag, role, peer, label, lanes } = self;
        let sent = Observed::Sent { from: role, to: peer, label };
        let chosen = Observed::Chosen { role, to: peer, label };
        let taken = Observed::Received { from: role, to: peer, label };
        let last = match tag {
            Tag::Sent => sent,
            Tag::ChosenAndSent => {
                give(chosen, lanes.lane);
                sent
            }
            Tag::Exchanged => {
                give(sent, lanes.lane);
                taken
            }
            Tag::ChosenAndExchanged => {
                give(chosen, lanes.lane);
                give(sent, lanes.lane);
                taken
            }
            Tag::Faulted => match faults.next() {
                Some(fault) => Observed::Faulted { fault: fault.clone() },
                None => return,
            },
            Tag::Received => Observed::Received { from: peer, to: role, label },
            Tag::Dropped => Observed::Dropped { from: role, to: peer, label },
            Tag::Deferred => Observed::Deferred { from: role, to: peer, label },
            Tag::Injected => Observed::Injected { from: role, to: peer, label },
            Tag::Invoked => Observed::Invoked { role, effect: label.0 },
            Tag::Halted => Observed::Halted { role },
            Tag::Forked => Observed::Forked { role, first: peer.0, count: label.0 as u8 },
            Tag::Joined => Observed::Joined { role, first: peer.0, count: label.0 as u8 },
            Tag::Opened => Observed::Opened,
            Tag::Closed => Observed::Closed,
            Tag::Cancelled => Observed::Cancelled,
        };
        let is_exchange = matches!(tag, Tag::Exchanged | Tag::ChosenAndExchanged);
        give(last, if is_exchange { lanes.peer } else { lanes.lane });
    }
}
