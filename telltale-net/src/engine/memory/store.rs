//! What an engine in memory keeps, under its lock.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;
use telltale_vm::RoleId;
use telltale_vm::loader::ContentHash;

use super::Faults;
use super::session::{Part, Session};
use crate::engine::{Done, EngineError, NewSession, Seat, Wanted, Work};
use crate::key::SessionKey;

#[derive(Default)]
pub(super) struct Store {
    pub(super) sessions: BTreeMap<SessionKey, Session>,
    /// For services, the parts that have something to do and are not claimed: those that have waited longest come first.
    ready: BTreeMap<(ContentHash, RoleId), BTreeMap<u64, SessionKey>>,
    /// When something becomes due in which session: one entry for each.
    timers: BTreeSet<(Duration, SessionKey)>,
    /// Numbers sessions, claims, and places in queues.
    numbers: u64,
    pub(super) faults: Faults,
    seed: u64,
    /// Counts changes, so that nobody waits for one that has been.
    pub(super) changes: u64,
    pub(super) has_changed: bool,
    pub(super) wakers: Slab<Waker>,
}

impl Store {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        Self { faults, seed, ..Self::default() }
    }

    /// Whether something happens that does in so many of 256 cases.
    pub(super) fn draws(&mut self, of_256: u8) -> bool {
        // A linear congruence, of which the upper bits are taken.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 56) < u64::from(of_256)
    }

    pub(super) fn session(&mut self, key: &SessionKey) -> Result<&mut Session, EngineError> {
        self.sessions.get_mut(key).ok_or_else(|| EngineError::NoSession(key.clone()))
    }

    /// Those who are told that something has changed. Each of them is told of one change.
    pub(super) fn woken(&mut self) -> Vec<Waker> {
        if !std::mem::take(&mut self.has_changed) {
            return Vec::new();
        }
        self.changes += 1;
        let faults = self.faults;
        if self.draws(faults.lost_wake_ups) {
            return Vec::new();
        }
        self.wakers.iter().map(|(_, waker)| waker.clone()).collect()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn start(&mut self, new: NewSession, now: Duration) -> Result<(), EngineError> {
        let NewSession { key, image, parts, deadline, idle } = new;
        if self.sessions.contains_key(&key) {
            return Err(EngineError::SessionExists(key));
        }
        let parts = parts.into_iter().map(|part| Part::new(part.role, part.ticket)).collect();
        let deadline = deadline.map(|deadline| (deadline, now.saturating_add(deadline)));
        let incarnation = self.number();
        let session = Session {
            incarnation,
            timer: None,
            image,
            parts,
            deadline,
            idle,
            moved: now,
            ending: None,
        };
        self.sessions.insert(key.clone(), session);
        self.note(&key, now);
        Ok(())
    }

    /// Whose last claim has led to nothing comes alone, so it is left for the next time when there are others.
    pub(super) fn claim(
        &mut self,
        wanted: &Wanted,
        at_most: usize,
        now: Duration,
    ) -> Result<Vec<(Work, u64)>, EngineError> {
        self.expire(now);
        if let Wanted::Seats(seats) = wanted {
            seats.iter().try_for_each(|seat| self.part_of(seat).map(drop))?;
        }
        let mut claimed: Vec<(Work, u64)> = Vec::new();
        while claimed.len() < at_most {
            let faults = self.faults;
            let twice = self.draws(faults.claimed_twice);
            let Some((key, nth)) = self.first(wanted, twice, now) else { break };
            let comes_alone = self.session(&key)?.parts[nth].attempts > 0;
            if comes_alone && !claimed.is_empty() {
                break;
            }
            claimed.push(self.give(key, nth, twice)?);
            if comes_alone {
                break;
            }
        }
        Ok(claimed)
    }

    fn first(&self, wanted: &Wanted, twice: bool, now: Duration) -> Option<(SessionKey, usize)> {
        match wanted {
            Wanted::Served(served) => self.first_of(served),
            Wanted::Seats(seats) => self.first_seat(seats, twice, now),
        }
    }

    /// Gives a part to a claimant. It leaves its queue, unless it is to be given to another one as well.
    fn give(
        &mut self,
        key: SessionKey,
        nth: usize,
        twice: bool,
    ) -> Result<(Work, u64), EngineError> {
        let by = self.number();
        let session = self.session(&key)?;
        let (incarnation, image, ending) =
            (session.incarnation, session.image, session.ending.clone());
        let part = &mut session.parts[nth];
        part.claimed = Some(by);
        part.attempts = part.attempts.saturating_add(1);
        let work = Work {
            session: key,
            incarnation,
            image,
            role: RoleId::at(nth),
            version: part.version,
            attempts: part.attempts,
            state: part.state.clone(),
            messages: part.inbox.iter().map(|(message, _)| message.clone()).collect(),
            ending,
        };
        if let Some(place) = part.place.filter(|_| !twice) {
            self.ready.entry((image, RoleId::at(nth))).or_default().remove(&place);
        }
        Ok((work, by))
    }

    /// A part that was not worked on is in its place again.
    pub(super) fn take_back(&mut self, work: &Work, by: u64) {
        let Some(session) = self.sessions.get_mut(&work.session) else { return };
        let Some(part) = session.parts.get_mut(work.role.index()) else { return };
        if part.claimed != Some(by) {
            return;
        }
        part.claimed = None;
        if let Some(place) = part.place {
            let queue = self.ready.entry((session.image, work.role)).or_default();
            queue.insert(place, work.session.clone());
        }
        self.has_changed = true;
    }

    /// The part that has waited longest of those that are served.
    fn first_of(&self, served: &[(ContentHash, RoleId)]) -> Option<(SessionKey, usize)> {
        let of_seat = |seat: &(ContentHash, RoleId)| {
            let (&place, key) = self.ready.get(seat)?.first_key_value()?;
            Some((place, key, seat.1.index()))
        };
        let (_, key, nth) = served.iter().filter_map(of_seat).min()?;
        Some((key.clone(), nth))
    }

    /// The first of the parts of some tickets that has something to do.
    fn first_seat(
        &self,
        seats: &[Seat],
        twice: bool,
        now: Duration,
    ) -> Option<(SessionKey, usize)> {
        let can_be_claimed = |seat: &&Seat| {
            self.part_of(seat).is_ok_and(|(session, part)| {
                let is_over = session.ending.is_some();
                let is_free = part.claimed.is_none() || twice;
                is_free && (seat.anyway || part.has_something_to_do(is_over, now))
            })
        };
        let seat = seats.iter().find(can_be_claimed)?;
        Some((seat.session.clone(), seat.role.index()))
    }

    /// The part of a ticket.
    fn part_of(&self, seat: &Seat) -> Result<(&Session, &Part), EngineError> {
        let found = self.sessions.get(&seat.session);
        let found =
            found.and_then(|session| Some((session, session.parts.get(seat.role.index())?)));
        let Seat { session, role, .. } = seat.clone();
        match found.filter(|(_, part)| part.ticket == Some(seat.ticket)) {
            None => Err(EngineError::NoSeat { session, role }),
            Some((_, part)) if part.is_done => Err(EngineError::SeatDone { session, role }),
            Some(found) => Ok(found),
        }
    }

    /// Sessions whose time is over end, and parts that have waited for their time have something to do.
    pub(super) fn expire(&mut self, now: Duration) {
        while let Some((due, key)) = self.timers.first().filter(|(due, _)| *due <= now).cloned() {
            self.timers.remove(&(due, key.clone()));
            if let Some(session) =
                self.sessions.get_mut(&key).filter(|session| session.timer == Some(due))
            {
                session.timer = None;
                session.expire(now);
                self.note(&key, now);
            }
        }
    }

    /// Something has changed in a session: notes which of its parts have something to do, and when time will change that.
    pub(super) fn note(&mut self, key: &SessionKey, now: Duration) {
        let Self { sessions, ready, timers, numbers, .. } = self;
        let Some(session) = sessions.get_mut(key) else { return };
        let (image, is_over) = (session.image, session.ending.is_some());
        for (nth, part) in session.parts.iter_mut().enumerate() {
            let queue = ready.entry((image, RoleId::at(nth))).or_default();
            let is_ready = part.ticket.is_none() && part.has_something_to_do(is_over, now);
            match part.place {
                None if is_ready => {
                    *numbers += 1;
                    queue.insert(*numbers, key.clone());
                    part.place = Some(*numbers);
                }
                Some(place) if !is_ready => {
                    queue.remove(&place);
                    part.place = None;
                }
                _ => {}
            }
        }
        if session.ending.is_some()
            && let Some(timer) = session.timer.take()
        {
            timers.remove(&(timer, key.clone()));
        }
        let due = session.next_due(now);
        if let Some(due) = due.filter(|due| session.timer.is_none_or(|timer| *due < timer)) {
            if let Some(timer) = session.timer.replace(due) {
                timers.remove(&(timer, key.clone()));
            }
            timers.insert((due, key.clone()));
        }
        self.has_changed = true;
    }

    pub(super) fn commit(
        &mut self,
        work: &Work,
        done: Done,
        now: Duration,
    ) -> Result<(), EngineError> {
        self.expire(now);
        let session = self.sessions.get_mut(&work.session);
        let session = session.filter(|session| session.incarnation == work.incarnation);
        let session = session.ok_or(EngineError::Fenced)?;
        session.commit(work, done, now)?;
        // Who has had a step goes to the end of the queue.
        let nth = work.role.index();
        let place = session.parts[nth].place.take();
        let queue = self.ready.entry((work.image, work.role)).or_default();
        if let Some(place) = place {
            queue.remove(&place);
        }
        self.note(&work.session, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Ending, NewPart, PartStatus};

    const IMAGE: ContentHash = ContentHash([0; 32]);
    const NOW: Duration = Duration::ZERO;

    /// So many sessions of one role, which have an hour.
    fn with_sessions(count: usize) -> Store {
        let mut store = Store::default();
        for nth in 0..count {
            let parts = vec![NewPart { role: "Ann".to_owned(), ticket: None }];
            let (key, deadline) =
                (nth.to_string().as_str().into(), Some(Duration::from_secs(3_600)));
            let new = NewSession { key, image: IMAGE, parts, deadline, idle: None };
            store.start(new, NOW).expect("the name is new");
        }
        store
    }

    fn claim(store: &mut Store, at_most: usize) -> Vec<(Work, u64)> {
        let wanted = Wanted::Served([(IMAGE, RoleId(0))].into());
        store.claim(&wanted, at_most, NOW).expect("there are no seats")
    }

    fn waiting(store: &Store) -> usize {
        store.ready.values().map(BTreeMap::len).sum()
    }

    /// Whoever claims need not look past what is claimed; and what is given back is where it was.
    #[test]
    fn claimed_parts_are_in_no_queue() {
        let mut store = with_sessions(5);
        let claims = claim(&mut store, 3);
        assert_eq!((claims.len(), waiting(&store)), (3, 2));
        for (work, by) in &claims {
            store.take_back(work, *by);
            store.take_back(work, *by);
        }
        assert_eq!(waiting(&store), 5);
        for (given_back, _) in &claims {
            let again = claim(&mut store, 5);
            assert_eq!(again.len(), 1, "it comes alone");
            assert_eq!(again[0].0.session, given_back.session, "who has waited longest is first");
        }
        assert_eq!(waiting(&store), 2);
    }

    /// Of what has ended, nothing is left but the session.
    #[test]
    fn sessions_that_have_ended_have_no_timers() {
        let mut store = with_sessions(2);
        assert_eq!(store.timers.len(), 2);
        for (work, _) in claim(&mut store, 2) {
            store.commit(&work, Done::of(PartStatus::Done), NOW).expect("nobody else did it");
            assert_eq!(store.sessions[&work.session].ending, Some(Ending::Complete));
        }
        assert_eq!((store.timers.len(), waiting(&store)), (0, 0));
    }
}
