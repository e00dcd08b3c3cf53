//! Locks, and what must wait until they are open again.
//!
//! While a thread holds a machine, the machine may run what users wrote: methods of role objects, and the destructors of
//! objects and payloads. Those may drop endpoints, of any session of any host. So a thread that holds a machine never waits
//! for another one: what it would have to do there it does when it has let go of the first.

use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use crate::machine::{Due, Machine};
use crate::session::Session;

thread_local! {
    /// Whether this thread holds a machine.
    static HOLDS: Cell<bool> = const { Cell::new(false) };
    /// Whether it does now what was postponed.
    static CATCHES_UP: Cell<bool> = const { Cell::new(false) };
    /// Whether there is something in the list, which is dearer to look at.
    static HAS_POSTPONED: Cell<bool> = const { Cell::new(false) };
    /// What it has to do when it has let go.
    static POSTPONED: RefCell<Vec<Postponed>> = const { RefCell::new(Vec::new()) };
}

/// What waits until a thread holds no machine.
enum Postponed {
    /// A session is to be cancelled, for this reason.
    Cancel(Arc<Session>, String),
    /// Nobody asks for this session of a machine any more.
    Leave(Arc<Mutex<Machine>>, usize),
    /// Others are to be woken, and what was theirs is to be dropped.
    LetGo(Due),
}

/// Whether this thread holds a machine.
pub(crate) fn holds_one() -> bool {
    HOLDS.get()
}

/// Cancels a session as soon as this thread holds no machine any more.
pub(crate) fn postpone(session: Arc<Session>, reason: &str) {
    later(Postponed::Cancel(session, reason.to_owned()));
}

/// Leaves a session as soon as this thread holds no machine any more.
pub(crate) fn postpone_leaving(machine: Arc<Mutex<Machine>>, key: usize) {
    later(Postponed::Leave(machine, key));
}

fn later(postponed: Postponed) {
    HAS_POSTPONED.set(true);
    // When the thread ends and its list is gone, nothing is left to be told of it.
    let _ = POSTPONED.try_with(|all| all.borrow_mut().push(postponed));
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
        let due = self.take_due();
        self.machine = None;
        HOLDS.set(self.held_before);
        if self.held_before {
            if !due.is_empty() {
                later(Postponed::LetGo(due));
            }
            return;
        }
        due.act();
        if HAS_POSTPONED.get() {
            do_postponed();
        }
    }
}

/// What is done here may hold machines as well and postpone more; that is done in the same loop, and not further down the
/// stack.
fn do_postponed() {
    if CATCHES_UP.replace(true) {
        return;
    }
    let _until_the_end = CatchesUp;
    while let Some(postponed) = pop() {
        match postponed {
            Postponed::Cancel(session, reason) => session.cancel_now(&reason),
            Postponed::Leave(machine, key) => hold(&machine).leave(key),
            Postponed::LetGo(due) => due.act(),
        }
    }
    HAS_POSTPONED.set(false);
}

/// Ends with its scope, also when a destructor of somebody else panics there: what is left is done next time.
struct CatchesUp;

impl Drop for CatchesUp {
    fn drop(&mut self) {
        CATCHES_UP.set(false);
    }
}

/// The last that was postponed. Nothing is when the thread is about to end and its list is gone.
fn pop() -> Option<Postponed> {
    POSTPONED.try_with(|all| all.borrow_mut().pop()).ok().flatten()
}
