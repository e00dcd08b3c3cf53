//! What went wrong in one of many runs, and how to see it again.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One of many runs went wrong: which, why, and how to replay it.
///
/// ```
/// use telltale_testing::{Failure, Schedules};
///
/// let failure: Failure = Schedules::new().check(|_| Err::<(), _>("no tea".into())).unwrap_err();
/// assert_eq!(failure.reason(), "no tea");
/// assert!(failure.to_string().starts_with("under Schedule { policy: Policy::Cooperative, quantum: 1"));
/// ```
pub struct Failure(Box<Inner>);

struct Inner {
    which: String,
    reason: String,
    replay: String,
}

impl Failure {
    /// What is wrong with the run `which`, which can be replayed by `replay`.
    pub(crate) fn new(which: String, reason: String, replay: String) -> Self {
        Self(Box::new(Inner { which, reason, replay }))
    }

    /// What went wrong: the error, or what the panic said.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { which, reason, replay } = &*self.0;
        write!(f, "{which}: {reason}\n  replay it with {replay}")
    }
}

/// Tests print errors with `Debug`, and a reader wants a sentence there.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Failure {}

/// Runs a scenario. An error or a panic is given as a text.
pub(crate) fn attempt<T>(
    scenario: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<T, String> {
    match caught(scenario) {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(panic),
    }
}

/// Runs a scenario. What a panic says is given as a text.
pub(crate) fn caught<T>(scenario: impl FnOnce() -> T) -> Result<T, String> {
    // What the scenario has changed before it panicked is of no use to anybody: the test fails.
    catch_unwind(AssertUnwindSafe(scenario)).map_err(|panic| format!("a panic: {}", said(&*panic)))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something that is no text")
}
