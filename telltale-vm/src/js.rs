//! Randomness in numbers that JavaScript has as well (feature `wasm`).
//!
//! A number of JavaScript is a double: whole numbers are exact up to 2⁵³ − 1. So a seed that somebody reads in a browser's log can be
//! used in a program, and a handler that decides by [`Context::draw`] decides alike in both. The module is there on every
//! target, for the program that a run in a browser is compared with.
//!
//! ```
//! use telltale_vm::{VM, VMConfig, js};
//!
//! # fn main() -> std::io::Result<()> {
//! let vm = VM::new(VMConfig { seed: js::entropy()?, ..VMConfig::default() });
//! assert!(vm.config().seed <= js::MAX_SAFE_INTEGER);
//! # Ok(())
//! # }
//! ```

use std::io;

use crate::Context;

/// The largest number up to which JavaScript has all whole numbers: 2⁵³ − 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The bits of a seed that a number of JavaScript has no room for.
const TOO_MUCH: u32 = 64 - 53;

/// A seed that nobody can foresee, from the platform: in a browser from its `crypto`.
///
/// This is the only randomness that does not come from a seed. The machine never asks for it.
///
/// # Errors
///
/// When the platform has none.
pub fn entropy() -> io::Result<u64> {
    Ok(getrandom::u64()? >> TOO_MUCH)
}

impl Context<'_> {
    /// A number from 0 to 2⁵³ − 1 that is different for each effect and the same in every run: the upper bits of
    /// [`Context::seed`].
    ///
    /// ```
    /// use telltale_vm::{Branch, Context};
    ///
    /// /// As `branches[cx.draw % branches.length]` in JavaScript.
    /// fn pick<'b>(cx: &Context<'_>, branches: &'b [Branch]) -> Option<&'b Branch> {
    ///     let count = branches.len() as u64;
    ///     branches.get((cx.draw() % count.max(1)) as usize)
    /// }
    /// ```
    pub fn draw(&self) -> u64 {
        self.seed() >> TOO_MUCH
    }
}
