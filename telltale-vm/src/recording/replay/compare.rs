//! Those who play now are compared with those who played then.

use std::panic::resume_unwind;

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use super::Replay;
use crate::recording::divergence::Divergence;
use crate::recording::line::How;
use crate::recording::payload::Payload;
use crate::recording::what::{self, Asked, What};
use crate::roles::host::Host;
use crate::roles::observer::Observe;
use crate::{Context, HandlerError, HandlerResult, Outcome, Picked, SessionId, Value};

impl Replay<'_> {
    /// Somebody has played a role now: the same as then, or not.
    fn compare<T>(
        &self,
        cx: &Context<'_>,
        found: Result<What, String>,
        outcome: Asked<T>,
    ) -> HandlerResult<T> {
        let mut state = self.state();
        let state = &mut *state;
        let is_pending = matches!(&outcome, Ok(Err(error)) if error.is_pending());
        if is_pending {
            state.pending.push((cx.session(), cx.role_name().to_owned()));
        }
        if found.as_ref().is_ok_and(What::is_only_late) {
            return Err(HandlerError::pending());
        }
        let expected = match self.next(state, cx, true) {
            Ok(expected) => expected,
            Err(divergence) => return Err(state.note(divergence)),
        };
        match (expected, found) {
            (Some(event), Ok(found)) if event.what.is_same(&found) => {
                state.advance(cx);
                outcome.unwrap_or_else(|panic| resume_unwind(panic))
            }
            // A session that was cut off goes on.
            (None, Ok(_)) if self.is_cut_off(state, cx) => {
                outcome.unwrap_or_else(|panic| resume_unwind(panic))
            }
            (Some(event), Ok(found)) if event.what.is_same_question(&found) => {
                Err(self.diverges(cx, state, Some(event), &event.what.instead(&found)))
            }
            (event, Ok(found)) => Err(self.diverges(cx, state, event, &format!("it to {found}"))),
            (event, Err(found)) => Err(self.diverges(cx, state, event, &found)),
        }
    }
}

impl Observe for Replay<'_> {
    fn send(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        to: RoleId,
        label: LabelId,
    ) -> HandlerResult<Value> {
        let outcome = what::ask(|| host.send(cx, to, label));
        let found = What::sent(cx, (to, label), &outcome).map_err(|error| error.to_string());
        self.compare(cx, found, outcome)
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
        let found = payload.map(|payload| What::received(cx, (from, label), payload, &outcome));
        self.compare(cx, found.map_err(|error| error.to_string()), outcome)
    }

    fn choose(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        set: SetId,
        branches: &[Branch],
    ) -> HandlerResult<Picked> {
        let outcome = what::ask(|| host.choose(cx, set, branches));
        let found = What::chosen(cx, branches, &outcome).map_err(|error| error.to_string());
        self.compare(cx, found, outcome)
    }

    fn invoke(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        let outcome = what::ask(|| host.invoke(cx, effect, argument));
        let found = What::invoked(effect, argument, &outcome).map_err(|error| error.to_string());
        self.compare(cx, found, outcome)
    }

    fn ended(&self, id: SessionId, outcome: &Outcome) {
        let state = &mut *self.state();
        let Some(played) = state.sessions.get(&id) else { return };
        let session = self.recorded.sessions.get(&played.number);
        let Some((line, then)) = session.and_then(|session| session.end) else { return };
        let now = How::of(outcome);
        if then == now || !then.is_by_itself() {
            return;
        }
        let found = outcome.as_ref().err().map_or("is complete".to_owned(), ToString::to_string);
        let expected = if then == How::Complete { "be complete" } else { "fault" };
        let what = format!("expected the session to {expected}, found that it {found}");
        let divergence = Divergence { line: Some(line), ..Divergence::of(played.number, what) };
        state.divergence.get_or_insert(divergence);
    }
}
