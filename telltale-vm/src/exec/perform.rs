//! A session on its script.
//!
//! Nobody waits here, and nothing is looked for: the cue says who is asked, who is told and what comes
//! next. What the roles' words in the block say is true after every cue, so the session can leave the
//! script at any of them.

use std::fmt;

use slab::Slab;
use telltale_types::RoleId;

use super::host::Company;
use super::players::{Casts, Handled, Player, Players};
use crate::layout::{Loaded, ROLES};
use crate::lineup::Lineup;
use crate::script::{Cue, Script, What};
use crate::trace::{Tag, Trace};
use crate::{
    Cast, Context, EffectHandler, HandlerError, HandlerResult, Picked, SessionId, Value, header,
};

/// How many instructions an exchange is: one sends, one receives.
const EXCHANGE: u32 = 2;

/// A piece of a run in which there is nothing but exchanges.
#[derive(Default)]
pub(crate) struct Stretch<'a> {
    /// Where it has come to in the script, if there is no exchange.
    pub(crate) place: u32,
    /// How many instructions may still be executed.
    pub(crate) left: u32,
    /// What went wrong, until somebody has seen to it.
    pub(super) failure: Option<Box<Failure<'a>>>,
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

/// Sessions on their scripts, as they are given to whoever plays their roles.
pub struct Performance<'p, 'a> {
    pub(crate) lineup: &'p mut Lineup,
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
        let failure = &mut stretch.failure;
        match exchanges::<_, TRACE>(&mut player, roles, cx, trace, script, (place, left), failure) {
            Pause::UsedUp(place) => {
                header::set_place(block, Some(place));
                lineup.queue.push(slot);
            }
            Pause::NoExchange(place, _) if lineup.ends_quietly && script.is_finished(place) => {
                lineup.finished.push(slot);
            }
            Pause::NoExchange(place, left) => {
                (stretch.place, stretch.left) = (place, left);
                return End::NoExchange;
            }
            Pause::Failure(left) => {
                stretch.left = left;
                return End::Failure;
            }
        }
        if !lineup.take(trace) {
            return End::NoSession;
        }
        left = lineup.quantum;
    }
}

/// Why there are no more exchanges in a session, for now: at which place, and how many instructions are left.
enum Pause {
    UsedUp(u32),
    NoExchange(u32, u32),
    Failure(u32),
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
    (mut place, mut left): (u32, u32),
    failure: &mut Option<Box<Failure<'a>>>,
) -> Pause {
    let cues = script.cues();
    loop {
        if left < EXCHANGE {
            return Pause::UsedUp(place);
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
            return Pause::NoExchange(place, left);
        };
        let Ok(cue) = done else { return Pause::Failure(left) };
        advance(roles, cue.to, cue.to_step);
        place = cue.next;
        left -= EXCHANGE;
    }
}

/// The words of the roles, with so many of what is behind them that each number of a role is that of a word.
type Roles = [u64; ROLES];

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
