//! The engine of one process, and of tests: it keeps the same promises as one that writes to a disk, and can make faults.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::{
    Claim, Done, Ending, Engine, EngineError, Envelope, NewSession, PartStatus, Wanted, Work,
};
use crate::key::{SessionKey, TicketHash};
use telltale_vm::RoleId;
use telltale_vm::loader::ContentHash;

/// An engine in memory. It is cheap to clone; all clones are one engine.
///
/// ```
/// use telltale_net::engine::memory::{Faults, Memory};
///
/// let engine = Memory::new();
/// let unreliable = Memory::with_faults(7, Faults::ALL);
/// # let _ = (engine, unreliable);
/// ```
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

struct Shared {
    store: Mutex<Store>,
    now: Box<dyn Fn() -> Duration + Send + Sync>,
}

/// Which faults an engine makes, each in so many of 256 cases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// An operation is lost before anything has happened.
    pub lost_before: u8,
    /// An operation has happened, and whoever has asked for it does not hear of it. A claim is given up.
    pub lost_after: u8,
    /// A part is given to a second claimant, as if the first were not known to live.
    pub claimed_twice: u8,
    /// Nobody is woken by a change.
    pub lost_wake_ups: u8,
}

impl Faults {
    /// Some of each.
    pub const ALL: Self =
        Self { lost_before: 16, lost_after: 16, claimed_twice: 64, lost_wake_ups: 128 };
}

#[derive(Default)]
struct Store {
    sessions: BTreeMap<SessionKey, Session>,
    /// The parts that have something to do, claimed or not.
    ready: BTreeSet<(SessionKey, usize)>,
    /// When something becomes due in which session; or did.
    timers: BTreeSet<(Duration, SessionKey)>,
    /// Numbers claims.
    claims: u64,
    faults: Faults,
    seed: u64,
    /// Counts changes, so that nobody waits for one that has been.
    changes: u64,
    wakers: Vec<Waker>,
}

struct Session {
    image: ContentHash,
    parts: Vec<Part>,
    deadline: Option<(Duration, Duration)>,
    idle: Option<Duration>,
    moved: Duration,
    ending: Option<Ending>,
}

struct Part {
    role: String,
    ticket: Option<TicketHash>,
    state: Option<Vec<u8>>,
    version: u64,
    attempts: u32,
    /// By whom it is claimed.
    claimed: Option<u64>,
    inbox: Vec<(Envelope, bool)>,
    /// Whether it may stop where it is.
    rests: bool,
    again: Option<Duration>,
    is_done: bool,
}

impl Memory {
    /// An engine without sessions.
    pub fn new() -> Self {
        Self::with_faults(0, Faults::default())
    }

    /// One that makes faults; the same for the same seed and the same calls.
    pub fn with_faults(seed: u64, faults: Faults) -> Self {
        let begun = Instant::now();
        Self::with_time(seed, faults, move || begun.elapsed())
    }

    /// The same with another time, which must not go back.
    pub fn with_time(
        seed: u64,
        faults: Faults,
        now: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let store = Mutex::new(Store { faults, seed, ..Store::default() });
        Self { shared: Arc::new(Shared { store, now: Box::new(now) }) }
    }

    /// Forgets the sessions that have ended, so that their names can be used again. Gives how many.
    pub fn forget_ended(&self) -> usize {
        let mut store = self.store();
        let before = store.sessions.len();
        let Store { sessions, ready, timers, .. } = &mut *store;
        sessions.retain(|_, session| !session.is_over());
        ready.retain(|(key, _)| sessions.contains_key(key));
        timers.retain(|(_, key)| sessions.contains_key(key));
        before - sessions.len()
    }

    /// How many sessions there are that have not ended, or of which some parts have not been told.
    pub fn open_sessions(&self) -> usize {
        self.store().sessions.values().filter(|session| !session.is_over()).count()
    }

    /// How many messages are in inboxes.
    pub fn messages(&self) -> usize {
        let store = self.store();
        let parts = store.sessions.values().flat_map(|session| &session.parts);
        parts.map(|part| part.inbox.len()).sum()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.shared.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something, and tells those who wait for a change; or makes a fault of it.
    fn change<T>(
        &self,
        what: &str,
        act: impl FnOnce(&mut Store, Duration) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let now = (self.shared.now)();
        let mut store = self.store();
        let faults = store.faults;
        let lost = |when: &str| EngineError::Lost(format!("{when} {what}"));
        if store.draws(faults.lost_before) {
            return Err(lost("before"));
        }
        let done = act(&mut store, now)?;
        store.changes += 1;
        let woken = std::mem::take(&mut store.wakers);
        let woken = if store.draws(faults.lost_wake_ups) { Vec::new() } else { woken };
        let is_lost = store.draws(faults.lost_after);
        drop(store);
        woken.into_iter().for_each(Waker::wake);
        if is_lost { Err(lost("after")) } else { Ok(done) }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory")
            .field("open_sessions", &self.open_sessions())
            .finish_non_exhaustive()
    }
}

impl Engine for Memory {
    type Claim = MemoryClaim;

    async fn start(&self, session: NewSession) -> Result<(), EngineError> {
        self.change("starting", |store, now| store.start(session, now))
    }

    async fn claim(&self, wanted: &Wanted) -> Result<Option<MemoryClaim>, EngineError> {
        // A claim of which nobody hears is dropped, and so given up.
        let claim = |(work, by)| MemoryClaim { engine: self.clone(), work, by };
        self.change("claiming", |store, now| Ok(store.claim(wanted, now)?.map(claim)))
    }

    async fn end(&self, session: &SessionKey, ending: Ending) -> Result<(), EngineError> {
        self.change("ending", |store, now| {
            store.session(session)?.end(ending);
            store.note(session, now);
            Ok(())
        })
    }

    async fn ending(&self, session: &SessionKey) -> Result<Option<Ending>, EngineError> {
        let now = (self.shared.now)();
        let mut store = self.store();
        store.expire(now);
        Ok(store.session(session)?.ending.clone())
    }

    async fn changed(&self) {
        let mut seen = None;
        poll_fn(|cx| {
            let mut store = self.store();
            let seen = *seen.get_or_insert(store.changes);
            if store.changes != seen {
                return Poll::Ready(());
            }
            store.wakers.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Store {
    /// Whether something happens that does in so many of 256 cases.
    fn draws(&mut self, of_256: u8) -> bool {
        // A linear congruence, of which the upper bits are taken.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 56) < u64::from(of_256)
    }

    fn session(&mut self, key: &SessionKey) -> Result<&mut Session, EngineError> {
        self.sessions.get_mut(key).ok_or_else(|| EngineError::NoSession(key.clone()))
    }

    fn start(&mut self, new: NewSession, now: Duration) -> Result<(), EngineError> {
        let NewSession { key, image, parts, deadline, idle } = new;
        if self.sessions.contains_key(&key) {
            return Err(EngineError::SessionExists(key));
        }
        let parts = parts.into_iter().map(|part| Part::new(part.role, part.ticket)).collect();
        let deadline = deadline.map(|deadline| (deadline, now + deadline));
        let session = Session { image, parts, deadline, idle, moved: now, ending: None };
        self.sessions.insert(key.clone(), session);
        self.note(&key, now);
        Ok(())
    }

    fn claim(
        &mut self,
        wanted: &Wanted,
        now: Duration,
    ) -> Result<Option<(Work, u64)>, EngineError> {
        let by = self.claims;
        self.claims += 1;
        let twice = self.draws(self.faults.claimed_twice);
        if let Wanted::Seat { session, role, ticket } = wanted {
            let part = self.sessions.get(session).and_then(|found| found.parts.get(role.index()));
            if part.is_none_or(|part| part.ticket != Some(*ticket)) {
                return Err(EngineError::NoSeat { session: session.clone(), role: *role });
            }
        }
        self.expire(now);
        let is_wanted = |(key, nth): &&(SessionKey, usize)| {
            let session = &self.sessions[key];
            let part = &session.parts[*nth];
            let is_served = |served: &[(ContentHash, RoleId)]| {
                part.ticket.is_none() && served.contains(&(session.image, RoleId::at(*nth)))
            };
            (part.claimed.is_none() || twice)
                && match wanted {
                    Wanted::Served(served) => is_served(served),
                    Wanted::Seat { session, role, .. } => session == key && role.index() == *nth,
                }
        };
        let Some((key, nth)) = self.ready.iter().find(is_wanted).cloned() else { return Ok(None) };
        let session = self.session(&key)?;
        let ending = session.ending.clone();
        let image = session.image;
        let part = &mut session.parts[nth];
        part.claimed = Some(by);
        part.attempts += 1;
        let work = Work {
            session: key,
            image,
            role: RoleId::at(nth),
            version: part.version,
            attempts: part.attempts,
            state: part.state.clone(),
            messages: part.inbox.iter().map(|(message, _)| message.clone()).collect(),
            ending,
        };
        Ok(Some((work, by)))
    }

    /// Sessions whose time is over end, and parts that have waited for their time have something to do.
    fn expire(&mut self, now: Duration) {
        while let Some((due, key)) = self.timers.first().filter(|(due, _)| *due <= now).cloned() {
            self.timers.remove(&(due, key.clone()));
            if let Some(session) = self.sessions.get_mut(&key) {
                session.expire(now);
                self.note(&key, now);
            }
        }
    }

    /// Something has changed in a session: notes which of its parts have something to do, and when time will change that.
    fn note(&mut self, key: &SessionKey, now: Duration) {
        let Some(session) = self.sessions.get(key) else { return };
        let is_over = session.ending.is_some();
        for (nth, part) in session.parts.iter().enumerate() {
            let entry = (key.clone(), nth);
            if part.has_something_to_do(is_over, now) {
                self.ready.insert(entry);
            } else {
                self.ready.remove(&entry);
            }
        }
        self.timers.extend(session.next_due(now).map(|due| (due, key.clone())));
    }

    fn commit(
        &mut self,
        work: &Work,
        by: u64,
        done: Done,
        now: Duration,
    ) -> Result<(), EngineError> {
        let session = self.sessions.get_mut(&work.session).ok_or(EngineError::Fenced)?;
        session.commit(work, by, done, now)?;
        self.note(&work.session, now);
        Ok(())
    }
}

impl Session {
    fn commit(
        &mut self,
        work: &Work,
        by: u64,
        done: Done,
        now: Duration,
    ) -> Result<(), EngineError> {
        let Done { state, taken, sent, status } = done;
        let part = &mut self.parts[work.role.index()];
        if part.version != work.version || part.is_done {
            return Err(EngineError::Fenced);
        }
        if part.claimed == Some(by) {
            part.claimed = None;
        }
        part.version += 1;
        part.attempts = 0;
        part.state = Some(state);
        part.inbox.retain(|(message, _)| !taken.contains(&message.id));
        // What has come since was not offered.
        for (message, offered) in &mut part.inbox {
            *offered |= work.messages.iter().any(|offered| offered.id == message.id);
        }
        part.rests = status == PartStatus::Rests;
        part.again = match status {
            PartStatus::Again(after) => Some(now + after),
            _ => None,
        };
        part.is_done = status == PartStatus::Done || work.ending.is_some();
        self.moved = now;
        let role = self.parts[work.role.index()].role.clone();
        if let PartStatus::Faulted(reason) = status {
            self.parts[work.role.index()].is_done = true;
            self.end(Ending::Faulted { role, reason });
            return Ok(());
        }
        let sent = if self.ending.is_some() { Vec::new() } else { sent };
        for message in sent {
            match self.parts.get_mut(message.to.index()) {
                Some(to) if !to.is_done => to.inbox.push((message, false)),
                to => {
                    let to = to.map_or("nobody", |to| &to.role);
                    let reason = format!("`{role}` has sent a message to `{to}`, which is done");
                    self.end(Ending::Faulted { role: role.clone(), reason });
                }
            }
        }
        if self.parts.iter().all(|part| part.is_done || part.rests && part.inbox.is_empty()) {
            self.end(Ending::Complete);
        }
        Ok(())
    }

    /// The first ending is the one for everybody.
    fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
        for part in &mut self.parts {
            part.inbox.clear();
        }
    }

    /// Whether it has ended and everyone has been told.
    fn is_over(&self) -> bool {
        self.ending.is_some() && self.parts.iter().all(|part| part.is_done)
    }

    /// When time changes something in it next.
    fn next_due(&self, now: Duration) -> Option<Duration> {
        if self.ending.is_some() {
            return None;
        }
        let again = self.parts.iter().filter(|part| !part.is_done).filter_map(|part| part.again);
        let deadline = self.deadline.map(|(_, end)| end);
        let idle = self.idle.map(|idle| self.moved + idle);
        again.filter(|again| *again > now).chain(deadline).chain(idle).min()
    }

    /// Ends it if its time is over.
    fn expire(&mut self, now: Duration) {
        let limit = match (self.deadline, self.idle) {
            _ if self.ending.is_some() => return,
            (Some((deadline, end)), _) if now >= end => format!("{deadline:?} in all"),
            (_, Some(idle)) if now >= self.moved + idle => {
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
    fn new(role: String, ticket: Option<TicketHash>) -> Self {
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
            is_done: false,
        }
    }

    fn has_something_to_do(&self, is_over: bool, now: Duration) -> bool {
        let has_news = || self.inbox.iter().any(|(_, offered)| !offered);
        !self.is_done
            && (is_over
                || self.version == 0
                || has_news()
                || self.again.is_some_and(|again| now >= again))
    }
}

/// A part of a session in memory that is being worked on.
#[derive(Debug)]
pub struct MemoryClaim {
    engine: Memory,
    work: Work,
    by: u64,
}

impl Claim for MemoryClaim {
    fn work(&self) -> &Work {
        &self.work
    }

    async fn commit(self, done: Done) -> Result<(), EngineError> {
        let act = |store: &mut Store, now| store.commit(&self.work, self.by, done, now);
        self.engine.change("committing", act)
    }
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        let mut store = self.engine.store();
        let Ok(session) = store.session(&self.work.session) else { return };
        let part = &mut session.parts[self.work.role.index()];
        if part.claimed == Some(self.by) {
            part.claimed = None;
        }
    }
}
