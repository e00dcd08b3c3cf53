//! A message that has come, and the endpoint that has received it.

use super::{Handle, State};
use crate::outside::Received;
use crate::{SessionError, unpack};

/// Whatever may come in one state, as an enum.
pub trait Branches: Sized {
    /// The branch that has come.
    ///
    /// # Errors
    ///
    /// When it is none of them, or its payload is of another type: the session is cancelled.
    fn of(arrived: Arrived) -> Result<Self, SessionError>;
}

/// A message that has come, or that none will.
#[derive(Debug)]
pub struct Arrived {
    handle: Handle,
    message: Option<Received>,
}

impl Arrived {
    pub(super) fn new(handle: Handle, message: Option<Received>) -> Self {
        Self { handle, message }
    }

    /// From whom it comes and what it is called, as one number: `from << 16 | label`.
    pub fn key(&self) -> u32 {
        let key = |message: &Received| u32::from(message.from.0) << 16 | u32::from(message.label.0);
        self.message.as_ref().map_or(u32::MAX, key)
    }

    /// Whether the session is over and nothing will come. Then the endpoint is done.
    pub fn is_nothing(&self) -> bool {
        self.message.is_none()
    }

    /// The payload, and the endpoint in its next state.
    ///
    /// # Errors
    ///
    /// When the payload is of another type: the session is cancelled.
    pub fn take<P: 'static, S: State>(self) -> Result<(P, S), SessionError> {
        match self.message.map(|message| unpack(message.value)) {
            Some(Ok(payload)) => Ok((payload, S::at(self.handle))),
            _ => Err(unexpected(&self.handle)),
        }
    }

    /// The endpoint in its next state; nothing was carried.
    ///
    /// # Errors
    ///
    /// When something was: the session is cancelled.
    pub fn signal<S: State>(self) -> Result<S, SessionError> {
        self.take::<(), S>().map(|((), next)| next)
    }

    /// It is none of the branches.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn unexpected<T>(self) -> Result<T, SessionError> {
        Err(unexpected(&self.handle))
    }
}

/// Only a handler or a message from outside can send what has another type.
#[cold]
fn unexpected(handle: &Handle) -> SessionError {
    let reason = format!("`{handle:?}` received a message that is not of its protocol");
    handle.seats().cancel(&reason);
    SessionError::Cancelled { reason: reason.into() }
}
