//! Programs that talk to each other, by a protocol that the compiler has checked.
//!
//! You write down once who says what to whom, and who decides. [`choreography!`] refuses the protocol unless every
//! participant always knows what to do next; it makes one trait for each of them, and a [`VM`] runs what you fill in:
//!
//! ```
//! # #[cfg(feature = "macros")] mod doc {
//! use telltale_vm::{HandlerResult, choreography};
//!
//! choreography! {
//!     /// A guest orders, and the bar serves or is out of it.
//!     pub protocol Coffee(Guest, Bar) {
//!         Guest -> Bar: Order(String);
//!         choice Answer at Bar {
//!             Bar -> Guest: Serve { drink: String, price: u32 };
//!         } or {
//!             Bar -> Guest: SoldOut;
//!         }
//!     }
//! }
//!
//! use coffee::Answer;
//!
//! struct Guest {
//!     paid: u32,
//! }
//!
//! impl coffee::Guest for Guest {
//!     // A message that the role sends is a method that gives what it carries.
//!     fn order(&mut self) -> HandlerResult<String> {
//!         Ok("chocolate".to_owned())
//!     }
//!     // A message that it receives is a method that takes it.
//!     fn on_serve(&mut self, drink: String, price: u32) -> HandlerResult<()> {
//!         assert_eq!(drink, "a hot chocolate");
//!         self.paid += price;
//!         Ok(())
//!     }
//!     fn on_sold_out(&mut self) -> HandlerResult<()> {
//!         Err("I needed that".into())
//!     }
//! }
//!
//! struct Bar {
//!     cups: u32,
//!     order: String,
//! }
//!
//! impl coffee::Bar for Bar {
//!     fn on_order(&mut self, order: String) -> HandlerResult<()> {
//!         self.order = order;
//!         Ok(())
//!     }
//!     // A choice is a method that gives one of the branches.
//!     fn answer(&mut self) -> HandlerResult<Answer> {
//!         if self.cups == 0 {
//!             return Ok(Answer::SoldOut);
//!         }
//!         self.cups -= 1;
//!         Ok(Answer::Serve { drink: format!("a hot {}", self.order), price: 3 })
//!     }
//! }
//!
//! # pub
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let bar = Bar { cups: 1, order: String::new() };
//!     let roles = coffee::Roles { guest: Guest { paid: 0 }, bar }.play()?;
//!     assert_eq!(roles.guest.paid, 3);
//!
//!     // The bar comes back from the first session and goes into a second one. Now it has no cup left.
//!     let error = coffee::Roles { guest: Guest { paid: 0 }, bar: roles.bar }.play().err();
//!     let error = error.expect("the guest gives up");
//!     assert!(error.to_string().ends_with("I needed that"));
//!     Ok(())
//! }
//! # }
//! # #[cfg(feature = "macros")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { doc::main() }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! ```
//!
//! The repository has a guide that begins at the beginning, in `docs/`. What follows says where things are.
//!
//! # The language
//!
//! Messages, to and from several roles; `choice`, `loop`, `par`, and `do`, which runs another protocol: all of it, and what
//! is generated for it, is described at [`choreography!`].
//!
//! # Roles
//!
//! The methods of a role give a [`HandlerResult`]. Every error becomes a [`HandlerError`], and so does a text, so `?` works. An
//! error ends the session, for all of its roles. [`HandlerError::pending`] says that there is no answer *yet*; [`VM::wake`] lets
//! the role be asked again.
//!
//! # Running a session
//!
//! `Roles { … }.play()?` runs one session from its beginning to its end and gives the objects back. A [`PlayError`] says why
//! that did not work out, and has the objects. How a session has ended is an [`Outcome`]: a `Result`, with a
//! [`SessionError`] if it was cancelled, or if something went wrong ([`Fault`], [`Cause`]).
//!
//! # Many sessions
//!
//! `Roles { … }.open(&mut vm)?` opens a session in a [`VM`], beside any number of others, also of other protocols. [`VM::run`]
//! lets them act and says how far they have come ([`Progress`]); [`Session::into_roles`] gives the objects back:
//!
//! ```
//! # #[cfg(feature = "macros")] mod doc {
//! # use telltale_vm::{HandlerResult, choreography};
//! # choreography! { pub protocol Ping(Alice, Bob) { Alice -> Bob: Ping; } }
//! # struct Player;
//! # impl ping::Alice for Player {}
//! # impl ping::Bob for Player {
//! #     fn on_ping(&mut self) -> HandlerResult<()> {
//! #         Ok(())
//! #     }
//! # }
//! use telltale_vm::{NoHandler, Progress, VM, VMConfig, VMError};
//!
//! # pub
//! fn main() -> Result<(), VMError> {
//!     let mut vm = VM::new(VMConfig { max_sessions: 1_000, ..VMConfig::default() });
//!     let first = ping::Roles { alice: Player, bob: Player }.open(&mut vm)?;
//!     let second = ping::Roles { alice: Player, bob: Player }.open(&mut vm)?;
//!     assert_eq!(vm.run(&NoHandler, 1_000)?, Progress::Complete);
//!     let ended = (first.into_roles(&mut vm)?, second.into_roles(&mut vm)?);
//! #   drop(ended);
//!     Ok(())
//! }
//! # }
//! # #[cfg(feature = "macros")]
//! # fn main() -> Result<(), telltale_vm::VMError> { doc::main() }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! ```
//!
//! - **Isolation.** A session has its own channels, its own state and its own role objects. What goes
//!   wrong in one ends that one.
//! - **Determinism.** The same calls with the same answers give the same trace. There is no clock that a session could see, and no
//!   randomness but what [`VMConfig::seed`] gives.
//!
//! With the feature `multi-thread`, `ThreadedVM` runs sessions on several threads, which share the load, and other
//! threads open and wake sessions with a `Remote`.
//!
//! # Testing
//!
//! A role object is a value, so a test can play it against others. [`ByHandler`](type@ByHandler) in place of an object leaves its role to the
//! handler of the run. [`Policy::Random`] tries other orders, which a seed brings back; a [`simulation::Network`] loses and delays
//! messages. The crate `telltale-testing` has scripted and random peers for a role under test, and tries all of this.
//!
//! # Async and networks
//!
//! The machine never blocks, so it goes with every runtime: a role whose answer comes from a socket is pending until you wake it. The
//! guide has two servers on tokio. A role may be [`Elsewhere`](type@Elsewhere), in another process: its messages are handed out and
//! delivered (module [`outside`]). With `#[endpoints]` a role is straight-line async code on a host of the crate `telltale-net`.
//! There is *no* network layer yet that carries messages, and methods of role objects are not `async`.
//!
//! # The machine
//!
//! A protocol becomes a [`CodeImage`](loader::CodeImage). One that is known only at run time is read, projected and loaded by the
//! crates that the macro is made of; an [`EffectHandler`] then answers for its roles:
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
//! What only simulations, tools and programs written by hand need is in [`simulation`] and [`untyped`].
//!
//! What this crate does not do: it does not decide whether a protocol is sound (`telltale-theory` does),
//! and it does not know the language protocols are written in (`telltale-syntax` does).
//!
//! # Features
//!
//! - `macros` (default): [`choreography!`].
//! - `validate` (default): [`UntrustedImage::validate`](loader::UntrustedImage), which makes images of what comes from outside.
//! - `multi-thread`: `ThreadedVM`, which runs its sessions on several threads.
//! - `serde`: images and types that are written down, payloads on the wire (`wire`), which `#[serde]` in front of a protocol
//!   asks for, recordings of runs (`recording`), and sessions that are written down and resumed (`snapshot`).
//! - `wasm`: for browsers, and for programs that compare their runs with those in a browser: randomness in numbers that JavaScript
//!   has as well (`js`). The machine is the same everywhere; there it has one thread, so it cannot be built with
//!   `multi-thread` for WebAssembly. A *panic* ends a WebAssembly program. The machine itself relies on catching none; but a handler or a
//!   role that panics, which elsewhere is a fault of its session, is the end of all sessions there, so let them give errors.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
pub mod generated;
#[cfg(feature = "wasm")]
pub mod js;
pub mod loader;
pub mod outside;
#[cfg(feature = "serde")]
pub mod recording;
pub mod simulation;
pub mod untyped;
#[cfg(feature = "serde")]
pub mod wire;

#[cfg(all(feature = "wasm", feature = "multi-thread", target_family = "wasm"))]
compile_error!(
    "`ThreadedVM` needs threads and a clock, and WebAssembly has none: build `telltale-vm` without `multi-thread`"
);

mod backend;
mod config;
#[cfg(all(doctest, feature = "macros"))]
mod docs;
// Public because the compiler proposes such paths to crates that have not imported these types.
#[doc(hidden)]
pub mod effect;
mod error;
mod exec;
mod index;
mod lines;
mod machine;
mod memory;
mod program;
mod quietly;
mod roles;
mod scheduler;
mod scripted;
mod session;
#[cfg(feature = "serde")]
pub mod snapshot;
#[cfg(test)]
mod testing;
#[cfg(feature = "multi-thread")]
mod threaded;
mod trace;
mod value;
mod view;

#[cfg(feature = "macros")]
pub use telltale_macros::choreography;

// One session.
pub use effect::{HandlerError, HandlerResult};
pub use error::{Cause, Fault};
pub use roles::play::PlayError;
pub use roles::players::{ByHandler, Driven, Elsewhere};
pub use session::{Outcome, SessionError};

// Many.
pub use backend::Progress;
pub use config::{ChannelConfig, ChannelMode, Leftover, Policy, Recording, VMConfig, WhenFull};
pub use effect::NoHandler;
pub use error::VMError;
pub use machine::VM;
pub use roles::session::Session;
pub use session::{SessionId, SessionStatus};
#[cfg(feature = "multi-thread")]
pub use threaded::{Remote, ThreadedVM};

// Handlers.
pub use backend::VMBackend;
pub use effect::{Context, EffectHandler, Picked};
pub use telltale_bytecode::Branch;
pub use telltale_types::{LabelId, RoleId};
pub use value::Value;
pub use value::payload::{pack, unpack};

// What stands apart, under `simulation` and `untyped`. The documentation shows it there only.
#[doc(hidden)]
pub use simulation::*;
#[doc(hidden)]
pub use untyped::*;
