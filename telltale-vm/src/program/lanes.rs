//! The coroutines of roles that do several things at once.

use std::ops::Range;

use telltale_bytecode::CodeImage;
use telltale_types::RoleId;

use crate::memory::coroutine::CoroId;

/// Whose each coroutine is, where there are more than roles.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// By coroutine: its role, and the number of its lane.
    pub(super) of: Box<[(RoleId, u8)]>,
    /// By role: the first of its coroutines behind those of the roles, and past the last.
    more: Box<[(u8, u8)]>,
}

impl Lanes {
    /// Nothing if no role does several things at once.
    pub(super) fn of(image: &CodeImage) -> Option<Self> {
        let roles = image.names().role_count();
        let mut of: Vec<(RoleId, u8)> = (0..roles).map(|role| (RoleId::at(role), 0)).collect();
        let mut more = Vec::with_capacity(roles);
        for role in (0..roles).map(RoleId::at) {
            let first = of.len() as u8;
            let lanes = image.lane_count(role) as u8;
            of.extend((1..=lanes).map(|lane| (role, lane)));
            more.push((first, first + lanes));
        }
        (of.len() > roles).then(|| Self { of: of.into(), more: more.into() })
    }

    /// How many coroutines there are.
    pub(super) fn coroutines(&self) -> usize {
        self.of.len()
    }

    /// The coroutines of a role beside its own.
    pub(super) fn more_of(&self, role: RoleId) -> Range<usize> {
        let (first, past) = self.more[role.index()];
        usize::from(first)..usize::from(past)
    }

    /// The coroutine of a lane of a role; lane 0 is the role's own.
    pub(super) fn coro_of(&self, role: RoleId, lane: u8) -> CoroId {
        match lane.checked_sub(1) {
            None => role,
            Some(nth) => CoroId::at(self.more_of(role).start + usize::from(nth)),
        }
    }
}
