//! What a lock says when something is wrong. All of its sentences are here.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use telltale_theory::Comparison;
use telltale_types::foreign::sentence;
use thiserror::Error;

/// Something does not go with what is released, or a lock file cannot be used.
///
/// A test that gives it prints it as a text.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LockError {
    /// There is no file.
    #[error("there is no `{}`\nhelp: `TELLTALE_LOCK=write cargo test` writes it", .path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("`{}` cannot be read: {message}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The file cannot be written.
    #[error("`{}` cannot be written: {message}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The file is not one of this kind.
    #[error("`{}` is no lock file: {message}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
    /// The file was written by another version of this crate.
    #[error(
        "`{}` has format {found}, and this version reads format {known}\n\
         help: use the version that has written it, or write it anew from what is released", .path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that can be read.
        known: u32,
    },
    /// A protocol in the file is not as it was written.
    #[error(
        "`{protocol}` in `{}` was changed after it was written\n\
         help: get the file back, or write it anew from what is released", .path.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The protocol.
        protocol: String,
    },
    /// The file has something twice, as when branches were merged and both sides were kept.
    #[error(
        "`{}` has {} twice, as if both sides of a merge were kept\n\
         help: keep the one that is released, or write the file anew from what is released",
        .path.display(), part(.protocol, .role.as_deref())
    )]
    Twice {
        /// The file.
        path: PathBuf,
        /// The protocol.
        protocol: String,
        /// The role whose part is there twice; nothing if the whole protocol is.
        role: Option<String>,
    },
    /// Two protocols were given the same name.
    #[error("two protocols are called `{protocol}`\nhelp: give each a name of its own")]
    GivenTwice {
        /// The name.
        protocol: String,
    },
    /// Roles of a protocol are said to be in use, and there is no such protocol.
    #[error(
        "roles of `{protocol}` are said to be in use, and no protocol of that name is compared"
    )]
    NotGiven {
        /// The name.
        protocol: String,
    },
    /// A protocol is not in the file.
    #[error(
        "`{protocol}` is not in `{}`\n\
         help: `TELLTALE_LOCK=write cargo test` writes the file anew, with all protocols as they are now", .path.display()
    )]
    New {
        /// The file.
        path: PathBuf,
        /// The protocol.
        protocol: String,
    },
    /// A protocol in the file is not compared with anything.
    #[error(
        "`{protocol}` is in `{}`, and there is nothing to compare it with\n\
         help: if no program plays it any more, `TELLTALE_LOCK=write cargo test` writes the file anew", .path.display()
    )]
    Gone {
        /// The file.
        path: PathBuf,
        /// The protocol.
        protocol: String,
    },
    /// A role is said to be in use that no released protocol has.
    #[error("no protocol in `{}` has a role `{role}`; there are {}", .path.display(), quoted(.known))]
    UnknownRole {
        /// The file.
        path: PathBuf,
        /// The role.
        role: String,
        /// All roles.
        known: Vec<String>,
    },
    /// A protocol, or the one in the file, has no projection, or is too large to find out.
    #[error("`{protocol}` cannot be compared: {message}")]
    Protocol {
        /// The protocol.
        protocol: String,
        /// Why.
        message: String,
    },
    /// The environment asks for something that is not known.
    #[error("`TELLTALE_LOCK` is `{value}`; it can be `write`")]
    Variable {
        /// What it is.
        value: String,
    },
    /// What was released cannot be played with what is written now.
    #[error("{}", broken(.path, .breaks))]
    Broken {
        /// The file.
        path: PathBuf,
        /// What does not go together, by protocol.
        breaks: Vec<Break>,
    },
}

/// A protocol that does not go with what is released.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Break {
    /// Its name.
    pub protocol: String,
    /// The roles that are in use and cannot stay as they were.
    pub roles: Vec<String>,
    /// The declared version of the payloads as they were and as they are now, if it is another one.
    pub payload_versions: Option<(u32, u32)>,
    /// All that has changed.
    pub comparison: Comparison,
}

impl LockError {
    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Read { path, message: error.to_string() },
        }
    }

    pub(super) fn protocol(name: &str, why: &dyn fmt::Display) -> Self {
        Self::Protocol { protocol: name.to_owned(), message: why.to_string() }
    }

    pub(super) fn malformed(path: &Path, error: &serde_json::Error) -> Self {
        Self::Malformed { path: path.to_owned(), message: sentence(error) }
    }
}

fn broken(path: &Path, breaks: &[Break]) -> String {
    let mut lines = Vec::new();
    for Break { protocol, roles, payload_versions, comparison } in breaks {
        let (roles, path) = (quoted(roles), path.display());
        lines.push(format!(
            "`{protocol}` as it is now cannot be played with {roles} as released (`{path}`)"
        ));
        if let Some((old, new)) = payload_versions {
            lines.push(format!("  payloads of version {old} are now of version {new}"));
        }
        lines.extend(comparison.to_string().lines().map(|line| format!("  {line}")));
    }
    let help = "help: find a change that the released ones can live with; or, if they are no longer in use, say with `in_use` \
                which are, or write the file anew with `TELLTALE_LOCK=write cargo test`";
    lines.push(help.to_owned());
    lines.join("\n")
}

fn part(protocol: &str, role: Option<&str>) -> String {
    match role {
        None => format!("`{protocol}`"),
        Some(role) => format!("the part of `{role}` in `{protocol}`"),
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// As it is displayed, for that is how tests print it.
impl fmt::Debug for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
