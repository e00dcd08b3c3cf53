//! The page of the guide that is about tests: its examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/06_testing.md")]
mod testing {}

#[cfg(feature = "files")]
#[doc = include_str!("../../docs/recordings.md")]
mod recordings {}
