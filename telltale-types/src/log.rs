//! Logs of what happened, held against types.
//!
//! A log is a list of [`LogEvent`]s from anywhere. [`LocalTypeR::accepts`] holds it against the part of one
//! role, [`Monitor`] against those of several together, event by event. The answer is [`Accepted`], and
//! how far that is from the end; or the first event that does not fit ([`Unfit`]), and what was expected.

mod coverage;
mod event;
mod explain;
#[cfg(feature = "json")]
mod json;
mod monitor;
mod part;
mod report;
mod way;

pub use coverage::{Counts, Covered, RoleCoverage};
pub use event::{EventKind, LineError, LogEvent};
#[cfg(feature = "json")]
pub use json::{JsonLines, LINE_LIMIT, json_lines};
pub use monitor::{Monitor, UNDER_WAY_LIMIT, WAY_LIMIT};
pub use report::{Accepted, Cause, Expected, LogError, Pending, Place, Unfit};

use crate::LocalTypeR;

impl LocalTypeR {
    /// Holds a log against the part of one role: is it the beginning of something that the role may do?
    ///
    /// The role is given by its name. Events between other roles are skipped, so a log of all roles will do; so are
    /// what a peer says of sending and receiving ([`EventKind`]) on its own side. A role that the type does not know is an
    /// error. The log is read to its end, or to the first event that does not fit, and not kept.
    ///
    /// # Errors
    ///
    /// The first event that does not fit, with all that could have happened instead; a role that is not known; or a
    /// line that is no event, where events come from lines.
    ///
    /// ```
    /// use telltale_types::{Label, LocalTerm, LogEvent};
    ///
    /// let shop = LocalTerm::recv("Customer", Label::with("Ask", "String"), LocalTerm::select([
    ///     ("Customer", Label::with("Price", "u64"), LocalTerm::end()),
    ///     ("Customer", Label::new("SoldOut"), LocalTerm::end()),
    /// ]))
    /// .close()?;
    ///
    /// let asked = LogEvent::exchange("Customer", "Shop", "Ask");
    /// let accepted = shop.accepts("Shop", [asked.clone(), LogEvent::exchange("Shop", "Customer", "SoldOut")])?;
    /// assert!(accepted.is_complete());
    ///
    /// let error = shop.accepts("Shop", [asked.clone(), asked]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "event 2: `Customer?Ask` does not fit; expected `Customer!Price(u64)` or `Customer!SoldOut`",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accepts<E>(
        &self,
        role: &str,
        log: impl IntoIterator<Item = E>,
    ) -> Result<Accepted, LogError>
    where
        E: Into<Result<LogEvent, LineError>>,
    {
        Monitor::of_role(self, role)?.check(log)
    }
}
