//! Takes a protocol compiled to a [`CodeImage`](loader::CodeImage); gives its runs: any number of
//! isolated sessions in one machine, the same trace every time.
//!
//! A *protocol* says who sends what to whom between several *roles*. Written with [`choreography!`],
//! it is checked at compile time: unless every role can play its part, it does not compile. What
//! remains in the binary is a read-only image and one trait per role:
//!
//! ```
//! # #[cfg(feature = "macros")] mod doc {
//! use telltale_vm::{HandlerResult, NoHandler, VM, VMConfig, choreography};
//!
//! choreography! {
//!     /// A greeting and its answer.
//!     pub protocol Greeting(Alice, Bob) {
//!         Alice -> Bob: Hello(String);
//!         Bob -> Alice: Answer(usize);
//!     }
//! }
//!
//! struct Caller;
//! struct Counter {
//!     letters: usize,
//! }
//!
//! impl greeting::Alice for Caller {
//!     fn hello(&mut self) -> HandlerResult<String> {
//!         Ok("Bob?".to_owned())
//!     }
//!     fn on_answer(&mut self, answer: usize) -> HandlerResult<()> {
//!         assert_eq!(answer, 4);
//!         Ok(())
//!     }
//! }
//!
//! impl greeting::Bob for Counter {
//!     fn on_hello(&mut self, hello: String) -> HandlerResult<()> {
//!         self.letters = hello.len();
//!         Ok(())
//!     }
//!     fn answer(&mut self) -> HandlerResult<usize> {
//!         Ok(self.letters)
//!     }
//! }
//!
//! # pub
//! fn main() -> Result<(), telltale_vm::VMError> {
//!     let mut vm = VM::new(VMConfig::default());
//!     let session = greeting::open(&mut vm, Caller, Counter { letters: 0 })?;
//!     vm.run(&NoHandler, 1_000)?;
//!     let end = session.take(&mut vm)?;
//!     assert!(end.outcome.is_completed());
//!     assert_eq!(end.bob.letters, 4);
//!     Ok(())
//! }
//! # }
//! # #[cfg(feature = "macros")]
//! # fn main() -> Result<(), telltale_vm::VMError> { doc::main() }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! ```
//!
//! A protocol can also be loaded at run time, and one handler can answer for all roles of all
//! sessions:
//!
//! ```
//! # use telltale_vm::{Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, Value};
//! # struct Script;
//! # impl EffectHandler for Script {
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
//! # let handler = Script;
//! # use telltale_types::{GlobalTerm, Label};
//! # let global = GlobalTerm::send("Alice", "Bob", Label::new("Ping"), GlobalTerm::end()).close()?;
//! use std::collections::BTreeMap;
//! use telltale_theory::project_all;
//! use telltale_types::LocalTypeR;
//! use telltale_vm::{VM, VMConfig};
//! use telltale_vm::loader::CodeImage;
//!
//! // Project global type to local types
//! let projected = project_all(&global)?;
//! let local_types: BTreeMap<String, LocalTypeR> = projected.into_iter().collect();
//!
//! // Create code image and VM
//! let image = CodeImage::from_local_types(&local_types, &global);
//! let mut vm = VM::new(VMConfig::default());
//!
//! // Load choreography and run
//! let sid = vm.load_choreography(&image)?;
//! vm.run(&handler, 1000)?;
//! # assert_eq!(vm.status(sid)?, telltale_vm::SessionStatus::Closed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - **Isolation.** A session has its own channels, its own state and its own role objects. What goes
//!   wrong in one ends that one.
//! - **Determinism.** The same calls with the same answers give the same trace. There is no clock but
//!   the [`SimClock`], no randomness but what [`VMConfig::seed`] gives.
//! - **Effects.** The machine computes no payload and takes no decision; it asks an [`EffectHandler`] or
//!   the role objects of the session.
//!
//! # Features
//!
//! - `macros` (default): [`choreography!`].
//! - `multi-thread`: `ThreadedVM`, which runs its sessions on several threads.
//!
//! What this crate does not do: it does not decide whether a protocol is sound (`telltale-theory` does),
//! and it does not know the language protocols are written in (`telltale-syntax` does).

#[doc(hidden)]
pub mod generated;
pub mod loader;

mod backend;
mod config;
#[cfg(all(doctest, feature = "macros"))]
mod docs;
// Public because the compiler proposes such paths to crates that have not imported these types.
#[doc(hidden)]
pub mod effect;
mod error;
mod exec;
mod machine;
mod memory;
mod program;
mod quietly;
mod roles;
mod scheduler;
mod scripted;
mod session;
#[cfg(test)]
mod testing;
#[cfg(feature = "multi-thread")]
mod threaded;
mod trace;
mod value;
mod view;

pub use backend::{Progress, StepResult, VMBackend};
pub use config::{ChannelConfig, ChannelMode, Leftover, Policy, Recording, VMConfig, WhenFull};
pub use effect::{
    Context, EffectHandler, HandlerError, HandlerResult, Network, NoHandler, Picked, SendDecision,
};
pub use error::{Cause, Fault, VMError};
pub use machine::{Message, Rejected, VM};
pub use roles::by_handler::ByHandler;
pub use roles::play::PlayError;
pub use roles::session::Session;
pub use session::{Outcome, SessionError, SessionId, SessionStatus};
pub use telltale_bytecode::{Branch, SetId};
#[cfg(feature = "macros")]
pub use telltale_macros::choreography;
pub use telltale_types::{LabelId, RoleId};
#[cfg(feature = "multi-thread")]
pub use threaded::ThreadedVM;
pub use trace::clock::SimClock;
pub use trace::event::{ObsEvent, Observed};
pub use trace::normal::{filter_by_session, normalize_trace};
pub use value::payload::{pack, unpack};
pub use value::wide::{Scalar, Wide};
pub use value::{Endpoint, Kind, Large, Opaque, Value};
pub use view::{CoroStatus, CoroutineView, SessionView};
