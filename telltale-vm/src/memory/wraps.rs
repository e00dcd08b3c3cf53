//! Roles that have had more effects than the count in their word can say.
//!
//! A word counts up to 2³², which some conversations reach within seconds; then the count in it begins anew, and how often it
//! has done so is kept here. Nobody looks here before that has happened once.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::SessionId;
use crate::memory::coroutine::Actor;

/// The ordinal of a session, and who acts in it.
type Member = (u64, Actor);

#[derive(Debug, Default)]
pub(crate) struct Wraps {
    /// Whether there are any.
    is_any: AtomicBool,
    /// How often, for each of them. They are few: each has been running for seconds.
    times: Mutex<Vec<(Member, u32)>>,
}

impl Wraps {
    /// The count of a role has begun anew.
    #[cold]
    #[inline(never)]
    pub(crate) fn note(&self, session: SessionId, actor: Actor) {
        self.is_any.store(true, Relaxed);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let member = (session.ordinal(), actor);
        match times.iter_mut().find(|(other, _)| *other == member) {
            Some((_, times)) => *times += 1,
            None => times.push((member, 1)),
        }
    }

    /// How many effects a role has had whose word says so many.
    #[inline]
    pub(crate) fn count(&self, session: SessionId, actor: Actor, in_word: u32) -> u64 {
        if self.is_any.load(Relaxed) {
            self.times(session, actor) << 32 | u64::from(in_word)
        } else {
            in_word.into()
        }
    }

    #[cold]
    fn times(&self, session: SessionId, actor: Actor) -> u64 {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let member = (session.ordinal(), actor);
        times.iter().find(|(other, _)| *other == member).map_or(0, |&(_, times)| times.into())
    }

    /// The count of a role that has been resumed began anew so often.
    #[cfg(feature = "serde")]
    pub(crate) fn restore(&mut self, session: SessionId, actor: Actor, times: u32) {
        *self.is_any.get_mut() = true;
        let all = self.times.get_mut().unwrap_or_else(PoisonError::into_inner);
        all.push(((session.ordinal(), actor), times));
    }

    /// A session has ended.
    #[inline]
    pub(crate) fn forget(&mut self, session: SessionId) {
        if *self.is_any.get_mut() {
            let times = self.times.get_mut().unwrap_or_else(PoisonError::into_inner);
            times.retain(|&((ordinal, _), _)| ordinal != session.ordinal());
            *self.is_any.get_mut() = !times.is_empty();
        }
    }
}
