//! Messages between processes: values in the VM of a part, and bytes on their way.

use std::mem;

use telltale_vm::loader::CodeImage;
use telltale_vm::outside::Outgoing;
use telltale_vm::wire::Payloads;
use telltale_vm::{CoroStatus, Message, RoleId, SessionError, SessionId, SessionView, VM, VMError};

use crate::engine::{Envelope, EnvelopeId};

/// The part of a session that a VM plays.
#[derive(Clone, Copy)]
pub(crate) struct Wire<'a> {
    pub(crate) image: &'a CodeImage,
    pub(crate) session: SessionId,
    /// How many bytes a payload may have.
    pub(crate) limit: usize,
}

/// Why a message of an inbox was refused.
enum Refused {
    NoRoom,
    Ended,
    Wrong(String),
}

impl Wire<'_> {
    /// Delivers what there is room for; the rest stays in the inbox.
    pub(crate) fn deliver(
        self,
        vm: &mut VM,
        inbox: &mut Vec<&Envelope>,
        taken: &mut Vec<EnvelopeId>,
    ) -> Result<(), String> {
        let mut full: Vec<(RoleId, u16)> = Vec::new();
        for message in mem::take(inbox) {
            let channel = (message.id.from, message.id.lane);
            if full.contains(&channel) {
                inbox.push(message);
                continue;
            }
            match self.deliver_one(vm, message) {
                Ok(()) => taken.push(message.id),
                Err(Refused::NoRoom) => {
                    full.push(channel);
                    inbox.push(message);
                }
                // How it has ended is in its outcome.
                Err(Refused::Ended) => return Ok(()),
                Err(Refused::Wrong(what)) => return Err(what),
            }
        }
        Ok(())
    }

    fn deliver_one(self, vm: &mut VM, message: &Envelope) -> Result<(), Refused> {
        let EnvelopeId { from, lane, number } = message.id;
        let wrong = |error| {
            let mut roles = self.image.names().roles();
            // Who knows what another process has sent.
            let from = match roles.nth(from.index()) {
                Some((_, name)) => format!("`{name}`"),
                None => format!("role {from}"),
            };
            Refused::Wrong(format!("a message from {from}: {error}"))
        };
        let value = self.payloads().decode(message.label, &message.payload).map_err(wrong)?;
        let message = Message { from, to: message.to, lane, label: message.label, value };
        let delivered = vm.deliver(self.session, Outgoing { message, number });
        delivered.map_err(|undelivered| match undelivered.error {
            VMError::ChannelFull { .. } => Refused::NoRoom,
            VMError::StaleSession { .. } => Refused::Ended,
            error => Refused::Wrong(error.to_string()),
        })
    }

    /// What the roles of the part have sent, as bytes.
    pub(crate) fn take_outgoing(self, vm: &mut VM, sent: &mut Vec<Envelope>) -> Result<(), String> {
        let mut outgoing = Vec::new();
        let taken = vm.take_outgoing(self.session, &mut outgoing);
        taken.map_err(|error| error.to_string())?;
        let payloads = self.payloads();
        for Outgoing { message, number } in outgoing {
            let Message { from, to, lane, label, value } = message;
            let payload = payloads.encode(label, &value).map_err(|error| error.to_string())?;
            // Otherwise its receiver would be blamed.
            if payloads.are_json() && may_be_deep(&payload) {
                payloads.decode(label, &payload).map_err(|error| error.to_string())?;
            }
            sent.push(Envelope { to, id: EnvelopeId { from, lane, number }, label, payload });
        }
        Ok(())
    }

    fn payloads(&self) -> Payloads<'_> {
        Payloads::of(self.image).with_limit(self.limit)
    }
}

/// Whether a role may stop where it is, with all that it does at once.
pub(crate) fn may_stop(session: &SessionView<'_>, role: &str) -> bool {
    let mut own = session.coroutines().filter(|coro| coro.role() == role);
    own.all(|coro| coro.status() == CoroStatus::Halted || coro.may_rest())
}

/// Why a part has ended, with the role that has done it.
pub(crate) fn in_words(error: &SessionError) -> String {
    match error {
        SessionError::Faulted(fault) => fault.to_string(),
        error => error.to_string(),
    }
}

/// Whether JSON may be nested deeper than `serde_json` reads, which is 127 levels; for writing it has no limit.
pub(crate) fn may_be_deep(json: &[u8]) -> bool {
    json.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() >= 128
}
