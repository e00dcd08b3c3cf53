//! One session from its beginning to its end, and why it has not come there.

use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use telltale_bytecode::CodeImage;

use crate::lines::role_of;
use crate::roles::objects::RoleObjects;
use crate::roles::players::Players;
use crate::roles::session::{NamedRoles, Session};
use crate::{EffectHandler, NoHandler, SessionError, SessionId, VM, VMError};

/// Why role objects did not come back from a complete session.
///
/// It prints the reason. If the session has ended, it has the objects as well.
///
/// ```
/// # #[cfg(feature = "macros")] mod doc {
/// # use telltale_vm::{HandlerResult, choreography};
/// # choreography! { pub protocol Ask(Client, Server) { Client -> Server: Question(String); } }
/// struct Client;
/// struct Server { asked: u32 }
///
/// # impl ask::Client for Client {
/// #     fn question(&mut self) -> HandlerResult<String> { Ok("why".to_owned()) }
/// # }
/// impl ask::Server for Server {
///     fn on_question(&mut self, question: String) -> HandlerResult<()> {
///         self.asked += 1;
///         Err(format!("I cannot say {question}"))?
///     }
/// }
///
/// # pub fn main() {
/// let played = ask::Roles { client: Client, server: Server { asked: 0 } }.play();
/// let error = played.err().expect("the server gives up");
/// assert_eq!(error.to_string(), "session #0 faulted: `Server` at `recv Client?Question(String)`: I cannot say why");
/// let roles = error.into_roles().expect("the session has ended");
/// assert_eq!(roles.server.asked, 1);
/// # }
/// # }
/// # #[cfg(feature = "macros")] doc::main();
/// ```
pub struct PlayError<R> {
    // Boxed, so that results with it are small.
    inner: Box<Inner<R>>,
}

struct Inner<R> {
    reason: VMError,
    /// Role objects need not be `Sync`, but errors have to.
    roles: Option<Mutex<R>>,
}

impl<R> PlayError<R> {
    /// A session has ended too early.
    pub(crate) fn with_roles(session: SessionId, error: SessionError, roles: R) -> Self {
        let reason = VMError::Incomplete { session, error };
        Self { inner: Box::new(Inner { reason, roles: Some(Mutex::new(roles)) }) }
    }

    /// A session cannot begin.
    #[cold]
    fn not_begun(reason: VMError, roles: R) -> Self {
        Self { inner: Box::new(Inner { reason, roles: Some(Mutex::new(roles)) }) }
    }

    /// What went wrong.
    pub fn reason(&self) -> &VMError {
        &self.inner.reason
    }

    /// How the session has ended, if it has.
    pub fn session_error(&self) -> Option<&SessionError> {
        match &self.inner.reason {
            VMError::Incomplete { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The role objects, if the session has ended.
    pub fn into_roles(self) -> Option<R> {
        self.into_parts().1
    }

    /// What went wrong, and the role objects, if the session has ended.
    pub fn into_parts(self) -> (VMError, Option<R>) {
        let Inner { reason, roles } = *self.inner;
        let unlocked = |roles: Mutex<R>| roles.into_inner().unwrap_or_else(PoisonError::into_inner);
        (reason, roles.map(unlocked))
    }
}

impl<R> From<VMError> for PlayError<R> {
    fn from(reason: VMError) -> Self {
        Self { inner: Box::new(Inner { reason, roles: None }) }
    }
}

impl<R> From<PlayError<R>> for VMError {
    fn from(error: PlayError<R>) -> Self {
        error.inner.reason
    }
}

impl<R> fmt::Display for PlayError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.reason.fmt(f)
    }
}

/// `main` prints errors with `Debug`, and a reader wants a sentence there.
impl<R> fmt::Debug for PlayError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.reason.fmt(f)
    }
}

impl<R> Error for PlayError<R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner.reason.source()
    }
}

/// Runs one session from its beginning to its end, in a VM of its own. The image is a compiled one.
///
/// # Errors
///
/// When the session did not come to its end; one that waits for the outside is cancelled, because nobody could
/// wake it. When a role is played by the handler of the run, or from outside: there is none.
pub fn play<R: NamedRoles>(image: &CodeImage, roles: R) -> Result<R, PlayError<R>> {
    let objects = roles.into_objects();
    let may_begin = without_handler(image, objects.players());
    play_objects(image, objects, may_begin, &NoHandler)
}

/// As [`play`], with a handler that plays the roles which are [`ByHandler`](type@crate::ByHandler).
///
/// # Errors
///
/// When the session did not come to its end; one that waits for the outside is cancelled, because nobody could
/// wake it. When a role is played from outside.
pub fn play_with<R: NamedRoles>(
    image: &CodeImage,
    roles: R,
    handler: &dyn EffectHandler,
) -> Result<R, PlayError<R>> {
    play_objects(image, roles.into_objects(), Ok(()), handler)
}

fn play_objects<R: NamedRoles>(
    image: &CodeImage,
    objects: R::Objects,
    may_begin: Result<(), VMError>,
    handler: &dyn EffectHandler,
) -> Result<R, PlayError<R>> {
    if let Err(reason) = may_begin.and_then(|()| not_from_outside(image, objects.players())) {
        return Err(PlayError::not_begun(reason, R::from_objects(objects)));
    }
    let mut vm = VM::default();
    let session = Session::open_objects(&mut vm, image, objects)?;
    run_alone(&mut vm, session.id(), handler)?;
    session.into_roles(&mut vm)
}

/// An error if the handler of the run plays one of the roles: there is none.
pub(crate) fn without_handler(image: &CodeImage, players: Players) -> Result<(), VMError> {
    match players.by_handler.iter().next() {
        Some(role) => Err(VMError::NoHandler { role: role_of(image.names(), role).to_owned() }),
        None => Ok(()),
    }
}

/// An error if one of the roles is played from outside, of which nobody would hear.
pub(crate) fn not_from_outside(image: &CodeImage, players: Players) -> Result<(), VMError> {
    match players.first_outside() {
        Some(role) => Err(VMError::FromOutside { role: role_of(image.names(), role).to_owned() }),
        None => Ok(()),
    }
}

/// Runs the only session of a machine. If it waits for the outside, it is cancelled.
fn run_alone(vm: &mut VM, session: SessionId, handler: &dyn EffectHandler) -> Result<(), VMError> {
    vm.run(handler, usize::MAX)?;
    match vm.session(session) {
        Ok(waiting) if !waiting.is_ready() => {
            let waiting = waiting.who_waits();
            vm.cancel(session, &format!("{waiting}, and nobody can wake it"))
        }
        _has_ended => Ok(()),
    }
}
