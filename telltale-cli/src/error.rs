//! Why the command cannot be carried out.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the command cannot be carried out; a protocol that is refused is no such reason.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("cannot read `{}`: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("cannot read `{}`: it is not UTF-8, from byte {at} on", path.display())]
    NotText { path: PathBuf, at: usize },
    #[error("cannot write `{}`: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    #[error("there is no file that ends in `.rs` or `.tell` in `{}`", .0.display())]
    NoFile(PathBuf),
    #[error("there is no protocol in {0}")]
    NoProtocol(String),
    #[error("there is no protocol `{name}` in {place}; there is {known}")]
    UnknownProtocol { name: String, place: String, known: String },
    #[error("there are several protocols: choose one of {known} with `--protocol NAME`")]
    SeveralProtocols { known: String },
    #[error("there are several protocols, {known}: name only the file of the one that is meant")]
    SeveralFiles { known: String },
    #[error("`{protocol}` has no role `{role}`; its roles are {known}")]
    UnknownRole { protocol: String, role: String, known: String },
    #[error("the standard input, `-`, can be read only once")]
    InputTwice,
    #[error("there are several logs, and one can be drawn")]
    SeveralLogs,
    #[error("no protocol of the old version has a role `{role}`; there are {known}")]
    UnknownInUse { role: String, known: String },
    #[error(
        "DOT has no sequence diagrams: use `--format mermaid` or `--format svg`, or `--kind state`"
    )]
    NoSequenceInDot,
    #[error("cannot tell the language of the picture from the name `{}`: it should end in {endings}", path.display())]
    UnknownEnding { path: PathBuf, endings: &'static str },
    #[error("{0}")]
    Machine(String),
    #[error("{} could not be read", crate::count::count(*count, "path"))]
    Unread { count: usize },
}
