//! How a session comes back to its script.

use crate::exec::Slice;
use crate::memory::coroutine;
use crate::memory::{channel, header};

impl Slice<'_, '_> {
    /// Goes back to the script if all roles are together at a place of the schedule, where exchanges may be done, and all
    /// channels are empty. Says whether it has.
    ///
    /// A role with a mark is at no place of the schedule, except for one that has halted; so a session with roles that are
    /// played from outside need not be looked up.
    pub(crate) fn rejoin(&mut self, forced_only: bool) -> bool {
        if header::has_outside(self.block) {
            return false;
        }
        let loaded = self.loaded;
        let roles = coroutine::words(self.block, loaded.roles_at, loaded.coroutines);
        let Some(place) = loaded.schedule.place_of(roles) else { return false };
        if forced_only && !loaded.schedule.step(place).is_forced {
            return false;
        }
        if !loaded.plans.all().all(|plan| channel::is_idle(self.block, plan)) {
            return false;
        }
        // On the script nobody waits. (Whoever leaves it sees to the ready bits.)
        loaded.plans.all().for_each(|plan| channel::forget_receiver(self.block, plan));
        header::set_place(self.block, Some(place));
        true
    }
}
