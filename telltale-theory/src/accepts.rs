//! Logs held against whole protocols.
//!
//! A log is the beginning of a run exactly when it is one for every role, and messages are received in order after they were sent:
//! that is what it means that the local types implement the protocol. So the protocol is projected, and the roles are
//! followed side by side.

use telltale_types::{Accepted, GlobalType, LineError, LocalTypeR, LogError, LogEvent, Monitor};
use thiserror::Error;

use crate::{Options, ProjectionError, project_all_with};

/// Why a log was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The protocol has no runs to compare with, for some role cannot play its part.
    #[error(transparent)]
    Protocol(#[from] ProjectionError),
    /// The log does not fit.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Holds a log against a protocol: is it the beginning of a run?
///
/// An event is a message that was sent and received at once, or one of the two ([`EventKind`](telltale_types::EventKind)); a log may have
/// both. Independent events may stand in any order: a log is accepted exactly when some run of the protocol begins so. It is read to its
/// end, or to the first event that does not fit, and not kept.
///
/// # Errors
///
/// The first event that does not fit, with all that could have happened instead; or why the protocol has no projection. (That a role may not
/// know that all is over is allowed.)
///
/// ```
/// use telltale_theory::accepts;
/// use telltale_types::{GlobalTerm, Label, LogEvent};
///
/// let global = GlobalTerm::send("A", "B", Label::new("Ask"),
///     GlobalTerm::send("A", "C", Label::new("Look"),
///         GlobalTerm::send("B", "A", Label::new("Answer"), GlobalTerm::end())))
/// .close()?;
/// let log = [LogEvent::exchange("A", "B", "Ask"), LogEvent::sent("B", "A", "Answer"), LogEvent::exchange("A", "C", "Look")];
/// assert_eq!(
///     accepts(&global, log)?.to_string(),
///     "3 events fit, and the log is not complete\n  \
///        `A` still has to do `B?Answer`\n  \
///        `B→A:Answer` is under way",
/// );
///
/// let log = [LogEvent::exchange("A", "B", "Ask"), LogEvent::exchange("B", "A", "Answer")];
/// assert_eq!(
///     accepts(&global, log).unwrap_err().to_string(),
///     "event 2: `B→A:Answer` does not fit; expected `A→C:Look`",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accepts<E>(
    global: &GlobalType,
    log: impl IntoIterator<Item = E>,
) -> Result<Accepted, AcceptError>
where
    E: Into<Result<LogEvent, LineError>>,
{
    let parts = parts(global)?;
    let parts = parts.iter().map(|(role, local)| (role.as_str(), local));
    Ok(Monitor::of_roles(global, parts)?.check(log)?)
}

/// What each role does, whether or not it knows when all is over.
pub(crate) fn parts(global: &GlobalType) -> Result<Vec<(String, LocalTypeR)>, ProjectionError> {
    let options = Options { allow_silent_end: true, find_remedies: false, ..Options::default() };
    project_all_with(global, &options)
}
