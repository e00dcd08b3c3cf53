//! Role objects: one value per role, given when a session is opened.
//!
//! The `choreography!` macro generates, per protocol, a trait for each role and an `open` function
//! that takes one object per role. What a session's objects do stays in that session, and they
//! are called with `&mut self`.

use std::marker::PhantomData;

use telltale_bytecode::CodeImage;

use crate::roles::objects::RoleObjects;
use crate::{Outcome, SessionId, VMError};

/// Role objects that can be handed back when their session has ended.
pub trait Returned: RoleObjects {
    /// The role objects and the outcome.
    type Ended;

    /// Puts the outcome beside the role objects.
    fn end(self, outcome: Outcome) -> Self::Ended;
}

/// A session that was opened with role objects.
///
/// It is only a name: the session runs in its VM, and [`Session::take`] gets its objects back.
#[derive(Debug)]
pub struct Session<C> {
    id: SessionId,
    objects: PhantomData<fn() -> C>,
}

impl<C> Clone for Session<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Session<C> {}

impl<C: Returned> Session<C> {
    /// Opens a session with role objects.
    ///
    /// # Errors
    ///
    /// At a limit of the VM.
    pub fn open(
        host: &mut impl SessionHost,
        image: &CodeImage,
        objects: C,
    ) -> Result<Self, VMError> {
        let id = host.open_session(image, objects, true)?;
        Ok(Self { id, objects: PhantomData })
    }

    /// The session's name.
    pub fn id(self) -> SessionId {
        self.id
    }

    /// The outcome and the role objects of the session, which has ended.
    ///
    /// # Errors
    ///
    /// When the session is still running, or they were taken before.
    pub fn take(self, host: &mut impl SessionHost) -> Result<C::Ended, VMError> {
        let (outcome, objects) = host.take_session::<C>(self.id)?;
        Ok(objects.end(outcome))
    }
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

    /// Takes the outcome and the role objects of an owned session that has ended.
    ///
    /// # Errors
    ///
    /// When the session is stale, still running, not owned, or has role objects of another type.
    fn take_session<C: RoleObjects>(&mut self, session: SessionId)
    -> Result<(Outcome, C), VMError>;
}
