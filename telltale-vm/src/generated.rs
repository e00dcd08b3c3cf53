//! What the code that `choreography!` generates is made of. Nobody else should use it.

pub use telltale_bytecode::{
    Branch, Channel, CodeImage, Image, Instr, Pc, SetId, StaticImage, decode,
};
pub use telltale_types::{LabelId, LocalTypeR, Names, RoleId};

pub use crate::{
    Cast, HandlerError, HandlerResult, Outcome, Picked, Returned, Session, SessionHost, VMError,
    Value, pack, unpack,
};
