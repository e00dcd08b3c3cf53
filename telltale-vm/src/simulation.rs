//! A look at what happens in a VM, and ways to disturb it: for simulations, tools and tests.
//!
//! A [`Network`] decides what becomes of each message. [`VM::pause`](crate::VM::pause), [`VM::inject`](crate::VM::inject) and
//! [`VM::take_deferred`](crate::VM::take_deferred) disturb single sessions, and [`VM::session`](crate::VM::session) looks into
//! one. What happened is in [`VM::trace`](crate::VM::trace); traces of different schedules are compared in their normal form.
//!
//! ```
//! use telltale_vm::simulation::{Network, SendDecision};
//! use telltale_vm::{Context, LabelId, RoleId};
//!
//! /// Loses every tenth message of a role, the same ones in every run.
//! struct Lossy;
//!
//! impl Network for Lossy {
//!     fn decide(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
//!         if cx.seed() % 10 == 0 { SendDecision::Drop } else { SendDecision::Deliver }
//!     }
//! }
//! ```

pub use crate::backend::StepResult;
pub use crate::effect::{Network, SendDecision};
pub use crate::machine::{Message, Rejected};
pub use crate::trace::clock::SimClock;
pub use crate::trace::event::{ObsEvent, Observed};
pub use crate::trace::normal::{filter_by_session, normalize_trace};
pub use crate::trace::parts::join_parts;
pub use crate::view::{CoroStatus, CoroutineView, SessionView};
pub use telltale_types::{Accepted, LogError, LogEvent, Monitor};
