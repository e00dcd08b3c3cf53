//! The pages of the guide that are about tests: their examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/06_testing.md")]
mod testing {}

#[cfg(feature = "files")]
#[doc = include_str!("../../docs/checking-logs.md")]
mod checking_logs {}

#[cfg(feature = "files")]
#[doc = include_str!("../../docs/changing-a-protocol.md")]
mod changing_a_protocol {}
