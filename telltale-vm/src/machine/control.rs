//! What the embedder can do with running sessions: pause and resume roles, put messages into channels, answer late,
//! close and cancel. All of it takes the session off its script.

use std::sync::Arc;

use telltale_types::{LabelId, Names, RoleId};
use thiserror::Error;

use crate::lines::known_role;
use crate::memory::arena::Slot;
use crate::memory::channel::{Buffers, Plan};
use crate::memory::coroutine::{self, Coro, CoroId, DRAINS, HALTED, PAUSED, PENDING, UNANSWERED};
use crate::memory::deferred::Outstanding;
use crate::memory::{channel, header, ready};
use crate::scripted::leave::leave_place;
use crate::trace::store::{Lanes, Tag};
use crate::{SessionError, SessionId, SessionStatus, VM, VMError, Value};

/// A message of a session, for [`VM::inject`].
#[derive(Debug)]
pub struct Message {
    /// The role that sends it, or in whose name it comes.
    pub from: RoleId,
    /// Its receiver.
    pub to: RoleId,
    /// Which of the channels between the two it takes: 0 unless they talk to each other in several arms of a `par`
    /// ([`ObsEvent::channel`](crate::ObsEvent::channel)).
    pub lane: u16,
    /// What it is called.
    pub label: LabelId,
    /// What it carries.
    pub value: Value,
}

/// A message that was not injected, and why.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct Rejected {
    /// The message, as it was.
    pub message: Message,
    /// Why.
    #[source]
    pub error: VMError,
}

impl From<Rejected> for VMError {
    fn from(rejected: Rejected) -> Self {
        rejected.error
    }
}

impl VM {
    /// From now on, no role of this name acts, in any session.
    ///
    /// This looks at all sessions; running them does not.
    ///
    /// Gives in how many running sessions there is such a role: none may mean a misspelling, or a role of
    /// sessions that are still to be opened. A role that is played through an endpoint is paused as well: its holder
    /// waits when it acts for that role.
    pub fn pause(&mut self, role: &str) -> usize {
        if let Err(place) = self.place_among_paused(role) {
            self.paused.insert(place, role.to_owned());
        }
        self.mark_role(role, |coro| coro.with(PAUSED), false)
    }

    /// The roles of this name act again. Says whether they were paused.
    pub fn resume(&mut self, role: &str) -> bool {
        let Ok(place) = self.place_among_paused(role) else { return false };
        self.paused.remove(place);
        self.mark_role(role, |coro| coro.without(PAUSED), true);
        true
    }

    /// Where a name is among those of the paused roles, or would be: they are in order.
    fn place_among_paused(&self, role: &str) -> Result<usize, usize> {
        self.paused.binary_search_by(|name| name.as_str().cmp(role))
    }

    /// The names of the roles that are paused.
    pub fn paused_roles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.paused.iter().map(String::as_str)
    }

    /// Ends a session, whatever it is doing. Its role objects can be taken back.
    ///
    /// # Errors
    ///
    /// When the session has ended already.
    pub fn cancel(&mut self, session: SessionId, reason: &str) -> Result<(), VMError> {
        let slot = self.running(session)?;
        self.finish(slot, Err(SessionError::Cancelled { reason: Arc::from(reason) }));
        self.drop_orphans();
        self.collect_if_idle();
        self.bury_dead();
        self.drain_sink();
        Ok(())
    }

    /// Begins to close a session: its roles receive what is on its way, and one that would send or ask for
    /// an effect is done. When nothing is left to receive, the session is closed.
    ///
    /// Closing waits for no handler: a role whose handler has no answer yet is done if it would send, and
    /// continues to receive if not. It does wait for roles that are paused and for messages that are deferred, as
    /// [`VM::waiting`] says. A session whose roles are played through endpoints, or some of them from outside, is cancelled.
    ///
    /// # Errors
    ///
    /// When the session has ended already.
    pub fn close(&mut self, session: SessionId) -> Result<(), VMError> {
        let slot = self.running(session)?;
        if header::has_outside(self.run_queue.arena.block(slot)) {
            return self
                .cancel(session, "it was closed, and some of its roles are played from outside");
        }
        if !header::has_coroutines(self.run_queue.arena.block(slot)) {
            return self
                .cancel(session, "it was closed, and its roles are played by other sessions");
        }
        let coroutines = self.loaded_at(slot).coroutines;
        header::set_status(self.run_queue.arena.block_mut(slot), SessionStatus::Draining);
        for coro in (0..coroutines).map(RoleId::at) {
            self.change(slot, coro, |coro| coro.without(UNANSWERED).with(DRAINS), true);
        }
        Ok(())
    }

    /// The handler of a role that had no answer has one now: the role continues. Of a role that does several things at
    /// once, all continue that wait for it: those that were asked are asked again, those that were told something go on.
    ///
    /// For a role that is played through an endpoint, its holder continues.
    ///
    /// # Errors
    ///
    /// When the session has ended, has no such role, or the role does not wait for its handler.
    pub fn wake(&mut self, session: SessionId, role: &str) -> Result<(), VMError> {
        let slot = self.running(session)?;
        let id = self.role_of(session, slot, role)?;
        let loaded = self.loaded_at(slot);
        let (block, roles_at) = (self.run_queue.arena.block(slot), loaded.roles_at);
        let pending: Vec<CoroId> = loaded
            .coroutines_of(id)
            .filter(|coro| coroutine::read(block, roles_at + coro.index()).has(PENDING))
            .collect();
        if !header::has_coroutines(block) {
            // The holder of the endpoint waits in its place.
            if self.wake_waiter(session, id, true) {
                return Ok(());
            }
        } else if !pending.is_empty() {
            self.endpoints.leave_seat((session, id));
            let block = self.run_queue.arena.block_mut(slot);
            if header::place(block).is_some() {
                // It stands still on its script, and continues there.
                for coro in pending {
                    coroutine::unmark(block, roles_at + coro.index(), UNANSWERED);
                }
                self.run_queue.enqueue(slot);
                return Ok(());
            }
            for coro in pending {
                self.change(slot, coro, |coro| coro.without(UNANSWERED), true);
            }
            return Ok(());
        }
        Err(VMError::NotPending { session, role: role.to_owned() })
    }

    /// Puts a message into its channel, as if its sender had sent it.
    ///
    /// This is for simulation and for peers elsewhere: a message or a payload that the protocol does not allow makes its
    /// receiver fault, and one that nobody receives is left over ([`VMConfig::leftover`](crate::VMConfig::leftover)).
    ///
    /// # Errors
    ///
    /// When the session has ended, its protocol has no such channel or label, or there is no room. The message
    /// comes back with the error.
    pub fn inject(&mut self, session: SessionId, message: Message) -> Result<(), Rejected> {
        let place = |slot| self.channel_for(slot, &message).map(|plan| (slot, plan));
        let (slot, plan) = match self.running(session).and_then(place) {
            Ok(place) => place,
            Err(error) => return Err(Rejected { message, error }),
        };
        let outstanding = Outstanding::of(&message);
        self.put_in(slot, plan, message, self.records());
        self.deferred.injected(session, outstanding);
        self.after_call();
        Ok(())
    }

    /// At the end of what is done from outside: payloads that nobody has any more are dropped, and events are told.
    #[inline]
    pub(super) fn after_call(&mut self) {
        self.drop_orphans();
        self.drain_sink();
    }

    /// A message from outside goes into its channel, in which it has room, and its receiver continues.
    pub(super) fn put_in(&mut self, slot: Slot, plan: Plan, message: Message, is_noted: bool) {
        let Message { from, to, lane, label, value } = message;
        self.leave_script(slot);
        let block = self.run_queue.arena.block_mut(slot);
        let message = channel::Message { label, word: self.heap.encode(value) };
        let replaces = channel::replaces(block, &self.buffers, plan, label);
        let waits = if replaces {
            self.orphans.push(channel::replace(block, &mut self.buffers, plan, message));
            false
        } else {
            channel::push(block, &mut self.buffers, plan, message)
        };
        if is_noted {
            self.enter_trace(self.run_queue.session_at(slot));
            let lanes = Lanes { channel: lane as u8, ..Lanes::default() };
            if replaces {
                self.trace.push_in(Tag::Dropped, from, to, label, lanes);
            }
            self.trace.push_in(Tag::Injected, from, to, label, lanes);
        }
        if waits {
            for coro in self.loaded_at(slot).coroutines_of(to) {
                self.change(slot, coro, |coro| coro, true);
            }
        }
        self.look_again(slot);
    }

    /// The channel of a message from outside, if there is one, and room in it.
    fn channel_for(&self, slot: Slot, message: &Message) -> Result<Plan, VMError> {
        let Message { from, to, lane, label, .. } = *message;
        let loaded = self.loaded_at(slot);
        let is_known = label.index() < loaded.image.names().label_count();
        let Some(plan) = loaded.plans.find(from, to, lane).filter(|_| is_known) else {
            let session = self.run_queue.session_at(slot);
            let what = missing_channel(loaded.image.names(), message);
            return Err(VMError::NotInProtocol { session, what });
        };
        expect_room(self.run_queue.arena.block(slot), &self.buffers, plan, label).map(|()| plan)
    }

    /// The messages of a session that its network has deferred will not come any more: those that are still
    /// aside are dropped, and those that were handed out need not be injected. Gives how many they are.
    ///
    /// Until then, or until they are injected, the session waits for them.
    ///
    /// # Errors
    ///
    /// When the session has ended already.
    pub fn give_up_deferred(&mut self, session: SessionId) -> Result<usize, VMError> {
        let slot = self.running(session)?;
        let given_up = self.deferred.forget(session);
        self.look_again(slot);
        Ok(given_up)
    }

    /// Something has changed for a session, but perhaps for none of its roles: it must be settled again, because it
    /// may have waited for this only.
    pub(super) fn look_again(&mut self, slot: Slot) {
        self.leave_script(slot);
        let block = self.run_queue.arena.block(slot);
        if header::has_coroutines(block) {
            self.run_queue.enqueue(slot);
        } else if header::live(block) == 0 {
            self.settle(slot);
            self.drop_orphans();
        }
    }

    /// Hands out the messages of a session that its network has deferred, oldest first.
    ///
    /// # Errors
    ///
    /// When the session has ended already.
    pub fn take_deferred(&mut self, session: SessionId) -> Result<Vec<Message>, VMError> {
        self.running(session)?;
        Ok(self.deferred.take(session))
    }

    /// The slot of a session that has not ended.
    pub(super) fn running(&self, session: SessionId) -> Result<Slot, VMError> {
        let slot = self.slot_of(session)?;
        if header::is_running(self.run_queue.arena.block(slot)) {
            Ok(slot)
        } else {
            Err(VMError::StaleSession { session })
        }
    }

    fn role_of(&self, session: SessionId, slot: Slot, role: &str) -> Result<RoleId, VMError> {
        let loaded = self.loaded_at(slot);
        loaded.image.names().find_role(role).ok_or_else(|| {
            let what = format!("role `{role}`");
            VMError::NotInProtocol { session, what }
        })
    }

    fn mark_role(&mut self, role: &str, mark: impl Fn(Coro) -> Coro, wake: bool) -> usize {
        let mut marked = 0;
        for slot in self.running_slots() {
            let block = self.run_queue.arena.block(slot);
            let loaded = self.images.get(header::image(block));
            if let Some(role) = loaded.image.names().find_role(role) {
                for coro in loaded.coroutines_of(role) {
                    self.change(slot, coro, &mark, wake);
                }
                marked += 1;
            }
        }
        marked
    }

    /// Takes a session off its script. If it stood still there, its roles can act again, to find out what they wait
    /// for.
    #[inline]
    fn leave_script(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block_mut(slot);
        if header::place(block).is_none() {
            return;
        }
        let loaded = self.images.get(header::image(block));
        if leave_place(block, loaded) {
            self.run_queue.enqueue(slot);
        }
    }

    /// Changes the marks of a coroutine, and takes its session off the script. If `wake`, the coroutine, or the holder
    /// that waits in its seat, executes its instruction again.
    pub(super) fn change(
        &mut self,
        slot: Slot,
        number: CoroId,
        mark: impl Fn(Coro) -> Coro,
        wake: bool,
    ) {
        self.leave_script(slot);
        let block = self.run_queue.arena.block_mut(slot);
        let loaded = self.images.get(header::image(block));
        let place = loaded.roles_at + number.index();
        let coro = mark(coroutine::read(block, place));
        coroutine::write(block, place, coro);
        if !wake || coro.has(HALTED | PENDING) {
            return;
        }
        if header::has_coroutines(block) {
            ready::set(block, number);
            self.run_queue.enqueue(slot);
        } else {
            self.wake_waiter(self.run_queue.session_at(slot), number, false);
        }
    }
}

/// Whether there is room for a message from outside.
pub(super) fn expect_room(
    block: &[u64],
    buffers: &Buffers,
    plan: Plan,
    label: LabelId,
) -> Result<(), VMError> {
    let fits = channel::has_room(block, plan) || channel::replaces(block, buffers, plan, label);
    if fits { Ok(()) } else { Err(VMError::ChannelFull { capacity: plan.room() }) }
}

/// What a message needs and its protocol does not have.
pub(super) fn missing_channel(names: &Names, message: &Message) -> String {
    let Message { from, to, lane, label, .. } = *message;
    if label.index() >= names.label_count() {
        return format!("label {label}");
    }
    let (from, to) = (quoted(names, from), quoted(names, to));
    match lane {
        0 => format!("channel from {from} to {to}"),
        lane => format!("channel {lane} from {from} to {to}"),
    }
}

/// A role in words, which may be none of its protocol.
fn quoted(names: &Names, role: RoleId) -> String {
    known_role(names, role).map_or_else(|| format!("role {role}"), |name| format!("`{name}`"))
}
