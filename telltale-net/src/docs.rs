//! The page of the guide about async roles: its examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/async-roles.md")]
mod async_roles {}
