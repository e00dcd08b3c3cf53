//! What happened to a role as a line of the recording.

use super::{Answer, What};
use crate::SendDecision;
use crate::recording::line;
use crate::recording::payload::Payload;

impl What {
    /// As a line of the recording.
    pub(in crate::recording) fn into_line(self, session: u64, role: &str, lane: u8) -> line::Event {
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
    pub(in crate::recording) fn of_line(mut event: line::Event) -> Result<Self, &'static str> {
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
}
