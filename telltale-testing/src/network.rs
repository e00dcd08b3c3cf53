//! A network in which something happens to one message.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Network, Picked, RoleId, SendDecision,
    SessionId, Value,
};

/// From one role to another, in a session.
type Pair = (SessionId, RoleId, RoleId);

/// A message that has been sent: the how-manyth of its sender to its receiver, in its session.
///
/// ```
/// # use telltale_vm::{HandlerResult, ByHandler, choreography};
/// # choreography! { pub protocol Tell(Alice, Bob) { Alice -> Bob: Hello(String); } }
/// # fn main() {
/// use telltale_testing::{Script, lose_each_message};
///
/// let runs = lose_each_message(|vm| {
///     tell::Roles { alice: ByHandler, bob: ByHandler }.open_detached(vm)?;
///     Ok(vm.run(&Script::new().send("Alice", "Hello", "Bob?"))?)
/// });
/// assert_eq!(runs[0].message().to_string(), "message 0 from `Alice` to `Bob`, `Hello`, in session #0");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// The session.
    pub session: SessionId,
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// The name of the message.
    pub label: String,
    /// How many messages went from the sender to the receiver before it.
    pub nth: usize,
    pair: Pair,
}

impl fmt::Display for SentMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, from, to, label, nth, .. } = self;
        write!(f, "message {nth} from `{from}` to `{to}`, `{label}`, in session {session}")
    }
}

/// What happens to which message.
#[derive(Debug, Default)]
pub(crate) struct Disturbance {
    /// The message, and what happens to it; nothing if everything arrives.
    what: Option<(Pair, usize, SendDecision)>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    messages: Vec<SentMessage>,
    counts: BTreeMap<Pair, usize>,
    /// Where a message is on its way, and others wait behind it.
    held: BTreeSet<Pair>,
}

impl Disturbance {
    /// This happens to a message.
    pub(crate) fn of(message: &SentMessage, decision: SendDecision) -> Self {
        Self { what: Some((message.pair, message.nth, decision)), ..Self::default() }
    }

    /// The messages that were sent.
    pub(crate) fn into_messages(self) -> Vec<SentMessage> {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner).messages
    }

    /// No other messages are on their way any more.
    pub(crate) fn hold_only(&self, pairs: impl Iterator<Item = Pair>) {
        self.seen().held = pairs.collect();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Network for Disturbance {
    fn decide(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> SendDecision {
        let pair = (cx.session(), cx.role(), to);
        let mut seen = self.seen();
        let count = seen.counts.entry(pair).or_default();
        let nth = *count;
        *count += 1;
        seen.messages.push(SentMessage {
            session: cx.session(),
            from: cx.role_name().to_owned(),
            to: cx.name(to).to_owned(),
            label: cx.label(label).name.to_owned(),
            nth,
            pair,
        });
        match self.what {
            Some((disturbed, which, decision)) if (disturbed, which) == (pair, nth) => {
                if decision == SendDecision::Defer {
                    seen.held.insert(pair);
                }
                decision
            }
            _ if seen.held.contains(&pair) => SendDecision::Defer,
            _ => SendDecision::Deliver,
        }
    }
}

/// A handler in a network in which something happens.
pub(crate) struct Disturbed<'h> {
    pub(crate) handler: &'h dyn EffectHandler,
    pub(crate) disturbance: Disturbance,
}

impl EffectHandler for Disturbed<'_> {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.handler.send(cx, to, label)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.handler.receive(cx, from, label, value)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.handler.choose(cx, branches)
    }

    fn invoke(
        &self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        self.handler.invoke(cx, effect, argument)
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

/// The network of the handler decides first, if it has one.
impl Network for Disturbed<'_> {
    fn decide(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> SendDecision {
        let own = self.handler.network().map(|network| network.decide(cx, to, label));
        match own {
            None | Some(SendDecision::Deliver) => self.disturbance.decide(cx, to, label),
            Some(decision) => decision,
        }
    }
}
