//! What the code that `choreography!` generates is made of. Nobody else should use it; it can change in any version.
//!
//! Everything that a generated module needs is here, so that the module is short and depends on no name
//! that its user could have hidden.

pub use core::marker::Send;
pub use core::option::Option;
pub use core::result::Result::{self, Err, Ok};

pub use telltale_bytecode::packed::{
    branches, channels, choice_key, code, message_key, numbers, rests,
};
pub use telltale_bytecode::{
    Branch, Channel, CodeImage, Extras, Image, Instr, Pc, SetId, StaticImage,
};
pub use telltale_types::{LabelId, LocalTypeR, Names, RoleId};

pub use crate::roles::objects::{ChoiceVisitor, MessageVisitor, RoleObjects, discard};
pub use crate::roles::session::{Returned, SessionHost};
pub use crate::{HandlerError, HandlerResult, Outcome, Session, SessionId, VMError};

/// A session that nobody waits for: its role objects are dropped with it.
///
/// # Errors
///
/// At a limit of the VM.
pub fn open_detached(
    host: &mut impl SessionHost,
    image: &CodeImage,
    objects: impl RoleObjects,
) -> Result<SessionId, VMError> {
    host.open_session(image, objects, false)
}

/// There is no such message or choice in the protocol.
#[cold]
pub fn unknown() -> HandlerError {
    HandlerError::msg("not a session of the protocol of these role objects")
}
