//! How a session comes back to its script.

use telltale_types::RoleId;

use crate::exec::Slice;
use crate::memory::coroutine::{self, HALTED};
use crate::memory::{channel, header};

impl Slice<'_, '_> {
    /// Goes back to the script if all roles stand together where the schedule has a place for them: then nothing
    /// is on its way and nobody waits for anything else than a message. Says whether it has.
    pub(crate) fn rejoin(&mut self) -> bool {
        let loaded = self.loaded;
        let roles = coroutine::words(self.block, loaded.roles_at, loaded.roles);
        let Some(place) = loaded.schedule.place_of(roles) else { return false };
        if !loaded.plans.all().all(|plan| channel::is_idle(self.block, plan)) {
            return false;
        }
        loaded.plans.all().for_each(|plan| channel::forget_receiver(self.block, plan));
        for role in (0..loaded.roles).map(RoleId::at) {
            if !coroutine::read(self.block, loaded.roles_at + role.index()).has(HALTED) {
                self.wake(role);
            }
        }
        header::set_place(self.block, Some(place));
        true
    }
}
