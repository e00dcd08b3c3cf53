//! Who plays the roles of sessions on their scripts: handlers exchange values, role objects payloads of any type.

use std::marker::PhantomData;

use slab::Slab;

use super::run::Failure;
use crate::effect::{Context, EffectHandler};
use crate::error::WrongPayload;
use crate::program::schedule::{Schedule, ScheduleStep};
use crate::roles::by_handler::MixedHost;
use crate::roles::host::SessionObjects;
use crate::roles::objects::{ChoiceVisitor, MessageVisitor, RoleObjects};
use crate::roles::transfer::nobody_sends;
use crate::{HandlerError, HandlerResult, Picked, Value, pack};

/// Those who play one session after the other.
pub(super) trait Participants {
    /// Plays one of them.
    type Participant<'p>: Participant
    where
        Self: 'p;

    /// The participant of a session with these role objects, by their key plus one; none if others play it.
    fn of_session<'p>(
        &'p self,
        objects: &'p mut Slab<SessionObjects>,
        of_session: u32,
    ) -> Option<Self::Participant<'p>>;
}

/// Plays all roles of a session. Its methods return the step that has been done.
///
/// They call `sent` after the sender has answered and before the receiver is told: if the receiver panics or fails,
/// the sender's half has been recorded. It says whether the receiver gets the message.
pub(super) trait Participant {
    /// The sender of the message is asked for the payload, the receiver takes it.
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        step: &'a ScheduleStep,
        failure: &mut Option<Failure<'a>>,
        sent: impl FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
    ) -> Result<&'a ScheduleStep, Failed>;

    /// The role is asked for a branch and a payload, the receiver of that branch's message takes it.
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        schedule: &'a Schedule,
        choice: &'a ScheduleStep,
        failure: &mut Option<Failure<'a>>,
        sent: impl FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
    ) -> Result<&'a ScheduleStep, Failed>;
}

/// A handler plays all roles of all sessions without role objects.
pub(super) struct ByHandler<'h, H: ?Sized>(pub(super) &'h H);

impl<'h, H: EffectHandler + ?Sized> Participants for ByHandler<'h, H> {
    type Participant<'p>
        = ByHandler<'h, H>
    where
        Self: 'p;

    #[inline(always)]
    fn of_session<'p>(
        &'p self,
        _: &'p mut Slab<SessionObjects>,
        of_session: u32,
    ) -> Option<Self::Participant<'p>> {
        (of_session == 0).then_some(ByHandler(self.0))
    }
}

/// Handlers exchange values.
impl<H: EffectHandler + ?Sized> Participant for ByHandler<'_, H> {
    #[inline(always)]
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        step: &'a ScheduleStep,
        failure: &mut Option<Failure<'a>>,
        sent: impl FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
    ) -> Result<&'a ScheduleStep, Failed> {
        let value = match self.0.send(cx, step.to(), step.label) {
            Ok(value) if step.expected.accepts(&value) => value,
            answer => return Err(fail(failure, Failure::Sender(step, answer))),
        };
        if !sent(cx, step) {
            return Err(fail(failure, Failure::Undelivered(step, value)));
        }
        taken(step, self.0.receive(cx, step.from(), step.label, value), failure)
    }

    #[inline(always)]
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        schedule: &'a Schedule,
        choice: &'a ScheduleStep,
        failure: &mut Option<Failure<'a>>,
        sent: impl FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
    ) -> Result<&'a ScheduleStep, Failed> {
        let (step, value) = match self.0.choose(cx, schedule.known_branches(choice)) {
            Ok(Picked { branch, value }) => match schedule.branch(choice, branch) {
                Some(step) if step.expected.accepts(&value) => (step, value),
                _ => {
                    return Err(not_chosen(
                        schedule,
                        choice,
                        Ok(Picked { branch, value }),
                        failure,
                    ));
                }
            },
            error => return Err(not_chosen(schedule, choice, error, failure)),
        };
        if !sent(cx, step) {
            return Err(fail(failure, Failure::Undelivered(step, value)));
        }
        taken(step, self.0.receive(cx, step.from(), step.label, value), failure)
    }
}

/// Role objects, and a handler for the roles that have none; for a handler that refuses, all roles of sessions without objects.
pub(super) struct ByBoth<'h> {
    pub(super) handler: &'h dyn EffectHandler,
    /// Whether sessions are played here in which all roles have objects.
    pub(super) with_all_objects: bool,
}

impl Participants for ByBoth<'_> {
    type Participant<'p>
        = MixedHost<'p>
    where
        Self: 'p;

    fn of_session<'p>(
        &'p self,
        objects: &'p mut Slab<SessionObjects>,
        of_session: u32,
    ) -> Option<MixedHost<'p>> {
        let Some(key) = (of_session as usize).checked_sub(1) else {
            // The innermost loop of a handler that answers is faster.
            return self.handler.only_refuses().then(|| MixedHost::without_objects(self.handler));
        };
        let session = objects.get_mut(key)?;
        (self.with_all_objects || session.are_mixed()).then(|| session.mixed(self.handler))
    }
}

/// Objects and handlers exchange values, which are checked where a handler has given or gets one.
impl Participant for MixedHost<'_> {
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        step: &'a ScheduleStep,
        failure: &mut Option<Failure<'a>>,
        sent: impl FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
    ) -> Result<&'a ScheduleStep, Failed> {
        let value = match self.send(cx, step.to(), step.label) {
            Ok(value) if self.is_typed(step.from()) || step.expected.accepts(&value) => value,
            answer => return Err(fail(failure, Failure::Sender(step, answer))),
        };
        if !sent(cx, step) {
            return Err(fail(failure, Failure::Undelivered(step, value)));
        }
        taken(step, self.receive_checked(cx, step, value), failure)
    }

    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        schedule: &'a Schedule,
        choice: &'a ScheduleStep,
        failure: &mut Option<Failure<'a>>,
        sent: impl FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
    ) -> Result<&'a ScheduleStep, Failed> {
        let is_typed = self.is_typed(choice.from());
        let branches = schedule.known_branches(choice);
        let (step, value) = match self.choose(cx, choice.set, branches) {
            Ok(Picked { branch, value }) => match schedule.branch(choice, branch) {
                Some(step) if is_typed || step.expected.accepts(&value) => (step, value),
                _ => {
                    let picked = Ok(Picked { branch, value });
                    return Err(not_chosen(schedule, choice, picked, failure));
                }
            },
            error => return Err(not_chosen(schedule, choice, error, failure)),
        };
        if !sent(cx, step) {
            return Err(fail(failure, Failure::Undelivered(step, value)));
        }
        taken(step, self.receive_checked(cx, step, value), failure)
    }
}

impl MixedHost<'_> {
    /// The receiver takes a payload, which an object may have given to a handler.
    fn receive_checked(
        &mut self,
        cx: &Context<'_>,
        step: &ScheduleStep,
        value: Value,
    ) -> HandlerResult<()> {
        if self.is_typed(step.to()) || step.expected.accepts(&value) {
            return self.receive(cx, step.from(), step.label, value);
        }
        Err(WrongPayload::new(cx.label(step.label), &value).into())
    }
}

/// Role objects of one type, each of which plays its own session.
pub(super) struct ByObjects<O>(PhantomData<fn() -> O>);

impl<O> ByObjects<O> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<O: RoleObjects> Participants for ByObjects<O> {
    type Participant<'p> = &'p mut O;

    #[inline(always)]
    fn of_session<'p>(
        &'p self,
        objects: &'p mut Slab<SessionObjects>,
        of_session: u32,
    ) -> Option<&'p mut O> {
        let session = objects.get_mut((of_session as usize).checked_sub(1)?)?;
        session.all()
    }
}

/// Role objects exchange payloads as they are.
impl<O: RoleObjects> Participant for &mut O {
    #[inline(always)]
    fn exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        step: &'a ScheduleStep,
        failure: &mut Option<Failure<'a>>,
        sent: impl FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
    ) -> Result<&'a ScheduleStep, Failed> {
        self.message(step.from(), step.to(), step.label, Direct { cx, what: step, failure, sent })
    }

    #[inline(always)]
    fn choose_and_exchange<'a>(
        &mut self,
        cx: &mut Context<'_>,
        schedule: &'a Schedule,
        choice: &'a ScheduleStep,
        failure: &mut Option<Failure<'a>>,
        sent: impl FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
    ) -> Result<&'a ScheduleStep, Failed> {
        let what = (schedule, choice);
        self.choice(choice.from(), choice.set, Direct { cx, what, failure, sent })
    }
}

/// Moves a message from its sender straight to its receiver.
struct Direct<'c, 'x, 'a, W, F> {
    cx: &'c mut Context<'x>,
    /// The step of a message; the schedule and the step of a choice.
    what: W,
    failure: &'c mut Option<Failure<'a>>,
    sent: F,
}

impl<'a, F: FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool> MessageVisitor
    for Direct<'_, '_, 'a, &'a ScheduleStep, F>
{
    type Done = Result<&'a ScheduleStep, Failed>;

    #[inline(always)]
    fn transfer<G, T, P: Send + 'static>(
        self,
        sender: &mut G,
        send: impl FnOnce(&mut G) -> HandlerResult<P>,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        match send(sender) {
            Ok(payload) => {
                if !(self.sent)(self.cx, self.what) {
                    return Err(undelivered(self.what, payload, self.failure));
                }
                taken(self.what, take(receiver, payload), self.failure)
            }
            Err(error) => self.fail(error),
        }
    }

    #[inline]
    fn deliver<T, P: 'static>(
        self,
        _: &mut T,
        _: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        self.fail(nobody_sends())
    }

    #[inline(always)]
    fn fail(self, error: HandlerError) -> Self::Done {
        Err(fail(self.failure, Failure::Sender(self.what, Err(error))))
    }
}

impl<'a, F> ChoiceVisitor for Direct<'_, '_, 'a, (&'a Schedule, &'a ScheduleStep), F>
where
    F: FnOnce(&mut Context<'_>, &'a ScheduleStep) -> bool,
{
    type Done = Result<&'a ScheduleStep, Failed>;

    #[inline(always)]
    fn transfer<T, P: Send + 'static>(
        self,
        branch: usize,
        payload: P,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        let (schedule, choice) = self.what;
        let Some(step) = schedule.branch(choice, branch) else {
            let picked = Picked { branch, value: pack(payload) };
            return Err(fail(
                self.failure,
                Failure::Chooser(schedule.branches(choice), Ok(picked)),
            ));
        };
        if !(self.sent)(self.cx, step) {
            return Err(undelivered(step, payload, self.failure));
        }
        taken(step, take(receiver, payload), self.failure)
    }

    #[inline(always)]
    fn fail(self, error: HandlerError) -> Self::Done {
        let (schedule, choice) = self.what;
        Err(not_chosen(schedule, choice, Err(error), self.failure))
    }
}

/// The result of an exchange whose message has been sent.
#[inline(always)]
fn taken<'a>(
    step: &'a ScheduleStep,
    done: HandlerResult<()>,
    failure: &mut Option<Failure<'a>>,
) -> Result<&'a ScheduleStep, Failed> {
    match done {
        Ok(()) => Ok(step),
        Err(error) => Err(fail(failure, Failure::Receiver(step, error))),
    }
}

/// A role has not done its part; why is written down beside the loop.
pub(super) struct Failed;

/// Writes down why. It is not a part of the result, because then every exchange would move it through the loop.
#[cold]
fn fail<'a>(written: &mut Option<Failure<'a>>, failure: Failure<'a>) -> Failed {
    *written = Some(failure);
    Failed
}

/// As [`fail`], where the receiver does not get what has been sent.
#[cold]
fn undelivered<'a, P: Send + 'static>(
    step: &'a ScheduleStep,
    payload: P,
    written: &mut Option<Failure<'a>>,
) -> Failed {
    fail(written, Failure::Undelivered(step, pack(payload)))
}

/// As [`fail`], where no branch of a choice has been taken.
#[cold]
fn not_chosen<'a>(
    schedule: &'a Schedule,
    choice: &ScheduleStep,
    answer: HandlerResult<Picked>,
    written: &mut Option<Failure<'a>>,
) -> Failed {
    fail(written, Failure::Chooser(schedule.branches(choice), answer))
}
