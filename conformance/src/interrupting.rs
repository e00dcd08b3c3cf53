//! A handler that does not answer one call as it should.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, RoleId,
    SessionId, Value,
};

use crate::by_hand::census::panic_quietly;
use crate::disturb::{Disturbance, Moment};
use crate::script::Script;

/// A script with one call that is not answered at once.
pub(crate) struct Interrupting {
    pub(crate) script: Script,
    session: Option<SessionId>,
    call: Option<usize>,
    what: Disturbance,
    /// How often the session's handler has been called.
    calls: AtomicUsize,
    /// How often somebody has been told that there is no answer, and nobody has done anything since.
    interrupted: AtomicUsize,
}

impl Interrupting {
    pub(crate) fn never(seed: u64) -> Self {
        let (calls, interrupted) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (session, call, what) = (None, None, Disturbance::Nothing);
        Self { script: Script::new(seed), session, call, what, calls, interrupted }
    }

    pub(crate) fn new(seed: u64, session: SessionId, moment: Moment, what: Disturbance) -> Self {
        let call = if let Moment::Call(call) = moment { Some(call) } else { None };
        Self { session: Some(session), call, what, ..Self::never(seed) }
    }

    /// Whether the call has come since the last time.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.swap(0, Relaxed) > 0
    }

    fn interrupt(&self, cx: &Context<'_>) -> HandlerResult<()> {
        if Some(cx.session()) != self.session || Some(self.calls.fetch_add(1, Relaxed)) != self.call
        {
            return Ok(());
        }
        match self.what {
            Disturbance::Fail => Err(HandlerError::msg("no")),
            Disturbance::Panic => panic_quietly("no"),
            _ => {
                self.interrupted.fetch_add(1, Relaxed);
                Err(HandlerError::pending())
            }
        }
    }
}

impl EffectHandler for Interrupting {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.interrupt(cx)?;
        self.script.send(cx, to, label)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        v: Value,
    ) -> HandlerResult<()> {
        self.script.receive(cx, from, label, v)?;
        self.interrupt(cx)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.interrupt(cx)?;
        self.script.choose(cx, branches)
    }
}
