//! Services: somebody who plays one role in every session that somebody starts.

mod moments;
mod part;
mod server;
mod step;

use serde::Serialize;
use serde::de::DeserializeOwned;
use telltale_vm::generated::NamedRoles;
use telltale_vm::loader::CodeImage;

pub use self::server::{Server, ServerConfig};
pub use self::step::Step;
use crate::engine::Ending;

/// Plays one role in every session of a protocol, with an object for each session that can be written down.
///
/// After each step, what the object has come to is written down together with what its role has sent. So the object can be
/// in another process the next time; whatever is to be found there again has to be in its state. What an object does to
/// the world outside in its last step before a crash is done again: [`Step::idempotency_key`] is for that.
///
/// A method that has no answer yet gives [`HandlerError::pending`](telltale_vm::HandlerError::pending), and is asked again later
/// ([`Step::ask_again_after`]). Another error, or a panic, ends the session for everybody, and names the role.
pub trait Service: Send + Sync + 'static {
    /// The object, as `Roles { … }` of the protocol with [`Elsewhere`](type@telltale_vm::Elsewhere) for all other roles.
    type Roles: NamedRoles;
    /// What is written down of the object.
    type State: Serialize + DeserializeOwned;

    /// The protocol.
    fn image(&self) -> &CodeImage;

    /// The name of the role.
    fn role(&self) -> &str;

    /// The object of a session: one that begins, or one that goes on from its state. It may keep the step, which is always the
    /// present one.
    fn restore(&self, step: &Step, state: Option<Self::State>) -> Self::Roles;

    /// What is written down of an object.
    fn save(&self, roles: &Self::Roles) -> Self::State;

    /// The role is done or may stop where it is; or its session has ended before that, and `ending` says how, also to the role that has
    /// gone wrong. It is called when that is written down, or when it is not known whether it is: as all that is done to the world
    /// outside, this may happen twice; the last time counts. If the process dies in between, it is not called, so what must be
    /// done at the end of a session belongs into its protocol, or to somebody who looks at
    /// [`Engine::ending`](crate::engine::Engine::ending).
    fn ended(&self, step: &Step, roles: Self::Roles, ending: Option<&Ending>) {
        let _ = (step, roles, ending);
    }
}
