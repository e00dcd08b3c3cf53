//! What can go wrong: faults, which end one session, and errors, which the embedder made.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use telltale_types::LabelView;

use crate::{HandlerError, Kind, Large, SessionError, SessionId, Value};

/// What an embedder asked of a VM and cannot have. The VM is as it was before, but for
/// [`VMError::Faulted`], which reports a run that has happened.
#[derive(Clone)]
#[non_exhaustive]
pub enum VMError {
    /// A program opens a session in which a role does several things at once: whoever plays a role through an
    /// endpoint has only one.
    SeveralEndpoints {
        /// The role.
        role: String,
    },
    /// The session belongs to another VM.
    ForeignSession {
        /// The session.
        session: SessionId,
    },
    /// The session has ended.
    StaleSession {
        /// The session.
        session: SessionId,
    },
    /// The session has not ended yet.
    StillRunning {
        /// The session.
        session: SessionId,
        /// What its roles do or wait for.
        state: String,
    },
    /// The session has ended, but not as its protocol says.
    Incomplete {
        /// The session.
        session: SessionId,
        /// Why.
        error: SessionError,
    },
    /// The session's role objects have been handed out before.
    RolesTaken {
        /// The session.
        session: SessionId,
    },
    /// A role is to be played by the handler of the run, and there is no handler.
    NoHandler {
        /// The role.
        role: String,
    },
    /// The session was resumed from a snapshot, and its role objects have not been attached.
    NotAttached {
        /// The session.
        session: SessionId,
    },
    /// Role objects cannot be attached to the session.
    CannotAttach {
        /// The session.
        session: SessionId,
        /// Why.
        why: &'static str,
    },
    /// A role is played from outside, and the session would run where nobody could do that: by `play`, or in a machine with
    /// threads.
    FromOutside {
        /// The role.
        role: String,
    },
    /// A role is played from outside, and its program was written by hand.
    OutsideByHand {
        /// The role.
        role: String,
    },
    /// No role of a session on a host is driven: nobody would let it go on.
    NoEndpoint,
    /// A role object opens a session on its own host while all machines of the host are held.
    HostBusy,
    /// The session's role objects were not kept: it was opened without an owner.
    Detached {
        /// The session.
        session: SessionId,
    },
    /// There are as many sessions as the configuration allows, or as fit into memory.
    TooManySessions {
        /// How many there may be.
        limit: usize,
    },
    /// The roles of the open sessions would be more than the configuration allows.
    TooManyCoroutines {
        /// How many the session has.
        given: usize,
        /// How many there are.
        open: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A program uses more registers than the configuration allows.
    TooManyRegisters {
        /// How many it uses.
        given: usize,
        /// How many it may use.
        limit: usize,
    },
    /// A role or a message is not part of the session's protocol.
    NotInProtocol {
        /// The session.
        session: SessionId,
        /// What is not there.
        what: String,
    },
    /// There is no room for a message from outside.
    ChannelFull {
        /// How many it may hold.
        capacity: u16,
    },
    /// The role does not wait for an answer of its handler.
    NotPending {
        /// The session.
        session: SessionId,
        /// The role.
        role: String,
    },
    /// There are as many images in use as the VM can tell apart.
    TooManyImages {
        /// How many there may be.
        limit: usize,
    },
    /// The machine of this remote has been dropped.
    MachineGone,
    /// The role objects of a session come back from its machine, not from a remote.
    NotHere {
        /// The session.
        session: SessionId,
    },
    /// Sessions faulted that nobody will be told about otherwise.
    ///
    /// All other sessions went on; see [`VM::faults`](crate::VM::faults) for the whole list.
    Faulted {
        /// How many sessions.
        count: usize,
        /// The first of them.
        session: SessionId,
        /// Why the first one faulted.
        fault: Arc<Fault>,
    },
}

impl fmt::Display for VMError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeveralEndpoints { role } => write!(
                f,
                "`{role}` does several things at once, and cannot be played through one endpoint"
            ),
            Self::ForeignSession { session } => {
                write!(f, "session {session} belongs to another VM")
            }
            Self::StaleSession { session } => write!(f, "session {session} has ended"),
            Self::StillRunning { session, state } => {
                write!(f, "session {session} is still running: {state}")
            }
            Self::Incomplete { session, error } => write!(f, "session {session} {}", error.end()),
            Self::RolesTaken { session } => {
                write!(f, "the roles of session {session} have been taken already")
            }
            Self::NoHandler { role } => {
                write!(f, "`{role}` is played by the handler of the run, and `play` has none")
            }
            Self::NotAttached { session } => {
                write!(
                    f,
                    "the roles of session {session} have not been attached since it was resumed"
                )
            }
            Self::CannotAttach { session, why } => {
                write!(f, "roles cannot be attached to session {session}: {why}")
            }
            Self::FromOutside { role } => {
                write!(f, "`{role}` is played from outside: open the session in a `VM` of your own")
            }
            Self::OutsideByHand { role } => {
                write!(f, "`{role}` is played from outside, but its program was written by hand")
            }
            Self::Detached { session } => {
                write!(f, "session {session} has no owner to take its roles back")
            }
            Self::TooManySessions { limit } => {
                write!(f, "{limit} sessions are open, which is the limit")
            }
            Self::TooManyCoroutines { given, open, limit } => {
                write!(f, "the session has {given} roles, and {open} of at most {limit} are open")
            }
            Self::TooManyRegisters { given, limit } => {
                write!(f, "a program uses {given} registers, but the limit is {limit}")
            }
            Self::NotInProtocol { session, what } => write!(f, "session {session} has no {what}"),
            Self::NoEndpoint => f.write_str(
                "all roles are played by objects, and such a session needs no host: `play` runs it",
            ),
            Self::HostBusy => f.write_str(
                "all machines of the host are busy: give it more, or open sessions outside of role objects",
            ),
            Self::MachineGone => f.write_str("the machine has been dropped"),
            Self::NotHere { session } => {
                write!(
                    f,
                    "the roles of session {session} come back from its machine, not from a remote"
                )
            }
            Self::ChannelFull { capacity } => {
                write!(f, "the channel holds {}, which is all it may", messages(*capacity))
            }
            Self::NotPending { session, role } => {
                write!(f, "`{role}` of session {session} does not wait for its handler")
            }
            Self::TooManyImages { limit } => {
                write!(f, "{limit} images are in use, which is the limit")
            }
            Self::Faulted { count, session, fault } => write!(
                f,
                "{count} {} faulted; session {session}: {fault}",
                if *count == 1 { "session" } else { "sessions" }
            ),
        }
    }
}

/// The source is the error of the role or the handler, if there is one, with all that caused it.
impl std::error::Error for VMError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Incomplete { error, .. } => error.source(),
            Self::Faulted { fault, .. } => fault.source(),
            _ => None,
        }
    }
}

fn messages(number: u16) -> String {
    if number == 1 { "1 message".to_owned() } else { format!("{number} messages") }
}

/// `main` prints errors with `Debug`, and a reader wants a sentence there.
impl fmt::Debug for VMError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What ended a session that went wrong: who, where, and why.
#[derive(Debug)]
pub struct Fault {
    /// The role that faulted; nothing when the session as a whole did.
    pub role: Option<String>,
    /// In which of the things that the role does at once; 0 where it does one thing.
    pub lane: u8,
    /// The instruction it was at, as in the disassembly.
    pub instruction: Option<String>,
    /// Why.
    pub cause: Cause,
}

impl Fault {
    /// Of the session as a whole.
    pub(crate) fn of_session(cause: Cause) -> Self {
        Self { role: None, lane: 0, instruction: None, cause }
    }
}

/// Why a session went wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Cause {
    /// The handler, or a method of a role, returned an error.
    #[error("{0}")]
    Handler(HandlerError),
    /// The handler, or a method of a role, panicked.
    #[error("it panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// A message carries a payload of another type: one that its handler gave, or one that was injected.
    #[error("expected `{expected}` as payload of `{label}`, found {found}")]
    WrongPayload {
        /// The name of the message.
        label: String,
        /// The type that it carries, as the protocol spells it.
        expected: String,
        /// What it came with, in words.
        found: String,
    },
    /// The handler picked a branch that is not there.
    #[error("expected a branch from 0 to {}, found {picked}", branches.saturating_sub(1))]
    NoSuchBranch {
        /// What the handler picked, counted from 0.
        picked: usize,
        /// How many branches there are.
        branches: usize,
    },
    /// Another message arrived than the protocol allows.
    #[error("expected {expected} from `{from}`, found `{found}`")]
    UnexpectedMessage {
        /// The sender.
        from: String,
        /// The label that arrived.
        found: String,
        /// The labels that may arrive.
        expected: String,
    },
    /// There was no room for a message, and its sender may not wait.
    #[error("no room for `{label}` to `{to}`: the channel holds {}", messages(*capacity))]
    ChannelFull {
        /// The message.
        label: String,
        /// Its receiver.
        to: String,
        /// How many messages the channel may hold.
        capacity: u16,
    },
    /// All roles are done, and a message is left that nobody has received
    /// ([`VMConfig::leftover`](crate::VMConfig::leftover)).
    #[error("`{from}` sent `{label}` to `{to}`, which is done")]
    LeftOver {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
        /// The message.
        label: String,
    },
    /// A role that is played elsewhere cannot have sent what was delivered in its name.
    #[error("expected {expected} from elsewhere, found {found}")]
    WrongDelivery {
        /// What could have come.
        expected: String,
        /// What has come.
        found: String,
    },
    /// Nobody can act, and nothing from outside is awaited.
    #[error("the session is stuck: {waiting}")]
    Stuck {
        /// Who waits for whom.
        waiting: String,
    },
    /// The role did what its local type does not allow.
    #[error("expected {expected}, found `{found}`")]
    NotAllowed {
        /// What the local type allows.
        expected: String,
        /// What the role did.
        found: String,
    },
    /// A register was read that holds nothing, or whose value has been moved.
    #[error("register r{register} is empty")]
    EmptyRegister {
        /// The register.
        register: u8,
    },
    /// A register does not hold an endpoint.
    #[error("expected an endpoint in register r{register}, found {found}")]
    NotAnEndpoint {
        /// The register.
        register: u8,
        /// What it holds.
        found: Kind,
    },
    /// The session of an endpoint has ended.
    #[error("the session of the endpoint in r{register} has ended")]
    SessionEnded {
        /// The register.
        register: u8,
    },
    /// An endpoint would go to the handler; endpoints stay in registers.
    #[error("`{what}` carries an endpoint, which only a register can take")]
    EndpointToHandler {
        /// The message or the effect.
        what: String,
    },
    /// An imported image is not known to the VM.
    #[error("image `{name}` has not been provided")]
    ImageNotProvided {
        /// The name in the import table.
        name: String,
    },
    /// A session that the program opens cannot be opened.
    #[error("a session cannot be opened: {0}")]
    CannotOpen(Box<VMError>),
    /// Control went to a place outside of the program.
    #[error("control left the program")]
    OutOfProgram,
    /// An instruction names a register, a set of branches, an effect or an import that does not exist.
    #[error("invalid operand")]
    BadInstruction,
}

impl Cause {
    /// A payload is not what its message carries.
    pub(crate) fn wrong_payload(label: LabelView<'_>, found: &Value) -> Self {
        let expected = label.payload.to_owned();
        Self::WrongPayload { label: label.name.to_owned(), expected, found: in_words(found) }
    }
}

/// What a payload is that should be something else.
pub(crate) fn in_words(found: &Value) -> String {
    match found {
        Value::Large(large) => large_in_words(large),
        Value::Unit => format!("{}", Kind::Unit),
        scalar => format!("`{scalar}`, {}", scalar.kind()),
    }
}

/// The same of a payload that is no scalar.
pub(crate) fn large_in_words(found: &Large) -> String {
    match found {
        Large::Opaque(value) => format!("a value of type `{}`", value.type_name()),
        other => format!("{}", other.kind()),
    }
}

/// A cause on its way to the fault of its session. It is behind what drops it: in many places there could be one, and dropping
/// a cause is much code.
pub(crate) struct Wrong(Box<dyn Carried>);

trait Carried {
    fn into_cause(self: Box<Self>) -> Cause;
}

impl Carried for Cause {
    fn into_cause(self: Box<Self>) -> Cause {
        *self
    }
}

impl Wrong {
    pub(crate) fn into_cause(self) -> Cause {
        self.0.into_cause()
    }
}

impl From<Cause> for Wrong {
    #[cold]
    fn from(cause: Cause) -> Self {
        Self(Box::new(cause))
    }
}

/// What [`Context::unpack`](crate::Context::unpack) and role objects say of a wrong payload is the cause
/// [`Cause::WrongPayload`], every other error is [`Cause::Handler`].
impl From<HandlerError> for Cause {
    fn from(error: HandlerError) -> Self {
        match error.downcast_ref::<WrongPayload>() {
            Some(WrongPayload { label, expected, found }) => Self::WrongPayload {
                label: label.clone(),
                expected: expected.clone(),
                found: found.clone(),
            },
            None => Self::Handler(error),
        }
    }
}

/// A role object or a handler got a payload of another type than it takes: [`Cause::WrongPayload`], inside a
/// [`HandlerError`].
#[derive(Debug, Error)]
#[error("expected `{expected}` as payload of `{label}`, found {found}")]
pub(crate) struct WrongPayload {
    label: String,
    expected: String,
    found: String,
}

impl WrongPayload {
    pub(crate) fn new(label: LabelView<'_>, found: &Value) -> Self {
        match Cause::wrong_payload(label, found) {
            Cause::WrongPayload { label, expected, found } => Self { label, expected, found },
            _ => unreachable!("it is what was asked for"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(role) = &self.role {
            write!(f, "`{role}`")?;
            if self.lane > 0 {
                write!(f, " in lane {}", self.lane)?;
            }
            match &self.instruction {
                Some(instruction) => write!(f, " at `{instruction}`: ")?,
                None => f.write_str(": ")?,
            }
        }
        self.cause.fmt(f)
    }
}

/// Two faults are the same when they say the same.
impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        format!("{self}") == format!("{other}")
    }
}

impl Eq for Fault {}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Handler(error) => error.source(),
            _ => None,
        }
    }
}
