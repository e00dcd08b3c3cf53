//! Whether a database answers. One that does not is left alone for a while, which grows; then one caller tries, and the others go on
//! as if it were still away.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long it is left alone at first, and at most. Each time that it does not answer, it is twice as long.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

#[derive(Default)]
pub(crate) struct Health {
    down: Mutex<Option<Down>>,
}

/// It has not answered.
struct Down {
    why: String,
    since: Instant,
    pause: Duration,
    until: Instant,
    /// Whether somebody tries.
    is_tried: bool,
}

/// Why a database is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Away {
    why: String,
    lasts: Duration,
}

/// What a caller has who may ask, until it says what has come of it. One who does not say it has learnt nothing.
pub(crate) struct Leave<'h> {
    health: &'h Health,
    is_trial: bool,
}

impl Health {
    /// Leave to ask.
    pub(crate) fn leave(&self, now: Instant) -> Result<Leave<'_>, Away> {
        let mut state = self.state();
        let Some(down) = &mut *state else { return Ok(Leave { health: self, is_trial: false }) };
        if down.is_tried || now < down.until {
            return Err(down.away(now));
        }
        down.is_tried = true;
        Ok(Leave { health: self, is_trial: true })
    }

    /// Why it is not asked, if it has not answered the last time.
    pub(crate) fn away(&self, now: Instant) -> Option<Away> {
        self.state().as_ref().map(|down| down.away(now))
    }

    /// Whether it has not answered the last time, and it is time to try again.
    pub(crate) fn is_to_be_tried(&self, now: Instant) -> bool {
        self.state().as_ref().is_some_and(|down| !down.is_tried && now >= down.until)
    }

    fn state(&self) -> MutexGuard<'_, Option<Down>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Down {
    fn away(&self, now: Instant) -> Away {
        Away { why: self.why.clone(), lasts: now.saturating_duration_since(self.since) }
    }
}

impl Leave<'_> {
    /// It has answered, whatever it has said.
    pub(crate) fn answered(self) {
        *self.health.state() = None;
    }

    /// It has not. Of many that were waiting when it went away, the first one counts. Gives whether it was this one.
    pub(crate) fn silent(self, now: Instant, why: &str) -> bool {
        let mut state = self.health.state();
        let (shortest, longest) = PAUSES;
        let (since, pause) = match &*state {
            None => (now, shortest),
            Some(down) if self.is_trial => (down.since, (down.pause * 2).min(longest)),
            Some(_) => return false,
        };
        *state =
            Some(Down { why: why.to_owned(), since, pause, until: now + pause, is_tried: false });
        true
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if let (true, Some(down)) = (self.is_trial, &mut *self.health.state()) {
            down.is_tried = false;
        }
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, and has not answered for {:.1?}; it is tried now and then",
            self.why, self.lasts
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_answer_is_tried_by_one_caller_after_longer_and_longer_pauses() {
        let health = Health::default();
        let mut now = Instant::now();
        let (first, second) = (health.leave(now), health.leave(now));
        assert!(first.expect("nothing is known of it").silent(now, "cut"));
        assert!(!second.expect("nothing was known of it").silent(now, "cut"), "it counts once");
        for pause in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
            let pause = Duration::from_millis(pause);
            assert!(
                health.leave(now + pause / 2).is_err() && !health.is_to_be_tried(now + pause / 2)
            );
            now += pause;
            assert!(health.is_to_be_tried(now));
            let trial = health.leave(now).expect("it is time");
            assert!(health.leave(now).is_err(), "one tries");
            assert!(trial.silent(now, "still cut"));
        }
        let away = health.away(now).expect("it does not answer").to_string();
        assert!(away.starts_with("still cut, and has not answered for 32.7s"), "{away}");
    }

    #[test]
    fn one_answer_is_enough_and_a_trial_that_is_dropped_is_none() {
        let health = Health::default();
        let now = Instant::now();
        let late = health.leave(now).expect("nothing is known of it");
        assert!(health.leave(now).expect("the same").silent(now, "cut"));
        let then = now + Duration::from_secs(1);
        drop(health.leave(then).expect("it is time"));
        assert!(health.is_to_be_tried(then), "nobody has learnt anything");
        late.answered();
        assert_eq!(health.away(then), None);
    }
}
