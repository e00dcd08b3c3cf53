//! Simulated time.

/// The clock of a VM: it counts rounds, and nothing else moves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SimClock {
    tick: u64,
}

impl SimClock {
    /// How many rounds have begun.
    pub fn now(self) -> u64 {
        self.tick
    }

    #[cfg(feature = "serde")]
    pub(crate) const fn at(tick: u64) -> Self {
        Self { tick }
    }

    pub(crate) fn advance(&mut self) {
        self.tick += 1;
    }
}
