//! What roles are asked and told, and what they answer, for whoever listens: who writes it down, or compares it.

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use super::payload::Payload;
use super::what::{self, Asked, What};
use crate::roles::host::Host;
use crate::roles::observer::Observe;
use crate::wire::WireError;
use crate::{Context, HandlerResult, Outcome, Picked, SessionId, Value};

/// Hears of everything that happens to roles, and says what comes of it.
pub(super) trait Listen {
    /// Somebody has been asked or told something. What this gives is the answer.
    fn happened<T>(
        &self,
        cx: &Context<'_>,
        what: Result<What, Unwritten<'_>>,
        outcome: Asked<T>,
    ) -> HandlerResult<T>;

    /// A session has ended.
    fn ended(&self, session: SessionId, outcome: &Outcome);
}

/// Why something cannot be written down, and who did it.
pub(super) enum Unwritten<'a> {
    /// A message from one role to another.
    Payload(&'a str, &'a str, WireError),
    /// An effect of a role.
    Effect(&'a str, serde_json::Error),
}

impl Unwritten<'_> {
    /// Why, without who.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Payload(_, _, error) => error.to_string(),
            Self::Effect(_, error) => error.to_string(),
        }
    }
}

impl<L: Listen> Observe for L {
    fn send(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        to: RoleId,
        label: LabelId,
    ) -> HandlerResult<Value> {
        let outcome = what::ask(|| host.send(cx, to, label));
        let what = What::sent(cx, (to, label), &outcome);
        let what = what.map_err(|error| Unwritten::Payload(cx.role_name(), cx.name(to), error));
        self.happened(cx, what, outcome)
    }

    fn receive(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let payload = Payload::encode(cx.image, label, &value);
        let outcome = what::ask(|| host.receive(cx, from, label, value));
        let what = payload.map(|payload| What::received(cx, (from, label), payload, &outcome));
        let what = what.map_err(|error| Unwritten::Payload(cx.name(from), cx.role_name(), error));
        self.happened(cx, what, outcome)
    }

    fn choose(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        set: SetId,
        branches: &[Branch],
    ) -> HandlerResult<Picked> {
        let outcome = what::ask(|| host.choose(cx, set, branches));
        let to = match &outcome {
            Ok(Ok(picked)) => branches.get(picked.branch).map(|branch| branch.peer),
            _ => None,
        };
        let what = What::chosen(cx, branches, &outcome).map_err(|error| {
            Unwritten::Payload(cx.role_name(), to.map_or("", |to| cx.name(to)), error)
        });
        self.happened(cx, what, outcome)
    }

    fn invoke(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        let outcome = what::ask(|| host.invoke(cx, effect, argument));
        let what = What::invoked(effect, argument, &outcome);
        let what = what.map_err(|error| Unwritten::Effect(cx.role_name(), error));
        self.happened(cx, what, outcome)
    }

    fn ended(&self, session: SessionId, outcome: &Outcome) {
        Listen::ended(self, session, outcome);
    }
}
