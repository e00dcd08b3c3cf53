//! Plays every role, for a while.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use telltale_bytecode::{ImmKind, PayloadKind};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Network, Picked, RoleId,
    SendDecision, Value, pack,
};

/// Answers anything, so many times; then it gives up, so that nothing goes on for ever, whatever a machine is set up like.
pub(crate) struct Anybody {
    answers: AtomicUsize,
    is_moody: bool,
}

impl Anybody {
    /// Answers at once.
    pub(crate) fn prompt() -> Self {
        Self { answers: AtomicUsize::new(5_000), is_moody: false }
    }

    /// Is late at times, and has a network that keeps some messages aside.
    pub(crate) fn moody() -> Self {
        Self { is_moody: true, ..Self::prompt() }
    }

    fn answers(&self) -> HandlerResult<()> {
        match self.answers.load(Relaxed).checked_sub(1) {
            Some(left) => {
                self.answers.store(left, Relaxed);
                Ok(())
            }
            None => Err(HandlerError::msg("enough")),
        }
    }
}

impl EffectHandler for Anybody {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.answers()?;
        Ok(value_of(cx.label(label).payload))
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        self.answers()?;
        if self.is_moody && cx.seed().is_multiple_of(7) {
            return Err(HandlerError::pending());
        }
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.answers()?;
        let branch = (cx.seed() % branches.len() as u64) as usize;
        Ok(Picked { branch, value: value_of(cx.label(branches[branch].label).payload) })
    }

    fn network(&self) -> Option<&dyn Network> {
        self.is_moody.then_some(self)
    }
}

impl Network for Anybody {
    fn decide(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        if cx.seed().is_multiple_of(5) { SendDecision::Defer } else { SendDecision::Deliver }
    }
}

fn value_of(payload: &str) -> Value {
    match PayloadKind::of_type(payload) {
        Some(PayloadKind::Scalar(ImmKind::Bool)) => Value::from(true),
        Some(PayloadKind::Scalar(ImmKind::Int)) => Value::Int(-1),
        Some(PayloadKind::Scalar(ImmKind::Uint)) => Value::Uint(1),
        Some(PayloadKind::Scalar(ImmKind::Float)) => 0.5.into(),
        Some(PayloadKind::Scalar(ImmKind::Char)) => 'x'.into(),
        Some(PayloadKind::Text) => Value::text("text"),
        Some(PayloadKind::Bytes) => Value::bytes([1]),
        None if payload == "Vec<String>" => pack(vec!["text".to_owned()]),
        None if payload == "Any" => Value::record([("n".to_owned(), Value::Uint(1))]),
        Some(PayloadKind::Scalar(ImmKind::Unit)) | None => Value::Unit,
    }
}
