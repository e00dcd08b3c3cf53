//! The step that an object is in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::key::SessionKey;

/// The present step of a part, for the object that acts in it. All clones are of the same part.
#[derive(Clone, Debug)]
pub struct Step {
    session: SessionKey,
    incarnation: u64,
    role: Arc<str>,
    now: Arc<Mutex<Now>>,
}

#[derive(Debug, Default)]
struct Now {
    version: u64,
    attempts: u32,
    /// Whether its session has ended.
    ends: bool,
    /// How often it was asked for a name for what.
    keys: BTreeMap<String, u64>,
    again: Option<Duration>,
}

impl Step {
    pub(crate) fn new(session: SessionKey, incarnation: u64, role: &str) -> Self {
        Self { session, incarnation, role: role.into(), now: Arc::default() }
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

    /// A name for something that is done to the world outside in this step: for the `nth` time that it is asked for the same `what`.
    /// If the step has to be done again, the names are the same, so whoever is asked can see that it was asked before. No other
    /// session of the engine has them, nor another role or another step.
    ///
    /// When the step is done again, more messages may have come, and in another order. So `what` has to say what is done, and for
    /// whom, if there are several: `charge Ann`.
    ///
    /// **It is a name for what is done in the same step again.** Where the object does otherwise the second time, because it waits for an
    /// answer that it had before, say, it comes to the same thing in a later step, and the name is another one. What must not
    /// happen twice whatever comes between needs a name that the object has in its state since an earlier step, or
    /// one made of what there is once in its session: `{session} charge Ann`.
    pub fn idempotency_key(&self, what: &str) -> String {
        let mut now = self.now();
        let nth = now.keys.entry(what.to_owned()).or_default();
        let place = format!("{}/{nth}", one_segment(what));
        *nth += 1;
        let when = if now.ends { "end".to_owned() } else { now.version.to_string() };
        let (session, role) = (one_segment(self.session.as_str()), one_segment(&self.role));
        format!("{session}/{}/{role}/{when}/{place}", self.incarnation)
    }

    /// When the object wants to be asked again, if it says that its answer is
    /// [pending](telltale_vm::HandlerError::pending); otherwise after a second.
    pub fn ask_again_after(&self, time: Duration) {
        self.now().again = Some(time);
    }

    pub(crate) fn begin(&self, version: u64, attempts: u32) {
        *self.now() = Now { version, attempts, ..Now::default() };
    }

    /// The session has ended: names are other ones than before.
    pub(crate) fn end(&self) {
        let mut now = self.now();
        now.ends = true;
        now.keys.clear();
    }

    pub(crate) fn again(&self) -> Duration {
        self.now().again.unwrap_or(Duration::from_secs(1))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text in which there is no `/`; other texts are other ones then, too.
fn one_segment(text: &str) -> String {
    text.replace('%', "%25").replace('/', "%2F")
}
