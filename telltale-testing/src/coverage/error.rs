//! What is said of the coverage of a test. All of its sentences are here.

use std::fmt;
use std::path::PathBuf;

use telltale_types::{LogError, RoleCoverage};
use thiserror::Error;

/// Not all of a protocol was exercised, or nothing can be said of that.
///
/// A test that gives it prints it as a text.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CoverageError {
    /// Something was never done.
    #[error("not all of the protocol{} was exercised{}", Place(.place.as_ref()), Roles(.roles))]
    Missing {
        /// The file that the protocol stands in, if that is known.
        place: Option<PathBuf>,
        /// The roles that have not done everything.
        roles: Vec<RoleCoverage>,
    },
    /// The protocol has no such role.
    #[error("there is no role `{role}`; there is `{}`", .known.join("`, `"))]
    UnknownRole {
        /// The role.
        role: String,
        /// The roles of the protocol.
        known: Vec<String>,
    },
    /// The VM has not recorded everything that happened.
    #[error(
        "the VM has not recorded all of its run\nhelp: set `recording: Recording::Full` in its `VMConfig`"
    )]
    Forgotten,
    /// The VM has channels in which messages replace each other.
    #[error(
        "with channels in mode `LatestValue` a trace does not say which messages were sent\n\
         help: let coverage see runs with `ChannelMode::Fifo`"
    )]
    Replaced,
    /// A session did what the protocol does not say: it is one of another protocol with the same roles and messages.
    #[error("a session in this VM is not of this protocol: {0}")]
    Unfit(#[from] LogError),
    /// The file cannot be read.
    #[error("`{}` cannot be read: {message}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The protocol is not in the file.
    #[error("no protocol in `{}` is the one that runs", .path.display())]
    NotThere {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Debug for CoverageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the protocol stands, if that is known.
struct Place<'e>(Option<&'e PathBuf>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |path| write!(f, " in `{}`", path.display()))
    }
}

/// What each role has left out, in lines of their own.
struct Roles<'e>(&'e [RoleCoverage]);

impl fmt::Display for Roles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.0.iter().map(ToString::to_string).collect();
        write!(f, "\n{}", text.trim_end())
    }
}
