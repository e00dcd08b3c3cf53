//! Where roles wait: marks in the channels, and who waits for whom, if the policy asks.

use telltale_types::RoleId;

use super::Slice;
use crate::memory::channel::{self, Plan};

impl Slice<'_, '_> {
    /// The role waits for a message.
    #[inline(always)]
    pub(super) fn await_message(&mut self, plan: Plan, from: RoleId) {
        if let Some(awaited) = &mut self.awaited
            && !channel::receiver_waits(self.block, plan)
        {
            awaited.one_more(self.loaded, from);
        }
        channel::await_message(self.block, plan);
    }

    /// The role does not wait for this message any more.
    pub(super) fn forget_receiver(&mut self, plan: Plan, from: RoleId) {
        if let Some(awaited) = &mut self.awaited
            && channel::receiver_waits(self.block, plan)
        {
            awaited.one_less(self.loaded, from);
        }
        channel::forget_receiver(self.block, plan);
    }

    /// The role waits for room.
    #[cold]
    pub(super) fn await_room(&mut self, plan: Plan, to: RoleId) {
        if let Some(awaited) = &mut self.awaited
            && !channel::sender_waits(self.block, plan)
        {
            awaited.one_more(self.loaded, to);
        }
        channel::await_room(self.block, plan);
    }
}
