//! Which roles of a session can act: one bit each, in the words behind the header of its block.

use crate::memory::{word, word_mut};
use telltale_types::RoleId;

use crate::memory::coroutine::ROLES;
use crate::memory::header::READY;

/// How many roles have their bits in one word.
pub(crate) const WORD: usize = 64;

/// How many words hold the bits of `roles` roles.
pub(crate) const fn words(roles: usize) -> usize {
    if roles <= WORD { 1 } else { roles.div_ceil(WORD) }
}

/// Whether any role can act.
#[inline]
pub(crate) fn any(block: &[u64], words: usize) -> bool {
    block[READY..READY + words].iter().any(|&bits| bits != 0)
}

/// The bit of a role in the first word, if it is there.
#[inline]
pub(crate) const fn bit(role: RoleId) -> Option<u64> {
    1_u64.checked_shl(role.0 as u32)
}

/// The bits of the first word.
#[inline]
pub(crate) fn first_word(block: &[u64]) -> u64 {
    word(block, READY)
}

#[inline]
pub(crate) fn set_first_word(block: &mut [u64], bits: u64) {
    *word_mut(block, READY) = bits;
}

/// The next role that can act, going round from `from` on, where there is one word.
#[inline(always)]
pub(crate) fn next_in_word(bits: u64, from: u8) -> Option<RoleId> {
    let later = bits & u64::MAX << (from % 64);
    lowest(if later == 0 { bits } else { later }, 0)
}

/// The next role that can act, going round from `from` on, where there are several words.
pub(crate) fn next(block: &[u64], words: usize, from: u8) -> Option<RoleId> {
    next_in(&block[READY..READY + words], from)
}

/// The first role in some words, going round from `from` on.
fn next_in(words: &[u64], from: u8) -> Option<RoleId> {
    let (word, bit) = (usize::from(from / 64), from % 64);
    let later = lowest(words[word] & u64::MAX << bit, word);
    let others = (word + 1..words.len()).chain(0..=word);
    later.or_else(|| others.map(|word| lowest(words[word], word)).find_map(|role| role))
}

/// Some of the roles of a session, such as those whose turn is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Roles {
    bits: [u64; words(ROLES)],
    /// How many of the words are in use.
    words: usize,
}

impl Roles {
    /// None of so many roles.
    pub(crate) const fn none_of(roles: usize) -> Self {
        Self { bits: [0; words(ROLES)], words: words(roles) }
    }

    /// Those of so many roles that can act.
    #[inline(always)]
    pub(crate) fn ready(block: &[u64], roles: usize) -> Self {
        let mut ready = Self::none_of(roles);
        ready.bits[0] = word(block, READY);
        if ready.words > 1 {
            ready.bits[..ready.words].copy_from_slice(&block[READY..READY + ready.words]);
        }
        ready
    }

    /// The first of them, going round from `from` on.
    #[inline(always)]
    pub(crate) fn next(&self, from: u8) -> Option<RoleId> {
        match self.words {
            1 => next_in_word(self.bits[0], from),
            words => next_in(&self.bits[..words], from),
        }
    }

    /// Those that are in both.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.bits.iter_mut().zip(&other.bits).for_each(|(mine, others)| *mine &= others);
        self
    }

    #[inline(always)]
    pub(crate) fn insert(&mut self, role: RoleId) {
        self.bits[role.index() / WORD] |= 1 << (role.0 % 64);
    }

    #[inline(always)]
    pub(crate) fn remove(&mut self, role: RoleId) {
        self.bits[role.index() / WORD] &= !(1 << (role.0 % 64));
    }
}

#[inline]
pub(crate) fn set(block: &mut [u64], role: RoleId) {
    *word_mut(block, READY + role.index() / 64) |= 1 << (role.0 % 64);
}

#[inline]
pub(crate) fn clear(block: &mut [u64], role: RoleId) {
    *word_mut(block, READY + role.index() / 64) &= !(1 << (role.0 % 64));
}

#[inline]
pub(crate) fn clear_all(block: &mut [u64], words: usize) {
    // Mostly one word, and setting a piece of memory is a call.
    *word_mut(block, READY) = 0;
    if words > 1 {
        block[READY..READY + words].fill(0);
    }
}

pub(crate) fn contains(block: &[u64], role: RoleId) -> bool {
    word(block, READY + role.index() / 64) >> (role.0 % 64) & 1 == 1
}

#[inline]
fn lowest(bits: u64, word: usize) -> Option<RoleId> {
    (bits != 0).then(|| RoleId((word * 64) as u8 + bits.trailing_zeros() as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_round_comes_to_everyone() {
        let mut block = vec![0; READY + 4];
        let roles = [0, 3, 63, 64, 130, 254].map(RoleId);
        for role in roles {
            set(&mut block, role);
        }
        let mut from = 0;
        for &role in roles.iter().chain(&roles) {
            assert_eq!(next(&block, 4, from), Some(role));
            from = role.0.wrapping_add(1);
        }
        for role in roles {
            clear(&mut block, role);
        }
        assert!(!any(&block, 4));
        assert_eq!(next(&block, 4, 7), None);
    }
}
