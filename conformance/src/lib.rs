//! Takes protocols, those of the literature from `corpus/` and random ones; gives what tests need to
//! follow them through every stage: verdicts, scripts that answer from a seed, traces as words.
//!
//! A stage is right when it agrees with the others: the projection with the verdict that stands in
//! the file, the machine with the definition of a run, role objects with a handler that answers
//! alike, the image in the binary with the one that is made at run time.

pub mod case;
pub mod corpus;
pub mod grammar;
pub mod image;
pub mod payload;
pub mod play;
pub mod script;
pub mod word;
