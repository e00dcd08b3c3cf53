//! Sessions: who starts them, and what has come of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use telltale_net::engine::{Ending, Engine as _, EngineError};
use telltale_net::{SessionKey, Start};
use telltale_postgres::Postgres;
use tokio::time::sleep;

use crate::process::LEASE;
use crate::{exchange, relay};

/// Sessions of both protocols, one after the other.
pub(crate) struct Sessions<'e> {
    engine: &'e Postgres,
    started: AtomicU64,
}

/// What has come of a session.
pub(crate) enum Fate {
    Complete,
    Ended(Ending),
    Open,
    /// Nobody knows it.
    Gone,
}

impl<'e> Sessions<'e> {
    pub(crate) fn on(engine: &'e Postgres) -> Self {
        Self { engine, started: AtomicU64::new(0) }
    }

    /// How many were started.
    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    pub(crate) fn key(nth: u64) -> SessionKey {
        SessionKey::from(format!("session-{nth}"))
    }

    /// How many messages a session has.
    pub(crate) fn messages(nth: u64) -> u64 {
        if nth.is_multiple_of(2) { relay::MESSAGES } else { exchange::MESSAGES }
    }

    /// Starts sessions, a new one for each that has ended, so many at a time until it is time to stop; then waits for the last ones.
    pub(crate) async fn start(&self, at_once: usize, stop: Instant) -> Result<(), EngineError> {
        let mut open = Vec::new();
        let mut ended = Instant::now();
        loop {
            while open.len() < at_once && Instant::now() < stop {
                let nth = self.started();
                let image = if nth.is_multiple_of(2) {
                    &relay::relay::IMAGE
                } else {
                    &exchange::exchange::IMAGE
                };
                let start = Start::of(image).called(Self::key(nth).as_str().to_owned());
                match patiently(async || start.on(self.engine).await).await {
                    // It was there when it was asked for again.
                    Ok(()) | Err(EngineError::SessionExists(_)) => {}
                    Err(error) => return Err(error),
                }
                self.started.fetch_add(1, Ordering::Relaxed);
                open.push(nth);
            }
            let mut still_open = Vec::new();
            for nth in open {
                if matches!(self.fate(nth).await?, Fate::Open) {
                    still_open.push(nth);
                } else {
                    ended = Instant::now();
                }
            }
            open = still_open;
            // Whatever goes wrong is over long before that.
            let is_stuck = Instant::now() > stop && ended.elapsed() > 60 * LEASE;
            if Instant::now() > stop && open.is_empty() || is_stuck {
                return Ok(());
            }
            sleep(LEASE / 10).await;
        }
    }

    /// What has come of one.
    pub(crate) async fn fate(&self, nth: u64) -> Result<Fate, EngineError> {
        let key = Self::key(nth);
        match patiently(async || self.engine.ending(&key).await).await {
            Ok(Some(Ending::Complete)) => Ok(Fate::Complete),
            Ok(Some(ending)) => Ok(Fate::Ended(ending)),
            Ok(None) => Ok(Fate::Open),
            Err(EngineError::NoSession(_)) => Ok(Fate::Gone),
            Err(error) => Err(error),
        }
    }
}

/// Asks until the connection is not lost.
pub(crate) async fn patiently<T>(
    ask: impl AsyncFn() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        match ask().await {
            Err(EngineError::Lost(_)) => sleep(PAUSE).await,
            answer => return answer,
        }
    }
}
