//! Takes a global type and the local type of each role; gives a [`CodeImage`]: one bytecode program
//! per role, ready to run.
//!
//! This is the one definition of the instruction set and of the image. The `choreography!` macro
//! writes an image into the binary, [`CodeImage::from_local_types`] makes one at run time, the
//! virtual machine runs both, and they are equal.
//!
//! What this crate does not do: it never decides whether a protocol is sound, and it runs nothing.
//!
//! ```
//! use std::collections::BTreeMap;
//! use telltale_bytecode::CodeImage;
//! use telltale_types::{GlobalTerm, Label};
//!
//! let ping = GlobalTerm::send("Bob", "Alice", Label::new("Pong"), GlobalTerm::var("t"));
//! let ping = GlobalTerm::send("Alice", "Bob", Label::with("Ping", "u64"), ping);
//! let global = GlobalTerm::mu("t", ping).close()?;
//! let locals: BTreeMap<_, _> = telltale_theory::project_all(&global)?.into_iter().collect();
//!
//! let image = CodeImage::from_local_types(&locals, &global);
//! assert_eq!(image.to_string(), "\
//! Alice:
//!    0  send    Bob!Ping(u64)
//!    1  recv    Bob?Pong -> 0
//!
//! Bob:
//!    0  recv    Alice?Ping(u64)
//!    1  send    Alice!Pong -> 0
//! ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `serde`: images are written down and read back, as JSON or as bytes.
//! - `validate`: `UntrustedImage`, for images that come from outside; they are validated, which needs projection.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod assemble;
mod by_role;
mod channel;
mod clip;
mod compile;
mod disasm;
mod error;
mod image;
mod instr;
mod lanes;
mod operand;
#[doc(hidden)]
pub mod packed;
mod payload;
#[doc(hidden)]
pub mod typestate;
mod untrusted;
#[doc(hidden)]
pub mod verify;

pub use assemble::Assembler;
#[doc(hidden)]
pub use assemble::{Attachment, Extras};
pub use by_role::{LocalTypes, Programs};
pub use channel::Channel;
pub use error::CompileError;
#[doc(hidden)]
pub use image::StaticImage;
pub use image::{Branch, CodeImage, ContentHash, FORMAT, Image};
pub use instr::Instr;
pub use lanes::RoleLanes;
pub use operand::{EffectId, Hop, ImmKind, ImportId, Pc, Reg, SetId, Slot, TargetsId, Via};
pub use payload::PayloadKind;
pub use untrusted::{ImageError, Limits, UntrustedImage};
