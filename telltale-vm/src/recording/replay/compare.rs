//! Those who play now are compared with those who played then.

use std::panic::resume_unwind;

use super::Replay;
use crate::recording::divergence::Divergence;
use crate::recording::line::How;
use crate::recording::listen::{Listen, Unwritten};
use crate::recording::what::{Asked, What};
use crate::{Context, HandlerError, HandlerResult, Outcome, SessionId};

impl Listen for Replay<'_> {
    /// Somebody has played a role now: the same as then, or not.
    fn happened<T>(
        &self,
        cx: &Context<'_>,
        found: Result<What, Unwritten<'_>>,
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
        match (self.next(state, cx, true), found) {
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
            (event, Err(found)) => Err(self.diverges(cx, state, event, &found.reason())),
        }
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
