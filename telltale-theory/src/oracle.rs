//! Takes protocols; gives verdicts and runs straight from the definitions, for tests.
//!
//! Nothing here shares a line with what it is compared with, and nothing here is fast.

mod definitions;
mod edit;
mod explore;
mod generate;
mod large;
mod mixed;
mod notation;
mod parallel;
mod parts;
mod refused;
mod semantics;
mod subsets;

pub use definitions::violated;
pub use edit::two_versions;
pub use explore::{Explored, Misbehaviour, explore, goes_wrong};
pub use generate::{Rng, Shape, generate};
pub use large::{Build, LARGE, exponential, waiting};
pub use mixed::{Mishap, explore_mixed};
pub use notation::{protocol, with_payloads};
pub use parallel::generate_parallel;
pub use refused::REFUSED;
pub use semantics::{can_happen, is_run, may_do};
pub use subsets::erased;
