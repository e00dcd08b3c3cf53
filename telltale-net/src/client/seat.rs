//! A seat: the part of a session in this process, and where it stands with its engine.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use telltale_vm::generated::endpoints::{Outgoing, Place, Seats};
use telltale_vm::generated::{NamedRoles, SessionHost as _};
use telltale_vm::loader::CodeImage;
use telltale_vm::outside::Received;
use telltale_vm::{Outcome, Recording, SessionError, VM, VMConfig};

use super::line::{Line, Over, Pending};
use super::{ClientConfig, Hub, JoinError};
use crate::counters::Acted;
use crate::engine::{self, Done, Ending, EngineError, Envelope, EnvelopeId, PartStatus, Work};
use crate::guard;
use crate::key::Ticket;
use crate::machine::Machine;
use crate::session::Session;
use crate::wire::{Wire, in_words, may_stop};

pub(super) struct Seat {
    hub: Arc<Hub>,
    /// Its number in the hub.
    number: OnceLock<usize>,
    session: Arc<Session>,
    image: CodeImage,
    wanted: engine::Seat,
    config: ClientConfig,
    line: Mutex<Line>,
}

/// What a seat asks of its engine.
pub(super) enum Ask {
    /// To be given its part.
    Part(engine::Seat),
    /// To end the session.
    Cancel(String),
}

/// What becomes of a part that was given.
pub(super) enum Given {
    /// It has a step.
    Step,
    /// It has ended, and its engine is to know that this was heard.
    Heard,
    /// It is somebody else's.
    Foreign,
}

impl Seat {
    /// A seat that nobody has been given yet.
    pub(super) fn open<R: NamedRoles>(
        hub: &Arc<Hub>,
        config: &ClientConfig,
        image: &CodeImage,
        roles: R,
        ticket: &Ticket,
    ) -> Result<Arc<Self>, JoinError> {
        let vm = VMConfig { recording: Recording::Off, ..VMConfig::default() };
        let mut machine = Machine::new(vm, Arc::new(AtomicUsize::new(0)));
        let id = machine.vm.open_compiled_session(image, roles.into_objects(), false)?;
        // It is run after each call, as if there were objects: what was delivered has put it among those that can act.
        let key = machine.enter(id, true, None);
        let (session, role, hash) = (ticket.session().clone(), ticket.role(), ticket.hash());
        let seat = Arc::new(Self {
            hub: Arc::clone(hub),
            number: OnceLock::new(),
            session: Session::new(Arc::new(Mutex::new(machine)), id, key),
            image: image.clone(),
            wanted: engine::Seat { session, role, ticket: hash, anyway: false },
            config: config.clone(),
            line: Mutex::new(Line::new(Ticket::secret())),
        });
        let number = {
            let mut state = hub.state();
            if !state.is_running {
                return Err(JoinError::NotRunning);
            }
            let entry = state.seats.vacant_entry();
            let number = entry.key();
            seat.number.set(number).expect("it is set once");
            entry.insert(Arc::clone(&seat));
            number
        };
        hub.is_due(number);
        Ok(seat)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_due(&self) {
        if let Some(&number) = self.number.get() {
            self.hub.is_due(number);
        }
    }

    pub(super) fn number(&self) -> usize {
        *self.number.get().expect("a seat in the hub has a number")
    }

    pub(super) fn wanted(&self) -> &engine::Seat {
        &self.wanted
    }

    pub(super) fn role(&self) -> &str {
        let mut roles = self.image.names().roles();
        roles.nth(self.wanted.role.index()).map_or("?", |(_, name)| name)
    }

    /// A step of it, to be counted.
    pub(super) fn acted(&self, work: &Work, done: &Done) -> Acted {
        Acted::of(&self.image, work, done)
    }

    fn wire(&self) -> Wire<'_> {
        Wire { image: &self.image, session: self.session.id(), limit: self.config.payload }
    }

    /// Waits until it is known whether it has the seat.
    pub(super) fn poll_joined(&self, cx: &mut Context<'_>) -> Poll<Result<(), JoinError>> {
        let mut line = self.line();
        if let Some(refused) = line.refused.take() {
            return Poll::Ready(Err(refused));
        }
        if line.version > 0 {
            return Poll::Ready(Ok(()));
        }
        let before = line.joining.replace(cx.waker().clone());
        drop(line);
        drop(before);
        Poll::Pending
    }

    /// What it asks for; where it has nothing to say, only to hear whether there is something.
    pub(super) fn ask(&self, now: Instant) -> Ask {
        let outcome = self.session.outcome();
        let line = self.line();
        if let (Some(Err(SessionError::Cancelled { reason })), None) = (&outcome, &line.over) {
            return Ask::Cancel(reason.to_string());
        }
        let anyway = outcome.is_some() || line.has_something_to_say(now);
        Ask::Part(engine::Seat { anyway, ..self.wanted.clone() })
    }

    /// Whether it does not have the seat yet.
    pub(super) fn is_joining(&self) -> bool {
        self.line().version == 0
    }

    /// Its part was given, with what has come for it.
    pub(super) fn take(&self, work: &Work) -> Given {
        if work.image != self.image.hash() {
            let (session, expected) = (work.session.clone(), work.image);
            let found = self.image.hash();
            self.refuse(EngineError::WrongProtocol { session, expected, found }.into());
            return Given::Foreign;
        }
        let (is_ours, wakers) = {
            let mut line = self.line();
            (line.is_ours(work), line.wakers())
        };
        // It may have been found out that the last step was written.
        wakers.into_iter().for_each(Waker::wake);
        if !is_ours {
            self.is_taken();
            return Given::Foreign;
        }
        if let Some(ending) = &work.ending {
            self.has_ended(ending);
            return Given::Heard;
        }
        Given::Step
    }

    /// Delivers what has come. Gives what is taken with the next step, and what is wrong with the rest.
    pub(super) fn deliver(&self, work: &Work) -> (Vec<EnvelopeId>, Result<(), String>) {
        let known = self.line().delivered.clone();
        let is_known = |message: &&Envelope| known.contains(&message.id);
        let (old, mut new): (Vec<&Envelope>, Vec<_>) = work.messages.iter().partition(is_known);
        let mut delivered = Vec::new();
        let fits = self.session.act(|vm| {
            unless_it_panics("read", || self.wire().deliver(vm, &mut new, &mut delivered))
        });
        let mut line = self.line();
        line.delivered.extend(&delivered);
        line.came += delivered.len();
        line.left_at = (!new.is_empty()).then_some(line.read);
        let old = old.into_iter().map(|message| message.id);
        (old.chain(delivered).collect(), fits)
    }

    /// The next step, if there is something to write.
    pub(super) fn step(
        &self,
        taken: Vec<EnvelopeId>,
        fits: Result<(), String>,
        now: Instant,
    ) -> Option<Done> {
        let acted = self.line().acted();
        let mut sent = Vec::new();
        let (outgoing, outcome, rests) = self.session.act_and_see(
            |vm| unless_it_panics("written", || self.wire().take_outgoing(vm, &mut sent)),
            |vm| self.rests_in(vm),
        );
        let status = self.status(outcome, fits.and(outgoing), rests)?;
        let mut line = self.line();
        line.sent.append(&mut sent);
        let is_first = line.version == 0;
        // What was left there is nothing new any more, once a step says so.
        let is_news = !taken.is_empty() || line.left_at.is_some() || !status.goes_on();
        if !is_first && !is_news && !line.is_unwritten(now) {
            return None;
        }
        let fault = match &status {
            PartStatus::Faulted(reason) => Some(reason.clone()),
            _ => None,
        };
        let sent = if fault.is_some() { Vec::new() } else { line.sent.clone() };
        let state = if status.goes_on() { line.nonce.to_vec() } else { Vec::new() };
        let is_last = !status.goes_on();
        line.step = Some(Pending { taken: taken.clone(), sent: sent.len(), acted, is_last, fault });
        line.due = Some(now + self.config.heartbeat / 3);
        Some(Done { state, taken, sent, status })
    }

    /// Nothing where the session was cancelled here, which is no step.
    fn status(
        &self,
        outcome: Option<Outcome>,
        wrong: Result<(), String>,
        rests: bool,
    ) -> Option<PartStatus> {
        Some(match (outcome, wrong) {
            (Some(Err(SessionError::Cancelled { .. })), _) => return None,
            (_, Err(reason)) => PartStatus::Faulted(format!("`{}`: {reason}", self.role())),
            (Some(Ok(())), _) => PartStatus::Done,
            (Some(Err(error)), _) => PartStatus::Faulted(in_words(&error)),
            (None, _) => PartStatus::Held { time: self.config.heartbeat, rests },
        })
    }

    /// Whether the role may stop where it is, and has received everything.
    fn rests(&self) -> bool {
        self.session.act(|vm| self.rests_in(vm))
    }

    fn rests_in(&self, vm: &VM) -> bool {
        let Ok(view) = vm.session(self.session.id()) else { return false };
        let line = self.line();
        line.came == line.read && may_stop(&view, self.role())
    }

    /// A step is written down.
    pub(super) fn is_written(&self) {
        let wakers = {
            let mut line = self.line();
            line.is_written();
            line.wakers()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The session has ended, for a reason that does not come from here.
    pub(super) fn has_ended(&self, ending: &Ending) {
        if self.is_joining() {
            let (session, ending) = (self.wanted.session.clone(), ending.clone());
            return self.refuse(JoinError::Ended { session, ending });
        }
        self.is_over(match ending {
            Ending::Complete => Over::Complete,
            ending => Over::Because(ending.to_string()),
        });
    }

    /// If the step that was being written is the last one, it is written: nothing else could have made the part done.
    pub(super) fn has_said_its_last(&self) -> bool {
        let is_last = self.line().step.as_ref().is_some_and(|step| step.is_last);
        if is_last {
            self.is_written();
        }
        is_last
    }

    /// Somebody else sits there.
    pub(super) fn is_taken(&self) {
        let (session, role) = (self.wanted.session.clone(), self.wanted.role);
        self.refuse(JoinError::SeatTaken { session, role });
    }

    /// Nobody has the seat, or not any more.
    pub(super) fn refuse(&self, error: JoinError) {
        let reason = error.to_string();
        if self.is_joining() {
            self.line().refused = Some(error);
        }
        self.is_over(Over::Because(reason));
    }

    /// It is not played any more: all who wait are told.
    pub(super) fn is_over(&self, over: Over) {
        let reason = match &over {
            Over::Complete => "the session is complete",
            Over::Because(reason) => reason,
        };
        let reason = reason.to_owned();
        let wakers = {
            let mut line = self.line();
            line.over.get_or_insert(over);
            line.wakers()
        };
        self.session.cancel_now(&reason);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// Payloads are read and written by what their users have said.
fn unless_it_panics(what: &str, act: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let acted = catch_unwind(AssertUnwindSafe(act));
    acted.unwrap_or_else(|_| Err(format!("a payload panicked while it was {what}")))
}

/// A seat, as long as there are endpoints of it.
pub(super) struct Sitting {
    pub(super) seat: Arc<Seat>,
}

impl Sitting {
    /// Waits until what was done last at a place is written down.
    fn poll_written(
        &self,
        place: Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Received>, SessionError>> {
        let mut line = self.seat.line();
        let before = match line.wait(place, cx.waker()) {
            Ok(received) => return Poll::Ready(Ok(received)),
            Err(before) => before,
        };
        match line.over.clone() {
            // Nothing is on its way, so everything was written.
            Some(Over::Complete) => Poll::Ready(Ok(line.received(place))),
            Some(over) => Poll::Ready(Err(over.error())),
            None => {
                drop(line);
                drop(before);
                Poll::Pending
            }
        }
    }

    fn over(&self) -> Option<Over> {
        self.seat.line().over.clone()
    }

    /// What its machine says of an ending, in the words of the engine.
    fn explain(&self, error: SessionError) -> SessionError {
        self.over().map_or(error, |over| over.error())
    }

    fn has_acted(&self, place: Place, received: Option<Received>) {
        self.seat.line().has_acted(place, received);
        self.seat.is_due();
    }
}

impl Seats for Sitting {
    fn poll_send(
        &self,
        place: Place,
        message: &mut Outgoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SessionError>> {
        if message.value.is_some() {
            let sent = ready!(self.seat.session.poll_send(place, message, cx));
            sent.map_err(|error| self.explain(error))?;
            self.has_acted(place, None);
        }
        self.poll_written(place, cx).map_ok(|_| ())
    }

    fn poll_receive(
        &self,
        place: Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Received>, SessionError>> {
        if self.seat.line().has_received(place) {
            return self.poll_written(place, cx);
        }
        let received = match ready!(self.seat.session.poll_receive(place, cx)) {
            Ok(Some(received)) => received,
            Ok(None) => return Poll::Ready(Ok(None)),
            Err(_) if matches!(self.over(), Some(Over::Complete)) => return Poll::Ready(Ok(None)),
            Err(error) => return Poll::Ready(Err(self.explain(error))),
        };
        self.seat.line().read += 1;
        if matches!(self.seat.session.outcome(), Some(Ok(()))) {
            self.has_acted(place, Some(received));
            return self.poll_written(place, cx);
        }
        if self.seat.rests() {
            self.seat.line().has_changed();
            self.seat.is_due();
        } else if self.seat.line().left_at.is_some() {
            self.seat.is_due();
        }
        Poll::Ready(Ok(Some(received)))
    }

    fn poll_ready(&self, place: Place, cx: &mut Context<'_>) -> Poll<Result<(), SessionError>> {
        if self.seat.line().has_received(place) {
            return Poll::Ready(Ok(()));
        }
        let ready = ready!(self.seat.session.poll_ready(place, cx));
        match ready {
            // There is an end to be received.
            Err(_) if matches!(self.over(), Some(Over::Complete)) => Poll::Ready(Ok(())),
            ready => Poll::Ready(ready.map_err(|error| self.explain(error))),
        }
    }

    fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<(Outcome, Option<Box<dyn Any + Send>>)> {
        self.seat.session.poll_ended(cx)
    }

    fn cancel(&self, reason: &str) {
        let (seat, reason) = (Arc::clone(&self.seat), reason.to_owned());
        let cancel = move || {
            seat.session.cancel_now(&reason);
            seat.is_due();
        };
        // A role object of another host has had the endpoint.
        if guard::holds_one() { guard::postpone(cancel) } else { cancel() }
    }
}

/// Nobody plays it any more; if it is done, that changes nothing.
impl Drop for Sitting {
    fn drop(&mut self) {
        self.cancel("nobody plays it any more");
    }
}

impl fmt::Debug for Sitting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sitting({}, role {})", self.seat.wanted.session, self.seat.wanted.role)
    }
}
