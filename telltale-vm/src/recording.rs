//! What roles were asked and what they answered, written down; and played again.
//!
//! A [`Recorder`] stands between a run and its handler, and sees role objects as well. What it writes is text, one line for each thing
//! that a role is asked or told, so that people can read it and compare it with another. A [`Replay`] plays it again: with nobody else, or with
//! some of those who played then, to see whether they still do the same.
//!
//! ```
//! # #[cfg(feature = "macros")] mod doc {
//! use telltale_vm::recording::{Recorded, Recorder, Replay};
//! use telltale_vm::{ByHandler, HandlerResult, NoHandler, VM, choreography};
//!
//! choreography! {
//!     #[serde]
//!     pub protocol Coffee(Guest, Bar) {
//!         Guest -> Bar: Order { drink: String, cups: u8 };
//!         Bar -> Guest: Price(u32);
//!     }
//! }
//!
//! struct Guest;
//! struct Bar(u32);
//!
//! # impl coffee::Guest for Guest {
//! #     fn order(&mut self) -> HandlerResult<coffee::Order> { Ok(coffee::Order { drink: "tea".to_owned(), cups: 2 }) }
//! #     fn on_price(&mut self, _: u32) -> HandlerResult<()> { Ok(()) }
//! # }
//! # impl coffee::Bar for Bar {
//! #     fn on_order(&mut self, _: String, _: u8) -> HandlerResult<()> { Ok(()) }
//! #     fn price(&mut self) -> HandlerResult<u32> { Ok(self.0) }
//! # }
//! # pub
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let recorder = Recorder::new(&NoHandler);
//!     coffee::Roles { guest: Guest, bar: Bar(3) }.play_with(&recorder)?;
//!     let text = recorder.finish()?;
//!     # let text = String::from_utf8(text)?;
//!     # let text = text.as_bytes();
//!
//!     // The guest as it was recorded, and a bar that has become more expensive.
//!     let recording = Recorded::read(&text[..])?;
//!     let (replay, mut vm) = (Replay::new(&recording), VM::new(recording.config()));
//!     let session = coffee::Roles { guest: ByHandler, bar: Bar(4) }.open(&mut vm)?;
//!     let error = replay.run(&mut vm).unwrap_err();
//!     let what = "session #0, line 6 of the recording: expected `Bar` to send `Price` to `Guest` with 3, found 4\n  \
//!         in `Bar -> Guest: Price(u32)` (";
//!     assert!(error.to_string().starts_with(what));
//!     # drop(session.into_roles(&mut vm));
//!     Ok(())
//! }
//! # }
//! # #[cfg(feature = "macros")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { doc::main() }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! ```
//!
//! # What is in it
//!
//! The configuration of the machine, if it was given; the protocols, with their hashes, roles and messages; and for each session, in the
//! order in which it happened: what each role was asked to send, to choose or to do and what it answered, and what it was told. Payloads are
//! written by the codec of their protocol. That a role had no answer yet, gave up or panicked is recorded, and so is what a network
//! lost or deferred.
//!
//! What was done to sessions from outside is not. It need not be: a session that was closed or cancelled is played as far as it had come;
//! whoever was paused or woken did the same things before and after; and a message that was injected is in the recording where its receiver
//! got it, and is injected again.

mod divergence;
mod line;
mod listen;
mod payload;
mod recorded;
mod recorder;
mod replay;
mod what;

pub use divergence::Divergence;
pub use recorded::{Recorded, RecordingError};
pub use recorder::Recorder;
pub use replay::Replay;
