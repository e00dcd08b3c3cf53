//! A session on its script.
//!
//! Nobody waits here, and nothing is looked for: the cue says who is asked, who is told and what comes
//! next. What the roles' words in the block say is true after every cue, so the session can leave the
//! script at any of them.

use std::fmt;

use slab::Slab;
use telltale_types::RoleId;

use super::players::{Casts, Handled, Player, Players};
use super::{Host, Step, Stop, Visit, note_halted};
use crate::coroutine::{Coro, HALTED, PENDING};
use crate::layout::Loaded;
use crate::lineup::Lineup;
use crate::script::{Cue, Script, What};
use crate::trace::{Tag, Trace};
use crate::vm::Company;
use crate::{
    Cast, Cause, Context, EffectHandler, HandlerError, HandlerResult, Picked, SessionId, Value,
    channel, header, ready,
};

/// How many instructions an exchange is: one sends, one receives.
const EXCHANGE: u32 = 2;

impl<'a, H: Host> Visit<'_, 'a, H> {
    /// The session is not performing its script, or a stretch of it has ended so. Says whether it performs it
    /// now, because all roles stand together; otherwise they go on by themselves.
    pub(crate) fn stands_together<const TRACE: bool>(
        &mut self,
        stretch: &mut Stretch<'a>,
        end: Option<End>,
    ) -> Result<bool, Stop> {
        let step = match end {
            None => {
                let place = self.rejoin();
                header::set_place(self.block, place);
                return Ok(place.is_some());
            }
            Some(End::Failure) => stretch.failure.take().map(|failure| self.failed(failure)),
            Some(_) => {
                self.no_exchange::<TRACE>(stretch.place);
                None
            }
        };
        self.leave_script(step.unwrap_or(Ok(Step::Wait)))?;
        Ok(false)
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

    /// What is no exchange, and where the script ends.
    fn no_exchange<const TRACE: bool>(&mut self, place: u32) {
        self.write_ready();
        halt::<TRACE>(self.block, self.loaded, place, self.stage.trace);
        self.ready = ready::first_word(self.block);
        self.left = self.left.saturating_sub(1);
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
    fn leave_script(&mut self, step: Result<Step, Box<Cause>>) -> Result<(), Stop> {
        header::set_place(self.block, None);
        if let Step::Pend(_) = step? {
            let at = self.loaded.roles_at + self.cx.role.index();
            self.block[at] |= Coro::bit(PENDING);
            self.rest(self.cx.role);
        }
        Ok(())
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
    /// Where it has come to in the script, if there is no exchange.
    pub(crate) place: u32,
    /// How many instructions may still be executed.
    pub(crate) left: u32,
    /// What went wrong, until somebody has seen to it.
    failure: Option<Failure<'a>>,
}

/// Why players end.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// There is nobody to be visited.
    NoSession,
    /// The session that is visited next is none of theirs.
    NotTheirs,
    /// There is no exchange at this place of the script.
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

/// Sessions on their scripts, as they are given to whoever plays their roles.
pub struct Performance<'p, 'a> {
    pub(crate) lineup: &'p mut Lineup<'a>,
    pub(crate) casts: &'p mut Slab<Company>,
    /// The image of these sessions, by its number and as it is.
    pub(crate) number: u16,
    pub(crate) loaded: &'a Loaded,
    pub(crate) cx: &'p mut Context<'a>,
    pub(crate) trace: &'p mut Trace,
    /// Whether events are written down.
    pub(crate) traced: bool,
    pub(crate) stretch: &'p mut Stretch<'a>,
}

impl fmt::Debug for Performance<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Performance({})", self.cx.session)
    }
}

impl Performance<'_, '_> {
    /// A handler plays all roles.
    pub(crate) fn by_handler<H: EffectHandler + ?Sized>(self, handler: &H) -> End {
        self.by(&Handled(handler))
    }

    /// Role objects of this type play.
    pub(super) fn by_casts<C: Cast>(self) -> End {
        self.by(&Casts::<C>::new())
    }

    #[inline]
    fn by<P: Players>(self, players: &P) -> End {
        if self.traced {
            perform::<P, true>(players, self)
        } else {
            perform::<P, false>(players, self)
        }
    }
}

/// One session after the other performs its script, as long as it is one of these players.
#[inline(never)]
fn perform<P: Players, const TRACE: bool>(players: &P, performance: Performance<'_, '_>) -> End {
    let Performance { lineup, casts, number, loaded, cx, trace, stretch, .. } = performance;
    let script = &loaded.script;
    let mut left = stretch.left;
    loop {
        let slot = lineup.slot;
        let Some(block) = lineup.block() else { return End::NotTheirs };
        let Some(place) = header::place(block) else { return End::NotTheirs };
        if header::image(block) != number {
            return End::NotTheirs;
        }
        let Some(mut player) = players.of_session(casts, header::cast(block)) else {
            return End::NotTheirs;
        };
        cx.session = SessionId::new(header::ordinal(block), slot);
        if TRACE {
            trace.enter(cx.session);
        }
        let Some(roles) = block[loaded.roles_at..].first_chunk_mut() else {
            return End::NotTheirs;
        };
        (stretch.place, stretch.left) = (place, left);
        match exchanges::<_, TRACE>(&mut player, roles, cx, trace, script, stretch) {
            Pause::UsedUp => {
                header::set_place(block, Some(stretch.place));
                lineup.queue.push(slot);
            }
            Pause::NoExchange if lineup.ends_quietly && script.is_finished(stretch.place) => {
                lineup.finished.push(slot);
            }
            Pause::NoExchange => return End::NoExchange,
            Pause::Failure => return End::Failure,
        }
        if !lineup.take(trace) {
            return End::NoSession;
        }
        left = lineup.quantum;
    }
}

/// Why there are no more exchanges in a session, for now.
enum Pause {
    UsedUp,
    NoExchange,
    Failure,
}

/// The innermost loop: exchanges, as long as there are any. Each type of players has its own, in which the
/// compiler sees what they do.
///
/// What it changes are arguments and variables, so that the compiler knows that no player does.
#[inline(always)]
fn exchanges<'a, P: Player, const TRACE: bool>(
    player: &mut P,
    roles: &mut Roles,
    cx: &mut Context<'_>,
    trace: &mut Trace,
    script: &'a Script,
    stretch: &mut Stretch<'a>,
) -> Pause {
    let Stretch { mut place, mut left, .. } = *stretch;
    let (cues, failure) = (script.cues(), &mut stretch.failure);
    let pause = loop {
        if left < EXCHANGE {
            break Pause::UsedUp;
        }
        let cue = &cues[place as usize];
        let mut given = |cx: &mut Context<'_>, roles: &mut Roles, cue: &Cue, tag| {
            advance(roles, cue.from, cue.from_step);
            if TRACE {
                trace.push(tag, cue.from, cue.to, cue.label);
            }
            turn_to(cx, roles, cue.to);
        };
        let done = if cue.what == What::Exchange {
            turn_to(cx, roles, cue.from);
            player.exchange(cx, cue, failure, |cx, cue| given(cx, roles, cue, Tag::Exchanged))
        } else if cue.what == What::Choice {
            turn_to(cx, roles, cue.from);
            player.choose_and_exchange(cx, script, cue, failure, |cx, picked| {
                given(cx, roles, picked, Tag::ChosenAndExchanged);
            })
        } else {
            break Pause::NoExchange;
        };
        let Ok(cue) = done else { break Pause::Failure };
        advance(roles, cue.to, cue.to_step);
        place = cue.next;
        left -= EXCHANGE;
    };
    (stretch.place, stretch.left) = (place, left);
    pause
}

/// The words of the roles, with so many of what is behind them that each number of a role is that of a word.
type Roles = [u64; 1 << u8::BITS];

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
