//! Takes protocols; gives verdicts and runs straight from the definitions, for tests.
//!
//! Nothing here shares a line with what it is compared with, and nothing here is fast.

mod definitions;
mod generate;
mod large;
mod notation;
mod parallel;
mod refused;
mod semantics;

pub use definitions::violated;
pub use generate::{Rng, Shape, generate};
pub use large::{Build, LARGE, exponential, waiting};
pub use notation::protocol;
pub use parallel::generate_parallel;
pub use refused::REFUSED;
pub use semantics::{Explored, Misbehaviour, can_happen, explore, is_run, may_do};
