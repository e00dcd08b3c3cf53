//! What a role was asked or told, and its answer: as it is seen, written and read.

mod as_line;
mod display;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_bytecode::Branch;
use telltale_types::{LabelId, RoleId};

use super::payload::Payload;
use crate::quietly::panic_text;
use crate::wire::{WireError, WireProblem};
use crate::{Context, HandlerResult, Picked, SendDecision, Value};

/// What came of asking or telling somebody: an answer, or what it panicked with.
pub(super) type Asked<T> = Result<HandlerResult<T>, Box<dyn Any + Send>>;

pub(super) fn ask<T>(ask: impl FnOnce() -> HandlerResult<T>) -> Asked<T> {
    catch_unwind(AssertUnwindSafe(ask))
}

/// Something that happened to a role.
#[derive(Clone, Debug)]
pub(super) enum What {
    Send {
        label: String,
        to: String,
        answer: Answer,
    },
    /// Among branches that begin with these labels; picked was the one with this label and receiver.
    Choose {
        among: Vec<String>,
        picked: Option<(String, String)>,
        answer: Answer,
    },
    Receive {
        label: String,
        from: String,
        payload: Payload,
        answer: Answer,
    },
    Invoke {
        effect: String,
        argument: Option<Payload>,
        answer: Answer,
    },
    Network {
        label: String,
        to: String,
        decision: SendDecision,
    },
}

/// What it answered.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Given(Payload),
    /// It has taken what it was told.
    Done,
    Failed(String),
    Panicked(String),
    Pending,
}

impl Answer {
    fn of<T>(
        outcome: &Asked<T>,
        given: impl FnOnce(&T) -> Result<Self, WireError>,
    ) -> Result<Self, WireError> {
        match outcome {
            Ok(Ok(answer)) => given(answer).or_else(|error| match error.problem() {
                // The machine refuses it, as it refuses a failure.
                WireProblem::Wrong { .. } => Ok(Self::Failed(error.to_string())),
                _ => Err(error),
            }),
            Ok(Err(error)) if error.is_pending() => Ok(Self::Pending),
            Ok(Err(error)) => Ok(Self::Failed(error.to_string())),
            Err(panic) => Ok(Self::Panicked(panic_text(&**panic))),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Given(one), Self::Given(other)) => one.is_same(other),
            (Self::Done, Self::Done) | (Self::Pending, Self::Pending) => true,
            (Self::Failed(one), Self::Failed(other))
            | (Self::Panicked(one), Self::Panicked(other)) => one == other,
            _ => false,
        }
    }
}

impl What {
    pub(super) fn sent(
        cx: &Context<'_>,
        (to, label): (RoleId, LabelId),
        outcome: &Asked<Value>,
    ) -> Result<Self, WireError> {
        Ok(Self::Send {
            label: cx.label(label).name.to_owned(),
            to: cx.name(to).to_owned(),
            answer: Answer::of(outcome, |value| {
                Payload::encode(cx.image, label, value).map(Answer::Given)
            })?,
        })
    }

    pub(super) fn received(
        cx: &Context<'_>,
        (from, label): (RoleId, LabelId),
        payload: Payload,
        outcome: &Asked<()>,
    ) -> Self {
        Self::Receive {
            label: cx.label(label).name.to_owned(),
            from: cx.name(from).to_owned(),
            payload,
            answer: Answer::of(outcome, |()| Ok(Answer::Done)).expect("nothing is written"),
        }
    }

    pub(super) fn chosen(
        cx: &Context<'_>,
        branches: &[Branch],
        outcome: &Asked<Picked>,
    ) -> Result<Self, WireError> {
        let mut taken = None;
        let answer = Answer::of(outcome, |picked| match branches.get(picked.branch) {
            Some(branch) => {
                let payload = Payload::encode(cx.image, branch.label, &picked.value)?;
                taken = Some(*branch);
                Ok(Answer::Given(payload))
            }
            None => Ok(Answer::Failed(format!(
                "branch {} of {} was chosen",
                picked.branch,
                branches.len()
            ))),
        })?;
        let name = |label| cx.label(label).name.to_owned();
        Ok(Self::Choose {
            among: branches.iter().map(|branch| name(branch.label)).collect(),
            picked: taken.map(|branch| (name(branch.label), cx.name(branch.peer).to_owned())),
            answer,
        })
    }

    pub(super) fn invoked(
        effect: &str,
        argument: Option<&Value>,
        outcome: &Asked<Value>,
    ) -> serde_json::Result<Self> {
        let mut unwritten = None;
        let answer = Answer::of(outcome, |value| {
            Ok(match Payload::described(value) {
                Ok(payload) => Answer::Given(payload),
                Err(error) => {
                    unwritten = Some(error);
                    Answer::Done
                }
            })
        });
        match unwritten {
            Some(error) => Err(error),
            None => Ok(Self::Invoke {
                effect: effect.to_owned(),
                argument: argument.map(Payload::described).transpose()?,
                answer: answer.expect("no message is written"),
            }),
        }
    }

    pub(super) fn answer(&self) -> &Answer {
        match self {
            Self::Send { answer, .. }
            | Self::Choose { answer, .. }
            | Self::Receive { answer, .. }
            | Self::Invoke { answer, .. } => answer,
            Self::Network { .. } => &Answer::Done,
        }
    }

    /// Whether nothing came of it but that the role was asked too early. (What a role is told, it is told once.)
    pub(super) fn is_only_late(&self) -> bool {
        matches!(self.answer(), Answer::Pending) && !matches!(self, Self::Receive { .. })
    }

    /// Whether a role is asked or told the same, whatever its answer.
    pub(super) fn is_same_question(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Send { label, to, .. }, Self::Send { label: other, to: other_to, .. })
            | (
                Self::Receive { label, from: to, .. },
                Self::Receive { label: other, from: other_to, .. },
            ) => label == other && to == other_to,
            // What the other branches are changes nothing.
            (Self::Choose { .. }, Self::Choose { .. }) => true,
            (Self::Invoke { effect, .. }, Self::Invoke { effect: other, .. }) => effect == other,
            _ => false,
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_told = match (self, other) {
            (Self::Receive { payload, .. }, Self::Receive { payload: other, .. }) => {
                payload.is_same(other)
            }
            (Self::Choose { picked, .. }, Self::Choose { picked: other, .. }) => picked == other,
            (Self::Invoke { argument: None, .. }, Self::Invoke { argument: None, .. }) => true,
            (
                Self::Invoke { argument: Some(one), .. },
                Self::Invoke { argument: Some(other), .. },
            ) => one.is_same(other),
            (Self::Invoke { .. }, _) => false,
            _ => true,
        };
        let has_taken = |what: &Self| {
            matches!((what, what.answer()), (Self::Receive { .. }, Answer::Done | Answer::Pending))
        };
        let is_same_answer =
            self.answer().is_same(other.answer()) || has_taken(self) && has_taken(other);
        self.is_same_question(other) && is_same_told && is_same_answer
    }

    /// Who sends what to whom where this happens to a role.
    pub(super) fn statement<'a>(&'a self, role: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
        let (label, peer) = self.message()?;
        let is_told = matches!(self, Self::Receive { .. });
        Some(if is_told { (peer, role, label) } else { (role, peer, label) })
    }

    /// The message, and with whom.
    pub(super) fn message(&self) -> Option<(&str, &str)> {
        match self {
            Self::Send { label, to: peer, .. }
            | Self::Receive { label, from: peer, .. }
            | Self::Network { label, to: peer, .. } => Some((label, peer)),
            Self::Choose { picked, .. } => {
                picked.as_ref().map(|(label, peer)| (label.as_str(), peer.as_str()))
            }
            Self::Invoke { .. } => None,
        }
    }
}
