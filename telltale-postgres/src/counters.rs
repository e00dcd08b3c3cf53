//! What an engine has done, for whoever looks after it.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a [`Postgres`](crate::Postgres) has done with one of its databases since it was made. The numbers only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Which database: hosts, ports and name, without passwords.
    pub database: String,
    /// Why it is not asked now, but for a trial now and then, if it has not answered.
    pub away: Option<String>,
    /// Parts that were claimed here.
    pub claims: u64,
    /// Steps that were written down.
    pub steps: u64,
    /// Transactions in which steps were written down, or could have been. Steps by commits is how many were done together.
    pub commits: u64,
    /// Steps that were done and not written down, since somebody else had done them or their sessions had ended.
    pub fenced: u64,
    /// Transactions that were begun anew because another one was in their way.
    pub retried: u64,
    /// Operations of which it is not known whether they were done: no connection, or no answer in time.
    pub lost: u64,
    /// Operations that were not tried, since the database had not answered the last time.
    pub spared: u64,
    /// Times that the database said that there may be something to do.
    pub wake_ups: u64,
}

/// The same while it is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) claims: Count,
    pub(crate) steps: Count,
    pub(crate) commits: Count,
    pub(crate) fenced: Count,
    pub(crate) retried: Count,
    pub(crate) lost: Count,
    pub(crate) spared: Count,
    pub(crate) wake_ups: Count,
}

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    pub(crate) fn read(&self, database: String, away: Option<String>) -> Counters {
        Counters {
            database,
            away,
            claims: self.claims.read(),
            steps: self.steps.read(),
            commits: self.commits.read(),
            fenced: self.fenced.read(),
            retried: self.retried.read(),
            lost: self.lost.read(),
            spared: self.spared.read(),
            wake_ups: self.wake_ups.read(),
        }
    }
}
