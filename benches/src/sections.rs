//! What is measured, one table each.

pub mod compile;
pub mod image;
pub mod instructions;
pub mod memory;
pub mod messages;
pub mod mixes;
pub mod opening;
pub mod sessions;
pub mod theory;
pub mod trace;
