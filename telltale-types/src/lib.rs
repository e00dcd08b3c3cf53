//! Takes tables of roles, labels and transitions; gives the vocabulary of multiparty session
//! types: [`GlobalType`], a protocol seen from above, and [`LocalTypeR`], the part of one role.
//!
//! A type is a regular tree and is stored as what that is, a finite graph: going round a loop is an
//! edge, and branches share what follows them. A thousand choices in a row are a thousand states.
//! Tables are plain data that a `static` can hold, and everything prints in the notation of the
//! papers.
//!
//! This crate computes nothing but questions about its own data: whether a table is well formed,
//! whether two types are equal, how they print. Whether a protocol is sound is decided in
//! `telltale-theory`.
//!
//! ```
//! use telltale_types::{GlobalTerm, Label};
//!
//! // μt. Client → Server : { Ask(String). Server → Client : Answer(String). t,  Stop. end }
//! let term = GlobalTerm::mu("t", GlobalTerm::comm("Client", "Server", [
//!     (
//!         Label::with("Ask", "String"),
//!         GlobalTerm::send("Server", "Client", Label::with("Answer", "String"), GlobalTerm::var("t")),
//!     ),
//!     (Label::new("Stop"), GlobalTerm::end()),
//! ]));
//! let global = term.close()?;
//! assert_eq!(global.len(), 3);
//! assert_eq!(
//!     global.to_string(),
//!     "μt0. Client→{Server:Ask(String). Server→Client:Answer(String). t0, Server:Stop. end}",
//! );
//! # Ok::<(), telltale_types::TypeError>(())
//! ```
//!
//! # Features
//!
//! - `serde`: types can be written down and read back; what is read is checked.
//! - `json`: `json_lines`, which reads logs from lines of JSON.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod canonical;
mod display;
mod error;
#[doc(hidden)]
pub mod foreign;
mod global;
mod id;
mod label;
mod lanes;
mod local;
mod log;
mod minimise;
mod names;
mod par;
#[cfg(feature = "serde")]
mod serial;
mod shared;
mod table;
mod term;

pub use error::TypeError;
pub use global::{GlobalExit, GlobalState, GlobalType};
pub use id::{LabelId, LaneId, RoleId, StateId};
pub use label::{Label, LabelView, PayloadType};
pub use lanes::{Apart, Arm, Coroutines, Lanes, Places, Split, TooMuchAtOnce, check_at_once};
pub use local::{Action, Direction, LocalExit, LocalState, LocalTypeR};
pub use log::{
    Accepted, Cause, Counts, Covered, EventKind, Expected, LineError, LogError, LogEvent, Monitor,
    Pending, Place, RoleCoverage, UNDER_WAY_LIMIT, Unfit, WAY_LIMIT,
};
#[cfg(feature = "json")]
pub use log::{JsonLines, LINE_LIMIT, json_lines};
pub use names::Names;
pub use par::Par;
pub use shared::Shared;
pub use term::{GlobalTerm, LocalTerm};
