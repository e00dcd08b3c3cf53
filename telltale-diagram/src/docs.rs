//! The pages of the guide that are about pictures and about the command that draws them: their examples are compiled and run with the
//! tests of the documentation.

#[doc = include_str!("../../docs/21_command.md")]
mod command {}

#[doc = include_str!("../../docs/22_pictures.md")]
mod pictures {}
