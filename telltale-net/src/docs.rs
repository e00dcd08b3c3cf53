//! The page of the guide about async roles: its examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/15_async_roles.md")]
mod async_roles {}
