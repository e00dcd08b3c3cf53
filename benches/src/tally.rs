//! What every role keeps, in every way that is compared: the next number to send and the sum of the numbers
//! received.

use std::cell::Cell;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The state of a role that is played by a value of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    next: u64,
    sum: u64,
}

impl Tally {
    /// The number to send.
    #[inline]
    pub fn take(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// The same, if it may turn out that it cannot be sent yet.
    #[inline]
    pub fn peek(&self) -> u64 {
        self.next
    }

    /// A number was received.
    #[inline]
    pub fn add(&mut self, number: u64) {
        self.sum = self.sum.wrapping_add(number);
    }

    pub fn audit(self) -> Audit {
        Audit::of(self.next, self.sum)
    }
}

/// The state of a handler that plays all roles of all sessions, through `&self`.
#[derive(Default)]
pub struct Counter {
    next: AtomicU64,
    sum: AtomicU64,
}

impl Counter {
    /// The number to send.
    #[inline]
    pub fn take(&self) -> u64 {
        let next = self.next.load(Relaxed);
        self.next.store(next + 1, Relaxed);
        next
    }

    /// A number was received.
    #[inline]
    pub fn add(&self, number: u64) {
        self.sum.store(self.sum.load(Relaxed).wrapping_add(number), Relaxed);
    }

    /// How many messages were sent.
    pub fn sent(&self) -> u64 {
        self.next.load(Relaxed)
    }

    pub fn audit(&self) -> Audit {
        Audit::of(self.sent(), self.sum.load(Relaxed))
    }
}

/// A role object. Role objects live and end inside of sessions, so each adds what it did to the
/// [`ledger`](take_ledger) when it is dropped.
#[derive(Default)]
pub struct Player(Tally);

impl Player {
    /// The number to send.
    #[inline]
    pub fn take(&mut self) -> u64 {
        self.0.take()
    }

    /// A number was received.
    #[inline]
    pub fn add(&mut self, number: u64) {
        self.0.add(number);
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        LEDGER.set(LEDGER.get() + self.0.audit());
    }
}

thread_local! {
    static LEDGER: Cell<Audit> = const { Cell::new(Audit { sent: 0, sum: 0, due: 0, low: 0 }) };
}

/// What the players did that were dropped in this thread since the last call.
pub fn take_ledger() -> Audit {
    LEDGER.take()
}

/// What was exchanged, as far as it shows whether it was the right thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many messages were sent.
    pub sent: u64,
    /// The sum of the numbers that were received.
    pub sum: u64,
    /// The sum of the numbers that were sent.
    pub due: u64,
    /// The sum of their three lowest bits.
    pub low: u64,
}

impl Audit {
    /// One sender sent the numbers from 0 up to `sent`.
    pub fn of(sent: u64, sum: u64) -> Self {
        let below = |count: u64| count * count.saturating_sub(1) / 2;
        Self { sent, sum, due: below(sent), low: sent / 8 * below(8) + below(sent % 8) }
    }

    /// Everything sent was received, but for so many messages that are on their way.
    ///
    /// # Panics
    ///
    /// When that is not so: then something else was measured than is claimed.
    pub fn check(self, who: &str, on_their_way: u64) {
        let Self { sent, sum, due, .. } = self;
        // Nobody has sent a number that is larger than the count of all.
        let least = due.saturating_sub(on_their_way.saturating_mul(sent));
        assert!(
            (least..=due).contains(&sum),
            "{who} received {sum} where {due} was sent: {self:?}"
        );
    }
}

impl std::ops::Add for Audit {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            sum: self.sum + other.sum,
            due: self.due + other.due,
            low: self.low + other.low,
        }
    }
}

impl AddAssign for Audit {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Audit {
    fn sum<I: Iterator<Item = Self>>(audits: I) -> Self {
        audits.fold(Self::default(), |all, one| all + one)
    }
}
