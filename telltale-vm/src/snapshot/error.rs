//! What can go wrong with a snapshot.

use thiserror::Error;

use crate::VMError;

/// Why a snapshot cannot be taken, read or resumed. The machine is as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A payload cannot be written down: it is a Rust value of a protocol without `#[serde]`, or a record that is too deep.
    #[error(
        "session #{session} cannot be written down: {place} holds {value}{}",
        label.as_ref().map(|(name, payload)| format!(", the payload of `{name}({payload})`")).unwrap_or_default()
    )]
    Unwritable {
        /// The session, by its ordinal.
        session: u64,
        /// The channel or the register.
        place: String,
        /// The message and the type of its payload.
        label: Option<(String, String)>,
        /// What is there.
        value: String,
    },
    /// One session cannot be written down without others: it holds their endpoints, or its roles are played through endpoints.
    #[error(
        "session #{session} cannot be written down alone: {why}; `VM::snapshot` takes all sessions"
    )]
    NotAlone {
        /// The session, by its ordinal.
        session: u64,
        /// What ties it to others.
        why: String,
    },
    /// These are not the bytes of a snapshot.
    #[error("this is no snapshot: {reason}")]
    NotASnapshot {
        /// What is wrong with them.
        reason: String,
    },
    /// The snapshot was written by another version.
    #[error("this is a snapshot of version {found}, and version {supported} is read here")]
    Version {
        /// Its version.
        found: u32,
        /// The version that can be read.
        supported: u32,
    },
    /// The snapshot has been altered since it was written, or is not complete.
    #[error(
        "the snapshot has been altered or cut off: its checksum is {found}, and that of its content {expected}"
    )]
    Altered {
        /// The checksum of what is in it, in hexadecimal.
        expected: String,
        /// The one that it has.
        found: String,
    },
    /// An image of the snapshot is not among those that were given.
    #[error(
        "the image with the roles {roles} and the hash {hash} is not among those that were given"
    )]
    MissingImage {
        /// The roles of its protocol.
        roles: String,
        /// Its content hash.
        hash: String,
    },
    /// The snapshot does not fit its images: somebody has made it up.
    #[error("invalid snapshot: {what}")]
    Invalid {
        /// What does not fit.
        what: String,
    },
    /// The number of the session was given to another one here. [`SessionSnapshot::adopt`](super::SessionSnapshot::adopt)
    /// gives it a new one.
    #[error(
        "session #{session} cannot keep its number, which has been given away here; `adopt` gives it a new one"
    )]
    NumberTaken {
        /// The number.
        session: u64,
    },
    /// The role objects of a session were not written down, cannot be, or cannot be read.
    #[error("the role objects of session #{session}: {why}")]
    KeptRoles {
        /// The session, by its ordinal.
        session: u64,
        /// Why.
        why: String,
    },
    /// The machine cannot have the session.
    #[error(transparent)]
    Refused(#[from] VMError),
}

impl SnapshotError {
    #[cold]
    pub(super) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }
}
