//! Who waits in whose seat.

use super::{Endpoints, Member};
use crate::SessionId;
use crate::memory::coroutine::{self, HALTED, PENDING, UNANSWERED};
use crate::memory::{header, ready};
use crate::program::registry::Registry;
use crate::scheduler::run_queue::RunQueue;

impl Endpoints {
    /// A role waits in the seat of another.
    pub(crate) fn wait_in(&mut self, seat: Member, holder: Member) {
        self.waiters.insert(seat.0, seat.1.0, holder);
        self.seats.insert(holder.0, holder.1.0, seat);
    }

    /// A role does not wait in a seat any more, if it did.
    pub(in crate::machine) fn leave_seat(&mut self, holder: Member) {
        if !self.seats.is_empty()
            && let Some(seat) = self.seats.remove(holder.0, holder.1.0)
        {
            self.waiters.remove(seat.0, seat.1.0);
        }
    }

    /// Where a role of a session without coroutines has been woken, its holder is woken instead.
    pub(super) fn relay(
        &mut self,
        run_queue: &mut RunQueue,
        images: &Registry,
        session: SessionId,
    ) {
        let block = run_queue.arena.block(session.slot());
        let words = ready::words(images.get(header::image(block)).roles);
        loop {
            let block = run_queue.arena.block_mut(session.slot());
            let Some(role) = ready::next(block, words, 0) else { return };
            ready::clear(block, role);
            self.wake_waiter(run_queue, images, (session, role), false);
        }
    }

    /// Wakes the holder that waits in a seat: if `answered`, one that waits for its handler, otherwise one that waits for
    /// a message or for room. Says whether there was one.
    ///
    /// A holder has registers, so its session is never on a script.
    pub(super) fn wake_waiter(
        &mut self,
        run_queue: &mut RunQueue,
        images: &Registry,
        seat: Member,
        answered: bool,
    ) -> bool {
        let Some(&holder) = self.waiters.get(seat.0, seat.1.0) else { return false };
        let (session, role) = holder;
        if !is_running(run_queue, session) {
            self.leave_seat(holder);
            return false;
        }
        let block = run_queue.arena.block_mut(session.slot());
        let at = images.get(header::image(block)).roles_at + role.index();
        if coroutine::read(block, at).has(PENDING) != answered {
            return false;
        }
        self.leave_seat(holder);
        coroutine::unmark(block, at, UNANSWERED);
        if !coroutine::read(block, at).has(HALTED) {
            ready::set(block, role);
            run_queue.enqueue(session.slot());
        }
        true
    }
}

/// Whether a session of this machine is there, and its roles may act.
pub(super) fn is_running(run_queue: &RunQueue, session: SessionId) -> bool {
    let is_it =
        |block: &[u64]| header::ordinal(block) == session.ordinal() && header::is_running(block);
    session.vm() == run_queue.vm && run_queue.arena.find(session.slot()).is_some_and(is_it)
}
