//! Why what comes from outside is no image.

#[cfg(feature = "validate")]
use telltale_theory::ProjectionError;
use telltale_types::TypeError;
use thiserror::Error;

use crate::{CompileError, ContentHash};

/// Why what comes from outside is no image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The bytes are not those of an image.
    #[error(
        "not an image: expected the bytes {expected:02x?} at its beginning, found {found:02x?}"
    )]
    NotAnImage {
        /// How an image begins.
        expected: [u8; 4],
        /// How this begins.
        found: Vec<u8>,
    },
    /// The image was written in another format.
    #[error(
        "the image has format {found}, but this version of Telltale reads format {expected}; compile the protocol again"
    )]
    Format {
        /// The format that is read.
        expected: u16,
        /// The format of the image.
        found: u16,
    },
    /// The bytes begin as those of an image, but are not written as they should be: they are altered, or there are too few.
    #[error("the image cannot be read: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// There are bytes behind the image.
    #[error("the image ends after {end} bytes, but there are {given}")]
    TrailingBytes {
        /// Where it ends.
        end: usize,
        /// How many bytes there are.
        given: usize,
    },
    /// There is more of something than was allowed.
    #[error("{given} {what}, but an image from outside may have at most {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// How many there may be: see [`Limits`](crate::Limits).
        limit: usize,
    },
    /// It would take too long to find out whether the programs are right.
    #[error(
        "the programs cannot be verified within {limit} steps; the last one looked at is that of `{role}`"
    )]
    TooMuchToVerify {
        /// The role.
        role: String,
        /// How many steps it may take: see [`Limits`](crate::Limits).
        limit: usize,
    },
    /// Something is called what it cannot be called.
    #[error("`{name}` is no name of {what}: {reason}")]
    Name {
        /// What has the name: `a role`, `a label`, `a payload type`, `an effect` or `an import`.
        what: &'static str,
        /// The name, with what is not seen escaped.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The names are no names of a protocol, or the global type is none.
    #[error("the global type is invalid: {0}")]
    GlobalType(TypeError),
    /// A table of states is no local type.
    #[error("the local type of `{role}` is invalid: {error}")]
    LocalType {
        /// The role.
        role: String,
        /// What is wrong.
        error: TypeError,
    },
    /// Some role cannot play its part in the protocol, or that could not be found out within the limits.
    #[cfg(feature = "validate")]
    #[error("the global type cannot be projected: {0}")]
    Projection(Box<ProjectionError>),
    /// A local type is not the part that its role has in the protocol.
    #[error(
        "the local type of `{role}` is not its part of the protocol: {}expected {expected}, found {found}",
        behind(after)
    )]
    NotProjected {
        /// The role.
        role: String,
        /// What the role has done before, in order; at most the last eight actions.
        after: Vec<String>,
        /// What it may do then by the protocol.
        expected: String,
        /// What it may do by the local type.
        found: String,
    },
    /// The local types cannot be compiled: a session of this protocol would need more of something than it can have.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A word is no instruction.
    #[error("`{role}`, instruction {pc}: no instruction is written as {word:#018x}")]
    NoInstruction {
        /// The role.
        role: String,
        /// Which instruction of its program, counted from 0.
        pc: u32,
        /// The word.
        word: u64,
    },
    /// Branches are out of order, or some are there twice.
    #[error("set of branches {set} {reason}")]
    Branches {
        /// The set, counted from 0.
        set: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// An instruction is wrong: something else has to stand there, or in a register.
    #[error("`{role}`, instruction {pc} (`{instruction}`): expected {expected}, found {found}")]
    Instruction {
        /// The role.
        role: String,
        /// Which instruction of its program, counted from 0.
        pc: u32,
        /// The instruction, as it is shown in a disassembly.
        instruction: String,
        /// What the role may do there, or what the instruction needs.
        expected: String,
        /// What it does, or what is there.
        found: String,
    },
    /// A program goes round without ever sending or receiving, and there is no way out.
    #[error(
        "`{role}`, instruction {pc} (`{instruction}`): the program goes round from here on without a message, so the role never ends"
    )]
    SilentLoop {
        /// The role.
        role: String,
        /// Which instruction of its program, counted from 0.
        pc: u32,
        /// The instruction, as it is shown in a disassembly.
        instruction: String,
    },
    /// The image is right, but is not the one that it is said to be.
    #[error(
        "the content of the image is {found}, but it is said to be {expected}: one of them was altered"
    )]
    Hash {
        /// What the content is said to be.
        expected: ContentHash,
        /// What it is.
        found: ContentHash,
    },
}

/// `after A!x, B?y, `
fn behind(after: &[String]) -> String {
    if after.is_empty() {
        return "at its start, ".to_owned();
    }
    let after: Vec<String> = after.iter().map(|action| format!("`{action}`")).collect();
    format!("after {}, ", after.join(", "))
}
