//! What a server or a client has done: counted, and told to `tracing` where that is wanted.

use std::sync::atomic::{AtomicU64, Ordering};

use telltale_vm::loader::CodeImage;

use crate::engine::{Done, EngineError, PartStatus, Work};
#[cfg(feature = "tracing")]
use crate::key::SessionKey;

/// What a [`Server`](crate::Server) or a [`Client`](crate::Client) has done since it was made.
///
/// ```
/// use telltale_net::{Server, engine::memory::Memory};
///
/// let server = Server::new(Memory::new());
/// assert!(!pollster::block_on(server.step())?);
/// assert_eq!(server.counters().steps, 0);
/// # Ok::<(), telltale_net::engine::EngineError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// How many parts it was given.
    pub claims: u64,
    /// How many steps it has had written down.
    pub steps: u64,
    /// How many of these steps had been begun before, here or elsewhere, and not been written down.
    pub repeated: u64,
    /// How many messages were taken with them.
    pub received: u64,
    /// How many messages were sent with them.
    pub sent: u64,
    /// How many of them were the last of their role, and how many ended their sessions since something was wrong.
    pub done: u64,
    /// See `done`.
    pub faulted: u64,
    /// How many sessions had ended otherwise before their role was done.
    pub ended: u64,
    /// How many steps were not written down, as somebody else had done them, or their sessions had ended.
    pub fenced: u64,
    /// How often the engine was asked and it is not known what has become of that.
    pub lost: u64,
}

/// Tells something of a step.
macro_rules! tell_step {
    ($level:ident, $acted:ident, $($told:tt)*) => {
        tell!($level, session = %$acted.of.0, role = $acted.of.1, version = $acted.of.2, $($told)*)
    };
}

/// Counts.
#[derive(Default)]
pub(crate) struct Tally {
    claims: AtomicU64,
    steps: AtomicU64,
    repeated: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    done: AtomicU64,
    faulted: AtomicU64,
    ended: AtomicU64,
    fenced: AtomicU64,
    lost: AtomicU64,
}

fn add(counter: &AtomicU64, number: usize) {
    counter.fetch_add(number as u64, Ordering::Relaxed);
}

impl Tally {
    pub(crate) fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            claims: read(&self.claims),
            steps: read(&self.steps),
            repeated: read(&self.repeated),
            received: read(&self.received),
            sent: read(&self.sent),
            done: read(&self.done),
            faulted: read(&self.faulted),
            ended: read(&self.ended),
            fenced: read(&self.fenced),
            lost: read(&self.lost),
        }
    }

    pub(crate) fn claimed(&self, parts: usize) {
        add(&self.claims, parts);
    }

    /// It is not known what has become of something.
    pub(crate) fn lost(&self, error: &EngineError) {
        add(&self.lost, 1);
        tell!(warn, error = %error, "lost");
    }

    /// What has become of a step.
    pub(crate) fn committed(&self, acted: &Acted, committed: &Result<(), EngineError>) {
        match committed {
            Ok(()) => self.written(acted),
            Err(EngineError::Fenced) => {
                add(&self.fenced, 1);
                tell_step!(debug, acted, "fenced");
            }
            Err(error @ EngineError::Lost(_)) => self.lost(error),
            Err(error) => tell_step!(error, acted, error = %error, "not written down"),
        }
    }

    fn written(&self, acted: &Acted) {
        let Acted { received, sent, .. } = *acted;
        add(&self.steps, 1);
        add(&self.repeated, usize::from(acted.is_repeated));
        add(&self.received, received);
        add(&self.sent, sent);
        match &acted.end {
            None => tell_step!(debug, acted, received, sent, "step"),
            Some(End::Done) => {
                add(&self.done, 1);
                tell_step!(debug, acted, received, sent, "done");
            }
            Some(End::Faulted(reason)) => {
                add(&self.faulted, 1);
                tell_step!(error, acted, reason, "faulted");
            }
            Some(End::Told(ending)) => {
                add(&self.ended, 1);
                tell_step!(info, acted, ending, "ended");
            }
        }
    }
}

/// A step, as far as it is counted.
pub(crate) struct Acted {
    #[cfg(feature = "tracing")]
    of: (SessionKey, String, u64),
    is_repeated: bool,
    received: usize,
    sent: usize,
    end: Option<End>,
}

/// How a part has ended by a step, and why.
enum End {
    Done,
    Faulted(String),
    Told(String),
}

impl Acted {
    /// A step that is about to be written down. Its messages are told.
    pub(crate) fn of(image: &CodeImage, work: &Work, done: &Done) -> Self {
        tell_messages(image, work, done);
        let end = match (&work.ending, &done.status) {
            (Some(ending), _) => Some(End::Told(ending.to_string())),
            (None, PartStatus::Done) => Some(End::Done),
            (None, PartStatus::Faulted(reason)) => Some(End::Faulted(reason.clone())),
            _ => None,
        };
        Self {
            #[cfg(feature = "tracing")]
            of: (work.session.clone(), image.names().role(work.role).to_owned(), work.version),
            is_repeated: work.attempts > 1,
            received: done.taken.len(),
            sent: done.sent.len(),
            end,
        }
    }
}

/// Each message of a step.
#[cfg(feature = "tracing")]
fn tell_messages(image: &CodeImage, work: &Work, done: &Done) {
    if !tracing::enabled!(target: "telltale", tracing::Level::TRACE) {
        return;
    }
    let names = image.names();
    let role = names.role(work.role);
    let is_label = |id: telltale_vm::LabelId| id.index() < names.label_count();
    let is_role = |id: telltale_vm::RoleId| id.index() < names.role_count();
    let taken = work.messages.iter().filter(|message| done.taken.contains(&message.id));
    for message in taken.filter(|message| is_label(message.label) && is_role(message.id.from)) {
        let (from, label) = (names.role(message.id.from), names.label(message.label).name);
        tell!(trace, session = %work.session, role, from, label, lane = message.id.lane, number = message.id.number, "received");
    }
    for message in done.sent.iter().filter(|message| is_label(message.label) && is_role(message.to))
    {
        let (to, label) = (names.role(message.to), names.label(message.label).name);
        tell!(trace, session = %work.session, role, to, label, lane = message.id.lane, number = message.id.number, "sent");
    }
}

#[cfg(not(feature = "tracing"))]
fn tell_messages(_: &CodeImage, _: &Work, _: &Done) {}

/// What a role object tells `tracing` in a step says of which session it is.
#[cfg(feature = "tracing")]
pub(crate) fn in_step(role: &str, work: &Work) -> tracing::span::EnteredSpan {
    tracing::debug_span!(
        target: "telltale", "step", session = %work.session, role, version = work.version, attempts = work.attempts
    )
    .entered()
}

/// Nobody is told in what something happens.
#[cfg(not(feature = "tracing"))]
pub(crate) struct NoSpan;

#[cfg(not(feature = "tracing"))]
pub(crate) fn in_step(_: &str, _: &Work) -> NoSpan {
    NoSpan
}
