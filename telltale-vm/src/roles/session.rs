//! Sessions that were opened with role objects, and how their objects come back.

use std::fmt;
use std::marker::PhantomData;

use telltale_bytecode::CodeImage;

use crate::roles::objects::RoleObjects;
use crate::roles::play::PlayError;
use crate::{Outcome, SessionId, VMError};

/// One object for each role of a protocol, by name: the struct `Roles` that `choreography!` generates.
pub trait NamedRoles: Sized {
    /// The same objects, as the VM sees them.
    type Objects: RoleObjects;

    /// Hands them to the VM.
    fn into_objects(self) -> Self::Objects;

    /// Gets them back from the VM.
    fn from_objects(objects: Self::Objects) -> Self;

    /// A look at them while the VM has them.
    fn of_objects(objects: &Self::Objects) -> &Self;
}

impl<O: RoleObjects> NamedRoles for O {
    type Objects = Self;

    fn into_objects(self) -> Self {
        self
    }

    fn from_objects(objects: Self) -> Self {
        objects
    }

    fn of_objects(objects: &Self) -> &Self {
        objects
    }
}

/// A session that was opened with role objects; `R` is the struct that holds them.
///
/// It is only a name: the session runs in its VM, and [`Session::into_roles`] gets the objects back. Who does not
/// want them back opens the session with `open_detached`.
#[must_use = "the roles, and how the session ended, are to be had by `into_roles`; \
              who wants neither opens it with `open_detached`"]
pub struct Session<R> {
    id: SessionId,
    roles: PhantomData<fn() -> R>,
}

impl<R> Clone for Session<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Session<R> {}

impl<R> fmt::Debug for Session<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.id)
    }
}

impl<R: NamedRoles> Session<R> {
    /// Opens a session with role objects.
    ///
    /// # Errors
    ///
    /// At a limit of the VM.
    pub fn open(host: &mut impl SessionHost, image: &CodeImage, roles: R) -> Result<Self, VMError> {
        let id = host.open_session(image, roles.into_objects(), true)?;
        Ok(Self { id, roles: PhantomData })
    }

    /// The same for an image that was not written by hand.
    pub(crate) fn open_compiled(
        host: &mut impl SessionHost,
        image: &CodeImage,
        roles: R,
    ) -> Result<Self, VMError> {
        Self::open_objects(host, image, roles.into_objects())
    }

    /// The same for roles as the VM sees them.
    pub(crate) fn open_objects(
        host: &mut impl SessionHost,
        image: &CodeImage,
        objects: R::Objects,
    ) -> Result<Self, VMError> {
        let id = host.open_compiled_session(image, objects, true)?;
        Ok(Self { id, roles: PhantomData })
    }

    /// Gives a session that was resumed from a snapshot its role objects: it continues with the next run.
    ///
    /// What `choreography!` generates has this as a method of `Roles`, which knows the image.
    ///
    /// # Errors
    ///
    /// When the session is one of another image or another VM, or does not wait for role objects.
    #[cfg(feature = "serde")]
    pub fn attach(
        vm: &mut crate::VM,
        session: SessionId,
        image: &CodeImage,
        roles: R,
    ) -> Result<Self, VMError> {
        vm.attach_objects(session, image, roles.into_objects())?;
        Ok(Self { id: session, roles: PhantomData })
    }

    /// The session's name.
    pub fn id(self) -> SessionId {
        self.id
    }

    /// A look at the role objects while the VM has them; nothing if the session has ended and they were taken back.
    #[cfg(feature = "serde")]
    pub fn roles(self, vm: &crate::VM) -> Option<&R> {
        vm.peek_roles(self.id).ok().flatten()
    }

    /// The role objects of a session that has come to the end of its protocol.
    ///
    /// # Errors
    ///
    /// When the session was cancelled or has faulted: then the error says why, and
    /// [has the objects](PlayError::into_roles). When it is still running, its objects were taken before, or it
    /// belongs to another VM: then nothing has changed.
    pub fn into_roles(self, host: &mut impl SessionHost) -> Result<R, PlayError<R>> {
        let (outcome, objects) = host.take_session::<R::Objects>(self.id).map_err(was_taken)?;
        let roles = R::from_objects(objects);
        match outcome {
            Ok(()) => Ok(roles),
            Err(error) => Err(PlayError::with_roles(self.id, error, roles)),
        }
    }
}

/// The objects of a session that has ended wait for whoever has opened it, and are not there if they were handed out.
fn was_taken<R>(error: VMError) -> PlayError<R> {
    PlayError::from(match error {
        VMError::StaleSession { session } => VMError::RolesTaken { session },
        error => error,
    })
}

/// A backend, as something that can hold sessions with role objects.
pub trait SessionHost {
    /// Opens a session with role objects. When it is `owned`, its end is kept until somebody takes
    /// it; otherwise the objects are dropped with the session.
    ///
    /// # Errors
    ///
    /// At a limit of the VM.
    fn open_session(
        &mut self,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError>;

    /// The same for an image that `choreography!` has compiled: nothing of what programs written by hand need comes with it.
    ///
    /// # Errors
    ///
    /// At a limit of the VM.
    fn open_compiled_session<O: RoleObjects>(
        &mut self,
        image: &CodeImage,
        objects: O,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        self.open_session(image, objects, owned)
    }

    /// Takes the outcome and the role objects of an owned session that has ended.
    ///
    /// # Errors
    ///
    /// When the session is stale, still running, not owned, or has role objects of another type.
    fn take_session<C: RoleObjects>(&mut self, session: SessionId)
    -> Result<(Outcome, C), VMError>;
}
