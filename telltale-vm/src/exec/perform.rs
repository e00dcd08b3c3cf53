//! A session on its script.
//!
//! Nobody waits here, and nothing is looked for: the cue says who is asked, who is told and what comes
//! next. What the roles' words in the block say is true after every cue, so the session can leave the
//! script at any of them.

use std::fmt;

use telltale_types::RoleId;

use super::players::{Handled, Players};
use super::{Host, Step, Stop, Visit, note_halted};
use crate::coroutine::{Coro, HALTED, PENDING};
use crate::layout::Loaded;
use crate::script::{Cue, Script, What};
use crate::trace::{Tag, Trace};
use crate::{
    Cast, Cause, Context, EffectHandler, HandlerError, HandlerResult, Picked, Value, channel,
    header, ready,
};

/// How many instructions an exchange is: one sends, one receives.
const EXCHANGE: u32 = 2;

impl<'a, H: Host> Visit<'_, 'a, H> {
    /// Goes on where a stretch of the script has ended early, or, if none has begun, from where all roles
    /// stand together. Says whether no more may be executed; otherwise the roles go on by themselves.
    pub(crate) fn perform_on<const TRACE: bool>(
        &mut self,
        stretch: &mut Stretch<'a>,
        mut end: Option<End>,
    ) -> Result<bool, Stop> {
        loop {
            let next = match end {
                None => self.rejoin(),
                Some(End::NoExchange) => self.no_exchange::<TRACE>(stretch.place),
                Some(End::Failure) => {
                    let step = stretch.failure.take().map(|failure| self.failed(failure));
                    return self.leave_script(step.unwrap_or(Ok(Step::Wait)));
                }
                Some(End::UsedUp) => {
                    header::set_place(self.block, Some(stretch.place));
                    return Ok(true);
                }
            };
            let loaded = self.loaded;
            let roles = self.block[loaded.roles_at..].first_chunk_mut();
            let (Some(place), Some(roles)) = (next, roles) else {
                return self.leave_script(Ok(Step::Wait));
            };
            (stretch.place, stretch.left) = (place, self.left);
            let (cx, trace, script) = (&mut *self.cx, &mut *self.stage.trace, &loaded.script);
            cx.at = Context::AS_WRITTEN;
            let stretch = &mut *stretch;
            let performance = Performance { roles, cx, trace, traced: TRACE, script, stretch };
            end = Some(self.host.perform(performance));
            self.left = stretch.left;
        }
    }

    /// What a role that does not do its part makes of itself.
    #[cold]
    fn failed(&mut self, failure: Failure<'a>) -> Result<Step, Box<Cause>> {
        match failure {
            Failure::Refused(cue, answer) => self.refused(cue.label, cue.wants, answer),
            Failure::NotChosen(branches, answer) => {
                let branches = branches.iter().map(|cue| (cue.label, cue.wants));
                self.refused_choice(branches, answer)
            }
            Failure::NotDigested(cue, error) => self.not_digested(cue, error),
        }
    }

    /// What is no exchange; gives the next place, if the script goes on.
    fn no_exchange<const TRACE: bool>(&mut self, place: u32) -> Option<u32> {
        self.write_ready();
        let next = halt::<TRACE>(self.block, self.loaded, place, self.stage.trace);
        self.ready = ready::first_word(self.block);
        self.left = self.left.saturating_sub(1);
        next
    }

    /// The message has been received, but its receiver does not go on.
    #[cold]
    fn not_digested(&mut self, cue: &Cue, error: HandlerError) -> Result<Step, Box<Cause>> {
        let step = Self::no_answer(error, None);
        // A role that fails is named with the instruction at which it did.
        let step_to = if step.is_ok() { cue.to_step } else { Coro::at(0, 1).to_word() };
        let word = &mut self.block[self.loaded.roles_at + cue.to.index()];
        *word = word.wrapping_add(step_to);
        step
    }

    /// The roles go on by themselves, from where they are.
    fn leave_script(&mut self, step: Result<Step, Box<Cause>>) -> Result<bool, Stop> {
        header::set_place(self.block, None);
        if let Step::Pend(_) = step? {
            let at = self.loaded.roles_at + self.cx.role.index();
            self.block[at] |= Coro::bit(PENDING);
            self.rest(self.cx.role);
        }
        Ok(false)
    }

    /// The place in the script where all roles stand together, if they do: then nothing is on its way
    /// and nobody waits for anything else than a message.
    fn rejoin(&mut self) -> Option<u32> {
        let loaded = self.loaded;
        let roles = &self.block[loaded.roles_at..][..loaded.roles];
        let place = loaded.script.place_of(roles)?;
        if !loaded.plans.all().all(|plan| channel::is_idle(self.block[plan.at()])) {
            return None;
        }
        loaded.plans.all().for_each(|plan| channel::forget_receiver(self.block, plan));
        for role in (0..loaded.roles).map(RoleId::at) {
            if !Coro::from_word(self.block[loaded.roles_at + role.index()]).has(HALTED) {
                self.wake(role);
            }
        }
        Some(place)
    }
}

/// A piece of a run in which there is nothing but exchanges.
#[derive(Default)]
pub(crate) struct Stretch<'a> {
    /// The place in the script where it starts, then where it has come to, unless a role has failed.
    pub(crate) place: u32,
    /// How many instructions may still be executed.
    pub(crate) left: u32,
    /// What went wrong, until somebody has seen to it.
    failure: Option<Failure<'a>>,
}

/// Why a stretch has ended.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// No more may be executed.
    UsedUp,
    /// There is no exchange at this place.
    NoExchange,
    /// A role has not done its part.
    Failure,
}

/// What a role has not done.
pub(super) enum Failure<'a> {
    /// The sender has given no payload of the message.
    Refused(&'a Cue, HandlerResult<Value>),
    /// The sender has chosen none of these branches, or given no payload of its message.
    NotChosen(&'a [Cue], HandlerResult<Picked>),
    /// The receiver has got the message, but does not go on.
    NotDigested(&'a Cue, HandlerError),
}

/// What happens at a place without an exchange: one role halts, or all do. Gives the next place, if the
/// script goes on.
#[inline]
pub(crate) fn halt<const TRACE: bool>(
    block: &mut [u64],
    loaded: &Loaded,
    place: u32,
    trace: &mut Trace,
) -> Option<u32> {
    let &Cue { what, from, next, .. } = loaded.script.cue(place);
    let mut halt = |role: RoleId| {
        let place = loaded.roles_at + role.index();
        if !Coro::from_word(block[place]).has(HALTED) {
            ready::clear(block, role);
            note_halted::<TRACE>(block, place, role, trace);
        }
    };
    match what {
        What::Halt => {
            halt(from);
            Some(next)
        }
        What::Finish => {
            (0..loaded.roles).map(RoleId::at).for_each(halt);
            None
        }
        What::Leave | What::Exchange | What::Choice => None,
    }
}

/// The words of the roles, with so many of what is behind them that each number of a role is that of a word.
pub(crate) type Roles = [u64; 1 << u8::BITS];

/// A session on its script, as it is given to whoever plays its roles.
pub struct Performance<'p, 'a> {
    pub(crate) roles: &'p mut Roles,
    pub(crate) cx: &'p mut Context<'a>,
    pub(crate) trace: &'p mut Trace,
    /// Whether events are written down.
    pub(crate) traced: bool,
    pub(crate) script: &'a Script,
    pub(crate) stretch: &'p mut Stretch<'a>,
}

impl fmt::Debug for Performance<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Performance(at {})", self.stretch.place)
    }
}

impl Performance<'_, '_> {
    /// A handler plays all roles.
    #[inline]
    pub(crate) fn by_handler<H: EffectHandler + ?Sized>(self, handler: &H) -> End {
        self.by(&mut Handled(handler))
    }

    /// Each role object plays its role.
    #[inline]
    pub(super) fn by_cast<C: Cast>(self, cast: &mut C) -> End {
        self.by(cast)
    }

    #[inline]
    fn by<P: Players>(self, players: &mut P) -> End {
        let Performance { roles, cx, trace, traced, script, stretch } = self;
        if traced {
            perform::<P, true>(players, roles, cx, trace, script, stretch)
        } else {
            perform::<P, false>(players, roles, cx, trace, script, stretch)
        }
    }
}

/// The innermost loop: exchanges, as long as there are any. Each type of players has one of its own, in
/// which the compiler sees what they do.
///
/// What it changes are arguments, so that the compiler knows that no handler does.
#[inline(never)]
fn perform<'a, P: Players, const TRACE: bool>(
    players: &mut P,
    roles: &mut Roles,
    cx: &mut Context<'_>,
    trace: &mut Trace,
    script: &'a Script,
    stretch: &mut Stretch<'a>,
) -> End {
    let Stretch { mut place, mut left, .. } = *stretch;
    let failure = &mut stretch.failure;
    let end = loop {
        if left < EXCHANGE {
            stretch.place = place;
            break End::UsedUp;
        }
        let cue = script.cue(place);
        let mut given = |cx: &mut Context<'_>, roles: &mut Roles, cue: &Cue, tag| {
            advance(roles, cue.from, cue.from_step);
            if TRACE {
                trace.push(tag, cue.from, cue.to, cue.label);
            }
            turn_to(cx, roles, cue.to);
        };
        let done = match cue.what {
            What::Exchange => {
                turn_to(cx, roles, cue.from);
                players.exchange(cx, cue, failure, |cx, cue| given(cx, roles, cue, Tag::Exchanged))
            }
            What::Choice => {
                turn_to(cx, roles, cue.from);
                players.choose_and_exchange(cx, script, cue, failure, |cx, picked| {
                    given(cx, roles, picked, Tag::ChosenAndExchanged);
                })
            }
            What::Halt | What::Finish | What::Leave => {
                stretch.place = place;
                break End::NoExchange;
            }
        };
        let Ok(cue) = done else { break End::Failure };
        advance(roles, cue.to, cue.to_step);
        place = cue.next;
        left -= EXCHANGE;
    };
    stretch.left = left;
    end
}

/// A handler is about to be asked in the name of this role.
#[inline(always)]
fn turn_to(cx: &mut Context<'_>, roles: &Roles, role: RoleId) {
    cx.role = role;
    cx.word = roles[usize::from(role.0)];
}

#[inline(always)]
fn advance(roles: &mut Roles, role: RoleId, step: u64) {
    let word = &mut roles[usize::from(role.0)];
    *word = word.wrapping_add(step);
}
