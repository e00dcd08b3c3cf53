//! Endpoints: what the types of the states of a role are made of.
//!
//! What is generated for a state is a name, a place in memory and signatures. Everything that happens is here, once for
//! all states: an untyped [`Handle`], and futures that carry it from one state to the next. A host does the rest behind
//! [`Seats`].

mod arrived;
mod futures;
mod handle;
mod joined;
mod opened;

pub use arrived::{Arrived, Branches};
pub use futures::{Offering, Ready, Receiving, ReceivingSignal, Sending};
pub use handle::{Handle, State, join};
pub use joined::{Join, join_session};
pub use opened::{Host, IntoRoles, Opened, has_objects};

use std::any::Any;
use std::fmt;
use std::task::{Context, Poll};

use telltale_types::{LabelId, RoleId};

use crate::outside::Received;
use crate::{Outcome, SessionError, Value};

pub use crate::{__end_state as end_state, __state as state};

/// A session on a host, for its endpoints. A seat is a role and one of its lanes, 0 for the role's own.
///
/// When a call has given `Pending`, the waker of its context is woken once the same call can get further, or the session
/// has ended. A seat is used by one task at a time, and keeps the last waker only.
pub trait Seats: fmt::Debug + Send + Sync {
    /// Sends. The value is taken when that has happened.
    fn poll_send(
        &self,
        seat: Place,
        message: &mut Outgoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SessionError>>;

    /// Receives; nothing when the role may stop here and the session is over.
    fn poll_receive(
        &self,
        seat: Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Received>, SessionError>>;

    /// Waits until something can be received, or the session has ended.
    fn poll_ready(&self, seat: Place, cx: &mut Context<'_>) -> Poll<Result<(), SessionError>>;

    /// Waits until the session has ended. Gives how, and its role objects, if they were kept.
    fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<(Outcome, Option<Box<dyn Any + Send>>)>;

    /// Ends the session for all of its roles, unless it has ended before.
    fn cancel(&self, reason: &str);
}

/// Where an endpoint acts: for a role, in a lane of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The role.
    pub role: RoleId,
    /// What it does beside other things; 0 for the role's own.
    pub lane: u8,
}

/// A message that an endpoint sends.
#[derive(Debug)]
pub struct Outgoing {
    /// To whom.
    pub to: RoleId,
    /// What it is called.
    pub label: LabelId,
    /// What it carries, until it is sent.
    pub value: Option<Value>,
}

/// What every state has: what it is called, and how one gets there.
#[doc(hidden)]
#[macro_export]
macro_rules! __state {
    ($state:ident, $path:literal) => {
        impl $crate::generated::State for $state {
            fn at(mut handle: $crate::generated::Handle) -> Self {
                handle.enter(&$path);
                Self(handle)
            }
        }

        impl ::core::fmt::Debug for $state {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str($path)
            }
        }
    };
}

/// What a state has in which nothing is left to be done.
#[doc(hidden)]
#[macro_export]
macro_rules! __end_state {
    ($state:ident) => {
        impl $state {
            /// Nothing is left to be done: for those who want to say so.
            pub fn close(self) {}
        }

        impl $crate::generated::State for $state {
            fn at(handle: $crate::generated::Handle) -> Self {
                handle.finish();
                Self(())
            }
        }

        impl ::core::fmt::Debug for $state {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str("end")
            }
        }
    };
}
