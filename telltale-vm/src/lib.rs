//! Takes a protocol compiled to a [`CodeImage`](loader::CodeImage); gives its runs: any number of
//! isolated sessions, the same trace every time.

#[doc(hidden)]
pub mod generated;
pub mod loader;

mod arena;
mod backend;
mod channel;
mod clock;
mod config;
mod coroutine;
mod effect;
mod error;
mod exec;
mod header;
mod heap;
mod layout;
mod link;
mod payload;
mod ready;
mod registry;
mod roles;
mod session;
mod trace;
mod value;
mod view;
mod vm;

pub use backend::{Progress, StepResult, VMBackend};
pub use clock::SimClock;
pub use config::{Recording, VMConfig};
pub use effect::{Context, EffectHandler, HandlerError, HandlerResult, NoHandler, Picked};
pub use error::{Cause, Fault, VMError};
pub use payload::{pack, unpack};
pub use roles::{Cast, Returned, Session, SessionHost};
pub use session::{Outcome, SessionId, SessionStatus};
pub use telltale_bytecode::Branch;
#[cfg(feature = "macros")]
pub use telltale_macros::choreography;
pub use telltale_types::{LabelId, RoleId};
pub use trace::{ObsEvent, Observed, filter_by_session};
pub use value::{Kind, Large, Opaque, Value};
pub use view::{CoroStatus, CoroutineView, SessionView};
pub use vm::VM;
