//! Whoever plays the roles while a session performs its script: handlers exchange values, role objects
//! what they like.

use std::any::Any;
use std::marker::PhantomData;

use slab::Slab;

use super::halves::nobody_gives;
use super::host::Company;
use super::perform::Failure;
use crate::cast::{Carrier, Cast, ChoiceCarrier};
use crate::effect::{Context, EffectHandler};
use crate::script::{Cue, Script};
use crate::{HandlerError, HandlerResult, Picked, pack};

/// Whoever plays one session after the other.
pub(super) trait Players {
    /// Whoever plays one of them.
    type Player<'p>: Player;

    /// Who plays a session with these role objects, by their key plus one. Nobody, if it is not these.
    fn of_session<'p>(&self, casts: &'p mut Slab<Company>, cast: u32) -> Option<Self::Player<'p>>;
}

/// Plays all roles of a session.
///
/// Between the sender's answer and the receiver, `given` is told, so that whatever the receiver does
/// finds everything written down.
///
/// What is given in the end is the cue that has been performed.
pub(super) trait Player {
    /// The sender of the message is asked for the payload, the receiver takes it.
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        cue: &'a Cue,
        failure: &mut Option<Box<Failure<'a>>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed>;

    /// The role is asked for a branch and a payload, the receiver of that branch's message takes it.
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        script: &'a Script,
        choice: &'a Cue,
        failure: &mut Option<Box<Failure<'a>>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed>;
}

/// A handler plays all roles of all sessions without role objects.
pub(super) struct Handled<'h, H: ?Sized>(pub(super) &'h H);

impl<'h, H: EffectHandler + ?Sized> Players for Handled<'h, H> {
    type Player<'p> = Handled<'h, H>;

    #[inline(always)]
    fn of_session<'p>(&self, _: &'p mut Slab<Company>, cast: u32) -> Option<Self::Player<'p>> {
        (cast == 0).then_some(Handled(self.0))
    }
}

/// Handlers exchange values.
impl<H: EffectHandler + ?Sized> Player for Handled<'_, H> {
    #[inline(always)]
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        cue: &'a Cue,
        failure: &mut Option<Box<Failure<'a>>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed> {
        let value = match self.0.send(cx, cue.to, cue.label) {
            Ok(value) if cue.wants.accepts(&value) => value,
            answer => return Err(fail(failure, Failure::Refused(cue, answer))),
        };
        given(cx, cue);
        taken(cue, self.0.receive(cx, cue.from, cue.label, value), failure)
    }

    #[inline(always)]
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        script: &'a Script,
        choice: &'a Cue,
        failure: &mut Option<Box<Failure<'a>>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed> {
        let (cue, value) = match self.0.choose(cx, script.known_branches(choice)) {
            Ok(Picked { branch, value }) => match script.branch(choice, branch) {
                Some(cue) if cue.wants.accepts(&value) => (cue, value),
                _ => return Err(not_chosen(script, choice, Ok(Picked { branch, value }), failure)),
            },
            error => return Err(not_chosen(script, choice, error, failure)),
        };
        given(cx, cue);
        taken(cue, self.0.receive(cx, cue.from, cue.label, value), failure)
    }
}

/// Role objects of one type play their sessions.
pub(super) struct Casts<C>(PhantomData<fn() -> C>);

impl<C> Casts<C> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C: Cast> Players for Casts<C> {
    type Player<'p> = &'p mut C;

    #[inline(always)]
    fn of_session<'p>(&self, casts: &'p mut Slab<Company>, cast: u32) -> Option<&'p mut C> {
        let company = casts.get_mut((cast as usize).checked_sub(1)?)?;
        (&mut *company.cast as &mut dyn Any).downcast_mut()
    }
}

/// Role objects exchange payloads as they are.
impl<C: Cast> Player for &mut C {
    #[inline(always)]
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        cue: &'a Cue,
        failure: &mut Option<Box<Failure<'a>>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed> {
        self.message(cue.from, cue.to, cue.label, AtOnce { cx, what: cue, failure, given })
    }

    #[inline(always)]
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        script: &'a Script,
        choice: &'a Cue,
        failure: &mut Option<Box<Failure<'a>>>,
        given: impl FnOnce(&mut Context<'_>, &'a Cue),
    ) -> Result<&'a Cue, Failed> {
        let what = (script, choice);
        self.choice(choice.from, choice.set, AtOnce { cx, what, failure, given })
    }
}

/// Carries a message the whole way.
struct AtOnce<'c, 'x, 'a, W, F> {
    cx: &'c mut Context<'x>,
    /// The cue of a message; the script and the cue of a choice.
    what: W,
    failure: &'c mut Option<Box<Failure<'a>>>,
    given: F,
}

impl<'a, F: FnOnce(&mut Context<'_>, &'a Cue)> Carrier for AtOnce<'_, '_, 'a, &'a Cue, F> {
    type Done = Result<&'a Cue, Failed>;

    #[inline(always)]
    fn carry<G, T, P: Send + 'static>(
        self,
        giver: &mut G,
        give: impl FnOnce(&mut G) -> HandlerResult<P>,
        taker: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        match give(giver) {
            Ok(payload) => {
                (self.given)(self.cx, self.what);
                taken(self.what, take(taker, payload), self.failure)
            }
            Err(error) => self.fail(error),
        }
    }

    #[inline]
    fn hand<T, P: 'static>(
        self,
        _: &mut T,
        _: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        self.fail(nobody_gives())
    }

    #[inline(always)]
    fn fail(self, error: HandlerError) -> Self::Done {
        Err(fail(self.failure, Failure::Refused(self.what, Err(error))))
    }
}

impl<'a, F> ChoiceCarrier for AtOnce<'_, '_, 'a, (&'a Script, &'a Cue), F>
where
    F: FnOnce(&mut Context<'_>, &'a Cue),
{
    type Done = Result<&'a Cue, Failed>;

    #[inline(always)]
    fn carry<T, P: Send + 'static>(
        self,
        branch: usize,
        payload: P,
        taker: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        let (script, choice) = self.what;
        let Some(cue) = script.branch(choice, branch) else {
            let picked = Picked { branch, value: pack(payload) };
            return Err(fail(
                self.failure,
                Failure::NotChosen(script.branches(choice), Ok(picked)),
            ));
        };
        (self.given)(self.cx, cue);
        taken(cue, take(taker, payload), self.failure)
    }

    #[inline(always)]
    fn fail(self, error: HandlerError) -> Self::Done {
        let (script, choice) = self.what;
        Err(not_chosen(script, choice, Err(error), self.failure))
    }
}

/// What has come of a message that was given.
#[inline(always)]
fn taken<'a>(
    cue: &'a Cue,
    done: HandlerResult<()>,
    failure: &mut Option<Box<Failure<'a>>>,
) -> Result<&'a Cue, Failed> {
    match done {
        Ok(()) => Ok(cue),
        Err(error) => Err(fail(failure, Failure::NotDigested(cue, error))),
    }
}

/// Somebody has not done its part.
pub(super) struct Failed;

/// Writes down why. (Not a part of the result, which every exchange would carry through the loop.)
#[cold]
fn fail<'a>(written: &mut Option<Box<Failure<'a>>>, failure: Failure<'a>) -> Failed {
    *written = Some(Box::new(failure));
    Failed
}

/// As [`fail`], where no branch of a choice has been taken.
#[cold]
fn not_chosen<'a>(
    script: &'a Script,
    choice: &Cue,
    answer: HandlerResult<Picked>,
    written: &mut Option<Box<Failure<'a>>>,
) -> Failed {
    fail(written, Failure::NotChosen(script.branches(choice), answer))
}
