//! The pages of the guide about async roles and services: their examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/15_async_roles.md")]
mod async_roles {}

#[cfg(feature = "services")]
#[doc = include_str!("../../docs/23_services.md")]
mod services {}
