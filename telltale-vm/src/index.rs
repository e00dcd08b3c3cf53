//! Places by key: the only hash table of the machine.
//!
//! Each map of the standard library is compiled anew for each pair of types, a tree to ten kilobytes of code. What has to be
//! found by key here is cold, or grows with the sessions only where something rare happens to each of them. So there is one
//! table, from two numbers to one, and what belongs to the keys lies in lists beside it.
//!
//! Nothing is ever taken from it in its own order, which says nothing.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use slab::Slab;

use crate::SessionId;
use crate::effect::mix;
use crate::quietly::take_each;

/// The number of a session, an address or a hash; and a role, or a counter for keys that are alike otherwise.
pub(crate) type Key = (u64, u32);

/// Where something is, by its key.
#[derive(Debug, Default)]
pub(crate) struct Index(HashMap<Key, u32, BuildHasherDefault<Mixer>>);

impl Index {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(never)]
    pub(crate) fn get(&self, key: Key) -> Option<u32> {
        self.0.get(&key).copied()
    }

    /// Gives what the key led to before.
    #[inline(never)]
    pub(crate) fn insert(&mut self, key: Key, place: u32) -> Option<u32> {
        self.0.insert(key, place)
    }

    #[inline(never)]
    pub(crate) fn remove(&mut self, key: Key) -> Option<u32> {
        self.0.remove(&key)
    }

    /// The place with this hash of which `is_it` says so.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        (0..).map_while(|nth| self.get((hash, nth))).find(|&place| is_it(place))
    }

    /// One more place with this hash.
    pub(crate) fn add(&mut self, hash: u64, place: u32) {
        let mut key = (hash, 0);
        while self.get(key).is_some() {
            key.1 += 1;
        }
        self.insert(key, place);
    }
}

/// Mixes the numbers of a key. They come from the machine itself, not from somebody who could choose them.
#[derive(Debug, Default)]
pub(crate) struct Mixer(u64);

impl Mixer {
    /// A hash of some numbers.
    pub(crate) fn hash(numbers: impl Iterator<Item = u32>) -> u64 {
        numbers.fold(0, |hash, number| mix(hash ^ u64::from(number)))
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0 ^ number);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What some roles of some sessions have.
#[derive(Debug)]
pub(crate) struct ByMember<T> {
    places: Index,
    items: Slab<T>,
}

impl<T> Default for ByMember<T> {
    fn default() -> Self {
        Self { places: Index::default(), items: Slab::new() }
    }
}

impl<T> ByMember<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What a role has; or a session, if the role is 0.
    pub(crate) fn get(&self, session: SessionId, role: u8) -> Option<&T> {
        self.items.get(self.places.get(key(session, role))? as usize)
    }

    pub(crate) fn get_mut(&mut self, session: SessionId, role: u8) -> Option<&mut T> {
        self.items.get_mut(self.places.get(key(session, role))? as usize)
    }

    /// Gives what was there before.
    pub(crate) fn insert(&mut self, session: SessionId, role: u8, item: T) -> Option<T> {
        let place = self.items.insert(item) as u32;
        self.places.insert(key(session, role), place).map(|old| self.items.remove(old as usize))
    }

    pub(crate) fn remove(&mut self, session: SessionId, role: u8) -> Option<T> {
        let place = self.places.remove(key(session, role))?;
        Some(self.items.remove(place as usize))
    }

    /// Takes everything out, in an order that depends on what was put in only.
    pub(crate) fn take_each(&mut self, to: impl FnMut(T)) {
        self.places = Index::default();
        take_each(&mut self.items, to);
    }
}

fn key(session: SessionId, role: u8) -> Key {
    (session.ordinal(), role.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_with_the_same_hash_are_told_apart() {
        let mut index = Index::default();
        (0..3).for_each(|place| index.add(7, place));
        assert_eq!(index.find(7, |place| place == 2), Some(2));
        assert_eq!(index.find(7, |place| place == 3), None);
        assert_eq!(index.find(8, |_| true), None);
    }
}
