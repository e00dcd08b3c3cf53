//! What a role was asked or told, and its answer: as it is seen, written and read.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_bytecode::Branch;
use telltale_types::{LabelId, RoleId};

use super::line;
use super::payload::Payload;
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

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
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
        self.is_same_question(other) && is_same_told && self.answer().is_same(other.answer())
    }

    /// As a line of the recording.
    pub(super) fn into_line(self, session: u64, role: &str, lane: u8) -> line::Event {
        let mut event =
            line::Event { session, role: role.to_owned(), lane, ..line::Event::default() };
        let answer = match self {
            Self::Send { label, to, answer } => {
                (event.sends, event.to) = (Some(label), Some(to));
                answer
            }
            Self::Choose { among, picked, answer } => {
                match picked {
                    Some((label, to)) => (event.chooses, event.to) = (Some(label), Some(to)),
                    None => event.chooses_among = Some(among),
                }
                answer
            }
            Self::Receive { label, from, payload, answer } => {
                (event.receives, event.from) = (Some(label), Some(from));
                (event.payload, event.bytes) = payload.into_line();
                answer
            }
            Self::Invoke { effect, argument, answer } => {
                event.invokes = Some(effect);
                event.argument = argument.and_then(|argument| argument.into_line().0);
                answer
            }
            Self::Network { label, to, decision } => {
                let what = if decision == SendDecision::Drop {
                    &mut event.loses
                } else {
                    &mut event.defers
                };
                (*what, event.to) = (Some(label), Some(to));
                Answer::Done
            }
        };
        match answer {
            Answer::Given(payload) => (event.payload, event.bytes) = payload.into_line(),
            Answer::Done => {}
            Answer::Failed(text) => event.fails = Some(text),
            Answer::Panicked(text) => event.panics = Some(text),
            Answer::Pending => event.pending = true,
        }
        event
    }

    /// Out of a line of the recording; or what is expected in it.
    pub(super) fn of_line(mut event: line::Event) -> Result<Self, &'static str> {
        let payload = Payload::of_line(event.payload.take(), event.bytes.take())?;
        let outcome = match (event.fails.take(), event.panics.take(), event.pending) {
            (None, None, false) => None,
            (Some(text), None, false) => Some(Answer::Failed(text)),
            (None, Some(text), false) => Some(Answer::Panicked(text)),
            (None, None, true) => Some(Answer::Pending),
            _ => return Err("one of `fails`, `panics` and `pending`"),
        };
        let given = |payload: Option<Payload>, outcome: Option<Answer>| match (payload, outcome) {
            (Some(payload), None) => Ok(Answer::Given(payload)),
            (None, Some(answer)) => Ok(answer),
            _ => Err("a `payload`, or why there is none"),
        };
        let line::Event {
            sends,
            chooses,
            chooses_among,
            receives,
            invokes,
            loses,
            defers,
            to,
            from,
            argument,
            ..
        } = event;
        let to = || to.ok_or("the receiver: `to`");
        match (sends, chooses, chooses_among, receives, invokes, loses, defers) {
            (Some(label), None, None, None, None, None, None) => {
                Ok(Self::Send { label, to: to()?, answer: given(payload, outcome)? })
            }
            (None, Some(label), None, None, None, None, None) => {
                let picked = Some((label, to()?));
                let answer = payload.map(Answer::Given).ok_or("a `payload`")?;
                Ok(Self::Choose { among: Vec::new(), picked, answer })
            }
            (None, None, Some(among), None, None, None, None) => {
                let answer = outcome.ok_or("`fails`, `panics` or `pending`")?;
                Ok(Self::Choose { among, picked: None, answer })
            }
            (None, None, None, Some(label), None, None, None) => Ok(Self::Receive {
                label,
                from: from.ok_or("the sender: `from`")?,
                payload: payload.ok_or("a `payload`")?,
                answer: outcome.unwrap_or(Answer::Done),
            }),
            (None, None, None, None, Some(effect), None, None) => Ok(Self::Invoke {
                effect,
                argument: argument.map(Payload::Json),
                answer: given(payload, outcome)?,
            }),
            (None, None, None, None, None, Some(label), None) => {
                Ok(Self::Network { label, to: to()?, decision: SendDecision::Drop })
            }
            (None, None, None, None, None, None, Some(label)) => {
                Ok(Self::Network { label, to: to()?, decision: SendDecision::Defer })
            }
            _ => Err(
                "one of `sends`, `chooses`, `chooses_among`, `receives`, `invokes`, `loses` and `defers`",
            ),
        }
    }

    /// What is different in the same question, behind "found".
    pub(super) fn instead(&self, found: &Self) -> String {
        match (self, found) {
            (
                Self::Receive { payload, .. },
                Self::Receive { payload: found_payload, answer, .. },
            ) if !payload.is_same(found_payload) => format!("{found_payload}{answer}"),
            (Self::Send { .. }, Self::Send { answer: Answer::Given(payload), .. }) => {
                payload.to_string()
            }
            (
                Self::Choose { picked, .. },
                Self::Choose { picked: found_picked, answer: Answer::Given(payload), .. },
            ) if picked == found_picked => payload.to_string(),
            (_, found) => format!("it to {found}"),
        }
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

/// Behind "expected `Bob` to".
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { label, to, answer } => write!(f, "send `{label}` to `{to}`{answer}"),
            Self::Choose { picked: Some((label, to)), answer, .. } => {
                write!(f, "choose `{label}` to `{to}`{answer}")
            }
            Self::Choose { among, picked: None, answer } => {
                write!(f, "choose among `{}`{answer}", among.join("`, `"))
            }
            Self::Receive { label, from, payload, answer } => {
                write!(f, "receive `{label}` from `{from}` with {payload}{answer}")
            }
            Self::Invoke { effect, argument, answer } => {
                write!(f, "invoke `{effect}`")?;
                if let Some(argument) = argument {
                    write!(f, " for {argument}")?;
                }
                match answer {
                    Answer::Given(result) => write!(f, " and get {result}"),
                    answer => answer.fmt(f),
                }
            }
            Self::Network { label, to, decision } => {
                let verb = if *decision == SendDecision::Drop { "lose" } else { "defer" };
                write!(f, "{verb} `{label}` to `{to}`")
            }
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(payload) => write!(f, " with {payload}"),
            Self::Done => Ok(()),
            Self::Failed(text) => write!(f, " and fail: {text}"),
            Self::Panicked(text) => write!(f, " and panic: {text}"),
            Self::Pending => f.write_str(" and have no answer yet"),
        }
    }
}
