//! What a machine has to do with snapshots.

use std::collections::BTreeMap;

use super::error::SnapshotError;
use super::form::{Kind, SessionBody};
use super::payload::Payload;
use super::save::{self, Saver};
use super::{SessionSnapshot, Snapshot};
use crate::memory::arena::Slot;
use crate::memory::header;
use crate::roles::host::SessionObjects;
use crate::roles::session::NamedRoles;
use crate::scheduler::run_queue::RunQueue;
use crate::{SessionId, VM, VMError};

impl VM {
    /// The machine, written down as it is now. Nothing changes.
    ///
    /// What is in it, and what is not, is said in [`snapshot`](crate::snapshot).
    ///
    /// # Errors
    ///
    /// When a payload cannot be written down: a Rust value of a protocol without `#[serde]`.
    pub fn snapshot(&self) -> Result<Snapshot, SnapshotError> {
        save::body(self).map(Snapshot)
    }

    /// A session that is running, written down as it is now. Nothing changes: whoever wants to move it cancels it here.
    ///
    /// The trace is not in it: it stays with the machine, and goes on in the one in which the session is resumed.
    ///
    /// # Errors
    ///
    /// As [`VM::snapshot`]; when the session has ended, or is tied to others: it holds endpoints, or its roles are played
    /// through endpoints.
    pub fn snapshot_session(&self, session: SessionId) -> Result<SessionSnapshot, SnapshotError> {
        self.session(session)?;
        let slot = self.slot_of(session)?;
        let block = self.inside().run_queue.arena.block(slot);
        let mut saver = Saver::new(self);
        let form = saver.session(slot)?;
        let tie = if form.kind == Kind::Endpoints {
            Some("its roles are played through endpoints")
        } else if form.payloads().any(|payload| matches!(payload, Payload::Endpoint(..))) {
            Some("it holds endpoints of other sessions")
        } else {
            None
        };
        if let Some(why) = tie {
            return Err(SnapshotError::NotAlone {
                session: session.ordinal(),
                why: why.to_owned(),
            });
        }
        let image = saver.into_images().remove(form.image as usize);
        let queued = header::written::would_act(block);
        Ok(SessionSnapshot(SessionBody { image, session: form, queued, roles: BTreeMap::new() }))
    }

    /// The session with this number ([`SessionId::ordinal`]), for a machine that was resumed: whoever has the names that it had
    /// before knows no other. This looks at all sessions.
    ///
    /// # Errors
    ///
    /// When there was no such session, or it has ended and nobody asks for its role objects.
    pub fn session_numbered(&self, number: u64) -> Result<SessionId, VMError> {
        let RunQueue { arena, vm, .. } = self.inside().run_queue;
        let is_it = |slot: &Slot| {
            let block = arena.block(*slot);
            header::ordinal(block) == number
                && (header::is_running(block) || header::is_owned(block))
        };
        let session = |slot| SessionId::new(*vm, number, slot);
        let stale = || VMError::StaleSession { session: session(Slot::UNKNOWN) };
        arena.slots().find(is_it).map(session).ok_or_else(stale)
    }

    /// The sessions that were resumed and wait for their role objects, in the order of their numbers. Those that have ended
    /// before are among them: their objects are attached, and taken back with the outcome.
    pub fn unattached(&self) -> impl Iterator<Item = SessionId> {
        let inside = self.inside();
        let mut sessions: Vec<SessionId> = Vec::new();
        for slot in inside.run_queue.arena.slots() {
            let block = inside.run_queue.arena.block(slot);
            let is_there = header::is_running(block) || header::is_owned(block);
            if is_there && inside.objects_of(block).is_some_and(SessionObjects::are_awaited) {
                sessions.push(inside.run_queue.session_at(slot));
            }
        }
        sessions.sort_unstable();
        sessions.into_iter()
    }

    /// A look at the role objects of a session, if they are of this type.
    pub(crate) fn peek_roles<R: NamedRoles>(
        &self,
        session: SessionId,
    ) -> Result<Option<&R>, VMError> {
        let objects = self.inside().objects_of(self.block_of(session)?);
        Ok(objects.and_then(|objects| objects.peek::<R::Objects>()).map(R::of_objects))
    }
}
