//! How many roles wait for each role of a session: for its messages, or for room in the channels that it empties.

use telltale_bytecode::Channel;
use telltale_types::RoleId;

use crate::memory::channel;
use crate::memory::coroutine::ROLES;
use crate::memory::ready::Roles;
use crate::program::loaded::Loaded;

/// Counted once for a slice, and then kept true by what the roles do.
#[derive(PartialEq)]
pub(crate) struct Awaited {
    counts: [u8; ROLES],
    /// The roles for which anybody waits, and those for which several do.
    by_some: Roles,
    by_several: Roles,
}

impl Awaited {
    /// As the channels of a session say.
    pub(super) fn of(block: &[u64], loaded: &Loaded) -> Self {
        let nobody = Roles::none_of(loaded.coroutines);
        let mut awaited = Self { counts: [0; ROLES], by_some: nobody, by_several: nobody };
        for &(Channel { from, to, .. }, plan) in loaded.plans.existing() {
            if channel::receiver_waits(block, plan) {
                awaited.one_more(loaded, from);
            }
            if channel::sender_waits(block, plan) {
                awaited.one_more(loaded, to);
            }
        }
        awaited
    }

    /// One more role waits for this one. (Which of its lanes it waits for is not known.)
    #[inline(never)]
    pub(crate) fn one_more(&mut self, loaded: &Loaded, role: RoleId) {
        for coro in loaded.coroutines_of(role) {
            self.set(coro, self.counts[coro.index()].saturating_add(1));
        }
    }

    /// One role does not wait for this one any more.
    #[inline(never)]
    pub(crate) fn one_less(&mut self, loaded: &Loaded, role: RoleId) {
        for coro in loaded.coroutines_of(role) {
            self.set(coro, self.counts[coro.index()].saturating_sub(1));
        }
    }

    fn set(&mut self, role: RoleId, count: u8) {
        self.counts[role.index()] = count;
        for (roles, least) in [(&mut self.by_some, 1), (&mut self.by_several, 2)] {
            if count >= least { roles.insert(role) } else { roles.remove(role) }
        }
    }

    /// The role for which most others wait; of equals, the first from `from` on.
    pub(super) fn most_of(&self, roles: &Roles, from: u8) -> Option<RoleId> {
        let mut several = roles.and(&self.by_several);
        let Some(mut most) = several.next(from) else {
            return roles.and(&self.by_some).next(from).or_else(|| roles.next(from));
        };
        several.remove(most);
        while let Some(role) = several.next(most.0) {
            several.remove(role);
            if self.is_before(role, most, from) {
                most = role;
            }
        }
        Some(most)
    }

    /// Whether more roles wait for one than for another, or as many, and it comes first from `from` on.
    fn is_before(&self, one: RoleId, other: RoleId, from: u8) -> bool {
        let rank = |role: RoleId| (self.counts[role.index()], !role.0.wrapping_sub(from));
        rank(one) > rank(other)
    }
}
