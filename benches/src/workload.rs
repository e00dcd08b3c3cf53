//! The exchanges that are compared, each written down in every way.

pub mod choice;
pub mod fan;
pub mod load;
pub mod ping_pong;
pub mod ring;
pub mod short;
pub mod stream;

use std::error::Error;

use telltale_vm::EffectHandler;
use telltale_vm::generated::SessionHost;
use telltale_vm::loader::CodeImage;

use crate::tally::{Audit, Counter};

pub use choice::Choice;
pub use fan::Fan;
pub use ping_pong::{Move, PingPong};
pub use ring::{Ring3, Ring10};
pub use stream::Stream;

/// How many messages a channel holds.
pub const CAPACITY: usize = 64;

/// Why a handler gives up; ours may give up too, which ends its session. One pointer wide, as ours is:
/// a wider one would make every answer larger.
pub type Failure = Box<Box<dyn Error + Send + Sync>>;

/// An exchange that goes on for ever.
pub trait Workload: 'static {
    /// How many messages the versions by hand exchange until every role has come back to where it was.
    const LAP: u64;
    /// How many messages can be on their way at once.
    const ON_THEIR_WAY: u64;

    type Plain: Plain + Send;
    /// What the typed version asks: a `dyn` trait.
    type Handler: ?Sized;
    type Typed: Typed<Self::Handler>;
    type Objects: Objects;
    /// What the SessionHost asks.
    type Effects: EffectHandler + Default + AsRef<Counter>;

    fn handler(counter: &Counter) -> &Self::Handler;
    /// The same protocol for the VM.
    fn image() -> &'static CodeImage;
    /// Opens a session with role objects.
    fn open(host: &mut impl SessionHost);

    /// What is due where receivers add something else than the numbers.
    fn settled(audit: Audit) -> Audit {
        audit
    }
}

/// Written by hand, as tight as can be: queues of numbers, and each role keeps its own state (D1).
pub trait Plain: Default {
    /// Each role acts until it has to wait.
    fn lap(&mut self);
    fn audit(&self) -> Audit;
}

/// Written by hand as one would write it in a program: an enum of messages, a queue for each pair of roles
/// that talk, a state for each role; payloads come from and go to a handler behind `&dyn`, which may fail (D2).
pub trait Typed<H: ?Sized>: Default {
    /// Each role acts until it has to wait.
    ///
    /// # Errors
    ///
    /// When the handler gives up.
    fn lap(&mut self, handler: &H) -> Result<(), Failure>;
}

/// The same with a boxed object for each role instead of the handler.
pub trait Objects: Default {
    /// Each role acts until it has to wait.
    ///
    /// # Errors
    ///
    /// When an object gives up.
    fn lap(&mut self) -> Result<(), Failure>;
}
