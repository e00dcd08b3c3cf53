//! What must not compile, and exactly what the compiler says, stands in `tests/ui`, foldered by
//! mistake. This library is the opposite: protocols whose expansion has to pass every lint.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic
)]
#![forbid(unsafe_code)]

pub mod lints;
