//! A server: does steps of the parts that its services play.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use telltale_vm::RoleId;
use telltale_vm::loader::{CodeImage, ContentHash};

use super::Service;
use super::moments::Moments;
use super::part::{Part, blamed};
use crate::counters::{Acted, Counters, Tally, in_step};
use crate::engine::{
    self, Claim as _, Done, Ending, Engine, EngineError, PartStatus, Wanted, Work,
};
use crate::key::Ticket;
use crate::waiting::{is_ready, others_first};

/// Plays the roles of its services, step by step.
pub struct Server<E> {
    engine: E,
    services: Vec<Arc<dyn Serves>>,
    /// What is served.
    served: Arc<[(ContentHash, RoleId)]>,
    seats: Vec<Seat>,
    /// Whose turn it is.
    turn: AtomicUsize,
    /// How many parts it claims together now.
    batch: AtomicUsize,
    config: ServerConfig,
    cache: Mutex<Cache>,
    tally: Tally,
}

/// A seat that a server plays.
struct Seat {
    wanted: Wanted,
    /// Whether there is no such seat, so that nobody asks for it again.
    is_gone: AtomicBool,
}

/// How long the steps of a batch are to take. None of them is written down before all are done, and meanwhile nobody else has the parts.
const BATCH_TIME: Duration = Duration::from_millis(10);

/// What a server allows.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// How often a step may be begun; after that the session ends, for it is the step that ends the process.
    pub attempts: u32,
    /// How many bytes a payload may have.
    pub payload: usize,
    /// How many bytes may be written down of a part.
    pub state: usize,
    /// After how many messages that it sends a step is over, or a few more.
    pub messages: usize,
    /// How many parts have a step together at most, which are committed together; at least 1. A server begins with one and takes
    /// up to twice as many each time, but no more than had their steps within ten milliseconds the last time: where methods are slow, it
    /// leaves parts to other servers, and what they have done is committed soon.
    pub batch: usize,
    /// How many parts are kept in memory between two of their steps.
    pub cached: usize,
    /// How long it waits before it looks for something to do, if nobody says that there is something.
    pub poll: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            attempts: 5,
            payload: 1 << 20,
            state: 1 << 24,
            messages: 1_000,
            batch: 100,
            cached: 1_000,
            poll: Duration::from_secs(1),
        }
    }
}

/// Parts between two of their steps, by when they were put there.
#[derive(Default)]
struct Cache {
    parts: BTreeMap<u64, Cached>,
    places: BTreeMap<(u64, RoleId), u64>,
    next: u64,
}

/// A part: of which session, at which version.
struct Cached {
    seat: (u64, RoleId),
    written: Written,
    part: Kept,
}

/// What was written down of a part. Its version alone would do, if a database never went back to what it was a while ago.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Written {
    version: u64,
    state: u64,
}

impl Written {
    fn of(version: u64, state: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        Self { version, state: hasher.finish() }
    }
}

impl Cache {
    fn take(&mut self, seat: (u64, RoleId), work: &Work) -> Option<Kept> {
        let cached = self.parts.remove(&self.places.remove(&seat)?)?;
        let is_it = Written::of(work.version, work.state.as_deref()?) == cached.written;
        Some(cached.part).filter(|_| is_it)
    }

    /// The oldest goes where there are too many. Gives what is to be dropped.
    fn put(&mut self, cached: Cached, limit: usize) -> Option<Cached> {
        self.places.insert(cached.seat, self.next);
        self.parts.insert(self.next, cached);
        self.next += 1;
        let (_, oldest) =
            if self.parts.len() > limit { self.parts.pop_first()? } else { return None };
        self.places.remove(&oldest.seat);
        Some(oldest)
    }
}

/// What is left of a step when it is written down.
struct Stepped<'a> {
    service: &'a dyn Serves,
    left: Left,
    seat: (u64, RoleId),
    /// What is written down of the part then.
    written: Written,
    /// After which time the part has something to do again.
    again: Option<Duration>,
    acted: Acted,
}

/// A part in memory, of whatever service it is.
type Kept = Box<dyn Any + Send>;

/// What a step leaves of its part in memory.
enum Left {
    /// It has more steps.
    Part(Kept),
    /// It has ended like this, of which its service is told when that is written down.
    Ended(Kept, Option<Ending>),
    /// There is no object any more.
    Nothing,
}

impl Stepped<'_> {
    /// Tells the object of a part that has ended. Gives the part otherwise.
    fn tell(self) -> Option<Kept> {
        match self.left {
            Left::Part(part) => return Some(part),
            Left::Ended(part, ending) => self.service.end(part, ending.as_ref()),
            Left::Nothing => {}
        }
        None
    }
}

impl<E: Engine> Server<E> {
    /// A server without services.
    pub fn new(engine: E) -> Self {
        Self::with(engine, ServerConfig::default())
    }

    /// One that works as the configuration says.
    pub fn with(engine: E, config: ServerConfig) -> Self {
        let (services, served, seats) = (Vec::new(), [].into(), Vec::new());
        let (turn, batch, cache) = (AtomicUsize::new(0), AtomicUsize::new(1), Mutex::default());
        let tally = Tally::default();
        Self { engine, services, served, seats, turn, batch, config, cache, tally }
    }

    /// The server, with one more service. Services of several versions of a protocol can stand side by side.
    ///
    /// # Panics
    ///
    /// When the protocol has no role of that name, or the server has a service for it.
    #[must_use]
    pub fn serve(mut self, service: impl Service) -> Self {
        let seat = self.add(service);
        self.served = self.served.iter().copied().chain([seat]).collect();
        self
    }

    /// The server, with one seat more: that of a ticket. The service is for no other session.
    ///
    /// # Panics
    ///
    /// When the ticket is for another role, or the server has a service for it.
    #[must_use]
    pub fn sit(mut self, ticket: &Ticket, service: impl Service) -> Self {
        let (_, role) = self.add(service);
        assert_eq!(role, ticket.role(), "the ticket is for another role");
        let (session, ticket) = (ticket.session().clone(), ticket.hash());
        let wanted = Wanted::Seats([engine::Seat { session, role, ticket, anyway: false }].into());
        self.seats.push(Seat { wanted, is_gone: AtomicBool::new(false) });
        self
    }

    fn add(&mut self, service: impl Service) -> (ContentHash, RoleId) {
        let names = service.image().names();
        let name = service.role().to_owned();
        assert!(names.find_role(&name).is_some(), "there is no role `{name}`");
        let seat = service.seat();
        let is_new = self.services.iter().all(|other| other.seat() != seat);
        assert!(is_new, "there is a service for `{name}` already");
        self.services.push(Arc::new(service));
        seat
    }

    /// Does a step of each of some parts that have something to do, at most [`ServerConfig::batch`]; and says whether there was one.
    ///
    /// Whoever drops the future gives up the steps, which counts as an attempt.
    ///
    /// # Errors
    ///
    /// What the engine cannot do. Nothing is lost by it. A seat that is not there, or not any more, or is one of another protocol, is told of once
    /// ([`EngineError::NoSeat`], [`EngineError::WrongProtocol`]), and then let go of.
    pub async fn step(&self) -> Result<bool, EngineError> {
        self.step_noting(&mut Moments::default()).await
    }

    /// Does the same, and notes when there is something to do again.
    async fn step_noting(&self, moments: &mut Moments) -> Result<bool, EngineError> {
        let places = self.seats.len() + 1;
        for _ in 0..places {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % places;
            let claims = match self.seats.get(turn) {
                None => self.claim(&Wanted::Served(Arc::clone(&self.served))).await?,
                Some(seat) if seat.is_gone.load(Ordering::Relaxed) => continue,
                Some(seat) => match self.claim(&seat.wanted).await {
                    Err(error @ EngineError::NoSeat { .. }) => {
                        seat.is_gone.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                    Err(EngineError::SeatDone { .. }) => {
                        seat.is_gone.store(true, Ordering::Relaxed);
                        continue;
                    }
                    claims => claims?,
                },
            };
            if claims.is_empty() {
                continue;
            }
            let acted = self.act(claims, moments).await;
            if let (Err(EngineError::WrongProtocol { .. }), Some(seat)) =
                (&acted, self.seats.get(turn))
            {
                seat.is_gone.store(true, Ordering::Relaxed);
            }
            return acted.map(|()| true);
        }
        Ok(false)
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        self.tally.counters()
    }

    async fn claim(&self, wanted: &Wanted) -> Result<Vec<E::Claim>, EngineError> {
        let claimed = self.engine.claim(wanted, self.batch.load(Ordering::Relaxed)).await;
        match &claimed {
            Ok(claims) => self.tally.claimed(claims.len()),
            Err(error @ EngineError::Lost(_)) => self.tally.lost(error),
            Err(_) => {}
        }
        claimed
    }

    /// After so many steps that took so long: as many as go into [`BATCH_TIME`], and no more than twice as many as now.
    fn adapt_batch(&self, steps: usize, took: Duration) {
        let each = took.as_nanos() / steps as u128;
        let fits = BATCH_TIME.as_nanos().checked_div(each).unwrap_or(u128::MAX);
        let fits = usize::try_from(fits).unwrap_or(usize::MAX);
        let now = self.batch.load(Ordering::Relaxed);
        let most = self.config.batch.min(now.saturating_mul(2));
        self.batch.store(fits.min(most).max(1), Ordering::Relaxed);
    }

    /// Whether there may be something to do again.
    fn has_seats(&self) -> bool {
        let is_there = |seat: &Seat| !seat.is_gone.load(Ordering::Relaxed);
        !self.served.is_empty() || self.seats.iter().any(is_there)
    }

    async fn act(&self, claims: Vec<E::Claim>, moments: &mut Moments) -> Result<(), EngineError> {
        let mut steps = Vec::with_capacity(claims.len());
        let mut parts = Vec::with_capacity(claims.len());
        let begun = Instant::now();
        for claim in claims {
            let (done, part) = self.act_on(claim.work())?;
            steps.push((claim, done));
            parts.push(part);
        }
        self.adapt_batch(steps.len(), begun.elapsed());
        let mut failed = Ok(());
        for (committed, stepped) in self.engine.commit(steps).await.into_iter().zip(parts) {
            stepped.again.into_iter().for_each(|after| moments.add(Instant::now(), after));
            self.tally.committed(&stepped.acted, &committed);
            match committed {
                Ok(()) => self.keep(stepped),
                Err(EngineError::Fenced) => {}
                Err(error) => {
                    // It may have happened, and then nobody else hears of it.
                    if matches!(error, EngineError::Lost(_)) {
                        stepped.tell();
                    }
                    failed = Err(error);
                }
            }
        }
        failed
    }

    /// What is left of a step that is written down is kept, or told that it has ended.
    fn keep(&self, stepped: Stepped<'_>) {
        let Stepped { seat, written, .. } = stepped;
        if let Some(part) = stepped.tell() {
            let oldest = self.cache().put(Cached { seat, written, part }, self.config.cached);
            drop(oldest);
        }
    }

    /// Does a step of a part, which is not written down yet.
    fn act_on(&self, work: &Work) -> Result<(Done, Stepped<'_>), EngineError> {
        let service = self.service_for(work)?;
        let seat = (work.incarnation, work.role);
        let kept = self.cache().take(seat, work);
        let (done, left) = {
            let _span = in_step(service.image().names().role(work.role), work);
            service.step(kept, work, &self.config)
        };
        let acted = Acted::of(service.image(), work, &done);
        let written = Written::of(work.version + 1, &done.state);
        let again = match done.status {
            PartStatus::Again(after) => Some(after),
            _ => None,
        };
        Ok((done, Stepped { service, left, seat, written, again, acted }))
    }

    fn service_for(&self, work: &Work) -> Result<&dyn Serves, EngineError> {
        let mut of_role = self.services.iter().filter(|service| service.seat().1 == work.role);
        let is_it = |service: &&Arc<dyn Serves>| service.seat().0 == work.image;
        if let Some(service) = of_role.clone().find(is_it) {
            return Ok(service.as_ref());
        }
        let found = of_role.next().map_or(work.image, |other| other.seat().0);
        let (session, expected) = (work.session.clone(), work.image);
        Err(EngineError::WrongProtocol { session, expected, found })
    }

    /// Does steps until `stop` is ready. The step that it is in is done to its end, so another process can go on at once.
    ///
    /// `sleep` is what waits for time, `tokio::time::sleep` for example.
    ///
    /// # Errors
    ///
    /// What the engine cannot do, but for lost connections: then it tries again after a while. A seat that is not there, or not any
    /// more, is let go of, and is an error if there is nothing else to play.
    pub async fn run<F: Future<Output = ()>>(
        &self,
        sleep: impl Fn(Duration) -> F,
        stop: impl Future<Output = ()>,
    ) -> Result<(), EngineError> {
        let mut stop = pin!(stop);
        let mut moments = Moments::default();
        loop {
            // It is polled before there is looked for something, so that no change falls in between.
            let mut changed = pin!(self.engine.changed());
            let has_changed = is_ready(changed.as_mut()).await;
            moments.pass(Instant::now(), Duration::ZERO);
            let has_stepped = match self.step_noting(&mut moments).await {
                Err(EngineError::Lost(_)) => false,
                // There may be something to do for the others.
                Err(EngineError::NoSeat { .. } | EngineError::WrongProtocol { .. })
                    if self.has_seats() =>
                {
                    true
                }
                stepped => stepped?,
            };
            if is_ready(stop.as_mut()).await {
                return Ok(());
            }
            if has_stepped {
                others_first().await;
                continue;
            }
            let begun = Instant::now();
            let pause =
                moments.next(begun).map_or(self.config.poll, |next| next.min(self.config.poll));
            let mut sleep = pin!(sleep(pause));
            let wait = poll_fn(|cx| {
                if stop.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Woken::ToStop);
                }
                // Who was ready is not asked again.
                if !has_changed && changed.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Woken::ByChange);
                }
                sleep.as_mut().poll(cx).map(|()| Woken::ByTime)
            });
            match wait.await {
                Woken::ToStop => return Ok(()),
                Woken::ByChange => {}
                // Also where the clock of whoever sleeps is another one.
                Woken::ByTime => moments.pass(begun, pause),
            }
        }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> std::fmt::Debug for Server<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("services", &self.services.len()).finish_non_exhaustive()
    }
}

/// What ends a sleep.
enum Woken {
    ToStop,
    ByChange,
    ByTime,
}

/// A service of any type.
trait Serves: Send + Sync {
    /// Protocol and role.
    fn seat(&self) -> (ContentHash, RoleId);

    /// The protocol.
    fn image(&self) -> &CodeImage;

    /// Does a step.
    fn step(&self, kept: Option<Kept>, work: &Work, config: &ServerConfig) -> (Done, Left);

    /// Tells an object how it has ended. A panic in that changes nothing.
    fn end(&self, part: Kept, ending: Option<&Ending>);
}

impl<S: Service> Serves for S {
    fn seat(&self) -> (ContentHash, RoleId) {
        let image = Service::image(self);
        let role = image.names().find_role(self.role());
        (image.hash(), role.expect("it was looked up when the service was added"))
    }

    fn image(&self) -> &CodeImage {
        Service::image(self)
    }

    fn step(&self, kept: Option<Kept>, work: &Work, config: &ServerConfig) -> (Done, Left) {
        if work.attempts > config.attempts.max(1) {
            let attempts = work.attempts - 1;
            let reason = format!("its step was begun {attempts} times, and never done");
            let is_told = work.ending.is_some();
            let done = if is_told { Done::of(PartStatus::Done) } else { failed(self, &reason) };
            return (done, Left::Nothing);
        }
        let stepped = catch_unwind(AssertUnwindSafe(|| step(self, kept, work, config)));
        match stepped {
            Ok(Ok(stepped)) => stepped,
            Ok(Err(reason)) => (failed(self, &reason), Left::Nothing),
            Err(_) => (failed(self, "its service panicked"), Left::Nothing),
        }
    }

    fn end(&self, part: Kept, ending: Option<&Ending>) {
        let Ok(part) = part.downcast::<Part<S>>() else { unreachable!("it was this service's") };
        let step = part.step.clone();
        step.end();
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if let Some(roles) = part.into_roles() {
                self.ended(&step, roles, ending);
            }
        }));
    }
}

fn step<S: Service>(
    service: &S,
    kept: Option<Kept>,
    work: &Work,
    config: &ServerConfig,
) -> Result<(Done, Left), String> {
    let kept = kept.and_then(|kept| kept.downcast::<Part<S>>().ok());
    let mut part = match kept {
        Some(part) => part,
        None => Box::new(Part::open(service, work)?),
    };
    part.step.begin(work.version, work.attempts);
    if let Some(ending) = &work.ending {
        let ending = Some(ending.clone()).filter(|ending| *ending != Ending::Complete);
        return Ok((Done::of(PartStatus::Done), Left::Ended(part, ending)));
    }
    let mut done = part.act(service, work, config);
    let ending = match &mut done.status {
        PartStatus::Done => None,
        PartStatus::Faulted(reason) => {
            clip(reason);
            Some(Ending::Faulted { role: service.role().to_owned(), reason: reason.clone() })
        }
        _ => return Ok((done, Left::Part(part))),
    };
    Ok((done, Left::Ended(part, ending)))
}

fn failed(service: &impl Service, reason: &str) -> Done {
    let mut reason = blamed(service, reason);
    clip(&mut reason);
    Done::of(PartStatus::Faulted(reason))
}

/// A reason is for people, and is told to every role.
fn clip(reason: &mut String) {
    const LONGEST: usize = 4_096;
    if reason.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&at| reason.is_char_boundary(at));
        reason.truncate(end.unwrap_or(0));
        reason.push('…');
    }
}
