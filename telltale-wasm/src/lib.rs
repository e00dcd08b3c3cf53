//! Takes protocols as texts and role objects in JavaScript; gives verdicts, pictures and runs, in a browser.
//!
//! This is the language, the check, the pictures and the machine behind an interface for JavaScript and TypeScript. What it decides itself
//! is only how things look there: [`shape`] says what payloads are, [`methods`] which method of an object answers what, and [`declare`]
//! writes that down for TypeScript. The functions and classes that JavaScript sees are in `bindings`; their types, with all that is to be
//! said of them, in `types/telltale.d.ts`.
//!
//! What it does not do: it adds nothing to what a protocol or a run means. A run here has the trace that it has elsewhere, with the
//! same seed and the same answers.
//!
//! The crate builds everywhere, but its bindings work only where there is JavaScript.

mod bindings;
pub mod declare;
#[cfg(doctest)]
mod docs;
pub mod judge;
pub mod looks;
pub mod methods;
mod names;
pub mod options;
mod places;
pub mod protocol;
pub mod shape;
