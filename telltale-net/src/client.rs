//! Clients: async code plays roles, by endpoints, in sessions that an engine keeps.

mod line;
mod round;
mod seat;

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;
use telltale_vm::generated::NamedRoles;
use telltale_vm::generated::endpoints::{Join, Seats};
use telltale_vm::loader::CodeImage;
use telltale_vm::{RoleId, VMError};
use thiserror::Error;

use self::round::Work;
use self::seat::{Seat, Sitting};
use crate::counters::{Counters, Tally};
use crate::engine::{Ending, Engine, EngineError};
use crate::key::{SessionKey, Ticket};

/// Plays roles for which somebody has tickets, by endpoints: async code that may be in the middle of anything, and is nowhere
/// written down. It is cheap to clone; all clones are one client.
///
/// [`Client::run`] does the work, in the background. Meanwhile `join` of a role's module (`purchase::customer::join(&client, &ticket)`) gives
/// the endpoint of a ticket. What is then awaited is as follows:
///
/// - A message that was sent is written down, and on its way whatever happens to this process.
/// - A message that was received is taken.
/// - A session that has come to its end for the role has that written down.
///
/// If the process dies, or is not heard of for the time that [`ClientConfig::heartbeat`] says, the session ends for everybody, in the name of the
/// role: a part that has to survive its process is one for a [`Service`](crate::Service).
///
/// ```
/// use std::time::Duration;
/// use telltale_net::{Client, Start, engine::memory::Memory};
/// use telltale_vm::choreography;
///
/// choreography! {
///     #[serde]
///     #[endpoints]
///     pub protocol Greeting(Ann, Ben) { Ann -> Ben: Hello(String); Ben -> Ann: Welcome(u64); }
/// }
/// use greeting::{ann, ben};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Memory::new();
/// let start = Start::of(&greeting::IMAGE).with_ticket_for("Ann").with_ticket_for("Ben");
/// start.on(&engine).await?;
/// let tickets = start.tickets();
///
/// // Mostly in another process than the next.
/// let client = Client::new(engine.clone());
/// tokio::spawn(client.run(tokio::time::sleep, std::future::pending()));
/// let ann = tokio::spawn(async move {
///     let me = ann::join(&client, &tickets[0]).await?;
///     let me = me.hello("I am Ann".to_owned()).await?;
///     let (nth, me) = me.welcome().await?;
///     me.close();
///     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(nth)
/// });
///
/// let client = Client::new(engine);
/// tokio::spawn(client.run(tokio::time::sleep, std::future::pending()));
/// let me = ben::join(&client, &start.tickets()[1]).await?;
/// let (words, me) = me.hello().await?;
/// assert_eq!(words, "I am Ann");
/// me.welcome(1).await?.close();
/// assert_eq!(ann.await?.map_err(|error| error.to_string())?, 1);
/// # Ok(())
/// # }
/// ```
pub struct Client<E> {
    shared: Arc<Shared<E>>,
}

/// What a client allows.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// For how long others wait to hear of a seat before its session ends. It is written down three times in this time. It has to be at
    /// least three times as long as the lease of the engine (ten seconds of PostgreSQL): a claim of which nobody hears keeps everybody from the seat
    /// until its lease is over.
    pub heartbeat: Duration,
    /// How many bytes a payload may have.
    pub payload: usize,
    /// How many seats have a step together at most.
    pub batch: usize,
    /// How long it waits before it looks for something to do, if nobody says that there is something.
    pub poll: Duration,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(30),
            payload: 1 << 20,
            batch: 100,
            poll: Duration::from_secs(1),
        }
    }
}

/// Why somebody does not get a seat.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Somebody has taken it before, perhaps in a process that is not there any more.
    #[error("somebody else sits there: role {role} of `{session}` is played")]
    SeatTaken {
        /// The session.
        session: SessionKey,
        /// The role.
        role: RoleId,
    },
    /// The session has ended.
    #[error("the session `{session}` has ended: {ending}")]
    Ended {
        /// The session.
        session: SessionKey,
        /// How.
        ending: Ending,
    },
    /// The ticket is for another role.
    #[error("the ticket is for role {found} of `{session}`, and not for {expected}")]
    OtherRole {
        /// The session.
        session: SessionKey,
        /// What is to be played.
        expected: RoleId,
        /// What the ticket is for.
        found: RoleId,
    },
    /// Nobody does the client's work.
    #[error(
        "the client is not at work: spawn `Client::run` first, and do not end it before the last endpoint"
    )]
    NotRunning,
    /// What the engine says.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What the machine says.
    #[error(transparent)]
    Machine(#[from] VMError),
}

struct Shared<E> {
    engine: E,
    config: ClientConfig,
    hub: Arc<Hub>,
    tally: Tally,
}

/// What seats and `run` tell each other.
#[derive(Default)]
struct Hub {
    state: Mutex<HubState>,
}

#[derive(Default)]
struct HubState {
    is_running: bool,
    seats: Slab<Arc<Seat>>,
    /// Those that have something to say.
    due: Vec<usize>,
    waker: Option<Waker>,
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, HubState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat has something to say.
    fn is_due(&self, seat: usize) {
        let waker = {
            let mut state = self.state();
            state.due.push(seat);
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<E: Engine> Client<E> {
    /// A client that has no seats yet.
    pub fn new(engine: E) -> Self {
        Self::with(engine, ClientConfig::default())
    }

    /// One that works as the configuration says.
    pub fn with(engine: E, config: ClientConfig) -> Self {
        Self {
            shared: Arc::new(Shared {
                engine,
                config,
                hub: Arc::default(),
                tally: Tally::default(),
            }),
        }
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        self.shared.tally.counters()
    }

    /// How many seats it plays.
    pub fn seats(&self) -> usize {
        self.shared.hub.state().seats.len()
    }

    /// Does the work of all seats until `stop` is ready: what was sent is then written down, and sessions that are not done are
    /// cancelled. It counts from the call, before it is polled.
    ///
    /// `sleep` is what waits for time, `tokio::time::sleep` for example. When the future is dropped, all endpoints are told that their sessions
    /// are over; those who play the other roles learn of it when the heartbeat is over.
    ///
    /// A connection that is lost is tried again after a while. What else the engine cannot do for a seat is told to those who play it, and
    /// disturbs no other.
    ///
    /// # Errors
    ///
    /// When it is at work already.
    pub fn run<S, F, T>(
        &self,
        sleep: S,
        stop: T,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<E, S, F, T>
    where
        S: Fn(Duration) -> F + Send,
        F: Future<Output = ()> + Send,
        T: Future<Output = ()> + Send,
    {
        let work = Work::begin(Arc::clone(&self.shared));
        async move {
            work?.run(sleep, stop).await;
            Ok(())
        }
    }
}

impl<E: Engine> Join for Client<E> {
    type Ticket = Ticket;
    type Error = JoinError;

    fn take_seat<R: NamedRoles>(
        &self,
        image: &CodeImage,
        roles: R,
        role: RoleId,
        ticket: &Ticket,
    ) -> impl Future<Output = Result<Arc<dyn Seats>, JoinError>> + Send {
        let sitting = self.sit(image, roles, role, ticket);
        async move {
            let sitting = sitting?;
            poll_fn(|cx| sitting.seat.poll_joined(cx)).await?;
            Ok(Arc::new(sitting) as Arc<dyn Seats>)
        }
    }
}

impl<E> Client<E> {
    /// A seat that is asked for.
    fn sit<R: NamedRoles>(
        &self,
        image: &CodeImage,
        roles: R,
        role: RoleId,
        ticket: &Ticket,
    ) -> Result<Sitting, JoinError> {
        if ticket.role() != role {
            let (session, found) = (ticket.session().clone(), ticket.role());
            return Err(JoinError::OtherRole { session, expected: role, found });
        }
        let Shared { hub, config, .. } = &*self.shared;
        Ok(Sitting { seat: Seat::open(hub, config, image, roles, ticket)? })
    }
}

impl<E> Clone for Client<E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<E> fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
