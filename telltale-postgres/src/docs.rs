//! The page of the guide about this engine: its examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/25_postgres.md")]
mod postgres {}
