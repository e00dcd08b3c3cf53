//! Runnable examples of Telltale. They stand beside this folder, one file each, and run from the root of the
//! repository: `cargo run --example two_buyer`.
//!
//! There is nothing in this library. What the examples print stands in `expected/` as it is typed and as
//! it is printed; `tests/output.rs` compares it, and `tests/readme.rs` compares the README with one of them.
