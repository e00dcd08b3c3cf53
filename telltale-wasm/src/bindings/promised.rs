//! Answers that are promises: the machine waits for them, and asks again when they are there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use js_sys::{Promise, Reflect};
use telltale_vm::RoleId;
use wasm_bindgen::{JsCast, JsValue};

/// A role, and which of the things that it does at once.
pub(super) type Actor = (RoleId, u8);

/// What a promise is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// An answer: the role is asked again when it is there.
    Something,
    /// The end of being told: the role goes on then, and is not told again.
    Nothing,
}

/// What has become of a promise.
pub(super) enum Answered {
    NotYet,
    Kept(JsValue),
    Broken(JsValue),
}

/// The promises of a session.
#[derive(Debug, Default)]
pub(super) struct Promised(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What nobody has begun to wait for.
    new: Vec<(Actor, Promise)>,
    waiting: BTreeMap<Actor, Asked>,
    settled: BTreeMap<Actor, Result<JsValue, JsValue>>,
}

/// As `await` sees it.
fn has_then(answer: &JsValue) -> bool {
    let then = || Reflect::get(answer, &"then".into());
    answer.is_object() && then().is_ok_and(|then| then.is_function())
}

impl Promised {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has become of the promise that an actor gave, if it did.
    pub(super) fn before(&self, actor: Actor) -> Option<Answered> {
        let mut state = self.state();
        if let Some(settled) = state.settled.remove(&actor) {
            return Some(settled.map_or_else(Answered::Broken, Answered::Kept));
        }
        state.waiting.contains_key(&actor).then_some(Answered::NotYet)
    }

    /// Whether an answer is a promise, or something that can be waited for like one; it is remembered then.
    pub(super) fn is_promise(&self, actor: Actor, asked: Asked, answer: &JsValue) -> bool {
        let is_one = answer.is_instance_of::<Promise>() || has_then(answer);
        if is_one {
            let mut state = self.state();
            // Whatever it does when somebody waits for it, it does later, and to this promise.
            state.new.push((actor, Promise::resolve(answer)));
            state.waiting.insert(actor, asked);
        }
        is_one
    }

    /// The promises for which nobody has begun to wait.
    pub(super) fn take_new(&self) -> Vec<(Actor, Promise)> {
        std::mem::take(&mut self.state().new)
    }

    /// Whether there is any promise for which somebody waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.state().waiting.is_empty()
    }

    /// Whether the role is still being told something, in any of its lanes: all of them go on at once.
    pub(super) fn is_being_told(&self, role: RoleId) -> bool {
        let told = |((of, _), asked): (&Actor, &Asked)| *of == role && *asked == Asked::Nothing;
        self.state().waiting.iter().any(told)
    }

    /// A promise is settled; an answer is kept until the role is asked again. Gives what it was for, or the error if the role will not be asked again.
    pub(super) fn settle(
        &self,
        actor: Actor,
        result: Result<JsValue, JsValue>,
    ) -> Result<(), JsValue> {
        let mut state = self.state();
        match state.waiting.remove(&actor) {
            Some(Asked::Something) => {
                state.settled.insert(actor, result);
                Ok(())
            }
            Some(Asked::Nothing) => result.map(drop),
            None => Ok(()),
        }
    }
}
