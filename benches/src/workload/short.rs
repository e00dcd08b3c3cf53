//! Sessions that end: what is opened, run and closed again and again.

mod haggle;
mod purchase;
mod scalar;

use std::cell::Cell;
use std::ops::Add;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use telltale_vm::loader::CodeImage;
use telltale_vm::{EffectHandler, VM};

use super::Failure;

pub use haggle::Bids;
pub use purchase::Purchase;
pub use scalar::Scalar;

/// A short conversation with an end, with role objects.
pub trait ByObjects: 'static {
    const NAME: &'static str;

    /// By hand, with a boxed object for each role.
    type Objects;

    /// The objects of the session of that number.
    fn objects(nth: u64) -> Self::Objects;
    /// Lets a session by hand do some steps. Gives whether it is done.
    ///
    /// # Errors
    ///
    /// When an object gives up.
    fn visit(session: &mut Self::Objects, steps: Left) -> Result<bool, Failure>;

    fn image() -> &'static CodeImage;
    /// Opens the session of that number, with role objects.
    fn open(vm: &mut VM, nth: u64);
    /// What so many sessions amount to.
    fn due(sessions: u64) -> Account;
}

/// One that is run to its end at once, with a handler as well.
pub trait Short: ByObjects {
    /// What the typed version asks: a `dyn` trait.
    type Handler: ?Sized;
    /// By hand, with a handler.
    type Typed: Default;
    /// What the VM asks.
    type Effects: EffectHandler + Default + AsRef<Books>;

    fn handler(books: &Books) -> &Self::Handler;
    /// Runs a session by hand to its end.
    ///
    /// # Errors
    ///
    /// When the host gives up.
    fn run_typed(session: &mut Self::Typed, handler: &Self::Handler) -> Result<(), Failure>;
    /// Runs a session by hand to its end.
    ///
    /// # Errors
    ///
    /// When an object gives up.
    fn run_objects(session: &mut Self::Objects) -> Result<(), Failure>;
}

/// A channel by hand. In these protocols, one message at most is on its way in each of them.
struct Slot<M>(Option<M>);

impl<M> Default for Slot<M> {
    fn default() -> Self {
        Self(None)
    }
}

impl<M> Slot<M> {
    #[inline(always)]
    fn put(&mut self, message: M) {
        debug_assert!(self.0.is_none(), "there is room");
        self.0 = Some(message);
    }

    #[inline(always)]
    fn take(&mut self) -> Option<M> {
        self.0.take()
    }
}

/// How many steps a state machine by hand may do: a message that is sent is one, and one that is received.
trait Steps {
    fn are_left(&self) -> bool;
    fn take(&mut self);
}

/// As many as there are.
struct Unlimited;

impl Steps for Unlimited {
    #[inline(always)]
    fn are_left(&self) -> bool {
        true
    }

    #[inline(always)]
    fn take(&mut self) {}
}

/// So many.
#[derive(Clone, Copy)]
pub struct Left(pub u32);

impl Steps for Left {
    #[inline(always)]
    fn are_left(&self) -> bool {
        self.0 > 0
    }

    #[inline(always)]
    fn take(&mut self) {
        self.0 -= 1;
    }
}

/// What was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub messages: u64,
    /// The sum of the numbers.
    pub sum: u64,
    /// The bytes of the texts.
    pub text: u64,
}

impl Add for Account {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            sum: self.sum + other.sum,
            text: self.text + other.text,
        }
    }
}

/// The state of a handler for all sessions.
#[derive(Default)]
pub struct Books {
    messages: AtomicU64,
    sum: AtomicU64,
    text: AtomicU64,
    decisions: AtomicU64,
}

fn bump(number: &AtomicU64, by: u64) {
    number.store(number.load(Relaxed) + by, Relaxed);
}

impl Books {
    fn signal(&self) {
        bump(&self.messages, 1);
    }

    fn number(&self, number: u64) {
        self.signal();
        bump(&self.sum, number);
    }

    fn text(&self, text: &str) {
        self.signal();
        bump(&self.text, text.len() as u64);
    }

    /// Whether a session of the next number agrees.
    fn agrees(&self) -> bool {
        let nth = self.decisions.load(Relaxed);
        bump(&self.decisions, 1);
        agrees(nth)
    }

    pub fn account(&self) -> Account {
        let [messages, sum, text] =
            [&self.messages, &self.sum, &self.text].map(|number| number.load(Relaxed));
        Account { messages, sum, text }
    }
}

/// Every fourth session does not agree.
fn agrees(nth: u64) -> bool {
    nth % 4 != 3
}

/// A role object. What it received is in the [ledger](take_ledger) once it is dropped.
pub struct Person {
    nth: u64,
    account: Account,
}

impl Person {
    fn new(nth: u64) -> Self {
        Self { nth, account: Account::default() }
    }

    fn signal(&mut self) {
        self.account.messages += 1;
    }

    fn number(&mut self, number: u64) {
        self.signal();
        self.account.sum += number;
    }

    fn text(&mut self, text: &str) {
        self.signal();
        self.account.text += text.len() as u64;
    }

    fn agrees(&self) -> bool {
        agrees(self.nth)
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        LEDGER.set(LEDGER.get() + self.account);
    }
}

thread_local! {
    static LEDGER: Cell<Account> = const { Cell::new(Account { messages: 0, sum: 0, text: 0 }) };
}

/// What the persons received that were dropped in this thread since the last call.
pub fn take_ledger() -> Account {
    LEDGER.take()
}
