//! Sessions with roles that are played from outside: who plays what, and how many messages have come and gone.

use serde::{Deserialize, Serialize};
use telltale_types::RoleId;

use super::fault::OutcomeForm;
use super::fill::{Filled, Filler};
use super::form::CoroutineForm;
use crate::machine::inside::{FromOutside, Inside, Outside};
use crate::memory::coroutine::{DRAINS, HOLDS, PENDING};
use crate::outside::Seat;
use crate::program::loaded::Loaded;
use crate::roles::players::{Player, Players};
use crate::{Outcome, SessionId};

/// The roles of a session that are played from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutsideForm {
    pub(super) driven: Vec<u8>,
    pub(super) elsewhere: Vec<u8>,
    /// Of a part: the channels in which messages have come or gone, and how many: sender, receiver, channel of the pair, number.
    pub(super) passed: Vec<(u8, u8, u16, u64)>,
}

/// What somebody outside has not been told yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct UntoldForm {
    /// The driven roles that waited and can go on: session, role, lane.
    pub(super) woken: Vec<(u64, u8, u8)>,
    /// The sessions that have ended, and how.
    pub(super) ended: Vec<(u64, OutcomeForm)>,
}

impl OutsideForm {
    /// Of a session that is running, if some of its roles are played from outside.
    pub(super) fn of(inside: &Inside<'_>, block: &[u64], loaded: &Loaded) -> Option<Self> {
        let from = inside.outside.of(block)?;
        let existing = loaded.plans.existing().iter();
        let passed = existing.zip(&from.passed).filter(|(_, passed)| **passed > 0);
        Some(Self {
            driven: from.players.driven.iter().map(|role| role.0).collect(),
            elsewhere: from.players.elsewhere.iter().map(|role| role.0).collect(),
            passed: passed
                .map(|((channel, _), &passed)| {
                    (channel.from.0, channel.to.0, channel.lane(), passed)
                })
                .collect(),
        })
    }

    /// Who plays which role, if they are roles of so many, and none is there twice.
    fn players(&self, roles: usize) -> Option<Players> {
        let mut players = Players::OBJECTS;
        let driven = self.driven.iter().map(|&role| (role, Player::Driven));
        let elsewhere = self.elsewhere.iter().map(|&role| (role, Player::Elsewhere));
        for (role, player) in driven.chain(elsewhere) {
            let is_new = !players.outside().any(|other| other == RoleId(role));
            if usize::from(role) >= roles || !is_new {
                return None;
            }
            players = players.with(RoleId(role), player);
        }
        players.first_outside().map(|_| players)
    }
}

impl Filler<'_, '_> {
    /// Makes them roles from outside again.
    pub(super) fn outside(&mut self, form: &OutsideForm, coroutines: &[CoroutineForm]) -> Filled {
        let Some(players) = form.players(self.loaded.roles) else {
            return Err(self.invalid("a role from outside is not there, or is there twice"));
        };
        if self.loaded.image.is_by_hand() {
            let what = "a role is played from outside, and its program was written by hand";
            return Err(self.invalid(what));
        }
        let acts = |role: RoleId| {
            self.loaded.coroutines_of(role).any(|coro| {
                let marks = coroutines[coro.index()].marks;
                marks.is_ready() || marks.has(HOLDS | PENDING | DRAINS)
            })
        };
        if players.outside().any(acts) {
            return Err(self.invalid("a role from outside acts by itself"));
        }
        let mut from_outside = FromOutside::new(players, self.loaded);
        for &(from, to, lane, count) in &form.passed {
            let nth = self.loaded.plans.nth(RoleId(from), RoleId(to), lane);
            match nth.and_then(|nth| from_outside.passed.get_mut(nth)) {
                Some(known) if *known == 0 && count > 0 => *known = count,
                _ => {
                    let what = "messages have come or gone where nothing leads elsewhere";
                    return Err(self.invalid(what));
                }
            }
        }
        let block = self.inside.run_queue.arena.block_mut(self.slot);
        self.inside.outside.enter(block, self.loaded, from_outside);
        Ok(())
    }
}

impl UntoldForm {
    pub(super) fn of(inside: &Inside<'_>) -> Self {
        let woken = inside.outside.woken.iter();
        let ended = inside.outside.ended.iter();
        Self {
            woken: woken.map(|seat| (seat.session.ordinal(), seat.role.0, seat.lane)).collect(),
            ended: ended.map(|(id, outcome)| (id.ordinal(), OutcomeForm::from(outcome))).collect(),
        }
    }

    /// Somebody will be told. Roles that have gone since need not be.
    pub(super) fn restore(self, outside: &mut Outside, id_of: impl Fn(u64) -> SessionId) {
        let seat =
            |(session, role, lane)| Seat { session: id_of(session), role: RoleId(role), lane };
        outside.woken = self.woken.into_iter().map(seat).collect();
        let ended = self.ended.into_iter();
        outside.ended = ended.map(|(id, outcome)| (id_of(id), Outcome::from(outcome))).collect();
    }
}
