//! Sessions are started by name.

use std::time::Duration;

use telltale_vm::RoleId;
use telltale_vm::loader::CodeImage;

use crate::engine::{Engine, EngineError, NewPart, NewSession};
use crate::key::{SessionKey, Ticket};

/// A session to be started.
///
/// ```
/// use telltale_net::{SessionKey, Start, engine::memory::Memory};
/// # telltale_vm::choreography! { pub protocol Purchase(Customer, Shop) { Customer -> Shop: Ask(String); } }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Memory::new();
/// let start = Start::of(&purchase::IMAGE).called("order-17").with_ticket_for("Customer");
/// pollster::block_on(start.on(&engine))?;
/// // There is one session of this name.
/// assert!(pollster::block_on(start.on(&engine)).is_err());
/// let [ticket] = &start.tickets()[..] else { panic!("one was asked for") };
/// assert_eq!(ticket.session(), start.key());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a session is started by `on`"]
pub struct Start<'a> {
    image: &'a CodeImage,
    key: SessionKey,
    deadline: Option<Duration>,
    idle: Option<Duration>,
    /// The roles with tickets, and their secrets.
    seats: Vec<(RoleId, [u8; 16])>,
}

impl<'a> Start<'a> {
    /// A session of this protocol, whose roles are all played by services.
    pub fn of(image: &'a CodeImage) -> Self {
        Self { image, key: SessionKey::random(), deadline: None, idle: None, seats: Vec::new() }
    }

    /// With this name; otherwise it has one that nobody else has.
    pub fn called(self, key: impl Into<SessionKey>) -> Self {
        Self { key: key.into(), ..self }
    }

    /// It may take so long.
    pub fn within(self, time: Duration) -> Self {
        Self { deadline: Some(time), ..self }
    }

    /// It may be idle for so long.
    pub fn idle_for(self, time: Duration) -> Self {
        Self { idle: Some(time), ..self }
    }

    /// A role is played by whoever has its [`Ticket`], and by no service.
    ///
    /// # Panics
    ///
    /// When the protocol has no such role.
    pub fn with_ticket_for(mut self, role: &str) -> Self {
        let id = self.image.names().find_role(role);
        let id = id.unwrap_or_else(|| panic!("the protocol has no role `{role}`"));
        if !self.seats.iter().any(|(other, _)| *other == id) {
            self.seats.push((id, Ticket::secret()));
        }
        self
    }

    /// The name of the session.
    pub fn key(&self) -> &SessionKey {
        &self.key
    }

    /// The tickets, in the order in which they were asked for.
    pub fn tickets(&self) -> Vec<Ticket> {
        let ticket = |&(role, secret)| Ticket::new(self.key.clone(), role, secret);
        self.seats.iter().map(ticket).collect()
    }

    /// Starts it. It has the same name and the same tickets each time, so whoever has not heard whether it was started asks again.
    ///
    /// # Errors
    ///
    /// When there is a session of this name, or what the engine cannot do.
    pub async fn on(&self, engine: &impl Engine) -> Result<(), EngineError> {
        let tickets = self.tickets();
        let parts = self.image.names().roles().map(|(role, name)| NewPart {
            role: name.to_owned(),
            ticket: tickets.iter().find(|ticket| ticket.role() == role).map(Ticket::hash),
        });
        let session = NewSession {
            key: self.key.clone(),
            image: self.image.hash(),
            parts: parts.collect(),
            deadline: self.deadline,
            idle: self.idle,
        };
        engine.start(session).await
    }
}
