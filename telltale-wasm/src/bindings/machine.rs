//! The class `VM`.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Array, Function, JSON, Promise};
use telltale_bytecode::CodeImage;
use telltale_vm::{
    Cause, Fault, Progress, SessionError, SessionId, SessionStatus, VM as Machine, VMError,
};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsValue, UnwrapThrowExt};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};

use super::answers::{Answers, Thrown};
use super::error::{machine as refused, named, out_of_range, wrong_type};
use super::object::{data, kind, object, set, text_of};
use super::promised::Actor;
use super::protocol::Protocol;
use super::session::{End, Ended, Session};
use crate::looks::looks;
use crate::options::Options;

/// How many rounds a run has where nobody says it: so many that only a protocol without an end needs more.
const ROUNDS: u32 = 1_000_000;

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
    /// The machine, unless it is running: then JavaScript was called by it.
    fn borrow(&self) -> Result<RefMut<'_, Inner>, JsValue> {
        let busy = "the machine is running: what it calls cannot call it";
        self.0.try_borrow_mut().map_err(|_| refused(busy))
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
    fn act(
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
    fn next_settled(&self) -> Result<Option<Promise>, JsValue> {
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

fn unable(error: &VMError) -> JsValue {
    refused(&error.to_string())
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

fn word(progress: Progress) -> &'static str {
    match progress {
        Progress::Complete => "complete",
        Progress::OutOfFuel => "out-of-fuel",
        _ => "waiting",
    }
}

fn faulted(session: SessionId, fault: &Fault) -> JsValue {
    let thrown = match &fault.cause {
        Cause::Handler(error) => error.downcast_ref::<Thrown>().map(|thrown| thrown.0.clone()),
        _ => None,
    };
    session_error(session, fault.role.as_deref(), &fault.to_string(), thrown)
}

#[expect(clippy::cast_precision_loss, reason = "nobody opens 2^53 sessions")]
fn session_error(
    session: SessionId,
    role: Option<&str>,
    why: &str,
    thrown: Option<JsValue>,
) -> JsValue {
    let error = named("SessionError", &format!("session {session}: {why}")).into();
    set(&error, "session", session.ordinal() as f64);
    set(&error, "role", role.map_or(JsValue::UNDEFINED, JsValue::from));
    if let Some(thrown) = thrown {
        set(&error, "cause", thrown);
    }
    error
}

/// The first failure, with all of them in it.
fn all_failures(failures: Vec<JsValue>) -> JsValue {
    let first = failures.first().cloned().unwrap_or_default();
    set(&first, "failures", failures.into_iter().collect::<Array>());
    first
}

/// A machine.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug)]
pub struct VM(Shared);

#[wasm_bindgen]
impl VM {
    /// A machine without sessions.
    #[wasm_bindgen(constructor, skip_typescript)]
    pub fn new(options: &JsValue) -> Result<VM, JsValue> {
        let config = if options.is_undefined() {
            Options::default()
        } else {
            let json = JSON::stringify(options).ok().and_then(|json| json.as_string());
            let expected = || wrong_type(&format!("expected options, found {}", kind(options)));
            let json = json.filter(|json| json.starts_with('{')).ok_or_else(expected)?;
            Options::read(&json).map_err(|error| {
                let text = error.to_string();
                // There is no text with lines that anybody could look at.
                out_of_range(text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text))
            })?
        };
        Ok(Self(Shared(Rc::new(RefCell::new(Inner {
            vm: Machine::new(config.config()),
            answers: Answers::default(),
            running: BTreeMap::new(),
            failures: Vec::new(),
            waiters: Vec::new(),
        })))))
    }

    /// Opens a session.
    #[wasm_bindgen(skip_typescript)]
    pub fn open(
        &self,
        protocol: &Protocol,
        roles: &JsValue,
        handler: &JsValue,
    ) -> Result<Session, JsValue> {
        let players = protocol.players(roles, handler)?;
        let image = protocol.inner.image.clone();
        let mut inner = self.0.borrow()?;
        let id = inner.vm.load_choreography(&image).map_err(|error| unable(&error))?;
        inner.answers.add(id, players);
        let end = End::default();
        inner.running.insert(id, Running { image, end: end.clone() });
        drop(inner);
        Ok(Session { machine: self.0.clone(), id, end })
    }

    /// Lets sessions act until nobody can.
    #[wasm_bindgen(skip_typescript)]
    pub fn run(&self, rounds: Option<u32>) -> Result<String, JsValue> {
        let rounds = rounds.unwrap_or(ROUNDS) as usize;
        let progress = self.0.act(|vm, answers| vm.run(answers, rounds))?;
        Ok(word(progress).to_owned())
    }

    /// Lets one role have a turn.
    #[wasm_bindgen(skip_typescript)]
    pub fn step(&self) -> Result<JsValue, JsValue> {
        let mut turns = 0;
        let progress = self.0.act(|vm, answers| {
            let step = vm.step(answers)?;
            turns = step.turns;
            Ok(step.progress)
        })?;
        Ok(object([("turns", (turns as u32).into()), ("progress", word(progress).into())]))
    }

    /// Lets sessions act, and waits for what their roles promise.
    #[wasm_bindgen(skip_typescript)]
    pub fn play(&self, rounds: Option<u32>) -> Promise {
        let shared = self.0.clone();
        let rounds = rounds.unwrap_or(ROUNDS) as usize;
        future_to_promise(async move {
            loop {
                let progress = shared.act(|vm, answers| vm.run(answers, rounds))?;
                let next = match progress {
                    Progress::Waiting => shared.next_settled()?,
                    _ => None,
                };
                match next {
                    Some(next) => drop(JsFuture::from(next).await?),
                    None => return Ok(word(progress).into()),
                }
            }
        })
    }

    /// How far the sessions have come.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn progress(&self) -> Result<String, JsValue> {
        Ok(word(self.0.borrow()?.vm.progress()).to_owned())
    }

    /// Rounds so far.
    #[wasm_bindgen(getter, skip_typescript)]
    #[expect(clippy::cast_precision_loss, reason = "nobody waits for 2^53 rounds")]
    pub fn clock(&self) -> Result<f64, JsValue> {
        Ok(self.0.borrow()?.vm.clock().now() as f64)
    }

    /// The seed.
    #[wasm_bindgen(getter, skip_typescript)]
    #[expect(clippy::cast_precision_loss, reason = "options have no larger one")]
    pub fn seed(&self) -> Result<f64, JsValue> {
        Ok(self.0.borrow()?.vm.config().seed as f64)
    }

    /// What was recorded.
    #[wasm_bindgen(skip_typescript)]
    pub fn trace(&self) -> Result<JsValue, JsValue> {
        Ok(data(&self.0.borrow()?.vm.trace()))
    }

    /// From now on, roles of this name do not act.
    #[wasm_bindgen(skip_typescript)]
    pub fn pause(&self, role: &str) -> Result<u32, JsValue> {
        Ok(self.0.borrow()?.vm.pause(role) as u32)
    }

    /// They act again.
    #[wasm_bindgen(skip_typescript)]
    pub fn resume(&self, role: &str) -> Result<bool, JsValue> {
        Ok(self.0.borrow()?.vm.resume(role))
    }

    /// Who waits for whom, session by session.
    #[wasm_bindgen(js_name = toString, skip_typescript)]
    pub fn text(&self) -> Result<String, JsValue> {
        Ok(self.0.borrow()?.vm.to_string())
    }
}
