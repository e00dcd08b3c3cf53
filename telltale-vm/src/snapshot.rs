//! Sessions that are written down, and go on later: in another process, after a crash, on another machine.
//!
//! [`VM::snapshot`](crate::VM::snapshot) takes a whole machine between any two calls of [`VM::run`](crate::VM::run),
//! [`VM::step_round`](crate::VM::step_round) or [`VM::step`](crate::VM::step), whatever its sessions are doing;
//! [`Snapshot::resume`] makes a machine of it that goes on as if nothing had happened: with the same answers, it has the same
//! trace. [`VM::snapshot_session`](crate::VM::snapshot_session) takes one session, for a machine that runs others.
//!
//! ```
//! # use telltale_types::{GlobalTerm, Label};
//! # use telltale_vm::{Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, Value};
//! # struct Units;
//! # impl EffectHandler for Units {
//! #     fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
//! #         Ok(Value::Unit)
//! #     }
//! #     fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
//! #         Ok(())
//! #     }
//! #     fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
//! #         Ok(Picked { branch: 0, value: Value::Unit })
//! #     }
//! # }
//! # let end = GlobalTerm::send("Bob", "Alice", Label::new("Pong"), GlobalTerm::end());
//! # let global = GlobalTerm::send("Alice", "Bob", Label::new("Ping"), end).close()?;
//! # let projected = telltale_theory::project_all(&global)?.into_iter().collect();
//! # let image = telltale_vm::loader::CodeImage::from_local_types(&projected, &global);
//! use telltale_vm::VM;
//! use telltale_vm::snapshot::Snapshot;
//!
//! let mut vm = VM::default();
//! vm.load_choreography(&image)?;
//! vm.step(&Units)?;
//! let bytes = vm.snapshot()?.to_bytes();
//!
//! // Later, with the same image:
//! let mut resumed = Snapshot::from_bytes(&bytes)?.resume([&image])?;
//! resumed.run(&Units, 10)?;
//! vm.run(&Units, 10)?;
//! assert_eq!(resumed.trace(), vm.trace());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is in it
//!
//! Everything that the machine decides by: its configuration, the clock, who has the next turn, where each role is, what is in
//! channels and registers, what was paused, deferred or injected, the trace as far as it is kept, the faults that are still
//! to be reported. It is written in terms of the protocol (see `snapshot/form.rs`), so it can be read as JSON, and does not depend on
//! how the machine keeps it.
//!
//! What is code is not in it and is given again: images, which are found by their content hash; handlers, networks and sinks
//! ([`VM::record_to`](crate::VM::record_to)), as to any machine; and role objects. A session that had role objects waits until they are attached
//! (`Roles { … }.attach(&mut vm, id)`), as [`VM::waiting`](crate::VM::waiting) says. Objects that are `Serialize` can be kept in the snapshot
//! ([`Snapshot::keep_roles`]).
//!
//! # What is checked
//!
//! First the version, then a checksum: a snapshot that was cut off or altered is refused. The checksum is no signature. What passes
//! it is still compared with the images, so one that somebody has made up is refused, or gives sessions that fault or
//! wait for ever; it cannot make the machine panic.

mod checksum;
mod error;
mod fault;
mod fill;
mod form;
mod marks;
mod outside;
mod payload;
mod positions;
mod restore;
mod save;
mod sealed;
mod take;
#[cfg(test)]
mod tests;
mod trace;

pub use error::SnapshotError;
pub use sealed::{SessionSnapshot, Snapshot, VERSION};
