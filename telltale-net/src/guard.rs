//! Locks, and what must wait until they are open again.
//!
//! While a thread holds a machine, the machine may run what users wrote: methods of role objects, and the destructors of
//! objects and payloads. Those may drop endpoints, of any session of any host. So a thread that holds a machine never waits
//! for another one: what it would have to do there it does when it has let go of the first.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem::{self, ManuallyDrop};
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;
use std::thread;

use crate::machine::{Due, Machine};

thread_local! {
    /// Whether this thread holds a machine.
    static HOLDS: Cell<bool> = const { Cell::new(false) };
    /// Whether it does now what was postponed.
    static CATCHES_UP: Cell<bool> = const { Cell::new(false) };
    /// Whether there is something in the list, which is dearer to look at.
    static HAS_POSTPONED: Cell<bool> = const { Cell::new(false) };
    /// What it has to do when it has let go. It has no memory between two calls, so it needs no destructor, and is there as long as
    /// the thread is: also for endpoints that other destructors of the thread drop.
    static POSTPONED: RefCell<ManuallyDrop<VecDeque<Postponed>>> =
        const { RefCell::new(ManuallyDrop::new(VecDeque::new())) };
}

/// What waits until a thread holds no machine.
pub(crate) enum Postponed {
    Wake(Waker),
    Drop(Box<dyn Any + Send>),
    Call(Box<dyn FnOnce() + Send>),
}

impl Postponed {
    fn act(self) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Drop(it) => drop(it),
            Self::Call(call) => call(),
        }
    }
}

/// Whether this thread holds a machine.
pub(crate) fn holds_one() -> bool {
    HOLDS.get()
}

/// Does something as soon as this thread holds no machine any more.
pub(crate) fn postpone(call: impl FnOnce() + Send + 'static) {
    later(Postponed::Call(Box::new(call)));
}

fn later(postponed: Postponed) {
    HAS_POSTPONED.set(true);
    POSTPONED.with_borrow_mut(|all| all.push_back(postponed));
}

/// A machine that this thread holds. When it lets go, it wakes whom it has to wake.
pub(crate) struct Held<'a> {
    /// Nothing when it has let go.
    machine: Option<MutexGuard<'a, Machine>>,
    held_before: bool,
}

/// Waits for a machine. The caller holds none.
pub(crate) fn hold(machine: &Mutex<Machine>) -> Held<'_> {
    Held::new(machine.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A machine, unless somebody holds it.
pub(crate) fn try_hold(machine: &Mutex<Machine>) -> Option<Held<'_>> {
    match machine.try_lock() {
        Ok(machine) => Some(Held::new(machine)),
        Err(TryLockError::Poisoned(poisoned)) => Some(Held::new(poisoned.into_inner())),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl<'a> Held<'a> {
    fn new(machine: MutexGuard<'a, Machine>) -> Self {
        Self { machine: Some(machine), held_before: HOLDS.replace(true) }
    }
}

impl Deref for Held<'_> {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        self.machine.as_ref().expect("it is held")
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Machine {
        self.machine.as_mut().expect("it is held")
    }
}

/// Wakers and what was kept for nobody are code of others: they are called and dropped when nothing is held.
impl Drop for Held<'_> {
    fn drop(&mut self) {
        let Due { waker, more } = self.take_due();
        self.machine = None;
        HOLDS.set(self.held_before);
        let is_last = !self.held_before && !CATCHES_UP.get();
        if is_last && more.is_empty() && !HAS_POSTPONED.get() {
            if let Some(waker) = waker {
                waker.wake();
            }
            return;
        }
        waker.map(Postponed::Wake).into_iter().chain(more).for_each(later);
        if is_last {
            catch_up();
        }
    }
}

/// Does what was postponed, in its order. What is done here may hold machines as well and postpone more; that is done in the same loop,
/// and not further down the stack. If somebody else's code panics there, the rest is done all the same.
#[cold]
fn catch_up() {
    CATCHES_UP.set(true);
    let mut panics = Vec::new();
    while let Some(postponed) = POSTPONED.with_borrow_mut(|all| all.pop_front()) {
        panics.extend(catch_unwind(AssertUnwindSafe(|| postponed.act())).err());
    }
    drop(POSTPONED.with_borrow_mut(|all| mem::take(&mut **all)));
    HAS_POSTPONED.set(false);
    CATCHES_UP.set(false);
    if let Some(panic) = panics.into_iter().next()
        && !thread::panicking()
    {
        resume_unwind(panic);
    }
}
