//! Sessions on a host, until their endpoints are taken.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use telltale_bytecode::CodeImage;
use telltale_types::RoleId;

use super::{Handle, Seats, State};
use crate::generated::NamedRoles;
use crate::lines::role_of;
use crate::roles::play::without_handler;
use crate::roles::players::{Players, RoleSet};
use crate::{PlayError, SessionId, VMError};

/// A machine that is shared by async code.
pub trait Host {
    /// Opens a session. Its role objects are kept at its end if somebody will ask for them.
    ///
    /// # Errors
    ///
    /// At a limit of the host.
    fn open<R: NamedRoles>(
        &self,
        image: &CodeImage,
        roles: R,
        are_kept: bool,
    ) -> Result<Opened<R>, VMError>;
}

/// Whether some of the roles are played by objects. A host has no handler, plays all roles of a session, and lets it go on when an
/// endpoint is used.
///
/// # Errors
///
/// When a role is played by a handler or elsewhere, or none is driven.
pub fn has_objects(image: &CodeImage, players: Players) -> Result<bool, VMError> {
    without_handler(image, players)?;
    if let Some(role) = players.elsewhere.iter().next() {
        return Err(VMError::FromOutside { role: role_of(image.names(), role).to_owned() });
    }
    if players.driven.is_empty() {
        return Err(VMError::NoEndpoint);
    }
    Ok(players.driven.iter().count() < image.names().role_count())
}

/// A session on a host, with the endpoints that nobody has taken yet.
pub struct Opened<R> {
    seats: Arc<dyn Seats>,
    session: SessionId,
    left: RoleSet,
    roles: PhantomData<fn() -> R>,
}

impl<R> Opened<R> {
    /// A session, some roles of which are driven.
    pub fn new(seats: Arc<dyn Seats>, session: SessionId, players: Players) -> Self {
        Self { seats, session, left: players.driven, roles: PhantomData }
    }

    /// The session's name, for its host.
    pub fn id(&self) -> SessionId {
        self.session
    }

    /// The endpoint of a role; nothing if it was taken before, or the role is not driven.
    pub fn take<S: State>(&mut self, role: u8) -> Option<S> {
        let role = RoleId(role);
        self.left.remove(role).then(|| S::at(Handle::new(self.seats.clone(), role)))
    }

    /// The endpoint of a role that is driven and that nobody has taken.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn seat<S: State>(&mut self, role: u8) -> S {
        self.take(role).expect("each endpoint is taken once")
    }
}

impl<R: NamedRoles> Opened<R> {
    /// Waits until the session has ended, and gives its role objects back. Endpoints that nobody has taken cancel it.
    pub fn into_roles(mut self) -> IntoRoles<R> {
        self.give_up();
        IntoRoles { opened: self }
    }
}

impl<R> Opened<R> {
    /// Endpoints that were not taken will act no more.
    fn give_up(&mut self) {
        if !self.left.is_empty() {
            self.left = RoleSet::NONE;
            self.seats.cancel("nobody has taken the endpoint of a role");
        }
    }
}

impl<R> Drop for Opened<R> {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl<R> fmt::Debug for Opened<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({})", self.session)
    }
}

/// Waits until a session has ended, and gives its role objects back.
#[must_use = "nothing is waited for before this is awaited"]
pub struct IntoRoles<R> {
    opened: Opened<R>,
}

impl<R: NamedRoles> Future for IntoRoles<R> {
    type Output = Result<R, PlayError<R>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Opened { seats, session, .. } = &self.opened;
        let (outcome, objects) = ready!(seats.poll_ended(cx));
        let objects = objects.and_then(|objects| objects.downcast::<R::Objects>().ok());
        let Some(objects) = objects else {
            let session = *session;
            let error = match outcome {
                // Somebody waits who must not.
                Err(error) => VMError::Incomplete { session, error },
                Ok(()) => VMError::RolesTaken { session },
            };
            return Poll::Ready(Err(error.into()));
        };
        let roles = R::from_objects(*objects);
        Poll::Ready(match outcome {
            Ok(()) => Ok(roles),
            Err(error) => Err(PlayError::with_roles(*session, error, roles)),
        })
    }
}

impl<R> fmt::Debug for IntoRoles<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IntoRoles({})", self.opened.session)
    }
}
