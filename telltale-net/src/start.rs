//! Sessions are started by name.

use std::time::Duration;

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
/// let start = || Start::of(&purchase::IMAGE).called("order-17");
/// pollster::block_on(start().on(&engine))?;
/// // There is one session of this name.
/// assert!(pollster::block_on(start().on(&engine)).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a session is started by `on`"]
pub struct Start<'a> {
    image: &'a CodeImage,
    key: Option<SessionKey>,
    deadline: Option<Duration>,
    idle: Option<Duration>,
    kept: Vec<String>,
}

impl<'a> Start<'a> {
    /// A session of this protocol, whose roles are all played by services.
    pub fn of(image: &'a CodeImage) -> Self {
        Self { image, key: None, deadline: None, idle: None, kept: Vec::new() }
    }

    /// With this name; otherwise it has one that nobody else has.
    pub fn called(self, key: impl Into<SessionKey>) -> Self {
        Self { key: Some(key.into()), ..self }
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
    /// [`Start::on`] does, when the protocol has no such role.
    pub fn with_ticket_for(mut self, role: impl Into<String>) -> Self {
        self.kept.push(role.into());
        self
    }

    /// Starts it. Gives its name, and the tickets in the order in which they were asked for.
    ///
    /// # Errors
    ///
    /// When there is a session of this name, or what the engine cannot do.
    ///
    /// # Panics
    ///
    /// When there is a ticket for a role that the protocol does not have.
    pub async fn on(self, engine: &impl Engine) -> Result<(SessionKey, Vec<Ticket>), EngineError> {
        let key = self.key.unwrap_or_else(SessionKey::random);
        let names = self.image.names();
        let ticket = |name: &String| {
            let role = names.find_role(name);
            let role = role.unwrap_or_else(|| panic!("the protocol has no role `{name}`"));
            Ticket::new(key.clone(), role)
        };
        let tickets: Vec<Ticket> = self.kept.iter().map(ticket).collect();
        let parts = names.roles().map(|(role, name)| NewPart {
            role: name.to_owned(),
            ticket: tickets.iter().find(|ticket| ticket.role() == role).map(Ticket::hash),
        });
        let session = NewSession {
            key: key.clone(),
            image: self.image.hash(),
            parts: parts.collect(),
            deadline: self.deadline,
            idle: self.idle,
        };
        engine.start(session).await?;
        Ok((key, tickets))
    }
}
