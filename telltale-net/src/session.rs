//! A session on a host, for its endpoints.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};

#[cfg(feature = "services")]
use telltale_vm::VM;
use telltale_vm::generated::endpoints::{Outgoing, Place, Seats};
use telltale_vm::outside::{DriveError, Received, Seat};
use telltale_vm::{Outcome, SessionError, SessionId};

use crate::guard::{self, Held};
use crate::machine::Machine;

/// A session, as long as there are endpoints of it.
pub(crate) struct Session {
    machine: Arc<Mutex<Machine>>,
    id: SessionId,
    /// Its place in the machine.
    key: usize,
    /// Itself, to be postponed.
    own: Weak<Self>,
}

impl Session {
    pub(crate) fn new(machine: Arc<Mutex<Machine>>, id: SessionId, key: usize) -> Arc<Self> {
        Arc::new_cyclic(|own| Self { machine, id, key, own: own.clone() })
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    fn seat(&self, place: Place) -> Seat {
        Seat { session: self.id, role: place.role, lane: place.lane }
    }

    /// The machine, unless this thread holds one: then an endpoint is used by what the machine runs.
    fn hold(&self) -> Result<Held<'_>, SessionError> {
        if guard::holds_one() {
            let reason = "a method of a role object has awaited an endpoint, which has to be left to async code";
            self.cancel(reason);
            return Err(SessionError::Cancelled { reason: reason.into() });
        }
        Ok(guard::hold(&self.machine))
    }

    /// Does something in the VM, and wakes whom that lets go on. The caller holds no machine.
    #[cfg(feature = "services")]
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut VM) -> T) -> T {
        self.act_and_see(act, |_| ()).0
    }

    /// Does something in the VM. Gives what that has given, how the session has ended, if it has, and what there is to see then: nobody else does
    /// anything in between. The caller holds no machine.
    #[cfg(feature = "services")]
    pub(crate) fn act_and_see<T, U>(
        &self,
        act: impl FnOnce(&mut VM) -> T,
        see: impl FnOnce(&VM) -> U,
    ) -> (T, Option<Outcome>, U) {
        let mut machine = guard::hold(&self.machine);
        let done = act(&mut machine.vm);
        machine.after_call(self.key);
        (done, machine.outcome(self.key).cloned(), see(&machine.vm))
    }

    /// How it has ended, if it has. The caller holds no machine.
    #[cfg(feature = "services")]
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        guard::hold(&self.machine).outcome(self.key).cloned()
    }

    /// Cancels the session. The caller holds no machine.
    pub(crate) fn cancel_now(&self, reason: &str) {
        self.cancel_in(&mut guard::hold(&self.machine), reason);
    }

    fn cancel_in(&self, machine: &mut Held<'_>, reason: &str) {
        // It may have ended in the meantime.
        let _has_ended = machine.cancel(self.id, reason);
    }

    /// Why an endpoint cannot act: its session has ended, or it asks for what its role does not do.
    #[cold]
    fn refuse(&self, machine: &mut Held<'_>, error: &DriveError) -> Outcome {
        machine.after_call(self.key);
        self.cancel_in(machine, &error.to_string());
        machine.outcome(self.key).cloned().unwrap_or(Err(SessionError::Closed))
    }
}

/// The reason why a session is over, for an endpoint that is not done.
fn over(outcome: Outcome) -> SessionError {
    outcome.err().unwrap_or(SessionError::Closed)
}

impl Seats for Session {
    fn poll_send(
        &self,
        seat: Place,
        message: &mut Outgoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SessionError>> {
        let Some(value) = message.value.take() else { return Poll::Ready(Ok(())) };
        let mut machine = self.hold()?;
        match machine.vm.driven_send(self.seat(seat), message.to, message.label, value) {
            Ok(None) => {
                machine.after_call(self.key);
                Poll::Ready(Ok(()))
            }
            Ok(back) => {
                message.value = back;
                machine.wait(self.key, seat, cx.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(over(self.refuse(&mut machine, &error)))),
        }
    }

    fn poll_receive(
        &self,
        seat: Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Received>, SessionError>> {
        let mut machine = self.hold()?;
        match machine.vm.driven_receive(self.seat(seat)) {
            Ok(Some(received)) => {
                machine.after_call(self.key);
                Poll::Ready(Ok(Some(received)))
            }
            Ok(None) => {
                machine.wait(self.key, seat, cx.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(self.refuse(&mut machine, &error).map(|()| None)),
        }
    }

    fn poll_ready(&self, seat: Place, cx: &mut Context<'_>) -> Poll<Result<(), SessionError>> {
        let mut machine = self.hold()?;
        match machine.vm.driven_is_ready(self.seat(seat)) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => {
                machine.wait(self.key, seat, cx.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(self.refuse(&mut machine, &error)),
        }
    }

    fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<(Outcome, Option<Box<dyn Any + Send>>)> {
        let mut machine = match self.hold() {
            Ok(machine) => machine,
            Err(error) => return Poll::Ready((Err(error), None)),
        };
        machine.after_call(self.key);
        if let Some(outcome) = machine.outcome(self.key).cloned() {
            return Poll::Ready((outcome, machine.take_objects(self.key)));
        }
        machine.wait_for_end(self.key, cx.waker());
        Poll::Pending
    }

    fn cancel(&self, reason: &str) {
        match self.own.upgrade() {
            Some(own) if guard::holds_one() => {
                let reason = reason.to_owned();
                guard::postpone(move || own.cancel_now(&reason));
            }
            _ => self.cancel_now(reason),
        }
    }
}

/// Nobody can ask for the session any more.
impl Drop for Session {
    fn drop(&mut self) {
        if guard::holds_one() {
            // A role object has had the last endpoint. Who holds the machine cannot be waited for.
            let (machine, key) = (self.machine.clone(), self.key);
            guard::postpone(move || guard::hold(&machine).leave(key));
        } else {
            guard::hold(&self.machine).leave(self.key);
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.id)
    }
}
