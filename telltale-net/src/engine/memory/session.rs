//! A session in memory, and its parts: what may happen in it, and what comes of that.

use std::collections::BTreeSet;
use std::time::Duration;

use telltale_vm::loader::ContentHash;

use crate::engine::{Done, Ending, EngineError, Envelope, EnvelopeId, PartStatus, Work};
use crate::key::TicketHash;

pub(super) struct Session {
    pub(super) incarnation: u64,
    /// When it is looked at again.
    pub(super) timer: Option<Duration>,
    pub(super) image: ContentHash,
    pub(super) parts: Vec<Part>,
    pub(super) deadline: Option<(Duration, Duration)>,
    pub(super) idle: Option<Duration>,
    pub(super) moved: Duration,
    pub(super) ending: Option<Ending>,
}

pub(super) struct Part {
    pub(super) role: String,
    pub(super) ticket: Option<TicketHash>,
    pub(super) state: Option<Vec<u8>>,
    pub(super) version: u64,
    pub(super) attempts: u32,
    /// By whom it is claimed.
    pub(super) claimed: Option<u64>,
    pub(super) inbox: Vec<(Envelope, bool)>,
    /// Whether it may stop where it is.
    pub(super) rests: bool,
    pub(super) again: Option<Duration>,
    /// If somebody keeps it in his own memory: how long he may be silent, and until when he may.
    pub(super) held: Option<(Duration, Duration)>,
    pub(super) is_done: bool,
    /// Its place among those that have something to do, also while it is claimed and not among them.
    pub(super) place: Option<u64>,
}

impl Session {
    pub(super) fn commit(
        &mut self,
        work: &Work,
        done: Done,
        now: Duration,
    ) -> Result<(), EngineError> {
        let Done { state, taken, sent, status } = done;
        let has_ended = self.ending.is_some();
        let part = &mut self.parts[work.role.index()];
        if part.version != work.version || part.is_done || has_ended && work.ending.is_none() {
            return Err(EngineError::Fenced);
        }
        // Whoever else has claimed it comes too late.
        part.claimed = None;
        let is_first = part.version == 0;
        part.version += 1;
        part.attempts = 0;
        part.state = Some(state);
        let taken: BTreeSet<EnvelopeId> = taken.into_iter().collect();
        part.inbox.retain(|(message, _)| !taken.contains(&message.id));
        // What has come since was not offered.
        let offered: BTreeSet<EnvelopeId> =
            work.messages.iter().map(|message| message.id).collect();
        for (message, was_offered) in &mut part.inbox {
            *was_offered |= offered.contains(&message.id);
        }
        part.rests = matches!(status, PartStatus::Rests | PartStatus::Held { rests: true, .. });
        part.again = match status {
            PartStatus::Again(after) => Some(now.saturating_add(after)),
            _ => None,
        };
        part.held = match status {
            PartStatus::Held { time, .. } => Some((time, now.saturating_add(time))),
            _ => None,
        };
        part.is_done = status == PartStatus::Done || has_ended;
        if is_first || !taken.is_empty() || !sent.is_empty() {
            self.moved = now;
        }
        if has_ended {
            return Ok(());
        }
        let nth = work.role.index();
        let role = self.parts[nth].role.clone();
        if let PartStatus::Faulted(reason) = status {
            self.parts[nth].is_done = true;
            self.end(Ending::Faulted { role, reason });
            return Ok(());
        }
        self.deliver(&role, sent);
        if self.parts.iter().all(|part| part.is_done || part.rests && part.inbox.is_empty()) {
            self.end(Ending::Complete);
        }
        Ok(())
    }

    fn deliver(&mut self, role: &str, sent: Vec<Envelope>) {
        for message in sent {
            match self.parts.get_mut(message.to.index()) {
                Some(to) if !to.is_done => to.inbox.push((message, false)),
                to => {
                    let to = to.map_or("nobody", |to| &to.role);
                    let reason = format!("`{role}` has sent a message to `{to}`, which is done");
                    return self.end(Ending::Faulted { role: role.to_owned(), reason });
                }
            }
        }
    }

    /// The first ending is the one for everybody. Who has not begun need not be told.
    pub(super) fn end(&mut self, ending: Ending) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(ending);
        for part in &mut self.parts {
            part.inbox.clear();
            part.is_done |= part.version == 0;
        }
    }

    /// Whether it has ended and everyone has been told.
    pub(super) fn is_over(&self) -> bool {
        self.ending.is_some() && self.parts.iter().all(|part| part.is_done)
    }

    /// When time changes something in it next.
    pub(super) fn next_due(&self, now: Duration) -> Option<Duration> {
        if self.ending.is_some() {
            return None;
        }
        let parts = || self.parts.iter().filter(|part| !part.is_done);
        let again = parts().filter_map(|part| part.again);
        let held = parts().filter_map(|part| part.held).map(|(_, until)| until);
        let deadline = self.deadline.map(|(_, end)| end);
        let idle = self.idle.map(|idle| self.moved.saturating_add(idle));
        again.filter(|again| *again > now).chain(held).chain(deadline).chain(idle).min()
    }

    /// Ends it if its time is over, or somebody is gone who held a part.
    pub(super) fn expire(&mut self, now: Duration) {
        self.end_late(now);
        let is_gone =
            |part: &&Part| !part.is_done && part.held.is_some_and(|(_, until)| now >= until);
        if let Some(Part { role, held: Some((time, _)), .. }) = self.parts.iter().find(is_gone) {
            let reason = format!("whoever plays `{role}` was not heard of for {time:?}");
            self.end(Ending::Faulted { role: role.clone(), reason });
        }
    }

    fn end_late(&mut self, now: Duration) {
        let limit = match (self.deadline, self.idle) {
            _ if self.ending.is_some() => return,
            (Some((deadline, end)), _) if now >= end => format!("{deadline:?} in all"),
            (_, Some(idle)) if now >= self.moved.saturating_add(idle) => {
                format!("{idle:?} in which nothing happened")
            }
            _ => return,
        };
        let waiting = self.parts.iter().filter(|part| !part.is_done).map(|part| {
            let never = if part.version == 0 { ", which nobody has played" } else { "" };
            format!("`{}`{never}", part.role)
        });
        let waiting = waiting.collect::<Vec<_>>().join("; ");
        self.end(Ending::Late { limit, waiting });
    }
}

impl Part {
    pub(super) fn new(role: String, ticket: Option<TicketHash>) -> Self {
        Self {
            role,
            ticket,
            state: None,
            version: 0,
            attempts: 0,
            claimed: None,
            inbox: Vec::new(),
            rests: false,
            again: None,
            held: None,
            is_done: false,
            place: None,
        }
    }

    pub(super) fn has_something_to_do(&self, is_over: bool, now: Duration) -> bool {
        let has_news = || self.inbox.iter().any(|(_, offered)| !offered);
        !self.is_done
            && (is_over
                || self.version == 0
                || has_news()
                || self.again.is_some_and(|again| now >= again))
    }
}
