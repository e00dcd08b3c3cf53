//! Takes a [`GlobalType`](telltale_types::GlobalType); gives one
//! [`LocalTypeR`](telltale_types::LocalTypeR) per role, or says why there is none.
//!
//! The projection is complete, but for one demand on roles with parts in several arms of a parallel
//! part ([`Condition::Fork`], [`Condition::Join`]): a protocol is refused only if it cannot be implemented (or if some
//! role cannot know that it is finished, unless [`Options`] allow that), and a refusal comes with a
//! run that goes wrong and, nearly always, with messages that repair it. The method is that of Li,
//! Stutz, Wies and Zufferey, *Complete Multiparty Session Type Projection with Automata* (CAV 2023):
//! erase what a role takes no part in, determinise, and check that the roles together do what the
//! protocol says.
//!
//! Of a sound protocol it also says what its loops do: which queues they fill without bounds ([`floods`]), and who may wait for
//! ever beside them ([`starved`]).
//!
//! This crate knows nothing of source texts: it speaks of states and exits. It runs nothing, and it
//! accepts no protocol that needs help at run time.
//!
//! ```
//! use telltale_types::{GlobalTerm, Label, LocalTypeR};
//!
//! // Client → Server : { Ask(String). Server → Client : Answer(String). end,  Stop. end }
//! let global = GlobalTerm::comm("Client", "Server", [
//!     (
//!         Label::with("Ask", "String"),
//!         GlobalTerm::send("Server", "Client", Label::with("Answer", "String"), GlobalTerm::end()),
//!     ),
//!     (Label::new("Stop"), GlobalTerm::end()),
//! ])
//! .close()?;
//!
//! let projected = telltale_theory::project_all(&global)?;
//! let local_types: std::collections::BTreeMap<String, LocalTypeR> = projected.into_iter().collect();
//! assert_eq!(
//!     local_types["Client"].to_string(),
//!     "⊕{Server!Ask(String). Server?Answer(String). end, Server!Stop. end}",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `oracle`: the definitions themselves, slow and obvious, for tests of this and of other crates.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod accepts;
mod available;
mod busy;
mod clash;
mod compare;
mod components;
mod conditions;
mod difference;
mod dual;
mod error;
mod floods;
mod graph;
mod guess;
mod lanes;
mod machine;
mod message;
mod options;
#[cfg(feature = "oracle")]
#[doc(hidden)]
pub mod oracle;
mod project;
mod remedy;
mod repair;
mod report;
mod runs;
mod shortcuts;
mod starved;
mod subtype;
mod view;
mod witness;

pub use accepts::{AcceptError, accepts};
pub use compare::{
    Change, CompareError, Comparison, GlobalMessage, MessageChange, RoleChange, compare,
};
pub use difference::{Act, Difference, LocalMessage, Reason};
pub use dual::{DualError, dual};
pub use error::{
    Condition, Decision, Event, Limit, LimitReached, ProjectionError, Step, Violation, Violations,
};
pub use floods::{Flood, Floods, floods};
pub use message::{Branch, Explanation, Spot};
pub use options::{Limits, Options};
pub use project::{check, check_with, project, project_all, project_all_with, project_with};
pub use remedy::{Advice, Insertion, Remedy};
pub use starved::{Starved, starved};
pub use subtype::subtype;
