//! Where the payload of an instruction comes from, or goes to.

use telltale_types::{LabelId, RoleId};

use super::Slice;
use crate::error::Wrong;
use crate::outside::Received;
use crate::{Cause, HandlerError, HandlerResult, Value};

/// The host, a register, or whoever plays the role from outside. A register lends its payload to the instruction and gets back what the instruction
/// has not used, so it does not matter in which session the register is.
pub(crate) enum Operand {
    /// The host of the role is asked, or told.
    Host,
    /// What a register has lent, or will be filled with.
    Register(Option<Value>),
    /// What a role that is played from outside has received.
    Caller(Option<Received>),
}

impl Operand {
    /// What a register gets back, or will be filled with.
    pub(crate) fn into_value(self) -> Option<Value> {
        match self {
            Self::Host | Self::Caller(_) => None,
            Self::Register(value) => value,
        }
    }
}

impl Slice<'_, '_> {
    /// The payload of a message that is about to be sent.
    #[inline(always)]
    pub(super) fn payload(&mut self, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        match &mut self.operand {
            Operand::Host | Operand::Caller(_) => self.host.send(self.cx, to, label),
            // Only a register that is not empty lends, and only to one instruction.
            Operand::Register(lent) => {
                lent.take().ok_or_else(|| HandlerError::msg("the register is empty"))
            }
        }
    }

    /// Hands over what a received message carries. Endpoints stay in registers.
    #[inline(always)]
    pub(super) fn hand_over(
        &mut self,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> Result<HandlerResult<()>, Wrong> {
        match &mut self.operand {
            Operand::Register(kept) => {
                *kept = Some(value);
                Ok(Ok(()))
            }
            Operand::Caller(received) if !value.is_endpoint() => {
                *received = Some(Received { from, label, value });
                Ok(Ok(()))
            }
            Operand::Host | Operand::Caller(_) if value.is_endpoint() => {
                self.discard(value);
                let what = format!("{}", self.cx.label(label));
                Err(Cause::EndpointToHandler { what }.into())
            }
            Operand::Host | Operand::Caller(_) => {
                Ok(self.host.receive(self.cx, from, label, value))
            }
        }
    }
}
