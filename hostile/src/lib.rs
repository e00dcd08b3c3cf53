//! What must hold whatever bytes come in.
//!
//! Each module has one function, `holds`, which takes bytes, does with them what a program does with a file or a message from
//! a stranger, and panics if a promise is broken. Two kinds of tests call it:
//!
//! - `tests/seeded.rs` takes the seeds of `corpus/`, changes them at random, and runs with all other tests, with the
//!   same changes each time. `PROPTEST_CASES=1000000` runs longer, with others. What it finds is printed, and belongs into `corpus/`.
//! - `fuzz/` has a target for `cargo fuzz` for each of them, which looks for new ways through the code:
//!   `cargo +nightly fuzz run --fuzz-dir hostile/fuzz protocol_text hostile/found/protocol_text hostile/corpus/protocol_text`.
//!   What it finds is made small (`cargo fuzz tmin`) and kept in `corpus/`.

mod anybody;
mod choices;
mod edit;
pub mod image;
pub mod payload;
pub mod protocol_text;
pub mod recording;
pub mod recording_edits;
mod scenes;
pub mod snapshot;
pub mod snapshot_edits;
pub mod tokens;

/// Panics if it does not hold for some bytes.
pub type Property = fn(&[u8]);

/// The properties by name, as in `corpus/` and `fuzz/`.
pub const ALL: [(&str, Property); 8] = [
    ("image", image::holds),
    ("payload", payload::holds),
    ("protocol_text", protocol_text::holds),
    ("recording", recording::holds),
    ("recording_edits", recording_edits::holds),
    ("snapshot", snapshot::holds),
    ("snapshot_edits", snapshot_edits::holds),
    ("tokens", tokens::holds),
];
