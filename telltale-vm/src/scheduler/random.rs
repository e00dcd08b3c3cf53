//! Chance decides, from the seed of the VM: which ready role has the next turn, how long it is, and the order of
//! sessions in a round. The same seed gives the same run.
//!
//! What a session draws depends on the seed, on the session and on how much it has drawn, so it does not matter
//! beside which others it runs. A slice ends because every turn counts as one instruction at least.

use super::Turns;
use crate::exec::{Exit, Slice};
use crate::memory::arena::Slot;
use crate::memory::header;

pub(super) fn slice(slice: &mut Slice<'_, '_>, turns: &mut Turns) -> Result<(), Exit> {
    let budget = slice.left;
    let mut left = budget;
    while left > 0 {
        let drawn = draw(slice);
        // Which role, in the low half; how many instructions, in the high one.
        let from = (drawn as u32 % slice.loaded.coroutines.max(1) as u32) as u8;
        let Some(role) = slice.next_ready(from).filter(|_| turns.take()) else { break };
        let long = 1 + (drawn >> 32) as u32 % left.min(8);
        slice.left = long;
        let turned = slice.turn(role);
        left -= (long - slice.left).max(1).min(left);
        turned?;
    }
    Ok(())
}

fn draw(slice: &mut Slice<'_, '_>) -> u64 {
    let drawn = header::draw(slice.block);
    let session = header::ordinal(slice.block);
    mix(mix(slice.cx.seed ^ mix(session)) ^ drawn)
}

/// Numbers from a seed, one after the other.
#[derive(Debug)]
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// What the next numbers depend on.
    #[cfg(feature = "serde")]
    pub(crate) const fn state(&self) -> u64 {
        self.0
    }

    /// Those that come after this.
    #[cfg(feature = "serde")]
    pub(crate) const fn from_state(state: u64) -> Self {
        Self(state)
    }

    /// Puts the sessions of a round into another order (R. Durstenfeld, CACM 1964).
    pub(crate) fn shuffle(&mut self, slots: &mut [Slot]) {
        for at in (1..slots.len()).rev() {
            slots.swap(at, self.below(at + 1));
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(GOLDEN);
        (mix(self.0) % limit as u64) as usize
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// `SplitMix64` (G. Steele, D. Lea, C. Flood, OOPSLA 2014): every bit of the result depends on every bit of the number.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(GOLDEN);
    let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}
