//! Many seeds, one after the other.

use std::error::Error;

use crate::failure::{Failure, attempt};

/// Names the only seed that [`for_every_seed`] tries.
const VARIABLE: &str = "TELLTALE_SEED";

/// Runs a scenario with so many seeds, from 0 on.
///
/// When one fails, the panic names it. Only that one is tried when the environment has it in `TELLTALE_SEED`.
///
/// ```
/// use telltale_testing::for_every_seed;
///
/// for_every_seed(100, |seed| {
///     assert!(seed < 100);
///     Ok(())
/// });
/// ```
///
/// # Panics
///
/// When the scenario panics or gives an error.
#[track_caller]
pub fn for_every_seed(seeds: u64, mut scenario: impl FnMut(u64) -> Result<(), Box<dyn Error>>) {
    let only: Option<u64> = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok());
    let seeds = only.map_or(0..seeds, |seed| seed..seed.saturating_add(1));
    let failure = seeds.into_iter().find_map(|seed| {
        let reason = attempt(|| scenario(seed)).err()?;
        let replay = format!("{VARIABLE}={seed}");
        Some(Failure::new(format!("with seed {seed}"), reason, replay))
    });
    if let Some(failure) = failure {
        panic!("{failure}");
    }
}
