//! Names of sessions across processes, and what lets somebody take a seat.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use telltale_vm::RoleId;

/// The name of a session, for all processes that take part in it. It is a name, not a secret.
///
/// ```
/// use telltale_net::SessionKey;
///
/// assert_eq!(SessionKey::from("order-17").as_str(), "order-17");
/// assert_ne!(SessionKey::random(), SessionKey::random());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(Arc<str>);

impl SessionKey {
    /// A name that nobody else has: 128 random bits.
    ///
    /// # Panics
    ///
    /// When the operating system has no random numbers.
    pub fn random() -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random())).into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SessionKey {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for SessionKey {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The right to play one role of one session. Whoever starts a session gets it, and gives it to whom it concerns.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    session: SessionKey,
    role: RoleId,
    secret: [u8; 16],
}

impl Ticket {
    /// A new one, with 128 random bits.
    pub(crate) fn new(session: SessionKey, role: RoleId) -> Self {
        Self { session, role, secret: random() }
    }

    /// The session.
    pub fn session(&self) -> &SessionKey {
        &self.session
    }

    /// The role.
    pub fn role(&self) -> RoleId {
        self.role
    }

    /// What an engine keeps of it.
    pub fn hash(&self) -> TicketHash {
        TicketHash(Sha256::digest(self.secret).into())
    }
}

/// The secret is not shown.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({}, role {})", self.session, self.role)
    }
}

/// What is kept of a [`Ticket`]: whoever sees it cannot take the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketHash(pub [u8; 32]);

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}
