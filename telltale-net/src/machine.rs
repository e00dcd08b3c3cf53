//! A VM, who waits for something in its sessions, and how those have ended. One thread at a time holds it.
//!
//! No wake-up is lost: whether a role can go on is found out, and its waker is left, while the machine is held, and
//! whatever lets the role go on happens while the machine is held as well. So either the role is seen to be able to go on, or its waker
//! is there to be found.
//!
//! Role objects act in calls, and a call lasts for so many rounds only. As long as they have more to do, nobody who waits in a session
//! with role objects sleeps: all have been woken, and whoever comes back goes on with the work. Were it handed to one of them, it
//! would be lost with him: a task can be dropped, or have other things to do.

use std::any::Any;
use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use slab::Slab;
use telltale_vm::generated::endpoints::Place;
use telltale_vm::outside::Seat;
use telltale_vm::{NoHandler, Outcome, Progress, SessionId, VM, VMConfig, VMError};

use crate::guard::Postponed;

/// How many rounds of role objects are run for one call. If that is not enough, those who wait go on with it.
const ROUNDS: usize = 1_000;

/// Takes the role objects of a session that has ended out of its VM.
pub(crate) type TakeObjects = fn(&mut VM, SessionId) -> Option<Box<dyn Any + Send>>;

pub(crate) struct Machine {
    pub(crate) vm: VM,
    entries: Slab<Entry>,
    by_session: HashMap<SessionId, usize>,
    /// Buffers.
    woken: Vec<Seat>,
    ended: Vec<(SessionId, Outcome)>,
    /// What is to be done when the machine is let go.
    due: Due,
    /// Whether role objects could go on at once, because there was too much to do for one call.
    has_work: bool,
    /// How many sessions of the host have not ended, for those who do not hold the machine.
    open: Arc<AtomicUsize>,
}

/// A session.
struct Entry {
    session: SessionId,
    /// Whether some of its roles are played by objects.
    has_objects: bool,
    outcome: Option<Outcome>,
    /// The seats in which somebody waits.
    waiting: Vec<(Place, Waker)>,
    /// Who waits for its end.
    for_end: Option<Waker>,
    take_objects: Option<TakeObjects>,
    /// Whether somebody can still ask for it.
    is_wanted: bool,
}

impl Machine {
    pub(crate) fn new(config: VMConfig, open: Arc<AtomicUsize>) -> Self {
        Self {
            vm: VM::new(config),
            entries: Slab::new(),
            by_session: HashMap::new(),
            woken: Vec::new(),
            ended: Vec::new(),
            due: Due::default(),
            has_work: false,
            open,
        }
    }

    /// Whether one more session may be open.
    pub(crate) fn has_room(&self) -> bool {
        self.vm.open_sessions() < self.vm.config().max_sessions
    }

    /// Notes a session that has been opened. Gives its key.
    pub(crate) fn enter(
        &mut self,
        session: SessionId,
        has_objects: bool,
        take_objects: Option<TakeObjects>,
    ) -> usize {
        let key = self.entries.insert(Entry {
            session,
            has_objects,
            outcome: None,
            waiting: Vec::new(),
            for_end: None,
            take_objects,
            is_wanted: true,
        });
        tell!(debug, session = %session, "opened");
        self.by_session.insert(session, key);
        self.open.fetch_add(1, Ordering::Relaxed);
        self.after_call(key);
        key
    }

    /// The answer for which a role object waits is there.
    pub(crate) fn wake(&mut self, session: SessionId, role: &str) -> Result<(), VMError> {
        self.vm.wake(session, role)?;
        self.look_after(session);
        Ok(())
    }

    pub(crate) fn cancel(&mut self, session: SessionId, reason: &str) -> Result<(), VMError> {
        self.vm.cancel(session, reason)?;
        self.look_after(session);
        Ok(())
    }

    fn look_after(&mut self, session: SessionId) {
        if let Some(&key) = self.by_session.get(&session) {
            self.after_call(key);
        }
    }

    /// How a session has ended.
    pub(crate) fn outcome(&self, key: usize) -> Option<&Outcome> {
        self.entries[key].outcome.as_ref()
    }

    /// Something has happened in a session: lets its role objects act, and finds out who can go on.
    pub(crate) fn after_call(&mut self, key: usize) {
        if self.entries[key].has_objects {
            // A session that faults is among those that have ended, and the others have continued.
            let _reported = self.vm.run(&NoHandler, ROUNDS);
            self.has_work = self.vm.progress() == Progress::OutOfFuel;
            if self.has_work {
                self.wake_all();
            }
        }
        self.vm.take_woken(&mut self.woken);
        while let Some(seat) = self.woken.pop() {
            let Some(key) = self.key_of(seat.session, key) else { continue };
            let place = Place { role: seat.role, lane: seat.lane };
            let waiting = &mut self.entries[key].waiting;
            if let Some(at) = waiting.iter().position(|(other, _)| *other == place) {
                self.due.wake(waiting.swap_remove(at).1);
            }
        }
        self.vm.take_ended(&mut self.ended);
        while let Some((session, outcome)) = self.ended.pop() {
            if let Some(key) = self.key_of(session, key) {
                self.has_ended(key, outcome);
            }
        }
    }

    /// There is work left: whoever waits in a session with role objects goes on with it.
    #[cold]
    fn wake_all(&mut self) {
        for (_, entry) in self.entries.iter_mut().filter(|(_, entry)| entry.has_objects) {
            let waiting = entry.waiting.drain(..).map(|(_, waker)| waker);
            waiting.chain(entry.for_end.take()).for_each(|waker| self.due.wake(waker));
        }
    }

    /// The key of a session; nearly always it is the one that has been called.
    fn key_of(&self, session: SessionId, likely: usize) -> Option<usize> {
        let is_likely = self.entries.get(likely).is_some_and(|entry| entry.session == session);
        if is_likely { Some(likely) } else { self.by_session.get(&session).copied() }
    }

    fn has_ended(&mut self, key: usize, outcome: Outcome) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        let entry = &mut self.entries[key];
        tell!(debug, session = %entry.session, ?outcome, "ended");
        entry.outcome = Some(outcome);
        let (waiting, for_end) = (mem::take(&mut entry.waiting), entry.for_end.take());
        waiting
            .into_iter()
            .map(|(_, waker)| waker)
            .chain(for_end)
            .for_each(|one| self.due.wake(one));
        if !self.entries[key].is_wanted {
            self.forget(key);
        }
    }

    /// Somebody waits in a seat. What it displaces is dropped with the other wakers.
    pub(crate) fn wait(&mut self, key: usize, place: Place, waker: &Waker) {
        let waiting = &mut self.entries[key].waiting;
        match waiting.iter_mut().find(|(other, _)| *other == place) {
            Some((_, known)) if known.will_wake(waker) => {}
            Some((_, known)) => self.due.drop_later(mem::replace(known, waker.clone())),
            None => waiting.push((place, waker.clone())),
        }
        self.work_on(key);
    }

    /// Somebody waits for the end of a session.
    pub(crate) fn wait_for_end(&mut self, key: usize, waker: &Waker) {
        if let Some(known) = self.entries[key].for_end.replace(waker.clone()) {
            self.due.drop_later(known);
        }
        self.work_on(key);
    }

    /// If role objects are not done with what they could do, they go on.
    fn work_on(&mut self, key: usize) {
        if self.has_work && self.entries[key].has_objects {
            self.after_call(key);
        }
    }

    /// The role objects of a session that has ended.
    pub(crate) fn take_objects(&mut self, key: usize) -> Option<Box<dyn Any + Send>> {
        let Entry { take_objects, session, .. } = &mut self.entries[key];
        take_objects.take().and_then(|take| take(&mut self.vm, *session))
    }

    /// Nobody asks for a session any more: it is forgotten when it has ended.
    pub(crate) fn leave(&mut self, key: usize) {
        if self.entries[key].outcome.is_some() {
            self.forget(key);
        } else {
            self.entries[key].is_wanted = false;
        }
    }

    fn forget(&mut self, key: usize) {
        if let Some(objects) = self.take_objects(key) {
            self.due.drop_later(objects);
        }
        let entry = self.entries.remove(key);
        self.by_session.remove(&entry.session);
    }

    pub(crate) fn take_due(&mut self) -> Due {
        mem::take(&mut self.due)
    }
}

/// What is code of others, and so waits until the machine is let go. Mostly it is one waker.
#[derive(Default)]
pub(crate) struct Due {
    pub(crate) waker: Option<Waker>,
    pub(crate) more: Vec<Postponed>,
}

impl Due {
    fn wake(&mut self, waker: Waker) {
        if self.waker.is_none() {
            self.waker = Some(waker);
        } else {
            self.more.push(Postponed::Wake(waker));
        }
    }

    fn drop_later(&mut self, it: impl Any + Send) {
        self.more.push(Postponed::Drop(Box::new(it)));
    }
}
