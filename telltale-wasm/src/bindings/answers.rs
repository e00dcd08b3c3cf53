//! Answers of JavaScript: the one handler of a machine, which asks the objects of each session.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, RoleId,
    SessionId, Value,
};
use wasm_bindgen::JsValue;

use super::object::text_of;
use super::players::Players;
use super::promised::{Answered, Asked};

/// The objects of all sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Arc<Mutex<BTreeMap<SessionId, Arc<Players>>>>);

impl Answers {
    /// That of a session.
    pub(super) fn of(&self, session: SessionId) -> Option<Arc<Players>> {
        self.lock().get(&session).cloned()
    }

    pub(super) fn add(&self, session: SessionId, players: Players) {
        self.lock().insert(session, Arc::new(players));
    }

    /// A session has ended.
    pub(super) fn remove(&self, session: SessionId) {
        let players = self.lock().remove(&session);
        drop(players);
    }

    /// Those of all sessions, as they are now.
    pub(super) fn all(&self) -> Vec<(SessionId, Arc<Players>)> {
        self.lock().iter().map(|(session, players)| (*session, players.clone())).collect()
    }

    /// Never while JavaScript is called, which may call back.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SessionId, Arc<Players>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn players(&self, cx: &Context<'_>) -> HandlerResult<Arc<Players>> {
        self.of(cx.session()).ok_or_else(|| HandlerError::msg("nobody plays this session"))
    }
}

/// What JavaScript has thrown.
#[derive(Debug)]
pub(super) struct Thrown(pub(super) JsValue);

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(&self.0))
    }
}

impl Error for Thrown {}

impl EffectHandler for Answers {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        let players = self.players(cx)?;
        let given = match players.given_before(cx.role(), to, label) {
            Some(given) => given,
            None => answer(&players, cx, Asked::Something, || players.send(cx, to, label))?,
        };
        players.payload(cx, label, &given)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let players = self.players(cx)?;
        answer(&players, cx, Asked::Nothing, || players.receive(cx, from, label, value))?;
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let players = self.players(cx)?;
        let decided = answer(&players, cx, Asked::Something, || players.choose(cx, branches))?;
        let (branch, given) = players.decided(cx, branches, &decided)?;
        let label = branches.get(branch).map(|branch| branch.label);
        let value = match label {
            Some(label) => players.payload(cx, label, &given)?,
            // The machine says that there is no such branch.
            None => Value::Unit,
        };
        Ok(Picked { branch, value })
    }
}

/// What an object says now, or has promised before.
fn answer(
    players: &Players,
    cx: &Context<'_>,
    asked: Asked,
    ask: impl FnOnce() -> Result<JsValue, HandlerError>,
) -> HandlerResult<JsValue> {
    let actor = (cx.role(), cx.lane());
    match players.promised.before(actor) {
        Some(Answered::NotYet) => return Err(HandlerError::pending()),
        Some(Answered::Kept(answer)) => return Ok(answer),
        Some(Answered::Broken(why)) => return Err(Thrown(why).into()),
        None => {}
    }
    let answer = ask()?;
    if players.promised.is_promise(actor, asked, &answer) {
        return Err(HandlerError::pending());
    }
    Ok(answer)
}
