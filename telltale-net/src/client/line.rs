//! What is to be written down of a seat, and what is known to be written.

use std::collections::BTreeSet;
use std::task::Waker;
use std::time::Instant;

use telltale_vm::SessionError;
use telltale_vm::generated::endpoints::Place;
use telltale_vm::outside::Received;

use super::JoinError;
use crate::engine::{Envelope, EnvelopeId, Work};

/// Where a seat stands with its engine.
pub(super) struct Line {
    /// What is written down of the part: who plays it.
    pub(super) nonce: [u8; 16],
    /// How many steps are known to be written.
    pub(super) version: u64,
    incarnation: Option<u64>,
    /// What was delivered here and may still be in the inbox there.
    pub(super) delivered: BTreeSet<EnvelopeId>,
    /// How many messages were delivered, and how many received; what has just come may be received before it is counted.
    pub(super) came: usize,
    pub(super) read: usize,
    /// If there was no room for some: how many had been read then.
    pub(super) left_at: Option<usize>,
    /// What was sent here, and is not known to be written.
    pub(super) sent: Vec<Envelope>,
    /// The step that is being written, or of which it is not known whether it was.
    pub(super) step: Option<Pending>,
    /// How many things were done here of which somebody waits until they are written, and how many of them are.
    acted: u64,
    written: u64,
    /// Whether the last step is written, and so everything that was done, also what was not counted yet.
    is_done: bool,
    waiting: Vec<Waiting>,
    /// When there has to be another step, if there has to.
    pub(super) due: Option<Instant>,
    pub(super) over: Option<Over>,
    /// Why nobody gets the seat, until that is told.
    pub(super) refused: Option<JoinError>,
    pub(super) joining: Option<Waker>,
}

/// A step that is not known to be written.
pub(super) struct Pending {
    pub(super) taken: Vec<EnvelopeId>,
    /// How many messages of [`Line::sent`] are in it.
    pub(super) sent: usize,
    /// How many things have been done with it.
    pub(super) acted: u64,
    /// Whether the part has no more steps after it.
    pub(super) is_last: bool,
    /// What is wrong, if that is all that it says.
    pub(super) fault: Option<String>,
}

/// Somebody waits until what he has done is written down.
struct Waiting {
    place: Place,
    until: u64,
    received: Option<Received>,
    waker: Option<Waker>,
}

/// Why a seat is not played any more.
#[derive(Clone)]
pub(super) enum Over {
    /// Nobody needs anything from it.
    Complete,
    Because(String),
}

impl Over {
    pub(super) fn error(&self) -> SessionError {
        match self {
            Self::Complete => SessionError::Closed,
            Self::Because(reason) => SessionError::Cancelled { reason: reason.as_str().into() },
        }
    }
}

impl Line {
    pub(super) fn new(nonce: [u8; 16]) -> Self {
        Self {
            nonce,
            version: 0,
            incarnation: None,
            delivered: BTreeSet::new(),
            came: 0,
            read: 0,
            left_at: None,
            sent: Vec::new(),
            step: None,
            acted: 0,
            written: 0,
            is_done: false,
            waiting: Vec::new(),
            due: None,
            over: None,
            refused: None,
            joining: None,
        }
    }

    /// Whether there is something to say, whatever there is to hear.
    pub(super) fn has_something_to_say(&self, now: Instant) -> bool {
        self.version == 0
            || self.is_unwritten(now)
            || self.left_at.is_some_and(|read| self.read > read)
            || self.step.is_some()
    }

    /// Whether there is something to write, whatever has come.
    pub(super) fn is_unwritten(&self, now: Instant) -> bool {
        self.acted > self.written || self.due.is_some_and(|due| now >= due)
    }

    pub(super) fn acted(&self) -> u64 {
        self.acted
    }

    /// Something has been done of which nobody waits until it is written.
    pub(super) fn has_changed(&mut self) {
        self.acted += 1;
    }

    /// Whether work is of this seat. If it is, it is known whether the last step was written.
    pub(super) fn is_ours(&mut self, work: &Work) -> bool {
        let is_same = *self.incarnation.get_or_insert(work.incarnation) == work.incarnation;
        let is_own = match &work.state {
            Some(state) => *state == self.nonce,
            None => work.version == 0,
        };
        if !is_same || !is_own {
            return false;
        }
        match &self.step {
            Some(_) if work.version == self.version + 1 => self.is_written(),
            _ if work.version == self.version => self.step = None,
            _ => return false,
        }
        true
    }

    /// The step that was being written is.
    pub(super) fn is_written(&mut self) {
        let Some(Pending { taken, sent, acted, is_last, fault }) = self.step.take() else { return };
        self.version += 1;
        if let Some(reason) = fault {
            // What was done is not written down.
            self.over.get_or_insert(Over::Because(reason));
            return;
        }
        self.sent.drain(..sent);
        self.delivered.retain(|id| !taken.contains(id));
        self.written = acted;
        self.is_done = is_last;
    }

    /// Somebody has done something, and waits until that is written down.
    pub(super) fn has_acted(&mut self, place: Place, received: Option<Received>) {
        self.has_changed();
        self.waiting.push(Waiting { place, until: self.acted, received, waker: None });
    }

    /// Whether somebody waits at a place for what he has received to be taken.
    pub(super) fn has_received(&self, place: Place) -> bool {
        self.waiting.iter().any(|one| one.place == place && one.received.is_some())
    }

    /// Whether what was done last at a place is written, with what was received by that; or leaves a waker. Gives the waker that
    /// was there before, to be dropped when nothing is locked.
    pub(super) fn wait(
        &mut self,
        place: Place,
        waker: &Waker,
    ) -> Result<Option<Received>, Option<Waker>> {
        let Some(at) = self.waiting.iter().position(|one| one.place == place) else {
            return Ok(None);
        };
        if self.is_done || self.waiting[at].until <= self.written {
            return Ok(self.waiting.swap_remove(at).received);
        }
        Err(self.waiting[at].waker.replace(waker.clone()))
    }

    /// What was received last at a place by somebody who waits.
    pub(super) fn received(&mut self, place: Place) -> Option<Received> {
        let at = self.waiting.iter().position(|one| one.place == place)?;
        self.waiting.swap_remove(at).received
    }

    /// All who wait: to be woken when nothing is locked.
    pub(super) fn wakers(&mut self) -> Vec<Waker> {
        let waiting = self.waiting.iter_mut().filter_map(|one| one.waker.take());
        waiting.chain(self.joining.take()).collect()
    }
}
