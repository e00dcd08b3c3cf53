//! A handler whose payloads are counted, and may panic when they are dropped.

use std::panic::resume_unwind;

use telltale_conformance::by_hand::census::{Census, Counted, defused};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Message, Network, Picked,
    RoleId, SendDecision, Value,
};

/// The handler.
#[derive(Debug)]
pub(crate) struct Giver {
    /// Its payloads.
    pub(crate) census: Census,
    /// Its errors. A trace keeps them.
    pub(crate) errors: Census,
    are_bombs: bool,
    /// Gives a counted payload whatever the label wants.
    pub(crate) gives_wrong: bool,
    /// The branch that it picks.
    pub(crate) branch: usize,
    /// What becomes of messages.
    pub(crate) network: Option<SendDecision>,
    /// Does not answer when an effect is invoked.
    pub(crate) is_late: bool,
    /// What it does when it is told something.
    pub(crate) when_told: WhenTold,
}

/// What a handler does when it is told something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WhenTold {
    Nothing,
    Fail,
    FailWithValue,
    Panic,
}

impl Giver {
    pub(crate) fn new(are_bombs: bool) -> Self {
        Self {
            census: Census::default(),
            errors: Census::default(),
            are_bombs,
            gives_wrong: false,
            branch: 0,
            network: None,
            is_late: false,
            when_told: WhenTold::Nothing,
        }
    }

    /// From now on it answers, and delivers everything.
    pub(crate) fn calm_down(&mut self) {
        self.network = None;
        self.is_late = false;
    }

    fn counted_by(&self, census: &Census) -> Counted {
        if self.are_bombs { census.bomb() } else { census.counted() }
    }

    pub(crate) fn payload(&self) -> Value {
        Value::opaque(self.counted_by(&self.census))
    }

    fn payload_of(&self, ty: &str) -> Value {
        if self.gives_wrong || ty == "Any" { self.payload() } else { Value::Unit }
    }
}

/// The message, which one may drop.
pub(crate) fn harmless(message: Message) -> Message {
    Message { value: defused(message.value), ..message }
}

impl EffectHandler for Giver {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(self.payload_of(cx.label(label).payload))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, v: Value) -> HandlerResult<()> {
        drop(defused(v));
        match self.when_told {
            WhenTold::Nothing => Ok(()),
            WhenTold::Fail => Err(HandlerError::msg("no")),
            WhenTold::FailWithValue => Err(Failed(self.counted_by(&self.errors)).into()),
            WhenTold::Panic => resume_unwind(Box::new(self.counted_by(&self.census))),
        }
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: self.branch, value: self.payload() })
    }

    fn invoke(&self, _: &Context<'_>, _: &str, _: Option<&Value>) -> HandlerResult<Value> {
        if self.is_late { Err(HandlerError::pending()) } else { Ok(self.payload()) }
    }

    fn network(&self) -> Option<&dyn Network> {
        self.network.is_some().then_some(self)
    }
}

impl Network for Giver {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        self.network.unwrap_or(SendDecision::Deliver)
    }
}

/// An error that holds a value.
#[derive(Debug)]
struct Failed(#[expect(dead_code, reason = "it is there to be dropped")] Counted);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the handler fails")
    }
}

impl std::error::Error for Failed {}
