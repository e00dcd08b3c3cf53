//! `Send`.

use telltale_bytecode::Pc;
use telltale_types::{LabelId, RoleId};

use super::{Host, Step, Visit};
use crate::trace::Tag;
use crate::{Cause, Value, channel};

impl<H: Host> Visit<'_, H> {
    /// Makes sure that there is room, asks for the payload, sends it.
    #[inline]
    pub(super) fn send<const TRACE: bool>(
        &mut self,
        to: RoleId,
        label: LabelId,
        next: Pc,
    ) -> Result<Step, Box<Cause>> {
        let plan = self.loaded.plan(self.cx.role, to);
        if !channel::has_room(self.block, plan) {
            channel::await_room(self.block, plan);
            return Ok(Step::Wait);
        }
        let value = self.host.send(&self.cx, to, label).map_err(Cause::Handler)?;
        self.check_payload(label, &value)?;
        self.sent::<TRACE>(plan, to, label, value, Tag::Sent);
        Ok(Step::To(next.0))
    }

    /// A payload must be of the kind that its label carries.
    #[inline]
    pub(super) fn check_payload(&self, label: LabelId, value: &Value) -> Result<(), Box<Cause>> {
        match self.loaded.kind(label) {
            Some(expected) if expected != value.kind() => {
                let label = self.loaded.image.names().label(label).to_string();
                Err(Box::new(Cause::WrongPayload { label, expected, found: value.kind() }))
            }
            _ => Ok(()),
        }
    }
}
