//! The run loop of sessions on their scripts.
//!
//! Nobody waits here, and nothing is looked up: each step of the schedule says who is asked, who is told and what
//! comes next.
//!
//! Invariant: after every step, the roles' words in the block are what turns would have made of them, and all channels
//! are empty. So a session can leave its script between any two steps.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use slab::Slab;
use telltale_types::{LabelId, RoleId};

use super::participants::{ByBoth, ByHandler, ByObjects, Participant, Participants};
use crate::memory::coroutine::{self, Actor, CoroId, HALTED, ROLES};
use crate::memory::header;
use crate::program::loaded::Loaded;
use crate::program::registry::Registry;
use crate::program::schedule::{Schedule, ScheduleStep, StepKind};
use crate::roles::host::SessionObjects;
use crate::roles::objects::RoleObjects;
use crate::scheduler::run_queue::RunQueue;
use crate::trace::store::{Tag, Trace};
use crate::{
    Context, EffectHandler, HandlerError, HandlerResult, Network, Picked, SendDecision, SessionId,
    Value,
};

/// How many instructions an exchange is: one sends, one receives.
pub(crate) const EXCHANGE: u32 = 2;

/// Who sees the exchanges of a loop, which is compiled for each: nobody, the trace, or the trace, a network and a policy
/// that minds whose turn it is.
const ALONE: u8 = 0;
const TRACED: u8 = 1;
const WATCHED: u8 = 2;

/// How far a session has come on its script.
#[derive(Default)]
pub(crate) struct ScriptState<'a> {
    /// Its place in the schedule, if there is no exchange.
    pub(crate) place: u32,
    /// How many instructions may still be executed.
    pub(crate) left: u32,
    /// What went wrong, until the session leaves its script.
    pub(crate) failure: Option<Failure<'a>>,
    /// Why a receiver has not got a message.
    pub(crate) undelivered: Option<Undelivered>,
}

/// Why a run loop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// No session is left in this round.
    NoSession,
    /// The next session is not on its script, or is played by others.
    NotTheirs,
    /// There is no exchange at this place of the schedule.
    NoExchange,
    /// The policy decides whose turn it is at this place.
    Open,
    /// A role has not done its part.
    Failure,
}

/// What went wrong in an exchange.
pub(crate) enum Failure<'a> {
    /// The sender has not given a payload of the message.
    Sender(&'a ScheduleStep, HandlerResult<Value>),
    /// The sender has chosen none of these branches, or given no payload of its message.
    Chooser(&'a [ScheduleStep], HandlerResult<Picked>),
    /// The receiver has got the message, and answered with an error or is pending.
    Receiver(&'a ScheduleStep, HandlerError),
    /// The receiver does not get what has been sent; why is beside it.
    Undelivered(&'a ScheduleStep, Value),
}

/// Why a receiver does not get a message.
pub(crate) enum Undelivered {
    Lost,
    Deferred,
    /// The network has panicked; the sender is where it was.
    Panicked(Box<dyn Any + Send>),
}

/// Sessions on their scripts, as they are given to those who play their roles.
pub struct RunLoop<'p, 'a> {
    pub(crate) run_queue: &'p mut RunQueue,
    pub(crate) objects: &'p mut Slab<SessionObjects>,
    pub(crate) images: &'a Registry,
    /// The image of the session that acts, by its id and as it is.
    pub(crate) image: &'p mut u16,
    pub(crate) loaded: &'p mut &'a Loaded,
    pub(crate) cx: &'p mut Context<'a>,
    pub(crate) trace: &'p mut Trace,
    pub(crate) network: Option<&'a dyn Network>,
    /// Whether events are written down.
    pub(crate) traced: bool,
    /// Whether only those exchanges may be done for which there is no other order of turns.
    pub(crate) forced_only: bool,
    pub(crate) script: &'p mut ScriptState<'a>,
}

impl fmt::Debug for RunLoop<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunLoop({})", self.cx.session)
    }
}

impl RunLoop<'_, '_> {
    /// A handler plays all roles.
    pub(crate) fn by_handler<H: EffectHandler + ?Sized>(self, handler: &H) -> End {
        let participants = ByHandler(handler);
        if self.is_watched() {
            follow::<_, WATCHED>(&participants, self)
        } else if self.traced {
            follow::<_, TRACED>(&participants, self)
        } else {
            follow::<_, ALONE>(&participants, self)
        }
    }

    /// Role objects play, and the handler in place of those that are missing. There is one loop for this, which looks
    /// whether anybody watches.
    pub(crate) fn by_both(self, handler: &dyn EffectHandler) -> End {
        let with_all_objects = self.is_watched();
        follow::<_, WATCHED>(&ByBoth { handler, with_all_objects }, self)
    }

    /// Role objects of this type play. Where somebody watches, they do it as any others do, so that they need no loop
    /// for it.
    pub(crate) fn by_objects<O: RoleObjects>(self, handler: &dyn EffectHandler) -> End {
        if self.is_watched() {
            self.by_both(handler)
        } else if self.traced {
            follow::<_, TRACED>(&ByObjects::<O>::new(), self)
        } else {
            follow::<_, ALONE>(&ByObjects::<O>::new(), self)
        }
    }

    /// Whether somebody but the trace minds what is exchanged.
    fn is_watched(&self) -> bool {
        self.network.is_some() || self.forced_only
    }
}

/// One session after the other follows its schedule, as long as these participants play it.
#[inline(never)]
fn follow<P: Participants, const SEEN: u8>(participants: &P, run_loop: RunLoop<'_, '_>) -> End {
    let RunLoop {
        run_queue,
        objects,
        images,
        image,
        loaded,
        cx,
        trace,
        network,
        forced_only,
        script,
        ..
    } = run_loop;
    let vm = run_queue.vm;
    let mut left = script.left;
    loop {
        let slot = run_queue.slot;
        let block = run_queue.block();
        let Some(place) = header::place(block) else { return End::NotTheirs };
        if header::image(block) != *image {
            *image = header::image(block);
            *loaded = images.get(*image);
            cx.image = &loaded.image;
        }
        let Some(mut participant) = participants.of_session(objects, header::objects(block)) else {
            return End::NotTheirs;
        };
        cx.session = SessionId::new(vm, header::ordinal(block), slot);
        if SEEN > ALONE {
            trace.enter(cx.session, loaded.image.global_type.names());
        }
        let watch = Watch { trace, network, forced_only, why: &mut script.undelivered };
        let roles = coroutine::window(block, loaded.roles_at);
        let (schedule, at) = (&loaded.schedule, (place, left));
        let failure = &mut script.failure;
        match exchanges::<_, SEEN>(&mut participant, roles, cx, watch, schedule, at, failure) {
            Pause::UsedUp(place, left) => {
                script.left = left;
                header::set_place(block, Some(place));
                run_queue.requeue(slot);
            }
            Pause::NoExchange(place, _)
                if run_queue.ends_quietly && schedule.is_finished(place) =>
            {
                if SEEN > ALONE {
                    note_end(run_queue.block(), loaded, trace);
                }
                run_queue.finished.push(slot);
            }
            Pause::NoExchange(place, left) => {
                (script.place, script.left) = (place, left);
                return End::NoExchange;
            }
            Pause::Open(left) => {
                script.left = left;
                return End::Open;
            }
            Pause::Failure(left) => {
                script.left = left;
                return End::Failure;
            }
        }
        if !run_queue.take(trace) {
            return End::NoSession;
        }
        left = run_queue.quantum;
    }
}

/// A session has come to its end: its roles halt, and it is closed. (It is completed later.)
#[inline(never)]
fn note_end(block: &[u64], loaded: &Loaded, trace: &mut Trace) {
    for role in (0..loaded.roles).map(RoleId::at) {
        if !coroutine::read(block, loaded.roles_at + role.index()).has(HALTED) {
            trace.push_if(Tag::Halted, role, RoleId(0), LabelId(0));
        }
    }
    trace.push_if(Tag::Closed, RoleId(0), RoleId(0), LabelId(0));
}

/// Those who see the exchanges: the trace, and a network.
struct Watch<'w> {
    trace: &'w mut Trace,
    network: Option<&'w dyn Network>,
    forced_only: bool,
    /// Where it is written down why a receiver does not get a message.
    why: &'w mut Option<Undelivered>,
}

/// What those who see a message have made of it.
#[derive(PartialEq)]
enum Sees {
    Delivered,
    Undelivered,
    /// The network has panicked, and the message is not sent.
    Panic,
}

impl Watch<'_> {
    /// A message has been sent, and its sender is still the one who is asked.
    #[inline]
    fn exchange(&mut self, cx: &Context<'_>, step: &ScheduleStep, delivered: Tag) -> Sees {
        match self.network {
            None => {
                if self.trace.is_on {
                    self.trace.push_in(delivered, step.from(), step.to(), step.label, step.lanes());
                }
                Sees::Delivered
            }
            Some(network) => self.through(network, cx, step, delivered),
        }
    }

    #[inline(never)]
    fn through(
        &mut self,
        network: &dyn Network,
        cx: &Context<'_>,
        step: &ScheduleStep,
        delivered: Tag,
    ) -> Sees {
        let (tag, why) = match decide(network, cx, step) {
            Ok(SendDecision::Deliver) => (delivered, None),
            Ok(SendDecision::Drop) => (Tag::Dropped, Some(Undelivered::Lost)),
            Ok(SendDecision::Defer) => (Tag::Deferred, Some(Undelivered::Deferred)),
            Err(panic) => {
                *self.why = Some(Undelivered::Panicked(panic));
                return Sees::Panic;
            }
        };
        if self.trace.is_on {
            self.trace.push_in(tag, step.from(), step.to(), step.label, step.lanes());
        }
        if why.is_none() {
            return Sees::Delivered;
        }
        *self.why = why;
        Sees::Undelivered
    }
}

/// A panic is caught here, because the payload is at hand: nothing of somebody else's is dropped while it unwinds.
fn decide(
    network: &dyn Network,
    cx: &Context<'_>,
    step: &ScheduleStep,
) -> Result<SendDecision, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| network.decide(cx, step.to(), step.label)))
}

/// Why there are no more exchanges in a session, for now: the place, and how many instructions are left.
enum Pause {
    UsedUp(u32, u32),
    NoExchange(u32, u32),
    Open(u32),
    Failure(u32),
}

/// The innermost loop: exchanges, as long as there are any. Each type of participants has its own, in which the
/// compiler sees what they do.
///
/// What it changes are arguments and variables, not fields, so that the compiler knows that no participant changes them.
#[inline(always)]
fn exchanges<'a, P: Participant, const SEEN: u8>(
    participant: &mut P,
    roles: &mut Roles,
    cx: &mut Context<'_>,
    mut watch: Watch<'_>,
    schedule: &'a Schedule,
    (mut place, mut left): (u32, u32),
    failure: &mut Option<Failure<'a>>,
) -> Pause {
    let steps = schedule.steps();
    loop {
        if left < EXCHANGE {
            return Pause::UsedUp(place, left);
        }
        let step = &steps[place as usize];
        if SEEN == WATCHED && watch.forced_only && !step.is_forced {
            return Pause::Open(left);
        }
        // First the sender's word, then the receiver's: if the receiver fails, the sender has sent.
        let mut sent = |cx: &mut Context<'_>, roles: &mut Roles, step: &ScheduleStep, tag| {
            let sees = match SEEN {
                ALONE => Sees::Delivered,
                TRACED => {
                    watch.trace.push_in(tag, step.from(), step.to(), step.label, step.lanes());
                    Sees::Delivered
                }
                _ => watch.exchange(cx, step, tag),
            };
            if sees == Sees::Panic {
                return false;
            }
            advance(cx, roles, (step.sender, step.from_coro), step.from_step);
            turn_to(cx, roles, (step.receiver, step.to_coro));
            sees == Sees::Delivered
        };
        let done = if step.what == StepKind::Exchange {
            turn_to(cx, roles, (step.sender, step.from_coro));
            participant
                .exchange(cx, step, failure, |cx, step| sent(cx, roles, step, Tag::Exchanged))
        } else if step.what == StepKind::Choice {
            turn_to(cx, roles, (step.sender, step.from_coro));
            participant.choose_and_exchange(cx, schedule, step, failure, |cx, picked| {
                sent(cx, roles, picked, Tag::ChosenAndExchanged)
            })
        } else {
            return Pause::NoExchange(place, left);
        };
        let Ok(step) = done else { return Pause::Failure(left) };
        advance(cx, roles, (step.receiver, step.to_coro), step.to_step);
        place = step.next;
        left -= EXCHANGE;
    }
}

/// The words of the roles and of what is behind them: as many words as a role can have ids, so that no id needs a
/// bounds check.
type Roles = [u64; ROLES];

/// A handler is about to be asked in the name of whoever acts in this coroutine.
#[inline(always)]
fn turn_to(cx: &mut Context<'_>, roles: &Roles, (actor, coro): (Actor, CoroId)) {
    cx.actor = actor;
    cx.word = roles[usize::from(coro.0)];
}

#[inline(always)]
fn advance(cx: &Context<'_>, roles: &mut Roles, (actor, coro): (Actor, CoroId), step: u64) {
    if coroutine::advance(&mut roles[usize::from(coro.0)], step) {
        cx.wraps.note(cx.session, actor);
    }
}
