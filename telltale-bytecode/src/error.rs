//! What can be wrong with local types that are to become an image.

use telltale_types::{TooMuchAtOnce, TypeError};
use thiserror::Error;

/// Why local types do not make an image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// A role of the global type has no local type.
    #[error("role `{role}` of the global type has no local type")]
    MissingRole {
        /// The role.
        role: String,
    },
    /// A local type is for a role that the global type does not have.
    #[error("there is a local type for `{role}`, which is not a role of the global type")]
    UnknownRole {
        /// The role.
        role: String,
    },
    /// A local type speaks of a role or a label that the global type does not have.
    #[error("the local type of `{role}` speaks of `{name}`, which the global type does not")]
    UnknownName {
        /// Whose local type it is.
        role: String,
        /// The role or label.
        name: String,
    },
    /// The protocol has no such label.
    #[error("there is no label `{label}` in the protocol")]
    UnknownLabel {
        /// The label.
        label: String,
    },
    /// A role was given no program.
    #[error("role `{role}` has no program")]
    MissingProgram {
        /// The role.
        role: String,
    },
    /// The images of one program can tell apart only so many sets of branches.
    #[error("more than {limit} different choices")]
    TooManyChoices {
        /// How many there may be.
        limit: usize,
    },
    /// The roles do more at once than a session has room for.
    #[error(transparent)]
    AtOnce(#[from] TooMuchAtOnce),
    /// A role does several things at once. Programs for such a role are compiled, and not written by hand.
    #[error(
        "role `{role}` does several things at once, and programs for such a role cannot be written by hand"
    )]
    LanesByHand {
        /// The role.
        role: String,
    },
    /// A table of a program written by hand is full.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        limit: u64,
    },
    /// A local type could not be rewritten with the names of the global type.
    #[error(transparent)]
    Type(#[from] TypeError),
}
