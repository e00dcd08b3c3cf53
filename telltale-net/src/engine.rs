//! What lies between processes: an [`Engine`] keeps sessions while no process is at work on them.
//!
//! A session is a set of *parts*, one for each role. A part has what its role has come to, as bytes that only services
//! read, and an inbox. All that ever happens to it is a *step*: somebody claims a part that has something to do, lets its role
//! act on what is in the inbox, and commits what has come of it. **A commit is one transaction**: what the part has
//! come to, which messages were taken, which were sent. So inserting a message is delivering it, and a crash anywhere leaves
//! everything as it was before the step, or everything as it is after it.
//!
//! ```text
//!           claim ──► Work { state, messages }        one process at a time, or the later commit is refused
//!             ▲              │
//!   something to do          ▼  the role acts
//!             ▲              │
//!          commit ◄── Done { state, taken, sent, status }
//! ```
//!
//! Whoever has much to do claims and commits many parts at once, which an engine may do in one transaction.
//!
//! [`suite::check`] says whether an engine keeps the contract, which stands at the methods of [`Engine`].

pub mod memory;
pub mod suite;

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use telltale_vm::loader::ContentHash;
use telltale_vm::{LabelId, RoleId};
use thiserror::Error;

use crate::key::{SessionKey, TicketHash};

/// Keeps sessions, and lets one process at a time do a step of a part.
pub trait Engine: Send + Sync + 'static {
    /// A part that is being worked on. If it is dropped, nothing has happened, and the part can be claimed again.
    type Claim: Claim;

    /// Enters a session, with a part for each role, none of which has begun.
    ///
    /// # Errors
    ///
    /// [`EngineError::SessionExists`] when there is or was a session of this name.
    fn start(&self, session: NewSession) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Parts that have something to do, at most so many. A part has
    ///
    /// - before its first step, if its session has not ended;
    /// - when there is a message in its inbox that it has not been offered;
    /// - when the time has come for which it asked in its last step ([`PartStatus::Again`]);
    /// - when whoever has its ticket has something to say ([`Seat::anyway`]);
    /// - when its session has ended after its first step and before it was done: then it is told once, and has no messages.
    ///
    /// It is offered its whole inbox, the messages of a channel in their order. Each claim counts as an attempt until a commit succeeds.
    /// While a claim lives, nobody else gets the part; an engine that cannot know whether a claimant lives may give
    /// it to another, and then only the first of them can commit. A session whose time is over, or one of whose parts was
    /// [held](PartStatus::Held) by somebody who is gone, is ended before anything of it is claimed. No part is passed over for ever: who has waited longest is first.
    ///
    /// A part whose last claim has led to no commit comes alone: if its step is what ends its claimants, no other part is to suffer by that.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoSeat`] when seats are wanted and there is one of them whose ticket is wrong, or whose session is not there;
    /// [`EngineError::SeatDone`] when there is one whose part is done. The error tells of no other, and nothing was claimed.
    fn claim(
        &self,
        wanted: &Wanted,
        at_most: usize,
    ) -> impl Future<Output = Result<Vec<Self::Claim>, EngineError>> + Send;

    /// Writes down what has come of steps, and says of each whether it was written: all of it or nothing. Commits of one session
    /// happen one after the other, those of one call as they stand. A message for a part
    /// that is done, or for nobody, faults the session in the name of its sender. A part that faults is not told of that.
    ///
    /// # Errors
    ///
    /// [`EngineError::Fenced`] when somebody else has committed a step of the part since it was claimed, or its session has
    /// ended, of which it was not told in this claim.
    /// [`EngineError::Lost`] when it is not known whether it was written.
    fn commit(
        &self,
        steps: Vec<(Self::Claim, Done)>,
    ) -> impl Future<Output = Vec<Result<(), EngineError>>> + Send;

    /// Ends a session for all of its parts that are not done. Where it has ended already, or its time is over, that stays: the first ending is
    /// the one for everybody.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoSession`] when there is none of this name.
    fn cancel(
        &self,
        session: &SessionKey,
        reason: &str,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// How a session has ended, if it has. Whether its time is over is looked at, and whether somebody is gone who held a part.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoSession`] when there is none of this name.
    fn ending(
        &self,
        session: &SessionKey,
    ) -> impl Future<Output = Result<Option<Ending>, EngineError>> + Send;

    /// Is ready when something may have changed since it was first polled. It is a hint: it may come late, at once, or never.
    fn changed(&self) -> impl Future<Output = ()> + Send;
}

/// A claimed part.
pub trait Claim: Send {
    /// What there is to do.
    fn work(&self) -> &Work;
}

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its name.
    pub key: SessionKey,
    /// Its protocol.
    pub image: ContentHash,
    /// Its roles, in the order of the image.
    pub parts: Vec<NewPart>,
    /// How long it may take.
    pub deadline: Option<Duration>,
    /// How long it may be that no part begins, takes or sends anything.
    pub idle: Option<Duration>,
}

/// A role of a session that begins.
#[derive(Clone, Debug)]
pub struct NewPart {
    /// Its name, for people.
    pub role: String,
    /// If somebody with a ticket plays it: then services do not.
    pub ticket: Option<TicketHash>,
}

/// Which parts somebody can work on.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Those that are for services, of these roles of these protocols.
    Served(Arc<[(ContentHash, RoleId)]>),
    /// Those for which somebody has tickets.
    Seats(Arc<[Seat]>),
}

/// A part for which somebody has a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The session.
    pub session: SessionKey,
    /// The role.
    pub role: RoleId,
    /// Its ticket.
    pub ticket: TicketHash,
    /// Whether it is wanted although it may have nothing to do, as long as it is not done: whoever has the ticket has something to say.
    pub anyway: bool,
}

/// What a part has to do.
#[derive(Clone, Debug)]
pub struct Work {
    /// The session.
    pub session: SessionKey,
    /// No other session had this number, also none of the same name.
    pub incarnation: u64,
    /// Its protocol.
    pub image: ContentHash,
    /// The role.
    pub role: RoleId,
    /// How many steps there were before.
    pub version: u64,
    /// How often this step was claimed, this time included.
    pub attempts: u32,
    /// What the part has come to; nothing before its first step.
    pub state: Option<Vec<u8>>,
    /// The inbox, the messages of a channel in their order.
    pub messages: Vec<Envelope>,
    /// How the session has ended, if it has.
    pub ending: Option<Ending>,
}

/// A message between two parts of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its receiver.
    pub to: RoleId,
    /// Its channel, and its place there. With the receiver, no other message of the session has the same.
    pub id: EnvelopeId,
    /// What it is called.
    pub label: LabelId,
    /// What it carries, as bytes.
    pub payload: Vec<u8>,
}

/// Which message of an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvelopeId {
    /// The sender.
    pub from: RoleId,
    /// Which of the channels between the two.
    pub lane: u16,
    /// How many there were before it in its channel.
    pub number: u64,
}

/// What has come of a step.
#[derive(Clone, Debug)]
pub struct Done {
    /// What the part has come to.
    pub state: Vec<u8>,
    /// The messages of the inbox that it has taken.
    pub taken: Vec<EnvelopeId>,
    /// What it has sent, the messages of a channel in their order.
    pub sent: Vec<Envelope>,
    /// What it does next.
    pub status: PartStatus,
}

impl Done {
    /// Nothing has come of it but this.
    pub fn of(status: PartStatus) -> Self {
        Self { state: Vec::new(), taken: Vec::new(), sent: Vec::new(), status }
    }
}

/// What a part does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartStatus {
    /// It waits for messages.
    Waits,
    /// It waits for messages, and has something to do when so much time has passed.
    Again(Duration),
    /// Somebody plays it who keeps what it has come to in his own memory.
    Held {
        /// If it has no other step within this time, he is gone, and the session is faulted in the name of the role.
        time: Duration,
        /// Whether it [rests](PartStatus::Rests) as long as he does not go.
        rests: bool,
    },
    /// It waits for messages, and need not get any: it may stop where it is. A session all of whose parts rest or are done, with
    /// empty inboxes, is complete.
    Rests,
    /// It is done.
    Done,
    /// It has gone wrong: the session ends, for this reason.
    Faulted(String),
}

impl PartStatus {
    /// Whether the part has further steps, if nothing ends its session.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Waits | Self::Again(_) | Self::Held { .. } | Self::Rests)
    }
}

/// How a session has ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Ending {
    /// All of its parts are done, or may stop where they are.
    #[error("it is complete")]
    Complete,
    /// Somebody has cancelled it.
    #[error("it was cancelled: {reason}")]
    Cancelled {
        /// Why.
        reason: String,
    },
    /// A role has gone wrong.
    #[error("{reason}")]
    Faulted {
        /// The role in whose step that was found out.
        role: String,
        /// Which role has done what, and why that is wrong.
        reason: String,
    },
    /// Its time was over.
    #[error("its time is over ({limit}); not done: {waiting}")]
    Late {
        /// Which time.
        limit: String,
        /// The roles that were not done, and which of them nobody has ever played.
        waiting: String,
    },
}

/// Why an engine has not done what it was asked to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is or was a session of this name.
    #[error("there is a session `{0}` already")]
    SessionExists(SessionKey),
    /// There is no session of this name.
    #[error("there is no session `{0}`")]
    NoSession(SessionKey),
    /// The ticket is not for this seat, or there is no such session, or not any more.
    #[error(
        "the ticket is not for role {role} of `{session}`, or there is no such session (any more)"
    )]
    NoSeat {
        /// The session.
        session: SessionKey,
        /// The role.
        role: RoleId,
    },
    /// The part of a seat is done: it is done with what it had to do, or its session has ended before it began, or that was told.
    #[error("role {role} of `{session}` is done")]
    SeatDone {
        /// The session.
        session: SessionKey,
        /// The role.
        role: RoleId,
    },
    /// Somebody else has done a step of the part meanwhile, or its session has ended: nothing was written.
    #[error("somebody else has done this step, or the session has ended")]
    Fenced,
    /// Somebody has a seat in a session of another protocol than he plays.
    #[error("the session `{session}` is one of the protocol {expected}, and not of {found}")]
    WrongProtocol {
        /// The session.
        session: SessionKey,
        /// Its protocol.
        expected: ContentHash,
        /// What somebody would play.
        found: ContentHash,
    },
    /// It is not known whether it was done. Whoever asks again finds out.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// The engine cannot.
    #[error(transparent)]
    Engine(Box<dyn Error + Send + Sync>),
}
