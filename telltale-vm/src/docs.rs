//! The pages of `docs/`: their examples are compiled and run with the tests of the documentation.

#[doc = include_str!("../../docs/09_vm_overview.md")]
mod overview {}

#[doc = include_str!("../../docs/10_bytecode_instructions.md")]
mod instructions {}

#[doc = include_str!("../../docs/11_vm_scheduling.md")]
mod scheduling {}

#[doc = include_str!("../../docs/12_session_lifecycle.md")]
mod lifecycle {}

#[doc = include_str!("../../docs/13_effects.md")]
mod effects {}
