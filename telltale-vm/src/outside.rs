//! Roles that are played from outside of the VM.
//!
//! Two markers stand where a role object would be. A role that is [`Driven`](type@crate::Driven) is played by calls:
//! [`VM::driven_send`](crate::VM::driven_send) and [`VM::driven_receive`](crate::VM::driven_receive) do what the role does next, or
//! say that it waits, and [`VM::take_woken`](crate::VM::take_woken) says who waits no more. A role that is
//! [`Elsewhere`](type@crate::Elsewhere) is played by somebody else, in another process perhaps: the session is then a *part*, and
//! only messages come and go ([`VM::take_outgoing`](crate::VM::take_outgoing), [`VM::deliver`](crate::VM::deliver)).
//!
//! ```
//! # #[cfg(feature = "macros")] mod doc {
//! # use telltale_vm::{HandlerResult, choreography};
//! use telltale_vm::outside::Seat;
//! use telltale_vm::{Driven, NoHandler, RoleId, VM, Value};
//! # choreography! { pub protocol Count(Client, Server) { Client -> Server: Word(String); Server -> Client: Letters(u64); } }
//! # #[derive(Default)]
//! # struct Server { letters: u64 }
//! # impl count::Server for Server {
//! #     fn on_word(&mut self, word: String) -> HandlerResult<()> {
//! #         self.letters = word.len() as u64;
//! #         Ok(())
//! #     }
//! #     fn letters(&mut self) -> HandlerResult<u64> { Ok(self.letters) }
//! # }
//!
//! # pub fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut vm = VM::default();
//! let session = count::Roles { client: Driven, server: Server::default() }.open(&mut vm)?;
//! let client = Seat { session: session.id(), role: RoleId(0), lane: 0 };
//! let (server, names) = (RoleId(1), count::IMAGE.names());
//! let (word, letters) = (names.find_label("Word").unwrap(), names.find_label("Letters").unwrap());
//!
//! assert!(vm.driven_send(client, server, word, Value::text("tea"))?.is_none(), "it has been sent");
//! assert!(vm.driven_receive(client)?.is_none(), "there is no answer yet");
//! vm.run(&NoHandler, 10)?;
//! let mut woken = Vec::new();
//! vm.take_woken(&mut woken);
//! assert_eq!(woken, [client]);
//! let answer = vm.driven_receive(client)?.expect("the answer has come");
//! assert_eq!((answer.from, answer.label), (server, letters));
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "macros")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { doc::main() }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! ```

use thiserror::Error;

use telltale_types::{LabelId, RoleId};

use crate::{Message, SessionId, VMError, Value};

/// Where a driven role sits: a role of a session, and which of the things that it does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    /// The session.
    pub session: SessionId,
    /// The role.
    pub role: RoleId,
    /// 0 where the role does one thing, and the number of the lane in the arms of a `par` that shares the role.
    pub lane: u8,
}

/// A message that a driven role has received.
#[derive(Debug)]
pub struct Received {
    /// The sender.
    pub from: RoleId,
    /// The message.
    pub label: LabelId,
    /// What it carries.
    pub value: Value,
}

/// A message between a part and a role that is played elsewhere.
#[derive(Debug)]
pub struct Outgoing {
    /// The message.
    pub message: Message,
    /// How many there were before it from its sender to its receiver, in its lane.
    pub number: u64,
}

/// A message that was not delivered to a part, and why.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct Undelivered {
    /// The message, as it was.
    pub incoming: Outgoing,
    /// Why.
    #[source]
    pub error: VMError,
}

/// Why a driven role has not done what it was asked to do. The session is as it was, unless it has faulted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DriveError {
    /// There is no such session or it has ended, or it faulted in this call: [`VM::take_ended`](crate::VM::take_ended)
    /// says how.
    #[error(transparent)]
    Ended(#[from] VMError),
    /// Nobody sits there: the role is not driven, or does no such thing now.
    #[error("`{role}` of session {session} is not driven, or has no lane {lane} now")]
    NoSeat {
        /// The session.
        session: SessionId,
        /// The role.
        role: String,
        /// The lane.
        lane: u8,
    },
    /// The role does something else now.
    #[error("`{role}` may not do that: expected `{expected}`, found `{found}`")]
    NotAllowed {
        /// The role.
        role: String,
        /// The instruction that it is at, as in the disassembly; or that it is done.
        expected: String,
        /// What it was asked to do.
        found: String,
    },
    /// The payload is not one of its message.
    #[error("expected `{expected}` as payload of `{label}`, found {found}")]
    WrongPayload {
        /// The name of the message.
        label: String,
        /// The type that it carries, as the protocol spells it.
        expected: String,
        /// What it came with, in words.
        found: String,
    },
}
