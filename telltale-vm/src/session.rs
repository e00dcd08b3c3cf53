//! One running instance of an image.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{self, AtomicU32};

use crate::Fault;
use crate::memory::arena::Slot;

/// The name of a session. No two sessions of a VM ever have the same.
///
/// A VM knows the names that it has given, and answers others with
/// [`VMError::ForeignSession`](crate::VMError::ForeignSession). Still, two VMs that are used in the same way give names
/// that are equal, so that their traces can be compared.
#[derive(Clone, Copy)]
pub struct SessionId {
    ordinal: u64,
    /// Where it is, or that this is not known yet. Names of one session may differ in it.
    slot: Slot,
    vm: VmTag,
}

/// Tells one VM of a process from another.
///
/// ```text
/// a VM by itself               0 | number 31 bits
/// a worker of a `ThreadedVM`   1 | number 19 bits | worker 12
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VmTag(u32);

const OF_WORKER: u32 = 1 << 31;
const WORKER_BITS: u32 = 12;

impl VmTag {
    /// That of one more VM.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(NEXT.fetch_add(1, atomic::Ordering::Relaxed) & !OF_WORKER)
    }

    /// Without the worker.
    fn machine(self) -> u32 {
        if self.0 & OF_WORKER == 0 { self.0 } else { self.0 >> WORKER_BITS << WORKER_BITS }
    }
}

#[cfg(feature = "multi-thread")]
impl VmTag {
    /// How many workers can be told apart.
    pub(crate) const WORKERS: usize = 1 << WORKER_BITS;

    /// That of the first worker of one more machine with threads.
    pub(crate) fn next_with_workers() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, atomic::Ordering::Relaxed);
        Self(number << WORKER_BITS | OF_WORKER)
    }

    /// That of another worker of the same machine.
    pub(crate) fn of_worker(self, worker: usize) -> Self {
        Self(self.machine() | worker as u32)
    }

    /// Which worker it is.
    pub(crate) fn worker(self) -> usize {
        (self.0 ^ self.machine()) as usize
    }

    /// Whether both are workers of one machine.
    pub(crate) fn is_of_same_machine(self, other: Self) -> bool {
        self.machine() == other.machine()
    }
}

impl SessionId {
    #[inline]
    pub(crate) fn new(vm: VmTag, ordinal: u64, slot: Slot) -> Self {
        Self { ordinal, slot, vm }
    }

    pub(crate) fn vm(self) -> VmTag {
        self.vm
    }

    /// How many sessions had been opened before.
    pub fn ordinal(self) -> u64 {
        self.ordinal
    }

    /// Whether both belong to one VM: for those who remember sessions of several, whose names may be equal.
    ///
    /// ```
    /// # use telltale_types::{GlobalTerm, Label};
    /// # let global = GlobalTerm::send("A", "B", Label::new("Ping"), GlobalTerm::end()).close()?;
    /// # let projected = telltale_theory::project_all(&global)?.into_iter().collect();
    /// # let image = telltale_vm::loader::CodeImage::from_local_types(&projected, &global);
    /// use telltale_vm::VM;
    ///
    /// let (mut here, mut there) = (VM::default(), VM::default());
    /// let (one, other) = (here.load_choreography(&image)?, there.load_choreography(&image)?);
    /// assert!(one == other && !one.is_of_same_vm(other));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_of_same_vm(self, other: Self) -> bool {
        self.vm.machine() == other.vm.machine()
    }

    pub(crate) fn slot(self) -> Slot {
        self.slot
    }
}

impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        self.ordinal == other.ordinal
    }
}

impl Eq for SessionId {}

impl PartialOrd for SessionId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SessionId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.ordinal.cmp(&other.ordinal)
    }
}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ordinal.hash(state);
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.ordinal)
    }
}

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionStatus {
    /// Its roles are running, or wait for each other.
    Active,
    /// It is being closed: its roles receive what is on its way and send nothing more.
    Draining,
    /// All its roles have finished, or it was closed before.
    Closed,
    /// It was ended from outside: by [`VM::cancel`](crate::VM::cancel), or because nobody can play its roles
    /// any more, which is possible where they are played through endpoints.
    Cancelled,
    /// Something went wrong.
    Faulted,
}

impl SessionStatus {
    /// Whether the session has ended.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled | Self::Faulted)
    }
}

/// How a session ended: as its protocol says, or why not.
pub type Outcome = Result<(), SessionError>;

/// Why a session did not come to the end of its protocol.
///
/// ```
/// use telltale_vm::SessionError;
///
/// let error = SessionError::Cancelled { reason: "the shop is closing".into() };
/// assert_eq!(error.to_string(), "the session was cancelled: the shop is closing");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// It was closed ([`VM::close`](crate::VM::close)): what was on its way has been received, the rest was left
    /// undone.
    Closed,
    /// It was ended from outside ([`SessionStatus::Cancelled`]).
    Cancelled {
        /// Why: what was given to [`VM::cancel`](crate::VM::cancel), or what the VM found.
        reason: Arc<str>,
    },
    /// Something went wrong.
    Faulted(Arc<Fault>),
}

/// Where a session is that ended like this.
pub(crate) fn status_after(outcome: &Outcome) -> SessionStatus {
    match outcome {
        Ok(()) | Err(SessionError::Closed) => SessionStatus::Closed,
        Err(SessionError::Cancelled { .. }) => SessionStatus::Cancelled,
        Err(SessionError::Faulted(_)) => SessionStatus::Faulted,
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the session {}", self.end())
    }
}

impl SessionError {
    /// What has become of the session, for a sentence that begins with its name.
    pub(crate) fn end(&self) -> impl fmt::Display {
        End(self)
    }
}

struct End<'a>(&'a SessionError);

impl fmt::Display for End<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SessionError::Closed => f.write_str("was closed before its end"),
            SessionError::Cancelled { reason } if reason.is_empty() => f.write_str("was cancelled"),
            SessionError::Cancelled { reason } => write!(f, "was cancelled: {reason}"),
            SessionError::Faulted(fault) => write!(f, "faulted: {fault}"),
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Faulted(fault) => fault.source(),
            Self::Closed | Self::Cancelled { .. } => None,
        }
    }
}
