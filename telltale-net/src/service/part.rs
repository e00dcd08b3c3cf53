//! A part of a session, while a service works on it: a machine of its own, in which the other roles are elsewhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use telltale_vm::generated::open;
use telltale_vm::outside::Outgoing;
use telltale_vm::snapshot::SessionSnapshot;
use telltale_vm::wire::Payloads;
use telltale_vm::{
    CoroStatus, CoroutineView, Message, NoHandler, Outcome, Recording, RoleId, Session,
    SessionError, SessionId, VM, VMConfig, VMError,
};

use super::{ServerConfig, Service, Step};
use crate::engine::{Done, Envelope, EnvelopeId, PartStatus, Work};

/// How many rounds a role has before its messages are looked at.
const ROUNDS: usize = 1_000;

/// A part that is in this process.
pub(super) struct Part<S: Service> {
    vm: VM,
    session: Session<S::Roles>,
    pub(super) step: Step,
}

/// What is written down of a part.
#[derive(Serialize, Deserialize)]
struct Stored<State> {
    part: SessionSnapshot,
    object: State,
}

/// A message of an inbox that was refused, and whether it was the part that ended.
enum Refused {
    NoRoom,
    Ended,
}

impl<S: Service> Part<S> {
    /// A part that begins, or goes on from what was written down of it.
    pub(super) fn open(service: &S, work: &Work) -> Result<Self, String> {
        let image = service.image();
        let step = Step::new(work.session.clone(), service.role());
        step.begin(work.version, work.attempts);
        let config = VMConfig { recording: Recording::Off, ..VMConfig::default() };
        let mut vm = VM::new(config);
        let session = match &work.state {
            None => {
                let roles = service.restore(&step, None);
                let session = open(&mut vm, image, roles).map_err(|error| error.to_string())?;
                check_players(&vm, session.id(), service.role())?;
                session
            }
            Some(bytes) => {
                let stored: Stored<S::State> = serde_json::from_slice(bytes).map_err(|error| {
                    format!("what was written down of it cannot be read: {error}")
                })?;
                let id = stored.part.resume(&mut vm, [image]).map_err(|error| error.to_string())?;
                let roles = service.restore(&step, Some(stored.object));
                let session = Session::attach(&mut vm, id, image, roles);
                session.map_err(|error| error.to_string())?
            }
        };
        Ok(Self { vm, session, step })
    }

    /// Lets the role act on what has come, until it waits or has sent enough.
    pub(super) fn act(&mut self, service: &S, work: &Work, config: &ServerConfig) -> Done {
        let payloads = Payloads::of(service.image()).with_limit(config.payload);
        let mut done = Done {
            state: Vec::new(),
            taken: Vec::new(),
            sent: Vec::new(),
            status: PartStatus::Waits,
        };
        let mut inbox: Vec<&Envelope> = work.messages.iter().collect();
        self.wake(service.role());
        let outcome = loop {
            let before = (inbox.len(), done.sent.len());
            if let Err(reason) = self.deliver(&payloads, &mut inbox, &mut done.taken) {
                break Some(Err(format!("`{}`: {reason}", service.role())));
            }
            // What goes wrong is in the outcome.
            let _ = self.vm.run(&NoHandler, ROUNDS);
            if let Err(reason) = self.send(&payloads, &mut done.sent) {
                break Some(Err(format!("`{}`: {reason}", service.role())));
            }
            if let Some(outcome) = self.outcome() {
                break Some(outcome.map_err(|error| in_words(&error)));
            }
            let is_idle = before == (inbox.len(), done.sent.len());
            if is_idle || done.sent.len() >= config.messages {
                break None;
            }
        };
        done.status = match outcome {
            Some(Ok(())) => PartStatus::Done,
            Some(Err(reason)) => PartStatus::Faulted(reason),
            None => self.status(done.sent.len() >= config.messages),
        };
        if done.status.goes_on() {
            match self.stored(service, config) {
                Ok(state) => done.state = state,
                Err(reason) => {
                    done.status = PartStatus::Faulted(format!("`{}`: {reason}", service.role()));
                }
            }
        }
        if let PartStatus::Faulted(_) = done.status {
            done.sent.clear();
        }
        done
    }

    /// Whoever had no answer is asked again.
    fn wake(&mut self, role: &str) {
        // Where it was not asked, it need not be asked again.
        let _ = self.vm.wake(self.session.id(), role);
    }

    /// Delivers what there is room for.
    fn deliver(
        &mut self,
        payloads: &Payloads<'_>,
        inbox: &mut Vec<&Envelope>,
        taken: &mut Vec<EnvelopeId>,
    ) -> Result<(), String> {
        let mut full: Vec<(RoleId, u16)> = Vec::new();
        let mut error = None;
        inbox.retain(|message| {
            let channel = (message.id.from, message.id.lane);
            if error.is_some() || full.contains(&channel) {
                return true;
            }
            match self.deliver_one(payloads, message) {
                Ok(Ok(())) => {
                    taken.push(message.id);
                    false
                }
                Ok(Err(Refused::NoRoom)) => {
                    full.push(channel);
                    true
                }
                Ok(Err(Refused::Ended)) => true,
                Err(what) => {
                    error = Some(what);
                    true
                }
            }
        });
        error.map_or(Ok(()), Err)
    }

    fn deliver_one(
        &mut self,
        payloads: &Payloads<'_>,
        message: &Envelope,
    ) -> Result<Result<(), Refused>, String> {
        let EnvelopeId { from, lane, number } = message.id;
        let value = payloads.decode(message.label, &message.payload);
        let value = value.map_err(|error| format!("a message from role {from}: {error}"))?;
        let message = Message { from, to: message.to, lane, label: message.label, value };
        let delivered = self.vm.deliver(self.session.id(), Outgoing { message, number });
        Ok(delivered.map_err(|undelivered| match undelivered.error {
            VMError::ChannelFull { .. } => Refused::NoRoom,
            // How it has ended is in its outcome.
            _ => Refused::Ended,
        }))
    }

    /// What the role has sent, as bytes.
    fn send(&mut self, payloads: &Payloads<'_>, sent: &mut Vec<Envelope>) -> Result<(), String> {
        let mut outgoing = Vec::new();
        let taken = self.vm.take_outgoing(self.session.id(), &mut outgoing);
        taken.map_err(|error| error.to_string())?;
        for Outgoing { message, number } in outgoing {
            let Message { from, to, lane, label, value } = message;
            let payload = payloads.encode(label, &value).map_err(|error| error.to_string())?;
            sent.push(Envelope { to, id: EnvelopeId { from, lane, number }, label, payload });
        }
        Ok(())
    }

    /// How the part has ended, if it has.
    fn outcome(&mut self) -> Option<Outcome> {
        let mut ended = Vec::new();
        self.vm.take_ended(&mut ended);
        ended.pop().map(|(_, outcome)| outcome)
    }

    fn status(&self, has_more_to_do: bool) -> PartStatus {
        if has_more_to_do {
            return PartStatus::Again(Duration::ZERO);
        }
        let Ok(view) = self.vm.session(self.session.id()) else { return PartStatus::Waits };
        let own = || view.coroutines().filter(|coro| coro.role() == self.step.role());
        if own().any(|coro| coro.status() == CoroStatus::AwaitsHandler) {
            return PartStatus::Again(self.step.again());
        }
        let rests =
            |coro: CoroutineView<'_>| coro.status() == CoroStatus::Halted || coro.may_rest();
        if own().all(rests) { PartStatus::Rests } else { PartStatus::Waits }
    }

    fn stored(&self, service: &S, config: &ServerConfig) -> Result<Vec<u8>, String> {
        let cannot = |why: &dyn std::fmt::Display| format!("it cannot be written down: {why}");
        let part = self.vm.snapshot_session(self.session.id()).map_err(|error| cannot(&error))?;
        let roles = self.session.roles(&self.vm).ok_or("its object is not there")?;
        let object = service.save(roles);
        let bytes = serde_json::to_vec(&Stored { part, object });
        let bytes = bytes.map_err(|error| cannot(&error))?;
        if bytes.len() > config.state {
            let (size, limit) = (bytes.len(), config.state);
            return Err(cannot(&format_args!("it has {size} bytes, and the limit is {limit}")));
        }
        Ok(bytes)
    }

    /// The object, of a part that has ended, or is ended by this.
    pub(super) fn into_roles(mut self) -> Option<S::Roles> {
        // It may have ended.
        let _ = self.vm.cancel(self.session.id(), "its session has ended");
        match self.session.into_roles(&mut self.vm) {
            Ok(roles) => Some(roles),
            Err(error) => error.into_roles(),
        }
    }
}

/// Why a part has ended, with the role that has done it.
fn in_words(error: &SessionError) -> String {
    match error {
        SessionError::Faulted(fault) => fault.to_string(),
        error => error.to_string(),
    }
}

/// Whether the object plays the role that the service has named, and no other.
fn check_players(vm: &VM, session: SessionId, role: &str) -> Result<(), String> {
    let view = vm.session(session).map_err(|error| error.to_string())?;
    let is_wrong = |coro: &CoroutineView<'_>| {
        (coro.role() == role) == (coro.status() == CoroStatus::FromOutside)
    };
    match view.coroutines().find(is_wrong) {
        Some(coro) if coro.role() == role => Err("its service has no object for it".to_owned()),
        Some(coro) => {
            Err(format!("its service plays `{}` as well: expected `Elsewhere`", coro.role()))
        }
        None => Ok(()),
    }
}
