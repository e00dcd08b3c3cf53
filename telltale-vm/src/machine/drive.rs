//! Whom a run asks, and how its sessions act.

use crate::{EffectHandler, Network};

/// What all sessions of a run have in common.
pub(crate) struct Drive<'a> {
    pub(crate) handler: &'a dyn EffectHandler,
    pub(crate) network: Option<&'a dyn Network>,
    /// Whether turns are counted. Then a turn is that of one role: no script is performed.
    pub(crate) by_turns: bool,
}
