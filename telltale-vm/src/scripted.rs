//! Sessions that nothing disturbs: what all roles do together, exchange by exchange, without channels.

pub(crate) mod leave;
pub(crate) mod participants;
pub(crate) mod run;
