//! What is measured, one table each.

pub mod churn;
pub mod compile;
pub mod crowds;
pub mod durable;
pub mod image;
pub mod instructions;
pub mod memory;
pub mod messages;
pub mod mixes;
pub mod off_script;
pub mod opening;
pub mod parts;
pub mod sessions;
pub mod size;
pub mod snapshots;
pub mod tasks;
pub mod theory;
pub mod threads;
pub mod trace;

/// What D2 is, for the captions of the tables that have it.
const D2: &str = "  D2 is by hand: an enum of messages, payloads from a `&dyn` handler that is asked \
                  per message and may fail.";
