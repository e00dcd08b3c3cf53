//! The pages of the guide about this engine: their examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/25_postgres.md")]
mod postgres {}

#[doc = include_str!("../../docs/26_scale.md")]
mod scale {}
