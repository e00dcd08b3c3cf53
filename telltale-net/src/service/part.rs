//! A part of a session, while a service works on it: a machine of its own, in which the other roles are elsewhere.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use telltale_vm::generated::open;
use telltale_vm::snapshot::SessionSnapshot;
use telltale_vm::wire::{Codec as _, CodecError, Json};
use telltale_vm::{
    CoroStatus, CoroutineView, NoHandler, Outcome, Progress, Recording, Session, SessionId, VM,
    VMConfig,
};

use super::{ServerConfig, Service, Step};
use crate::engine::{Done, Envelope, PartStatus, Work};
use crate::wire::{Wire, in_words, may_be_deep, may_stop};

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
struct Stored {
    part: SessionSnapshot,
    object: Box<RawValue>,
}

impl<S: Service> Part<S> {
    /// A part that begins, or goes on from what was written down of it.
    pub(super) fn open(service: &S, work: &Work) -> Result<Self, String> {
        let image = service.image();
        let step = Step::new(work.session.clone(), work.incarnation, service.role());
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
                let unread = |error: CodecError| {
                    format!("what was written down of it cannot be read: {error}")
                };
                let Stored { part, object } = Json::decode(bytes).map_err(unread)?;
                let object = Json::decode::<S::State>(object.get().as_bytes()).map_err(unread)?;
                let id = part.resume(&mut vm, [image]).map_err(|error| error.to_string())?;
                let roles = service.restore(&step, Some(object));
                let session = Session::attach(&mut vm, id, image, roles);
                session.map_err(|error| error.to_string())?
            }
        };
        Ok(Self { vm, session, step })
    }

    /// Lets the role act on what has come, until it waits or has sent enough.
    pub(super) fn act(&mut self, service: &S, work: &Work, config: &ServerConfig) -> Done {
        let wire =
            Wire { image: service.image(), session: self.session.id(), limit: config.payload };
        let mut done = Done::of(PartStatus::Waits);
        let mut inbox: Vec<&Envelope> = work.messages.iter().collect();
        let enough = config.messages.max(1);
        // Whoever had no answer is asked again; where nobody was asked, nobody need be.
        let _ = self.vm.wake(self.session.id(), service.role());
        let mut is_first = true;
        let outcome = loop {
            let before = (inbox.len(), done.sent.len());
            if let Err(reason) = wire.deliver(&mut self.vm, &mut inbox, &mut done.taken) {
                break Some(Err(blamed(service, &reason)));
            }
            // What goes wrong is in the outcome.
            let progress = self.vm.run(&NoHandler, ROUNDS);
            if let Err(reason) = wire.take_outgoing(&mut self.vm, &mut done.sent) {
                break Some(Err(blamed(service, &reason)));
            }
            if let Some(outcome) = self.outcome() {
                break Some(outcome.map_err(|error| in_words(&error)));
            }
            // After the first turn there may be room for what there was none before.
            let has_moved = is_first || before != (inbox.len(), done.sent.len());
            let has_more = matches!(progress, Ok(Progress::OutOfFuel));
            if !has_moved && !has_more || done.sent.len() >= enough {
                break None;
            }
            is_first = false;
        };
        done.status = match outcome {
            Some(Ok(())) => PartStatus::Done,
            Some(Err(reason)) => PartStatus::Faulted(reason),
            None => self.status(done.sent.len() >= enough),
        };
        if done.status.goes_on() {
            match self.stored(service, config) {
                Ok(state) => done.state = state,
                Err(reason) => done.status = PartStatus::Faulted(blamed(service, &reason)),
            }
        }
        if let PartStatus::Faulted(_) = done.status {
            done.sent.clear();
        }
        done
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
        let mut own = view.coroutines().filter(|coro| coro.role() == self.step.role());
        if own.any(|coro| coro.status() == CoroStatus::AwaitsHandler) {
            return PartStatus::Again(self.step.again());
        }
        if may_stop(&view, self.step.role()) { PartStatus::Rests } else { PartStatus::Waits }
    }

    fn stored(&self, service: &S, config: &ServerConfig) -> Result<Vec<u8>, String> {
        let cannot = |why: &dyn std::fmt::Display| format!("it cannot be written down: {why}");
        let part = self.vm.snapshot_session(self.session.id()).map_err(|error| cannot(&error))?;
        let roles = self.session.roles(&self.vm).ok_or("its object is not there")?;
        let object = in_json(&service.save(roles)).map_err(|error| cannot(&error))?;
        let bytes = serde_json::to_vec(&Stored { part, object });
        let bytes = bytes.map_err(|error| cannot(&error))?;
        if bytes.len() > config.state {
            let (size, limit) = (bytes.len(), config.state);
            let limit = format!("it has {size} bytes, and `ServerConfig::state` is {limit}");
            return Err(cannot(&limit));
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

/// A state as JSON that is read back as the same, or why there is none.
fn in_json<T: Serialize + DeserializeOwned>(state: &T) -> Result<Box<RawValue>, CodecError> {
    let mut bytes = Vec::new();
    Json::encode(state, &mut bytes)?;
    if may_be_deep(&bytes) {
        Json::decode::<T>(&bytes)?;
    }
    Ok(RawValue::from_string(String::from_utf8(bytes)?)?)
}

/// What is wrong with a role or its service, with the name of the role.
pub(super) fn blamed(service: &impl Service, reason: &str) -> String {
    format!("`{}`: {reason}", service.role())
}

/// Whether the object plays the role that the service has named, and no other.
fn check_players(vm: &VM, session: SessionId, role: &str) -> Result<(), String> {
    let view = vm.session(session).map_err(|error| error.to_string())?;
    // Lanes that have not begun are halted, whoever plays them.
    let is_wrong = |coro: &CoroutineView<'_>| {
        let status = coro.status();
        (coro.role() == role) == (status == CoroStatus::FromOutside) && status != CoroStatus::Halted
    };
    match view.coroutines().find(is_wrong) {
        Some(coro) if coro.role() == role => Err("its service has no object for it".to_owned()),
        Some(coro) => {
            Err(format!("its service plays `{}` as well: expected `Elsewhere`", coro.role()))
        }
        None => Ok(()),
    }
}
