//! Handlers that do something else than answer.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Network, Picked, RoleId,
    SendDecision, Value,
};

use super::Counting;
use crate::tally::Counter;

/// Has a network, which delivers everything.
#[derive(Default)]
pub(super) struct Delivering(Counter);

impl Counting for Delivering {
    fn counter(&self) -> &Counter {
        &self.0
    }
}

impl EffectHandler for Delivering {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.0.send(cx, to, label)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.0.receive(cx, from, label, value)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.0.choose(cx, branches)
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for Delivering {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        SendDecision::Deliver
    }
}

/// Knows roles and labels by their names only.
#[derive(Default)]
pub(super) struct ByName(Counter);

impl Counting for ByName {
    fn counter(&self) -> &Counter {
        &self.0
    }
}

impl ByName {
    fn is_known(cx: &Context<'_>, peer: RoleId, label: LabelId) -> bool {
        matches!(
            (cx.role_name(), cx.name(peer), cx.label(label).name),
            ("Alice", "Bob", "Ping" | "Pong") | ("Bob", "Alice", "Ping" | "Pong")
        )
    }
}

impl EffectHandler for ByName {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        if Self::is_known(cx, to, label) { self.0.send(cx, to, label) } else { Err(unknown()) }
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        if Self::is_known(cx, from, label) {
            self.0.receive(cx, from, label, value)
        } else {
            Err(unknown())
        }
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.0.choose(cx, branches)
    }
}

#[cold]
fn unknown() -> HandlerError {
    HandlerError::msg("no such message")
}

/// Has no answer the first time it is asked for a payload.
#[derive(Default)]
pub(super) struct Late {
    counter: Counter,
    was_asked: AtomicBool,
}

impl Counting for Late {
    fn counter(&self) -> &Counter {
        &self.counter
    }
}

impl EffectHandler for Late {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        let was_asked = self.was_asked.load(Relaxed);
        self.was_asked.store(!was_asked, Relaxed);
        if was_asked { self.counter.send(cx, to, label) } else { Err(HandlerError::pending()) }
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.counter.receive(cx, from, label, value)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.counter.choose(cx, branches)
    }
}
