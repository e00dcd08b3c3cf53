//! What the code that `choreography!` generates is made of. Nobody else should use it.
//!
//! Whatever a generated module needs is here, so that the module says little and depends on no name
//! that its user could have hidden.

pub use core::marker::Send;
pub use core::option::Option;
pub use core::result::Result::{self, Err, Ok};

pub use telltale_bytecode::{
    Branch, Channel, CodeImage, Extras, Image, Instr, Pc, SetId, StaticImage, decode,
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

/// The roles of a message and its label in one number.
#[inline]
pub const fn message_key(from: RoleId, to: RoleId, label: LabelId) -> u32 {
    (from.0 as u32) << 24 | (to.0 as u32) << 16 | label.0 as u32
}

/// A role and the branches between which it decides in one number.
#[inline]
pub const fn choice_key(role: RoleId, set: SetId) -> u32 {
    (role.0 as u32) << 16 | set.0 as u32
}

/// There is no such message or choice in the protocol.
#[cold]
pub fn unknown() -> HandlerError {
    HandlerError::msg("this is no session of the protocol that these roles play")
}

/// Four bytes for each number.
pub const fn numbers<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut numbers = [0; N];
    let mut at = 0;
    while at < N {
        numbers[at] = number(bytes, at * 4);
        at += 1;
    }
    numbers
}

/// Three bytes for each branch.
pub const fn branches<const N: usize>(bytes: &[u8]) -> [Branch; N] {
    let mut branches = [Branch { peer: RoleId(0), label: LabelId(0) }; N];
    let mut at = 0;
    while at < N {
        let label = u16::from_le_bytes([bytes[at * 3 + 1], bytes[at * 3 + 2]]);
        branches[at] = Branch { peer: RoleId(bytes[at * 3]), label: LabelId(label) };
        at += 1;
    }
    branches
}

/// Five bytes for each place where a role may rest.
pub const fn rests<const N: usize>(bytes: &[u8]) -> [(RoleId, Pc); N] {
    let mut rests = [(RoleId(0), Pc(0)); N];
    let mut at = 0;
    while at < N {
        rests[at] = (RoleId(bytes[at * 5]), Pc(number(bytes, at * 5 + 1)));
        at += 1;
    }
    rests
}

/// Three bytes for each channel.
pub const fn channels<const N: usize>(bytes: &[u8]) -> [Channel; N] {
    let mut channels = [Channel { from: RoleId(0), to: RoleId(0), single: false }; N];
    let mut at = 0;
    while at < N {
        let [from, to, single] = [bytes[at * 3], bytes[at * 3 + 1], bytes[at * 3 + 2]];
        channels[at] = Channel { from: RoleId(from), to: RoleId(to), single: single == 1 };
        at += 1;
    }
    channels
}

const fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
