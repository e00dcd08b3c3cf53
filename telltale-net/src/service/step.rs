//! The step that an object is in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::key::SessionKey;

/// The present step of a part, for the object that acts in it. All clones are of the same part.
#[derive(Clone, Debug)]
pub struct Step {
    session: SessionKey,
    role: Arc<str>,
    now: Arc<Mutex<Now>>,
}

#[derive(Debug, Default)]
struct Now {
    version: u64,
    attempts: u32,
    keys: u64,
    again: Option<Duration>,
}

impl Step {
    pub(crate) fn new(session: SessionKey, role: &str) -> Self {
        Self { session, role: role.into(), now: Arc::default() }
    }

    /// The session.
    pub fn session(&self) -> &SessionKey {
        &self.session
    }

    /// The name of the role.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// How often this step was begun, this time included.
    pub fn attempts(&self) -> u32 {
        self.now().attempts
    }

    /// A name for something that is done to the world outside in this step. If the step has to be done again, its calls give the
    /// same names in the same order, so whoever is asked can see that it was asked before.
    pub fn idempotency_key(&self) -> String {
        let mut now = self.now();
        let key = format!("{}/{}/{}/{}", self.session, self.role, now.version, now.keys);
        now.keys += 1;
        key
    }

    /// When the object wants to be asked again, if it says that its answer is
    /// [pending](telltale_vm::HandlerError::pending); otherwise after a second.
    pub fn ask_again_after(&self, time: Duration) {
        self.now().again = Some(time);
    }

    pub(crate) fn begin(&self, version: u64, attempts: u32) {
        *self.now() = Now { version, attempts, keys: 0, again: None };
    }

    pub(crate) fn again(&self) -> Duration {
        self.now().again.unwrap_or(Duration::from_secs(1))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
