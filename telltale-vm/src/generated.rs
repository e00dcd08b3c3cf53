//! What the code that `choreography!` generates is made of. Nobody else should use it; it can change in any version.
//!
//! Everything that a generated module needs is here, so that the module is short and depends on no name
//! that its user could have hidden.

pub mod endpoints;
mod given_once;
mod printed;

pub use core::clone::Clone;
pub use core::marker::Send;
pub use core::option::Option;
pub use core::result::Result::{self, Err, Ok};
pub use std::vec::Vec;

pub use telltale_bytecode::packed::{
    branches, channels, choice_key, code, message_key, numbers, rests,
};
pub use telltale_bytecode::{
    Attachment, Branch, Channel, CodeImage, Extras, Image, Instr, Pc, SetId, StaticImage,
};
pub use telltale_types::{LabelId, LocalTypeR, Names, RoleId};

pub use crate::__if_serde as if_serde;
pub use crate::__with_serde as with_serde;
pub use crate::__written_roles as written_roles;
#[cfg(feature = "serde")]
pub use crate::wire::record::{
    record1, record2, record3, record4, record5, record6, record7, record8, record9, record10,
    record11, record12, record13, record14, record15, record16, tuple2, tuple3, tuple4, tuple5,
    tuple6, tuple7, tuple8, tuple9, tuple10, tuple11, tuple12, tuple13, tuple14, tuple15, tuple16,
};
#[cfg(feature = "serde")]
pub use crate::wire::{FieldNames, Json, PayloadCodec, PayloadCodecs};
#[cfg(feature = "serde")]
pub use serde;

pub use endpoints::{
    Arrived, Branches, Handle, Host, IntoRoles, Join, Offering, Opened, Ready, Receiving,
    ReceivingSignal, Sending, State, end_state, join, join_session, state,
};
pub use given_once::GivenOnce;
pub use printed::{Printed, PrintedAsDebug, PrintedAsHole};

pub use crate::program::parallel::{PARALLEL, ParallelParts};
pub use crate::roles::objects::{ChoiceVisitor, GivenSink, MessageVisitor, RoleObjects, discard};
pub use crate::roles::play::{play, play_with};
pub use crate::roles::players::{Marker, Player, Players, Plays, player};
pub use crate::roles::session::{NamedRoles, SessionHost};
pub use crate::{
    Driven, EffectHandler, Elsewhere, HandlerError, HandlerResult, PlayError, Session,
    SessionError, SessionId, VM, VMError, Value,
};

/// A session of an image that `choreography!` has compiled: as [`Session::open`], without what programs written by hand need.
///
/// # Errors
///
/// At a limit of the VM.
pub fn open<R: NamedRoles>(
    host: &mut impl SessionHost,
    image: &CodeImage,
    roles: R,
) -> Result<Session<R>, VMError> {
    Session::open_compiled(host, image, roles)
}

/// A session that was resumed gets its role objects.
///
/// # Errors
///
/// As [`Session::attach`].
#[cfg(feature = "serde")]
pub fn attach<R: NamedRoles>(
    vm: &mut VM,
    image: &CodeImage,
    session: SessionId,
    roles: R,
) -> Result<Session<R>, VMError> {
    Session::attach(vm, session, image, roles)
}

/// A session that nobody waits for: its role objects are dropped with it.
///
/// # Errors
///
/// At a limit of the VM.
pub fn open_detached(
    host: &mut impl SessionHost,
    image: &CodeImage,
    roles: impl NamedRoles,
) -> Result<SessionId, VMError> {
    host.open_compiled_session(image, roles.into_objects(), false)
}

/// Somebody else plays this role, so nobody asks its object.
///
/// # Errors
///
/// Always.
#[cold]
pub fn no_object<T>() -> HandlerResult<T> {
    Err(HandlerError::msg("a marker stands where the object of this role would be"))
}

/// In place of a variant, where a label begins several branches of a choice.
#[derive(Clone, Copy, Debug)]
pub struct SeveralBranches;

/// There is no such message or choice in the protocol.
#[cold]
pub fn unknown() -> HandlerError {
    HandlerError::msg("not a session of the protocol of these role objects")
}

/// What generated code says of serde.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_serde {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// There is no serde, which is said once, whatever generated code needs it for.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_serde {
    ($($tokens:tt)*) => {
        ::core::compile_error!("`#[serde]` needs the feature `serde` of `telltale-vm`: write `features = [\"serde\"]` in `Cargo.toml`")
    };
}

/// What there is only with serde.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_serde {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// What there is only with serde is nothing.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_serde {
    ($($tokens:tt)*) => {};
}

/// `Roles` of a protocol with `#[serde]`: they can be kept in a snapshot if all objects can.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __written_roles {
    ($($item:tt)*) => {
        #[derive($crate::generated::serde::Serialize, $crate::generated::serde::Deserialize)]
        #[serde(crate = "__telltale::serde")]
        $($item)*
    };
}

/// Without serde they are as those of other protocols.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __written_roles {
    ($($item:tt)*) => { $($item)* };
}
