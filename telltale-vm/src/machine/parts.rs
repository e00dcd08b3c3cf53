//! Parts: sessions of which some roles are played elsewhere. Messages to those are handed out, messages from them delivered.

use telltale_types::RoleId;

use super::control::{expect_room, missing_channel};
use crate::exec::note_halted;
use crate::lines::{label_of, role_of};
use crate::memory::arena::Slot;
use crate::memory::channel::{self, Plan};
use crate::memory::coroutine::{self, HALTED};
use crate::memory::header;
use crate::outside::{Outgoing, Undelivered};
use crate::program::loaded::Loaded;
use crate::{Cause, Fault, Message, SessionId, VM, VMError};

impl VM {
    /// Appends the messages of a part for roles that are played elsewhere, those between two roles in their order.
    ///
    /// When a part has handed out everything and its own roles are done, it is complete
    /// ([`VM::take_ended`]). A role whose channel is full waits until its messages are taken. A session that has ended has
    /// nothing to hand out.
    ///
    /// # Errors
    ///
    /// When the session is none of this VM's.
    pub fn take_outgoing(
        &mut self,
        session: SessionId,
        outgoing: &mut Vec<Outgoing>,
    ) -> Result<(), VMError> {
        let slot = match self.running(session) {
            Err(VMError::StaleSession { .. }) => return Ok(()),
            running => running?,
        };
        let block = self.run_queue.arena.block_mut(slot);
        let Some(from) = self.outside.of_mut(block) else { return Ok(()) };
        let loaded = self.images.get(header::image(block));
        let (mut waits, before) = (Vec::new(), outgoing.len());
        for (nth, &(of_pair, plan)) in loaded.plans.existing().iter().enumerate() {
            if !from.players.elsewhere.contains(of_pair.to) {
                continue;
            }
            while channel::len(block, plan) > 0 {
                let (taken, sender_waits) = channel::pop(block, &mut self.buffers, plan);
                let (from_role, to, lane) = (of_pair.from, of_pair.to, of_pair.lane());
                let value = self.heap.decode(taken.word);
                let message = Message { from: from_role, to, lane, label: taken.label, value };
                outgoing.push(Outgoing { message, number: from.passed[nth] });
                from.passed[nth] += 1;
                if sender_waits {
                    waits.extend(loaded.coroutines_of(from_role));
                }
            }
        }
        for coro in waits {
            self.change(slot, coro, |coro| coro, true);
        }
        if outgoing.len() > before {
            self.look_after(slot);
            self.after_call();
        }
        Ok(())
    }

    /// Delivers a message to a part, from a role that is played elsewhere.
    ///
    /// A message that cannot be one of that role (there is no such channel or label, it carries something else, it is not
    /// the next one, or the role [is done](VM::elsewhere_is_done)) is a fault of the session that names its sender. Whether the protocol allows it now is found out when
    /// its receiver takes it.
    ///
    /// # Errors
    ///
    /// The message comes back when the session has ended or is no such part, when it has faulted for this message, and when
    /// there is no room: then it can be delivered later.
    pub fn deliver(&mut self, session: SessionId, incoming: Outgoing) -> Result<(), Undelivered> {
        match self.admit(session, &incoming) {
            Ok((slot, plan)) => {
                self.put_in(slot, plan, incoming.message, false);
                self.after_call();
                Ok(())
            }
            Err(error) => Err(Undelivered { incoming, error }),
        }
    }

    /// A role that is played elsewhere is done: it sends nothing more.
    ///
    /// Roles of the part that may stop where they are, and were waiting for it in case it did send something, need not wait
    /// any more.
    ///
    /// # Errors
    ///
    /// When the session has ended, or is no part in which this role is played elsewhere.
    pub fn elsewhere_is_done(&mut self, session: SessionId, role: RoleId) -> Result<(), VMError> {
        let slot = self.running(session)?;
        self.expect_elsewhere(slot, role)?;
        let block = self.run_queue.arena.block_mut(slot);
        let at = self.images.get(header::image(block)).roles_at + role.index();
        if !coroutine::read(block, at).has(HALTED) {
            note_halted(block, at, role);
            self.look_after(slot);
            self.after_call();
        }
        Ok(())
    }

    fn expect_elsewhere(&self, slot: Slot, role: RoleId) -> Result<(), VMError> {
        let from = self.outside.of(self.run_queue.arena.block(slot));
        if from.is_some_and(|from| from.players.elsewhere.contains(role)) {
            return Ok(());
        }
        let session = self.run_queue.session_at(slot);
        let what = format!("role {role} that is played elsewhere");
        Err(VMError::NotInProtocol { session, what })
    }

    /// The channel of a message from elsewhere, which is the next one there and has room.
    fn admit(&mut self, session: SessionId, incoming: &Outgoing) -> Result<(Slot, Plan), VMError> {
        let Message { from, label, .. } = incoming.message;
        let slot = self.running(session)?;
        self.expect_elsewhere(slot, from)?;
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let known = self.outside.of_mut(block).map_or(&mut [][..], |from| &mut from.passed);
        match next_from_elsewhere(block, loaded, known, incoming) {
            Ok(nth) => {
                let (_, plan) = loaded.plans.existing()[nth];
                expect_room(block, &self.buffers, plan, label)?;
                known[nth] += 1;
                Ok((slot, plan))
            }
            Err((expected, found)) => Err(self.wrong_delivery(slot, from, expected, found)),
        }
    }

    /// The part has gone wrong, because of somebody elsewhere.
    #[cold]
    fn wrong_delivery(
        &mut self,
        slot: Slot,
        from: RoleId,
        expected: String,
        found: String,
    ) -> VMError {
        let session = self.run_queue.session_at(slot);
        let role = role_of(self.loaded_at(slot).image.names(), from).to_owned();
        let cause = Cause::WrongDelivery { expected, found };
        self.fault(slot, Fault { role: Some(role), lane: 0, instruction: None, cause });
        self.after_call();
        VMError::StaleSession { session }
    }
}

/// The number of a message's channel, if the message may come next there; otherwise what was expected and found. So many have
/// passed on each channel.
fn next_from_elsewhere(
    block: &[u64],
    loaded: &Loaded,
    passed: &[u64],
    incoming: &Outgoing,
) -> Result<usize, (String, String)> {
    let Outgoing { message, number } = incoming;
    let names = loaded.image.names();
    let label = || label_of(names, message.label);
    let expected = loaded.linked.expected.get(message.label.index());
    let nth = loaded.plans.nth(message.from, message.to, message.lane);
    let (Some(expected), Some(nth)) = (expected, nth) else {
        let found = format!("one that needs a {}", missing_channel(names, message));
        return Err(("a message of the protocol".to_owned(), found));
    };
    if !expected.accepts(&message.value) {
        let found = format!("`{}` with {}", label(), message.value.kind());
        return Err((format!("`{}`", label()), found));
    }
    let next = passed[nth];
    if next != *number {
        let expected = format!("message {next} to `{}`", role_of(names, message.to));
        return Err((expected, format!("message {number}, `{}`", label())));
    }
    if coroutine::read(block, loaded.roles_at + message.from.index()).has(HALTED) {
        return Err(("nothing more, because it is done".to_owned(), format!("`{}`", label())));
    }
    Ok(nth)
}
