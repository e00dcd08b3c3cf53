//! Seats in sessions that others have started.

use std::sync::Arc;

use telltale_bytecode::CodeImage;
use telltale_types::RoleId;

use super::{Handle, Seats, State};
use crate::generated::NamedRoles;

/// What somebody with a ticket takes part by.
pub trait Join {
    /// The right to play one role of one session.
    type Ticket;
    /// Why somebody does not get the seat.
    type Error;

    /// Takes the seat. The role is driven, and all others are elsewhere.
    ///
    /// # Errors
    ///
    /// When the ticket is for another seat, or somebody sits there, or the session is over.
    fn take_seat<R: NamedRoles>(
        &self,
        image: &CodeImage,
        roles: R,
        role: RoleId,
        ticket: &Self::Ticket,
    ) -> impl Future<Output = Result<Arc<dyn Seats>, Self::Error>> + Send;
}

/// The endpoint of a seat, at its beginning.
///
/// # Errors
///
/// As [`Join::take_seat`].
pub async fn join_session<S: State, J: Join>(
    client: &J,
    image: &CodeImage,
    roles: impl NamedRoles,
    role: u8,
    ticket: &J::Ticket,
) -> Result<S, J::Error> {
    let role = RoleId(role);
    let seats = client.take_seat(image, roles, role, ticket).await?;
    Ok(S::at(Handle::new(seats, role)))
}
