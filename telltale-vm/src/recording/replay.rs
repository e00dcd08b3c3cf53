//! Plays a recording again, and compares those who play now with those who played then.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};

use telltale_bytecode::{Branch, Image, SetId};
use telltale_types::{LabelId, RoleId};

use super::divergence::Divergence;
use super::line::How;
use super::payload::Payload;
use super::recorded::{Event, Recorded, Session};
use super::what::{self, Answer, Asked, What};
use crate::roles::host::Host;
use crate::roles::observer::{Observe, Observer};
use crate::{
    Context, EffectHandler, HandlerError, HandlerResult, Message, Network, Outcome, Picked,
    Progress, SendDecision, SessionId, VM, Value,
};

/// A handler that answers as it was recorded, and compares what role objects in its run answer with what was recorded of their roles.
///
/// What differs ends its session, and is what [`Replay::finish`] gives. A session is compared with that of its number in the
/// recording; if there is only one in it, with that one.
///
/// Sessions are played in the usual way, so one can look at them in between:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use telltale_vm::recording::{Recorded, Replay};
/// use telltale_vm::VM;
///
/// let recording = Recorded::read("{\"telltale_recording\":1}\n{\"end\":1}\n".as_bytes())?;
/// let replay = Replay::new(&recording);
/// let mut vm = VM::new(recording.config());
/// // … open the sessions …
/// replay.run(&mut vm)?;
/// # Ok(())
/// # }
/// ```
pub struct Replay<'r> {
    recorded: &'r Recorded,
    live: Option<&'r dyn EffectHandler>,
    only: Option<u64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: BTreeMap<SessionId, Played>,
    /// Roles that have no answer yet.
    pending: Vec<(SessionId, String)>,
    /// How many events have been repeated.
    repeated: usize,
    divergence: Option<Divergence>,
}

/// A session that is played again.
struct Played {
    /// Its number in the recording.
    number: u64,
    /// How many of the events of its roles have been repeated.
    next: BTreeMap<(String, u8), usize>,
    /// What has become of the protocol since, if it has changed.
    changed: Option<String>,
}

/// How many rounds there are before it is looked who is to be woken.
const ROUNDS: usize = 1_000;

/// How often roles are woken in vain before they are given up.
const PATIENCE: usize = 1_000;

impl<'r> Replay<'r> {
    /// Roles without objects do what was recorded of them.
    pub fn new(recorded: &'r Recorded) -> Self {
        let only = (recorded.sessions.len() == 1).then(|| recorded.sessions().next()).flatten();
        Self { recorded, live: None, only, state: Mutex::default() }
    }

    /// Roles without objects are played by this handler, and it is compared as well.
    #[must_use]
    pub fn with(self, handler: &'r dyn EffectHandler) -> Self {
        Self { live: Some(handler), ..self }
    }

    /// Every session is compared with this one of the recording.
    #[must_use]
    pub fn of_session(self, number: u64) -> Self {
        Self { only: Some(number), ..self }
    }

    /// Lets the sessions act until nobody can, wakes those whose answer was late, and injects what was injected; then as
    /// [`Replay::finish`].
    ///
    /// # Errors
    ///
    /// When something else happens than was recorded, or less.
    pub fn run(&self, vm: &mut VM) -> Result<(), Divergence> {
        let mut in_vain = 0;
        while self.state().divergence.is_none() && in_vain < PATIENCE {
            let before = self.state().repeated;
            // Sessions that fault do so as they did then, or else that is the divergence.
            let progress = vm.run(self, ROUNDS).unwrap_or_else(|_| vm.progress());
            let pending = std::mem::take(&mut self.state().pending);
            let woken =
                pending.iter().filter(|(session, role)| vm.wake(*session, role).is_ok()).count();
            let goes_on = progress == Progress::OutOfFuel || woken > 0 || self.inject(vm);
            in_vain = if self.state().repeated > before { 0 } else { in_vain + 1 };
            if !goes_on {
                break;
            }
        }
        self.finish()
    }

    /// Whether everything has happened that was recorded, and nothing else.
    ///
    /// # Errors
    ///
    /// What was different first, or is missing.
    pub fn finish(&self) -> Result<(), Divergence> {
        let state = self.state();
        if let Some(divergence) = &state.divergence {
            return Err(divergence.clone());
        }
        for (number, session) in &self.recorded.sessions {
            if self.only.is_some_and(|only| only != *number) {
                continue;
            }
            let played: Vec<&Played> =
                state.sessions.values().filter(|played| played.number == *number).collect();
            let missing = if played.is_empty() {
                first_left(session, |_| 0).map(|left| (left, None))
            } else {
                played
                    .iter()
                    .find_map(|played| Some((played.first_left(session)?, played.changed.clone())))
            };
            if let Some(((role, event), changed)) = missing {
                return Err(Divergence {
                    session: *number,
                    line: Some(event.line),
                    role: Some(role.to_owned()),
                    what: format!(
                        "expected `{role}` to {}, found that nothing more happens",
                        event.what
                    ),
                    changed,
                });
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody can act. If a message was received next, it was injected then, and is now. Says whether there are any.
    fn inject(&self, vm: &mut VM) -> bool {
        let state = self.state();
        let mut messages = Vec::new();
        for (&id, played) in &state.sessions {
            let Some(session) = self.recorded.sessions.get(&played.number) else { continue };
            let (Ok(view), Some((role, event))) = (vm.session(id), played.first_left(session))
            else {
                continue;
            };
            if let What::Receive { label, from, payload, .. } = &event.what {
                let message = message(view.image(), (from, role), label, payload);
                messages.extend(message.map(|message| (id, message)));
            }
        }
        drop(state);
        let injected = messages.into_iter().map(|(id, message)| vm.inject(id, message).is_ok());
        injected.filter(|is_injected| *is_injected).count() > 0
    }

    /// What is recorded next of the role that acts, and its place; with its line.
    ///
    /// What those who are compared need not do again (being late) is passed over.
    fn next<'s>(
        &'s self,
        state: &mut State,
        cx: &Context<'_>,
        is_live: bool,
    ) -> Result<Option<&'s Event>, Divergence> {
        let number = self.only.unwrap_or(cx.session().ordinal());
        let Some(session) = self.recorded.sessions.get(&number) else {
            return Err(Divergence {
                session: number,
                line: None,
                role: None,
                what: "expected a session that is in the recording".to_owned(),
                changed: None,
            });
        };
        let played = state.sessions.entry(cx.session()).or_insert_with(|| Played {
            number,
            next: BTreeMap::new(),
            changed: self.changed(session, cx),
        });
        let actor = (cx.role_name().to_owned(), cx.lane());
        let Some(events) = session.events.get(&actor) else { return Ok(None) };
        let next = played.next.entry(actor).or_insert(0);
        while let Some(event) = events.get(*next) {
            let is_late = is_live && matches!(event.what.answer(), Answer::Pending);
            if !is_late && !matches!(event.what, What::Network { .. }) {
                return Ok(Some(event));
            }
            *next += 1;
        }
        Ok(None)
    }

    /// Whether a session had not come to its end, so that somebody may do more than was recorded.
    fn is_cut_off(&self, state: &State, cx: &Context<'_>) -> bool {
        let played = state.sessions.get(&cx.session());
        let session = played.and_then(|played| self.recorded.sessions.get(&played.number));
        session.and_then(|session| session.end).is_none_or(|(_, how)| !how.is_by_itself())
    }

    /// What has become of a protocol.
    fn changed(&self, session: &Session, cx: &Context<'_>) -> Option<String> {
        let then = &self.recorded.protocol(session).hash;
        let now = cx.image.hash().to_string();
        let short = |hash: &str| hash.chars().take(8).collect::<String>();
        (*then != now).then(|| {
            let (then, now) = (short(then), short(&now));
            format!("the protocol has changed since this was recorded: its hash was {then}…, and is {now}…")
        })
    }

    /// Something that has happened instead of an event, or after the last.
    fn diverges(
        &self,
        cx: &Context<'_>,
        state: &mut State,
        expected: Option<&Event>,
        found: &str,
    ) -> HandlerError {
        let role = cx.role_name();
        let played = state.sessions.get(&cx.session());
        let number = played.map_or(cx.session().ordinal(), |played| played.number);
        let mut changed = played.and_then(|played| played.changed.clone());
        if let (Some(note), Some(event)) = (&mut changed, expected)
            && let Some(more) = self.of_message(number, cx.image, &event.what)
        {
            note.push_str(&more);
        }
        let what = match expected {
            Some(event) => format!("expected `{role}` to {}, found {found}", event.what),
            None => format!("expected `{role}` to have done all that it does, found {found}"),
        };
        let end = self.recorded.sessions.get(&number).and_then(|session| session.end);
        state.note(Divergence {
            session: number,
            line: expected.map(|event| event.line).or(end.map(|(line, _)| line)),
            role: Some(role.to_owned()),
            what,
            changed,
        })
    }

    /// What has become of a message in a protocol that has changed.
    fn of_message(&self, number: u64, image: &Image, what: &What) -> Option<String> {
        let (name, _) = what.message()?;
        let session = self.recorded.sessions.get(&number)?;
        let then = self.recorded.protocol(session).messages.get(name)?;
        match image.names().labels().find(|(_, label)| label.name == name) {
            None => Some(format!("; there is no message `{name}` any more")),
            Some((_, label)) if label.payload != then => {
                Some(format!("; `{name}` carried `{then}`, and carries `{}`", label.payload))
            }
            Some(_) => None,
        }
    }

    /// Somebody has played a role now: the same as then, or not.
    fn compare<T>(
        &self,
        cx: &Context<'_>,
        found: Result<What, String>,
        outcome: Asked<T>,
    ) -> HandlerResult<T> {
        let mut state = self.state();
        let state = &mut *state;
        if let Ok(found) = &found
            && matches!(found.answer(), Answer::Pending)
        {
            state.pending.push((cx.session(), cx.role_name().to_owned()));
            return outcome.unwrap_or_else(|panic| resume_unwind(panic));
        }
        let expected = match self.next(state, cx, true) {
            Ok(expected) => expected,
            Err(divergence) => return Err(state.note(divergence)),
        };
        match (expected, found) {
            (Some(event), Ok(found)) if event.what.is_same(&found) => {
                state.advance(cx);
                outcome.unwrap_or_else(|panic| resume_unwind(panic))
            }
            // A session that was cut off goes on.
            (None, Ok(_)) if self.is_cut_off(state, cx) => {
                outcome.unwrap_or_else(|panic| resume_unwind(panic))
            }
            (Some(event), Ok(found)) if event.what.is_same_question(&found) => {
                Err(self.diverges(cx, state, Some(event), &event.what.instead(&found)))
            }
            (event, Ok(found)) => Err(self.diverges(cx, state, event, &format!("it to {found}"))),
            (event, Err(found)) => Err(self.diverges(cx, state, event, &found)),
        }
    }

    /// What a role does that is not played now, if that `fits`.
    fn recorded(
        &self,
        cx: &Context<'_>,
        asked: impl FnOnce() -> String,
        fits: impl FnOnce(&What) -> bool,
    ) -> HandlerResult<&Answer> {
        let mut state = self.state();
        let state = &mut *state;
        let event = match self.next(state, cx, false) {
            Ok(event) => event,
            Err(divergence) => return Err(state.note(divergence)),
        };
        match event {
            Some(event) if fits(&event.what) => {
                state.advance(cx);
                if matches!(event.what.answer(), Answer::Pending) {
                    state.pending.push((cx.session(), cx.role_name().to_owned()));
                }
                Ok(event.what.answer())
            }
            // The session was cut off here.
            None if self.is_cut_off(state, cx) => Err(HandlerError::pending()),
            event => Err(self.diverges(cx, state, event, &format!("it to {}", asked()))),
        }
    }

    /// What is given as it was recorded.
    fn give(
        &self,
        cx: &Context<'_>,
        answer: &Answer,
        decode: impl FnOnce(&Payload) -> Result<Value, String>,
    ) -> HandlerResult<Value> {
        match answer {
            Answer::Given(payload) => decode(payload).map_err(|found| {
                let mut state = self.state();
                let state = &mut *state;
                // It has been passed already.
                state.go_back(cx);
                let event = self.next(state, cx, false).ok().flatten();
                self.diverges(cx, state, event, &found)
            }),
            answer => Err(refused(answer)),
        }
    }
}

/// What is not given, as it was recorded.
fn refused(answer: &Answer) -> HandlerError {
    match answer {
        Answer::Failed(text) => HandlerError::msg(text.clone()),
        Answer::Panicked(text) => resume_unwind(Box::new(text.clone())),
        Answer::Pending | Answer::Done | Answer::Given(_) => HandlerError::pending(),
    }
}

/// The first event of a session that has not been repeated; what need not be repeated is passed over.
fn first_left(session: &Session, next: impl Fn(&(String, u8)) -> usize) -> Option<(&str, &Event)> {
    let left = session.events.iter().filter_map(|(actor, events)| {
        let mut left = events.iter().skip(next(actor));
        let is_due = |event: &&Event| {
            !matches!(event.what.answer(), Answer::Pending)
                && !matches!(event.what, What::Network { .. })
        };
        left.find(is_due).map(|event| (actor.0.as_str(), event))
    });
    left.min_by_key(|(_, event)| event.line)
}

/// A message as it was received.
fn message(
    image: &Image,
    (from, to): (&str, &str),
    label: &str,
    payload: &Payload,
) -> Option<Message> {
    let names = image.names();
    let (label, _) = names.labels().find(|(_, known)| known.name == label)?;
    let (from, to) = (names.find_role(from)?, names.find_role(to)?);
    let value = payload.decode(image, label).ok()?;
    Some(Message { from, to, lane: 0, label, value })
}

impl State {
    /// Something is different; the first that is counts.
    fn note(&mut self, divergence: Divergence) -> HandlerError {
        let text = divergence.to_string();
        self.divergence.get_or_insert(divergence);
        HandlerError::msg(text)
    }

    /// The next event of the role that acts has been repeated.
    fn advance(&mut self, cx: &Context<'_>) {
        self.repeated += 1;
        if let Some(next) = self.place(cx) {
            *next += 1;
        }
    }

    fn go_back(&mut self, cx: &Context<'_>) {
        if let Some(next) = self.place(cx) {
            *next -= 1;
        }
    }

    fn place(&mut self, cx: &Context<'_>) -> Option<&mut usize> {
        let played = self.sessions.get_mut(&cx.session())?;
        played.next.get_mut(&(cx.role_name().to_owned(), cx.lane()))
    }
}

impl Played {
    fn first_left<'s>(&self, session: &'s Session) -> Option<(&'s str, &'s Event)> {
        first_left(session, |actor| self.next.get(actor).copied().unwrap_or(0))
    }
}

impl EffectHandler for Replay<'_> {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        if let Some(live) = self.live {
            return Observe::send(self, Host::Handler(live), cx, to, label);
        }
        let (name, peer) = (cx.label(label).name, cx.name(to));
        let asked = || format!("send `{name}` to `{peer}`");
        let answer = self.recorded(
            cx,
            asked,
            |what| matches!(what, What::Send { label, to, .. } if label == name && to == peer),
        )?;
        self.give(cx, answer, |payload| {
            payload.decode(cx.image, label).map_err(|error| error.to_string())
        })
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        if let Some(live) = self.live {
            return Observe::receive(self, Host::Handler(live), cx, from, label, value);
        }
        let (name, peer) = (cx.label(label).name, cx.name(from));
        let told = match Payload::encode(cx.image, label, &value) {
            Ok(payload) => payload,
            Err(error) => {
                let state = &mut *self.state();
                let event = self.next(state, cx, false).ok().flatten();
                return Err(self.diverges(cx, state, event, &error.to_string()));
            }
        };
        let asked = || format!("receive `{name}` from `{peer}` with {told}");
        let answer = self.recorded(cx, asked, |what| {
            matches!(what, What::Receive { label, from, payload, .. }
                if label == name && from == peer && payload.is_same(&told))
        })?;
        match answer {
            Answer::Done => Ok(()),
            answer => Err(refused(answer)),
        }
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        if let Some(live) = self.live {
            return Observe::choose(self, Host::Handler(live), cx, SetId(0), branches);
        }
        let find = |what: &What| match what {
            What::Choose { picked: Some((label, to)), .. } => branches.iter().position(|branch| {
                cx.label(branch.label).name == label && cx.name(branch.peer) == to
            }),
            _ => None,
        };
        let asked = || {
            let labels = branches.iter().map(|branch| format!("`{}`", cx.label(branch.label).name));
            format!("choose among {}", labels.collect::<Vec<_>>().join(", "))
        };
        let mut taken = None;
        let answer = self.recorded(cx, asked, |what| {
            taken = find(what);
            taken.is_some() || matches!(what, What::Choose { picked: None, .. })
        })?;
        let branch = taken.unwrap_or(0);
        let value = self.give(cx, answer, |payload| {
            payload.decode(cx.image, branches[branch].label).map_err(|error| error.to_string())
        })?;
        Ok(Picked { branch, value })
    }

    fn invoke(
        &self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        if let Some(live) = self.live {
            return Observe::invoke(self, Host::Handler(live), cx, effect, argument);
        }
        let asked = || format!("invoke `{effect}`");
        let given = argument.and_then(|argument| Payload::described(argument).ok());
        let answer = self.recorded(cx, asked, |what| match what {
            What::Invoke { effect: known, argument, .. } => {
                let is_same = match (argument, &given) {
                    (Some(then), Some(now)) => then.is_same(now),
                    (then, now) => then.is_none() && now.is_none(),
                };
                known == effect && is_same
            }
            _ => false,
        })?;
        self.give(cx, answer, |payload| {
            payload.value().ok_or_else(|| format!("{payload}, which is no value"))
        })
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }

    fn observer(&self) -> Observer<'_> {
        Observer(Some(self))
    }
}

/// Those who are compared.
impl Observe for Replay<'_> {
    fn send(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        to: RoleId,
        label: LabelId,
    ) -> HandlerResult<Value> {
        let outcome = what::ask(|| host.send(cx, to, label));
        let found = What::sent(cx, (to, label), &outcome).map_err(|error| error.to_string());
        self.compare(cx, found, outcome)
    }

    fn receive(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let payload = Payload::encode(cx.image, label, &value);
        let outcome = what::ask(|| host.receive(cx, from, label, value));
        let found = payload.map(|payload| What::received(cx, (from, label), payload, &outcome));
        self.compare(cx, found.map_err(|error| error.to_string()), outcome)
    }

    fn choose(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        set: SetId,
        branches: &[Branch],
    ) -> HandlerResult<Picked> {
        let outcome = what::ask(|| host.choose(cx, set, branches));
        let found = What::chosen(cx, branches, &outcome).map_err(|error| error.to_string());
        self.compare(cx, found, outcome)
    }

    fn invoke(
        &self,
        mut host: Host<'_>,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        let outcome = what::ask(|| host.invoke(cx, effect, argument));
        let found = What::invoked(effect, argument, &outcome).map_err(|error| error.to_string());
        self.compare(cx, found, outcome)
    }

    fn ended(&self, id: SessionId, outcome: &Outcome) {
        let state = &mut *self.state();
        let Some(played) = state.sessions.get(&id) else { return };
        let session = self.recorded.sessions.get(&played.number);
        let Some((line, then)) = session.and_then(|session| session.end) else { return };
        let now = How::of(outcome);
        if then == now || !then.is_by_itself() {
            return;
        }
        let found = outcome.as_ref().err().map_or("is complete".to_owned(), ToString::to_string);
        let expected = if then == How::Complete { "be complete" } else { "fault" };
        let divergence = Divergence {
            session: played.number,
            line: Some(line),
            role: None,
            what: format!("expected the session to {expected}, found that it {found}"),
            changed: played.changed.clone(),
        };
        state.divergence.get_or_insert(divergence);
    }
}

/// What the network did then.
impl Network for Replay<'_> {
    fn decide(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> SendDecision {
        let state = &mut *self.state();
        let (name, peer) = (cx.label(label).name, cx.name(to));
        let decided = self
            .decided(state, cx)
            .filter(|(sent, receiver, _)| *sent == name && *receiver == peer);
        let Some((_, _, decision)) = decided else { return SendDecision::Deliver };
        state.advance(cx);
        decision
    }
}

impl Replay<'_> {
    /// What a network did next with a message of the role that acts.
    fn decided(&self, state: &mut State, cx: &Context<'_>) -> Option<(&str, &str, SendDecision)> {
        let played = state.sessions.get(&cx.session())?;
        let actor = (cx.role_name().to_owned(), cx.lane());
        let next = played.next.get(&actor).copied().unwrap_or(0);
        let events = self.recorded.sessions.get(&played.number)?.events.get(&actor)?;
        match &events.get(next)?.what {
            What::Network { label, to, decision } => Some((label, to, *decision)),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replay")
    }
}
