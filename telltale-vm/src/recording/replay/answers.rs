//! Roles that nobody plays now do what was recorded of them.

use std::panic::resume_unwind;

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use super::Replay;
use super::played::State;
use crate::recording::payload::Payload;
use crate::recording::what::{Answer, What};
use crate::roles::host::Host;
use crate::roles::observer::{Observe, Observer};
use crate::{
    Context, EffectHandler, HandlerError, HandlerResult, Network, Picked, SendDecision, Value,
};

impl Replay<'_> {
    /// What a role does that is not played now, if that `fits`.
    fn recorded(
        &self,
        cx: &Context<'_>,
        asked: impl FnOnce() -> String,
        fits: impl FnOnce(&What) -> bool,
    ) -> HandlerResult<&Answer> {
        let mut state = self.state();
        let state = &mut *state;
        match self.next(state, cx, false) {
            Some(event) if fits(&event.what) => {
                state.advance(cx);
                if matches!(event.what.answer(), Answer::Pending) {
                    state.pending.push((cx.session(), cx.role_name().to_owned()));
                }
                Ok(event.what.answer())
            }
            // The session was cut off here.
            None if self.is_cut_off(state, cx) => Err(HandlerError::pending()),
            event => Err(self.diverges(cx, state, event, &format!("it to {}", asked()))),
        }
    }

    /// What is given as it was recorded.
    fn give(
        &self,
        cx: &Context<'_>,
        answer: &Answer,
        decode: impl FnOnce(&Payload) -> Result<Value, String>,
    ) -> HandlerResult<Value> {
        match answer {
            Answer::Given(payload) => decode(payload).map_err(|found| {
                let mut state = self.state();
                let state = &mut *state;
                // It has been passed already.
                state.go_back(cx);
                let event = self.next(state, cx, false);
                self.diverges(cx, state, event, &found)
            }),
            answer => Err(refused(answer)),
        }
    }
}

/// What is not given, as it was recorded.
fn refused(answer: &Answer) -> HandlerError {
    match answer {
        Answer::Failed(text) => HandlerError::msg(text.clone()),
        Answer::Panicked(text) => resume_unwind(Box::new(text.clone())),
        Answer::Pending | Answer::Done | Answer::Given(_) => HandlerError::pending(),
    }
}

impl EffectHandler for Replay<'_> {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        if let Some(live) = self.live {
            return Observe::send(self, Host::Handler(live), cx, to, label);
        }
        let (name, peer) = (cx.label(label).name, cx.name(to));
        let asked = || format!("send `{name}` to `{peer}`");
        let answer = self.recorded(
            cx,
            asked,
            |what| matches!(what, What::Send { label, to, .. } if label == name && to == peer),
        )?;
        self.give(cx, answer, |payload| {
            payload.decode(cx.image, label).map_err(|error| error.to_string())
        })
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        if let Some(live) = self.live {
            return Observe::receive(self, Host::Handler(live), cx, from, label, value);
        }
        let (name, peer) = (cx.label(label).name, cx.name(from));
        let told = match Payload::encode(cx.image, label, &value) {
            Ok(payload) => payload,
            Err(error) => {
                let state = &mut *self.state();
                let event = self.next(state, cx, false);
                return Err(self.diverges(cx, state, event, &error.to_string()));
            }
        };
        let asked = || format!("receive `{name}` from `{peer}` with {told}");
        let answer = self.recorded(cx, asked, |what| {
            matches!(what, What::Receive { label, from, payload, .. }
                if label == name && from == peer && payload.is_same(&told))
        })?;
        match answer {
            Answer::Done => Ok(()),
            answer => Err(refused(answer)),
        }
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        if let Some(live) = self.live {
            return Observe::choose(self, Host::Handler(live), cx, SetId(0), branches);
        }
        let find = |what: &What| match what {
            What::Choose { picked: Some((label, to)), .. } => branches.iter().position(|branch| {
                cx.label(branch.label).name == label && cx.name(branch.peer) == to
            }),
            _ => None,
        };
        let asked = || {
            let labels = branches.iter().map(|branch| format!("`{}`", cx.label(branch.label).name));
            format!("choose among {}", labels.collect::<Vec<_>>().join(", "))
        };
        let mut taken = None;
        let answer = self.recorded(cx, asked, |what| {
            taken = find(what);
            taken.is_some() || matches!(what, What::Choose { picked: None, .. })
        })?;
        let branch = taken.unwrap_or(0);
        let value = self.give(cx, answer, |payload| {
            payload.decode(cx.image, branches[branch].label).map_err(|error| error.to_string())
        })?;
        Ok(Picked { branch, value })
    }

    fn invoke(
        &self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        if let Some(live) = self.live {
            return Observe::invoke(self, Host::Handler(live), cx, effect, argument);
        }
        let asked = || format!("invoke `{effect}`");
        let given = argument.and_then(|argument| Payload::described(argument).ok());
        let answer = self.recorded(cx, asked, |what| match what {
            What::Invoke { effect: known, argument, .. } => {
                let is_same = match (argument, &given) {
                    (Some(then), Some(now)) => then.is_same(now),
                    (then, now) => then.is_none() && now.is_none(),
                };
                known == effect && is_same
            }
            _ => false,
        })?;
        self.give(cx, answer, |payload| {
            payload.value().ok_or_else(|| format!("{payload}, which is no value"))
        })
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }

    fn observer(&self) -> Observer<'_> {
        Observer(Some(self))
    }
}

/// What the network did then; and messages come in the order in which they came.
impl Network for Replay<'_> {
    fn decide(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> SendDecision {
        let state = &mut *self.state();
        let (name, peer) = (cx.label(label).name, cx.name(to));
        let decided = self
            .decided(state, cx)
            .filter(|(sent, receiver, _)| *sent == name && *receiver == peer);
        if let Some((_, _, decision)) = decided {
            state.advance(cx);
            return decision;
        }
        if self.comes_later(state, cx, to) {
            state.outside.hold_back(cx, to, label);
            return SendDecision::Defer;
        }
        SendDecision::Deliver
    }
}

impl Replay<'_> {
    /// What a network did next with a message of the role that acts.
    fn decided(&self, state: &mut State, cx: &Context<'_>) -> Option<(&str, &str, SendDecision)> {
        let played = state.sessions.get(&cx.session())?;
        let actor = (cx.role_name().to_owned(), cx.lane());
        let next = played.next.get(&actor).copied().unwrap_or(0);
        let events = self.recorded.sessions.get(&played.number)?.events.get(&actor)?;
        match &events.get(next)?.what {
            What::Network { label, to, decision } => Some((label, to, *decision)),
            _ => None,
        }
    }
}
