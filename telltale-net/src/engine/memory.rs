//! The engine of one process, and of tests: it keeps the same promises as one that writes to a disk, and can make faults.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use slab::Slab;
use telltale_vm::RoleId;
use telltale_vm::loader::ContentHash;

use super::{
    Claim, Done, Ending, Engine, EngineError, Envelope, EnvelopeId, NewSession, PartStatus, Wanted,
    Work,
};
use crate::key::{SessionKey, TicketHash};

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
    /// For services, the parts that have something to do, claimed or not: those that have waited longest come first.
    ready: BTreeMap<(ContentHash, RoleId), BTreeMap<u64, SessionKey>>,
    /// When something becomes due in which session: one entry for each.
    timers: BTreeSet<(Duration, SessionKey)>,
    /// Numbers sessions, claims, and places in queues.
    numbers: u64,
    faults: Faults,
    seed: u64,
    /// Counts changes, so that nobody waits for one that has been.
    changes: u64,
    has_changed: bool,
    wakers: Slab<Waker>,
}

struct Session {
    incarnation: u64,
    /// When it is looked at again.
    timer: Option<Duration>,
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
    /// Its place among those that have something to do.
    place: Option<u64>,
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
        store.sessions.retain(|_, session| !session.is_over());
        before - store.sessions.len()
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
        let is_lost = store.draws(faults.lost_after);
        let woken = store.woken();
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

    async fn cancel(&self, session: &SessionKey, reason: &str) -> Result<(), EngineError> {
        let ending = Ending::Cancelled { reason: reason.to_owned() };
        self.change("cancelling", |store, now| {
            store.session(session)?.end(ending);
            store.note(session, now);
            Ok(())
        })
    }

    async fn ending(&self, session: &SessionKey) -> Result<Option<Ending>, EngineError> {
        self.change("asking", |store, now| {
            store.expire(now);
            Ok(store.session(session)?.ending.clone())
        })
    }

    fn changed(&self) -> impl Future<Output = ()> + Send {
        Changed { engine: self.clone(), seen: None, key: None }
    }
}

/// Waits for a change.
struct Changed {
    engine: Memory,
    seen: Option<u64>,
    key: Option<usize>,
}

impl Future for Changed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let engine = self.engine.clone();
        let mut store = engine.store();
        let seen = *self.seen.get_or_insert(store.changes);
        if let Some(waker) = self.key.and_then(|key| store.wakers.get_mut(key)) {
            waker.clone_from(cx.waker());
        } else {
            self.key = Some(store.wakers.insert(cx.waker().clone()));
        }
        if store.changes == seen { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            // Dropped when nobody holds the engine.
            let waker = self.engine.store().wakers.try_remove(key);
            drop(waker);
        }
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

    /// Those who are told that something has changed. Each of them is told of one change.
    fn woken(&mut self) -> Vec<Waker> {
        if !std::mem::take(&mut self.has_changed) {
            return Vec::new();
        }
        self.changes += 1;
        let faults = self.faults;
        if self.draws(faults.lost_wake_ups) {
            return Vec::new();
        }
        self.wakers.iter().map(|(_, waker)| waker.clone()).collect()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn start(&mut self, new: NewSession, now: Duration) -> Result<(), EngineError> {
        let NewSession { key, image, parts, deadline, idle } = new;
        if self.sessions.contains_key(&key) {
            return Err(EngineError::SessionExists(key));
        }
        let parts = parts.into_iter().map(|part| Part::new(part.role, part.ticket)).collect();
        let deadline = deadline.map(|deadline| (deadline, now.saturating_add(deadline)));
        let incarnation = self.number();
        let session = Session {
            incarnation,
            timer: None,
            image,
            parts,
            deadline,
            idle,
            moved: now,
            ending: None,
        };
        self.sessions.insert(key.clone(), session);
        self.note(&key, now);
        Ok(())
    }

    fn claim(
        &mut self,
        wanted: &Wanted,
        now: Duration,
    ) -> Result<Option<(Work, u64)>, EngineError> {
        self.expire(now);
        let faults = self.faults;
        let twice = self.draws(faults.claimed_twice);
        let found = match wanted {
            Wanted::Served(served) => self.first_of(served, twice),
            Wanted::Seat { session, role, ticket } => {
                self.seat(session, *role, *ticket, twice, now)?
            }
        };
        let Some((key, nth)) = found else { return Ok(None) };
        let by = self.number();
        let session = self.session(&key)?;
        let (incarnation, image, ending) =
            (session.incarnation, session.image, session.ending.clone());
        let part = &mut session.parts[nth];
        part.claimed = Some(by);
        part.attempts = part.attempts.saturating_add(1);
        let work = Work {
            session: key,
            incarnation,
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

    /// The part that has waited longest of those that are served.
    fn first_of(
        &self,
        served: &[(ContentHash, RoleId)],
        twice: bool,
    ) -> Option<(SessionKey, usize)> {
        let of_seat = |seat: &(ContentHash, RoleId)| {
            let nth = seat.1.index();
            let is_free = |key: &SessionKey| self.sessions[key].parts[nth].claimed.is_none();
            let mut queue = self.ready.get(seat)?.iter();
            let (&place, key) = queue.find(|(_, key)| twice || is_free(key))?;
            Some((place, key.clone(), nth))
        };
        let first = served.iter().filter_map(of_seat).min()?;
        Some((first.1, first.2))
    }

    /// The part of a ticket, if it has something to do.
    fn seat(
        &self,
        key: &SessionKey,
        role: RoleId,
        ticket: TicketHash,
        twice: bool,
        now: Duration,
    ) -> Result<Option<(SessionKey, usize)>, EngineError> {
        let found = self.sessions.get(key);
        let found = found.and_then(|session| Some((session, session.parts.get(role.index())?)));
        let Some((session, part)) = found.filter(|(_, part)| part.ticket == Some(ticket)) else {
            return Err(EngineError::NoSeat { session: key.clone(), role });
        };
        let has_something = part.has_something_to_do(session.ending.is_some(), now);
        let is_free = part.claimed.is_none() || twice;
        Ok((has_something && is_free).then(|| (key.clone(), role.index())))
    }

    /// Sessions whose time is over end, and parts that have waited for their time have something to do.
    fn expire(&mut self, now: Duration) {
        while let Some((due, key)) = self.timers.first().filter(|(due, _)| *due <= now).cloned() {
            self.timers.remove(&(due, key.clone()));
            if let Some(session) =
                self.sessions.get_mut(&key).filter(|session| session.timer == Some(due))
            {
                session.timer = None;
                session.expire(now);
                self.note(&key, now);
            }
        }
    }

    /// Something has changed in a session: notes which of its parts have something to do, and when time will change that.
    fn note(&mut self, key: &SessionKey, now: Duration) {
        let Self { sessions, ready, timers, numbers, .. } = self;
        let Some(session) = sessions.get_mut(key) else { return };
        let (image, is_over) = (session.image, session.ending.is_some());
        for (nth, part) in session.parts.iter_mut().enumerate() {
            let queue = ready.entry((image, RoleId::at(nth))).or_default();
            let is_ready = part.ticket.is_none() && part.has_something_to_do(is_over, now);
            match part.place {
                None if is_ready => {
                    *numbers += 1;
                    queue.insert(*numbers, key.clone());
                    part.place = Some(*numbers);
                }
                Some(place) if !is_ready => {
                    queue.remove(&place);
                    part.place = None;
                }
                _ => {}
            }
        }
        let due = session.next_due(now);
        if let Some(due) = due.filter(|due| session.timer.is_none_or(|timer| *due < timer)) {
            if let Some(timer) = session.timer.replace(due) {
                timers.remove(&(timer, key.clone()));
            }
            timers.insert((due, key.clone()));
        }
        self.has_changed = true;
    }

    fn commit(
        &mut self,
        work: &Work,
        by: u64,
        done: Done,
        now: Duration,
    ) -> Result<(), EngineError> {
        self.expire(now);
        let session = self.sessions.get_mut(&work.session);
        let session = session.filter(|session| session.incarnation == work.incarnation);
        let session = session.ok_or(EngineError::Fenced)?;
        session.commit(work, by, done, now)?;
        // Who has had a step goes to the end of the queue.
        let nth = work.role.index();
        let place = session.parts[nth].place.take();
        let queue = self.ready.entry((work.image, work.role)).or_default();
        if let Some(place) = place {
            queue.remove(&place);
        }
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
        let has_ended = self.ending.is_some();
        let part = &mut self.parts[work.role.index()];
        if part.version != work.version || part.is_done || has_ended && work.ending.is_none() {
            return Err(EngineError::Fenced);
        }
        if part.claimed == Some(by) {
            part.claimed = None;
        }
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
        part.rests = status == PartStatus::Rests;
        part.again = match status {
            PartStatus::Again(after) => Some(now.saturating_add(after)),
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
    fn end(&mut self, ending: Ending) {
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
        let idle = self.idle.map(|idle| self.moved.saturating_add(idle));
        again.filter(|again| *again > now).chain(deadline).chain(idle).min()
    }

    /// Ends it if its time is over.
    fn expire(&mut self, now: Duration) {
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
            place: None,
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
        let part = session.parts.get_mut(self.work.role.index());
        let Some(part) = part.filter(|part| part.claimed == Some(self.by)) else { return };
        // Somebody else can have it.
        part.claimed = None;
        store.has_changed = true;
        let woken = store.woken();
        drop(store);
        woken.into_iter().for_each(Waker::wake);
    }
}
