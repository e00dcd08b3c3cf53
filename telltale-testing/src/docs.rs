//! The pages of the guide that are about tests: their examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/06_testing.md")]
mod testing {}

#[cfg(feature = "files")]
#[doc = include_str!("../../docs/17_recordings.md")]
mod recordings {}

#[cfg(feature = "files")]
#[doc = include_str!("../../docs/18_checking_logs.md")]
mod checking_logs {}

#[cfg(feature = "files")]
#[doc = include_str!("../../docs/19_changing_a_protocol.md")]
mod changing_a_protocol {}
