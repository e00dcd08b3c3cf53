//! Whoever plays the roles while a session performs its script: handlers exchange values, role objects
//! what they like.

use super::perform::Failure;
use super::{Host, Troupe};
use crate::effect::{Context, EffectHandler};
use crate::roles::Cast;
use crate::script::{Cue, Script};
use crate::{Picked, Value};

/// Between the sender's answer and the receiver, `given` is told, so that whatever the receiver does
/// finds everything written down.
///
/// What is given in the end is the cue that has been performed.
pub(crate) trait Players {
    /// The sender of the message is asked for the payload, the receiver takes it.
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        cue: &'a Cue,
        failure: &mut Option<Failure<'a>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed>;

    /// The role is asked for a branch and a payload, the receiver of that branch's message takes it.
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        script: &'a Script,
        choice: &'a Cue,
        failure: &mut Option<Failure<'a>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed>;
}

impl Players for &dyn EffectHandler {
    #[inline(always)]
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        cue: &'a Cue,
        failure: &mut Option<Failure<'a>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed> {
        exchange_values(self, cx, cue, failure, given)
    }

    #[inline(always)]
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        script: &'a Script,
        choice: &'a Cue,
        failure: &mut Option<Failure<'a>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed> {
        choose_and_exchange_values(self, cx, script, choice, failure, given)
    }
}

/// Role objects exchange what they like, if they can do that at once, and otherwise values.
impl<C: Cast> Players for C {
    #[inline(always)]
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        cue: &'a Cue,
        failure: &mut Option<Failure<'a>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed> {
        let mut rest = Some(given);
        let done = Cast::exchange(self, cue.from, cue.to, cue.label, || {
            if let Some(given) = rest.take() {
                given(cx, cue);
            }
        });
        match (done, rest) {
            (Some(Ok(())) | None, None) => Ok(cue),
            (Some(Err(error)), None) => Err(fail(failure, Failure::NotDigested(cue, error))),
            (Some(Err(error)), Some(_)) => Err(fail(failure, Failure::Refused(cue, Err(error)))),
            (_, Some(given)) => {
                apart(self, cx, |mut host, cx| exchange_values(&mut host, cx, cue, failure, given))
            }
        }
    }

    #[inline(always)]
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        script: &'a Script,
        choice: &'a Cue,
        failure: &mut Option<Failure<'a>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed> {
        let (mut rest, mut branch, mut picked) = (Some(given), 0, None);
        let done = Cast::choose_and_exchange(self, choice.from, choice.set, |nth| {
            (branch, picked) = (nth, script.branch(choice, nth));
            if let (Some(given), Some(cue)) = (rest.take(), picked) {
                given(cx, cue);
            }
        });
        match (done, rest, picked) {
            (Some(Ok(())) | None, None, Some(cue)) => Ok(cue),
            (Some(Err(error)), None, Some(cue)) => {
                Err(fail(failure, Failure::NotDigested(cue, error)))
            }
            (Some(Err(error)), Some(_), _) => {
                Err(fail(failure, Failure::NotChosen(script.branches(choice), Err(error))))
            }
            (_, Some(given), _) => apart(self, cx, |mut host, cx| {
                choose_and_exchange_values(&mut host, cx, script, choice, failure, given)
            }),
            (_, None, _) => {
                let picked = Picked { branch, value: Value::Unit };
                Err(fail(failure, Failure::NotChosen(script.branches(choice), Ok(picked))))
            }
        }
    }
}

/// Somebody has not done its part.
pub(crate) struct Failed;

/// Writes down why. (Not a part of the result, which every exchange would carry through the loop.)
#[cold]
fn fail<'a>(written: &mut Option<Failure<'a>>, failure: Failure<'a>) -> Failed {
    *written = Some(failure);
    Failed
}

/// What role objects do that cannot do all at once.
#[cold]
#[inline(never)]
fn apart<'a>(
    cast: &mut dyn Troupe,
    cx: &mut Context<'_>,
    exchange: impl FnOnce(&mut dyn Troupe, &mut Context<'_>) -> Result<&'a Cue, Failed>,
) -> Result<&'a Cue, Failed> {
    exchange(cast, cx)
}

/// The sender gives a value, the receiver takes it.
#[inline(always)]
fn exchange_values<'a, H: Host>(
    host: &mut H,
    cx: &mut Context<'_>,
    cue: &'a Cue,
    failure: &mut Option<Failure<'a>>,
    given: impl FnOnce(&mut Context<'_>, &'a Cue),
) -> Result<&'a Cue, Failed> {
    let answer = host.send(cx, cue.to, cue.label);
    if !cue.wants.accepts_answer(&answer) {
        return Err(fail(failure, Failure::Refused(cue, answer)));
    }
    let value = match answer {
        Ok(value) => value,
        answer => return Err(fail(failure, Failure::Refused(cue, answer))),
    };
    tell(host, cx, cue, value, failure, given)
}

/// The role picks a branch and gives a value, the receiver takes it.
#[inline(always)]
fn choose_and_exchange_values<'a, H: Host>(
    host: &mut H,
    cx: &mut Context<'_>,
    script: &'a Script,
    choice: &'a Cue,
    failure: &mut Option<Failure<'a>>,
    given: impl FnOnce(&mut Context<'_>, &'a Cue),
) -> Result<&'a Cue, Failed> {
    let answer = host.choose(cx, choice.set, script.known_branches(choice));
    let picked = answer.as_ref().ok().and_then(|picked| {
        let cue = script.branch(choice, picked.branch)?;
        cue.wants.accepts(&picked.value).then_some(cue)
    });
    let (cue, value) = match (picked, answer) {
        (Some(cue), Ok(Picked { value, .. })) => (cue, value),
        (_, answer) => {
            return Err(fail(failure, Failure::NotChosen(script.branches(choice), answer)));
        }
    };
    tell(host, cx, cue, value, failure, given)
}

/// The payload has been given; its receiver takes it.
#[inline(always)]
fn tell<'a, H: Host>(
    host: &mut H,
    cx: &mut Context<'_>,
    cue: &'a Cue,
    value: Value,
    failure: &mut Option<Failure<'a>>,
    given: impl FnOnce(&mut Context<'_>, &'a Cue),
) -> Result<&'a Cue, Failed> {
    given(cx, cue);
    match host.receive(cx, cue.from, cue.label, value) {
        Ok(()) => Ok(cue),
        Err(error) => Err(fail(failure, Failure::NotDigested(cue, error))),
    }
}
