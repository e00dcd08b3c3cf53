//! The engine of one process, and of tests: it keeps the same promises as one that writes to a disk, and can make faults.

mod session;
mod store;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use self::store::Store;
use super::{Claim, Done, Ending, Engine, EngineError, NewSession, Wanted, Work};
use crate::key::SessionKey;

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
        let store = Mutex::new(Store::new(seed, faults));
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

    async fn claim(
        &self,
        wanted: &Wanted,
        at_most: usize,
    ) -> Result<Vec<MemoryClaim>, EngineError> {
        // A claim of which nobody hears is dropped, and so given up.
        let claim = |(work, by)| MemoryClaim { engine: self.clone(), work, by };
        self.change("claiming", |store, now| {
            Ok(store.claim(wanted, at_most, now)?.into_iter().map(claim).collect())
        })
    }

    async fn commit(&self, steps: Vec<(MemoryClaim, Done)>) -> Vec<Result<(), EngineError>> {
        let commit = |(claim, done): (MemoryClaim, Done)| {
            self.change("committing", |store, now| store.commit(&claim.work, done, now))
        };
        steps.into_iter().map(commit).collect()
    }

    async fn cancel(&self, session: &SessionKey, reason: &str) -> Result<(), EngineError> {
        let ending = Ending::Cancelled { reason: reason.to_owned() };
        self.change("cancelling", |store, now| {
            store.expire(now);
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
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        let mut store = self.engine.store();
        store.take_back(&self.work, self.by);
        let woken = store.woken();
        drop(store);
        woken.into_iter().for_each(Waker::wake);
    }
}
