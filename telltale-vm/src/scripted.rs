//! Sessions on their script: what all roles do together, exchange by exchange, without channels.
//!
//! `run` is the innermost loop, `participants` are the handlers and role objects in it. `leave` is where roles continue
//! by turns, `rejoin` where they come back, `pending` where all of them wait for an answer.

pub(crate) mod leave;
pub(crate) mod participants;
mod pending;
mod rejoin;
pub(crate) mod run;

use self::run::{End, RunLoop};
use crate::EffectHandler;

/// Plays all roles of sessions on their scripts.
///
/// Every handler has it, and nobody else can implement it. It is compiled for each type of handler, so that asking and
/// telling are no calls in the innermost loop.
pub trait FollowsSchedules {
    /// Runs until the loop needs more than a handler.
    #[doc(hidden)]
    fn follow_schedules(&self, run_loop: RunLoop<'_, '_>) -> End;
}

impl<H: EffectHandler> FollowsSchedules for H {
    fn follow_schedules(&self, run_loop: RunLoop<'_, '_>) -> End {
        if self.only_refuses() { run_loop.by_both(self) } else { run_loop.by_handler(self) }
    }
}
