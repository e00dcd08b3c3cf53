//! A machine, and what JavaScript may do to it: everything here leaves it whole, whatever is thrown.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Function, Promise};
use telltale_bytecode::CodeImage;
use telltale_vm::{
    Progress, SessionError, SessionId, SessionStatus, VM as Machine, VMConfig, VMError,
};
use wasm_bindgen::{JsValue, UnwrapThrowExt};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::answers::Answers;
use super::error::machine as refused;
use super::failure::{all_failures, faulted, session_error, unable};
use super::object::{data, text_of};
use super::promised::Actor;
use super::protocol::Protocol;
use super::session::{End, Ended, Session};
use crate::looks::looks;

/// A machine, shared by whoever has one of its sessions, and by the promises that its roles have made.
#[derive(Clone, Debug)]
pub(super) struct Shared(Rc<RefCell<Inner>>);

#[derive(Debug)]
struct Inner {
    vm: Machine,
    answers: Answers,
    running: BTreeMap<SessionId, Running>,
    /// What went wrong and nobody has been told of.
    failures: Vec<JsValue>,
    /// Who waits until a promise is settled.
    waiters: Vec<Function>,
}

/// A session that has not ended.
#[derive(Debug)]
struct Running {
    image: CodeImage,
    end: End,
}

impl Shared {
    /// A machine without sessions.
    pub(super) fn new(config: VMConfig) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            vm: Machine::new(config),
            answers: Answers::default(),
            running: BTreeMap::new(),
            failures: Vec::new(),
            waiters: Vec::new(),
        })))
    }

    /// The machine, unless it is running: then JavaScript was called by it.
    fn borrow(&self) -> Result<RefMut<'_, Inner>, JsValue> {
        let busy = "the machine is running: what it calls cannot call it";
        self.0.try_borrow_mut().map_err(|_| refused(busy))
    }

    /// The same, to look at it or to pause roles.
    pub(super) fn vm(&self) -> Result<RefMut<'_, Machine>, JsValue> {
        Ok(RefMut::map(self.borrow()?, |inner| &mut inner.vm))
    }

    /// Opens a session.
    pub(super) fn open(
        &self,
        protocol: &Protocol,
        roles: &JsValue,
        handler: &JsValue,
    ) -> Result<Session, JsValue> {
        let players = protocol.players(roles, handler)?;
        let image = protocol.inner.image.clone();
        let mut inner = self.borrow()?;
        let id = inner.vm.load_choreography(&image).map_err(|error| unable(&error))?;
        inner.answers.add(id, players);
        let end = End::default();
        inner.running.insert(id, Running { image, end: end.clone() });
        Ok(Session { machine: self.clone(), id, end })
    }

    pub(super) fn status(&self, session: SessionId) -> Result<&'static str, JsValue> {
        Ok(status(self.borrow()?.vm.status(session).map_err(|error| unable(&error))?))
    }

    pub(super) fn looks(&self, session: SessionId) -> Result<JsValue, JsValue> {
        let inner = self.borrow()?;
        let view = inner.vm.session(session).map_err(|error| unable(&error))?;
        let looks = inner.running.get(&session).map(|running| looks(&view, &running.image));
        Ok(data(&looks.unwrap_or_default()))
    }

    pub(super) fn describe(&self, session: SessionId) -> Result<String, JsValue> {
        Ok(self.borrow()?.vm.session(session).map_err(|error| unable(&error))?.to_string())
    }

    pub(super) fn cancel(&self, session: SessionId, reason: &str) -> Result<(), JsValue> {
        let mut inner = self.borrow()?;
        inner.vm.cancel(session, reason).map_err(|error| unable(&error))?;
        let reason = SessionError::Cancelled { reason: reason.into() };
        inner.end(session, "cancelled", session_error(session, None, &reason.to_string(), None));
        Ok(())
    }

    pub(super) fn close(&self, session: SessionId) -> Result<(), JsValue> {
        let mut inner = self.borrow()?;
        inner.vm.close(session).map_err(|error| unable(&error))?;
        inner.sweep();
        Ok(())
    }

    /// Lets sessions act, in some way, and looks what has become of them.
    pub(super) fn act(
        &self,
        act: impl FnOnce(&mut Machine, &Answers) -> Result<Progress, VMError>,
    ) -> Result<Progress, JsValue> {
        let (progress, promises, failures) = {
            let mut inner = self.borrow()?;
            let answers = inner.answers.clone();
            let result = act(&mut inner.vm, &answers);
            inner.note_faults();
            inner.sweep();
            let progress = match result {
                Ok(progress) => progress,
                Err(VMError::Faulted { .. }) => inner.vm.progress(),
                Err(error) => return Err(unable(&error)),
            };
            (progress, inner.new_promises(), std::mem::take(&mut inner.failures))
        };
        for (session, actor, promise) in promises {
            spawn_local(self.clone().settle(session, actor, promise));
        }
        match failures.len() {
            0 => Ok(progress),
            _ => Err(all_failures(failures)),
        }
    }

    /// Waits for a promise; then its role goes on.
    async fn settle(self, session: SessionId, actor: Actor, promise: Promise) {
        let result = JsFuture::from(promise).await;
        // Tasks begin when nobody runs.
        let mut inner = self.borrow().unwrap_throw();
        inner.settled(session, actor, result);
        let waiters = std::mem::take(&mut inner.waiters);
        drop(inner);
        for waiter in waiters {
            // What resolves a promise throws nothing.
            let _ = waiter.call0(&JsValue::UNDEFINED);
        }
    }

    /// A promise that is kept when the next promise of a role is settled; nothing if there is none.
    pub(super) fn next_settled(&self) -> Result<Option<Promise>, JsValue> {
        let mut inner = self.borrow()?;
        let is_waiting = |(_, players): &(_, std::sync::Arc<super::players::Players>)| {
            players.promised.is_waiting()
        };
        if !inner.answers.all().iter().any(is_waiting) {
            return Ok(None);
        }
        Ok(Some(Promise::new(&mut |resolve, _| inner.waiters.push(resolve))))
    }
}

impl Inner {
    /// The faults of the run that has just been are failures.
    fn note_faults(&mut self) {
        let faults: Vec<(SessionId, JsValue)> =
            self.vm.faults().map(|(session, fault)| (session, faulted(session, fault))).collect();
        for (session, error) in faults {
            self.failures.push(error.clone());
            self.end(session, "faulted", error);
        }
    }

    /// Sessions that have ended need no players any more.
    fn sweep(&mut self) {
        let has_ended =
            |session: &&SessionId| self.vm.status(**session).map_or(true, SessionStatus::has_ended);
        let ended: Vec<SessionId> = self.running.keys().filter(has_ended).copied().collect();
        for session in ended {
            let status = self.vm.status(session).map_or("closed", status);
            self.end(session, status, JsValue::UNDEFINED);
        }
    }

    fn end(&mut self, session: SessionId, status: &'static str, error: JsValue) {
        self.answers.remove(session);
        if let Some(running) = self.running.remove(&session) {
            *running.end.borrow_mut() = Some(Ended { status, error });
        }
    }

    fn new_promises(&self) -> Vec<(SessionId, Actor, Promise)> {
        let mut promises = Vec::new();
        for (session, players) in self.answers.all() {
            let new = players.promised.take_new().into_iter();
            promises.extend(new.map(|(actor, promise)| (session, actor, promise)));
        }
        promises
    }

    fn settled(&mut self, session: SessionId, actor: Actor, result: Result<JsValue, JsValue>) {
        let Some(players) = self.answers.of(session) else { return };
        if let Err(why) = players.promised.settle(actor, result) {
            let image = self.running.get(&session).map(|running| running.image.clone());
            let role = image.map(|image| image.names().role(actor.0).to_owned());
            let text = format!(
                "`{}` gave up what it was told: {}",
                role.as_deref().unwrap_or_default(),
                text_of(&why)
            );
            let _ = self.vm.cancel(session, &text);
            let error = session_error(session, role.as_deref(), &text, Some(why));
            self.failures.push(error.clone());
            self.end(session, "cancelled", error);
            return;
        }
        if players.promised.is_being_told(actor.0) {
            return;
        }
        let running = self.running.get(&session);
        let role = running.map(|running| running.image.names().role(actor.0).to_owned());
        // A role that another of its lanes has woken does not wait any more.
        let _ = self.vm.wake(session, &role.unwrap_or_default());
    }
}

fn status(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Draining => "draining",
        SessionStatus::Closed => "closed",
        SessionStatus::Cancelled => "cancelled",
        SessionStatus::Faulted => "faulted",
        _ => "active",
    }
}
