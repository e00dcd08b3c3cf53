//! Role objects: one value per role, given when a session is opened.

#[cfg(feature = "serde")]
pub(crate) mod awaited;
pub(crate) mod by_handler;
pub(crate) mod host;
pub(crate) mod objects;
pub(crate) mod observer;
pub(crate) mod play;
pub(crate) mod players;
pub(crate) mod session;
pub(crate) mod transfer;
