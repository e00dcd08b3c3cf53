//! When parts want to be asked again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Moments to come, whatever wakes their server before.
#[derive(Default)]
pub(super) struct Moments(BTreeSet<Instant>);

impl Moments {
    /// Notes the moment after so much time, unless it never comes.
    pub(super) fn add(&mut self, now: Instant, after: Duration) {
        self.0.extend(now.checked_add(after));
    }

    /// How long it is until the next of them.
    pub(super) fn next(&self, now: Instant) -> Option<Duration> {
        self.0.first().map(|next| next.saturating_duration_since(now))
    }

    /// So much time has passed, and the moments in it are over.
    pub(super) fn pass(&mut self, begun: Instant, passed: Duration) {
        while self.next(begun).is_some_and(|next| next <= passed) {
            self.0.pop_first();
        }
    }
}
