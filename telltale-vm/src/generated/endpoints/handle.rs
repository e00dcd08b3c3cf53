//! The right to play a role from where it has come to, without the type that says where that is.

use std::fmt;
use std::sync::Arc;

use telltale_types::RoleId;

use super::{Place, Ready, Seats};
use crate::SessionError;

/// A state of a role, as a type.
pub trait State: Sized {
    /// An endpoint that has come to this state.
    fn at(handle: Handle) -> Self;
}

/// An endpoint, whatever state it is in. When it is dropped before its end, its session is cancelled.
pub struct Handle {
    /// Nothing when its end has come, or others have taken its place.
    seats: Option<Arc<dyn Seats>>,
    place: Place,
    /// Where it is: `customer::Price`.
    state: &'static &'static str,
}

impl Handle {
    /// The right to play a role from its beginning.
    pub(super) fn new(seats: Arc<dyn Seats>, role: RoleId) -> Self {
        Self { seats: Some(seats), place: Place { role, lane: 0 }, state: &"" }
    }

    /// It has come to a state, which is called like this.
    pub fn enter(&mut self, state: &'static &'static str) {
        self.state = state;
    }

    /// It has come to its end.
    pub fn finish(mut self) {
        self.seats = None;
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn seats(&self) -> &dyn Seats {
        &**self.seats.as_ref().expect("only what is given away has no seat")
    }

    /// Waits until a message has come.
    pub fn ready(&mut self) -> Ready<'_> {
        Ready::new(self)
    }

    /// One for each of the lanes, which begin here.
    pub fn fork<const N: usize>(mut self, lanes: [u8; N]) -> [Self; N] {
        let (seats, role, state) = (self.seats.take(), self.place.role, self.state);
        lanes.map(|lane| Self { seats: seats.clone(), place: Place { role, lane }, state })
    }

    fn is_beside(&self, other: &Self) -> bool {
        let (Some(own), Some(others)) = (&self.seats, &other.seats) else { return false };
        Arc::ptr_eq(own, others) && self.place.role == other.place.role
    }
}

/// Goes on in the lane around, when all lanes have come to their ends.
///
/// # Errors
///
/// When they are not of one role of one session. All of their sessions are cancelled.
pub fn join<const N: usize>(
    mut first: Handle,
    others: [Handle; N],
    lane: u8,
) -> Result<Handle, SessionError> {
    if let Some(stranger) = others.iter().find(|other| !first.is_beside(other)) {
        let reason = format!(
            "`{}` of one session was joined with `{}` of another",
            first.state, stranger.state
        );
        [&first].into_iter().chain(&others).for_each(|handle| handle.seats().cancel(&reason));
        return Err(SessionError::Cancelled { reason: reason.into() });
    }
    others.into_iter().for_each(Handle::finish);
    first.place.lane = lane;
    Ok(first)
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(seats) = &self.seats {
            seats.cancel(&format!("`{}` was dropped", self.state));
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state)
    }
}
