//! Sessions on a host, until their endpoints are taken.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use telltale_bytecode::CodeImage;
use telltale_types::RoleId;

use super::{Handle, Seats, State};
use crate::VMError;
use crate::generated::{NamedRoles, RoleSet};

/// A machine that is shared by async code.
pub trait Host {
    /// Opens a session.
    ///
    /// # Errors
    ///
    /// At a limit of the host.
    fn open<R: NamedRoles>(&self, image: &'static CodeImage, roles: R) -> Result<Opened<R>, VMError>;
}

/// A session on a host, with the endpoints that nobody has taken yet.
pub struct Opened<R> {
    seats: Arc<dyn Seats>,
    left: RoleSet,
    roles: PhantomData<fn() -> R>,
}

impl<R> Opened<R> {
    /// A session, some roles of which are driven.
    pub fn new(seats: Arc<dyn Seats>, driven: RoleSet) -> Self {
        Self { seats, left: driven, roles: PhantomData }
    }
}
