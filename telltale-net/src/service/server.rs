//! A server: does steps of the parts that its services play.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use telltale_vm::RoleId;
use telltale_vm::loader::ContentHash;

use super::Service;
use super::part::Part;
use crate::engine::{Claim, Done, Ending, Engine, EngineError, PartStatus, Wanted, Work};
use crate::key::{SessionKey, Ticket};

/// Plays the roles of its services, step by step.
pub struct Server<E> {
    engine: E,
    services: Vec<Arc<dyn Serves>>,
    wanted: Wanted,
    config: ServerConfig,
    cache: Mutex<Cache>,
}

/// What a server allows.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// How often a step may be begun; after that the session ends, for it is the step that ends the process.
    pub attempts: u32,
    /// How many bytes a payload may have.
    pub payload: usize,
    /// How many bytes may be written down of a part.
    pub state: usize,
    /// After how many messages a step is over.
    pub messages: usize,
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
            state: 1 << 20,
            messages: 1_000,
            cached: 1_000,
            poll: Duration::from_secs(1),
        }
    }
}

type Cache = BTreeMap<(SessionKey, RoleId), (u64, Kept)>;

/// A part in memory, of whatever service it is.
type Kept = Box<dyn Any + Send>;

impl<E: Engine> Server<E> {
    /// A server without services.
    pub fn new(engine: E) -> Self {
        Self::with(engine, ServerConfig::default())
    }

    /// One that works as the configuration says.
    pub fn with(engine: E, config: ServerConfig) -> Self {
        let wanted = Wanted::Served([].into());
        Self { engine, services: Vec::new(), wanted, config, cache: Mutex::default() }
    }

    /// The server, with one more service. Services of several versions of a protocol can stand side by side.
    ///
    /// # Panics
    ///
    /// When the protocol has no role of that name.
    #[must_use]
    pub fn serve(mut self, service: impl Service) -> Self {
        let names = service.image().names();
        assert!(names.find_role(service.role()).is_some(), "there is no role `{}`", service.role());
        self.services.push(Arc::new(service));
        self.wanted = Wanted::Served(self.services.iter().map(|service| service.seat()).collect());
        self
    }

    /// A server for one seat: that of a ticket.
    ///
    /// # Panics
    ///
    /// When the service plays another role than the ticket is for.
    pub fn for_ticket(engine: E, ticket: &Ticket, service: impl Service) -> Self {
        let mut server = Self::new(engine).serve(service);
        let (_, role) = server.services[0].seat();
        assert_eq!(role, ticket.role(), "the ticket is for another role");
        let session = ticket.session().clone();
        server.wanted = Wanted::Seat { session, role, ticket: ticket.hash() };
        server
    }

    /// Does a step of a part, if one has something to do.
    ///
    /// # Errors
    ///
    /// What the engine cannot do. Nothing is lost by it.
    pub async fn step(&self) -> Result<bool, EngineError> {
        let Some(claim) = self.engine.claim(&self.wanted).await? else { return Ok(false) };
        let work = claim.work();
        let seat = (work.image, work.role);
        let Some(service) = self.services.iter().find(|service| service.seat() == seat) else {
            return Ok(false);
        };
        let place = (work.session.clone(), work.role);
        let cached = self.cache().remove(&place).filter(|(version, _)| *version == work.version);
        let (done, kept) = service.step(cached.map(|(_, kept)| kept), work, &self.config);
        let version = work.version + 1;
        match claim.commit(done).await {
            Ok(()) => {
                if let Some(kept) = kept {
                    self.keep(place, version, kept);
                }
                Ok(true)
            }
            Err(EngineError::Fenced) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Does steps until `stop` is ready. The step that it is in is done to its end, so another process can go on at once.
    ///
    /// `sleep` is what waits for time, `tokio::time::sleep` for example.
    ///
    /// # Errors
    ///
    /// What the engine cannot do, but for lost connections: then it tries again after a while.
    pub async fn run<F: Future<Output = ()>>(
        &self,
        sleep: impl Fn(Duration) -> F,
        stop: impl Future<Output = ()>,
    ) -> Result<(), EngineError> {
        let mut stop = pin!(stop);
        loop {
            // Made before there is looked for something, so that no change falls in between.
            let mut changed = pin!(self.engine.changed());
            let _ = is_ready(changed.as_mut()).await;
            let has_acted = match self.step().await {
                Err(EngineError::Lost(_)) => false,
                acted => acted?,
            };
            if is_ready(stop.as_mut()).await {
                return Ok(());
            }
            if !has_acted {
                let mut sleep = pin!(sleep(self.config.poll));
                let woken = poll_fn(|cx| {
                    let stops = stop.as_mut().poll(cx).is_ready();
                    let goes_on =
                        changed.as_mut().poll(cx).is_ready() || sleep.as_mut().poll(cx).is_ready();
                    if stops || goes_on { Poll::Ready(stops) } else { Poll::Pending }
                });
                if woken.await {
                    return Ok(());
                }
            }
        }
    }

    fn keep(&self, place: (SessionKey, RoleId), version: u64, kept: Kept) {
        let mut cache = self.cache();
        cache.insert(place, (version, kept));
        if cache.len() > self.config.cached {
            cache.pop_first();
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

/// Whether a future is ready now.
async fn is_ready(mut future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

/// A service of any type.
trait Serves: Send + Sync {
    /// Protocol and role.
    fn seat(&self) -> (ContentHash, RoleId);

    /// Does a step. Gives the part as well, if it has more steps.
    fn step(&self, kept: Option<Kept>, work: &Work, config: &ServerConfig) -> (Done, Option<Kept>);
}

impl<S: Service> Serves for S {
    fn seat(&self) -> (ContentHash, RoleId) {
        let image = self.image();
        let role = image.names().find_role(self.role());
        (image.hash(), role.expect("it was looked up when the service was added"))
    }

    fn step(&self, kept: Option<Kept>, work: &Work, config: &ServerConfig) -> (Done, Option<Kept>) {
        if work.attempts > config.attempts && work.ending.is_none() {
            let attempts = work.attempts - 1;
            let reason = format!("its step was begun {attempts} times, and never done");
            return (failed(self, &reason), None);
        }
        let stepped = catch_unwind(AssertUnwindSafe(|| step(self, kept, work, config)));
        match stepped {
            Ok(Ok(stepped)) => stepped,
            Ok(Err(reason)) => (failed(self, &reason), None),
            Err(_) => (failed(self, "its service panicked"), None),
        }
    }
}

fn step<S: Service>(
    service: &S,
    kept: Option<Kept>,
    work: &Work,
    config: &ServerConfig,
) -> Result<(Done, Option<Kept>), String> {
    let kept = kept.and_then(|kept| kept.downcast::<Part<S>>().ok());
    let mut part = match kept {
        Some(part) => *part,
        None => Part::open(service, work)?,
    };
    part.step.begin(work.version, work.attempts);
    if let Some(ending) = &work.ending {
        end(service, part, Some(ending).filter(|ending| **ending != Ending::Complete));
        return Ok((nothing(PartStatus::Done), None));
    }
    let done = part.act(service, work, config);
    if done.status.goes_on() {
        return Ok((done, Some(Box::new(part))));
    }
    end(service, part, None);
    Ok((done, None))
}

fn end<S: Service>(service: &S, part: Part<S>, ending: Option<&Ending>) {
    let step = part.step.clone();
    if let Some(roles) = part.into_roles() {
        service.ended(&step, roles, ending);
    }
}

fn failed(service: &impl Service, reason: &str) -> Done {
    nothing(PartStatus::Faulted(format!("`{}`: {reason}", service.role())))
}

fn nothing(status: PartStatus) -> Done {
    Done { state: Vec::new(), taken: Vec::new(), sent: Vec::new(), status }
}
