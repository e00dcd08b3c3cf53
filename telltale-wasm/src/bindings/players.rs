//! The objects that play a session: role objects, and a handler for roles that have none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use js_sys::{Array, Function, Object, Reflect};
use serde::Serialize;
use telltale_vm::{Branch, Context, HandlerError, HandlerResult, LabelId, RoleId, Value};
use wasm_bindgen::{JsCast, JsValue};

use super::answers::Thrown;
use super::convert::{from_value, to_value};
use super::error::wrong_type;
use super::object::{data, keys, kind, object, own};
use super::promised::Promised;
use crate::methods::{Choice, Methods, RoleMethods, Taken};
use crate::shape::Shape;

/// The payloads that were given with a choice, for each receiver that still gets one.
type Given = BTreeMap<(RoleId, LabelId), Vec<(RoleId, JsValue)>>;

/// Who plays a session.
#[derive(Debug)]
pub(super) struct Players {
    /// By role.
    objects: Vec<Option<JsValue>>,
    handler: Option<JsValue>,
    methods: Arc<Methods>,
    /// By label.
    shapes: Arc<[Shape]>,
    given: Mutex<Given>,
    pub(super) promised: Promised,
}

impl Players {
    /// Players for all roles of a protocol.
    pub(super) fn new(
        names: &[String],
        methods: Option<&Arc<Methods>>,
        shapes: &Arc<[Shape]>,
        roles: &JsValue,
        handler: &JsValue,
    ) -> Result<Self, JsValue> {
        let handler = (!is_nothing(handler)).then(|| handler.clone());
        handler.as_ref().map_or(Ok(()), check_handler)?;
        let objects = objects(names, roles)?;
        if handler.is_none() {
            check_all_played(names, &objects)?;
        }
        if objects.iter().any(Option::is_some) && methods.is_none() {
            let why = "an image does not say what its choices are called: play it with a handler";
            return Err(wrong_type(why));
        }
        let methods = methods.cloned().unwrap_or_default();
        for (at, (name, object)) in names.iter().zip(&objects).enumerate() {
            if let (Some(object), Some(known)) = (object, methods.role(RoleId::at(at))) {
                check_object(name, object, known)?;
            }
        }
        Ok(Self {
            objects,
            handler,
            methods,
            shapes: shapes.clone(),
            given: Mutex::default(),
            promised: Promised::default(),
        })
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, role: RoleId) -> Option<(&JsValue, &RoleMethods)> {
        let object = self.objects.get(role.index())?.as_ref()?;
        Some((object, self.methods.role(role)?))
    }

    fn shape(&self, label: LabelId) -> &Shape {
        self.shapes.get(label.index()).unwrap_or(&Shape::Any)
    }

    /// The payload of a message as the machine has it.
    pub(super) fn payload(
        &self,
        cx: &Context<'_>,
        label: LabelId,
        given: &JsValue,
    ) -> HandlerResult<Value> {
        let refused = |why| format!("invalid payload of `{}`: {why}", cx.label(label));
        Ok(to_value(given, self.shape(label)).map_err(refused)?)
    }

    /// What was given for this receiver with the choice.
    pub(super) fn given_before(&self, role: RoleId, to: RoleId, label: LabelId) -> Option<JsValue> {
        let mut given = self.given();
        let waiting = given.get_mut(&(role, label))?;
        let at = waiting.iter().position(|(receiver, _)| *receiver == to)?;
        Some(waiting.remove(at).1)
    }

    /// Asks for the payload of a message.
    pub(super) fn send(
        &self,
        cx: &Context<'_>,
        to: RoleId,
        label: LabelId,
    ) -> Result<JsValue, HandlerError> {
        let context = || context(cx, Some((to, label)));
        let Some((object, methods)) = self.of(cx.role()) else {
            return match self.handles("send") {
                Some(send) => send.call1(&self.as_this(), &context()).map_err(thrown),
                None if *self.shape(label) == Shape::Unit => Ok(JsValue::UNDEFINED),
                None => Err(HandlerError::msg("the handler has no method `send`")),
            };
        };
        match methods.send(label).and_then(|name| method(object, name)) {
            Some(method) => method.call1(object, &context()).map_err(thrown),
            // What is not required carries nothing.
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// Tells of a message.
    pub(super) fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> Result<JsValue, HandlerError> {
        let context = || context(cx, Some((from, label)));
        let payload = from_value(value, self.shape(label));
        let Some((object, methods)) = self.of(cx.role()) else {
            return match self.handles("receive") {
                Some(receive) => {
                    receive.call2(&self.as_this(), &payload, &context()).map_err(thrown)
                }
                None => Ok(JsValue::UNDEFINED),
            };
        };
        let name = methods.receive(label).unwrap_or_default();
        required(object, name)?.call2(object, &payload, &context()).map_err(thrown)
    }

    /// Asks for a decision.
    pub(super) fn choose(
        &self,
        cx: &Context<'_>,
        branches: &[Branch],
    ) -> Result<JsValue, HandlerError> {
        let Some((object, methods)) = self.of(cx.role()) else {
            let shown = branches.iter().map(|branch| {
                let label = cx.label(branch.label);
                object([
                    ("label", label.name.into()),
                    ("payload", label.payload.into()),
                    ("peer", cx.name(branch.peer).into()),
                ])
            });
            let shown = shown.collect::<Array>().into();
            let choose = self.handles("choose").ok_or("the handler has no method `choose`")?;
            return choose.call2(&self.as_this(), &shown, &context(cx, None)).map_err(thrown);
        };
        let choice = choice(methods, branches)?;
        required(object, &choice.method)?.call1(object, &context(cx, None)).map_err(thrown)
    }

    /// The branch that a decision names, and the payload of its message.
    pub(super) fn decided(
        &self,
        cx: &Context<'_>,
        branches: &[Branch],
        decided: &JsValue,
    ) -> HandlerResult<(usize, JsValue)> {
        let Some((_, methods)) = self.of(cx.role()) else { return by_number(decided) };
        let choice = choice(methods, branches)?;
        let (taken, payload) = taken(choice, decided)?;
        let is_it = |branch: &Branch| (branch.peer, branch.label) == (taken.peer, taken.label);
        let at = branches.iter().position(is_it).ok_or("the branch is not there")?;
        let copies = taken.others.iter().map(|to| (*to, payload.clone())).collect();
        self.given().insert((cx.role(), taken.label), copies);
        Ok((at, payload))
    }

    fn handles(&self, name: &str) -> Option<Function> {
        method(self.handler.as_ref()?, name)
    }

    /// The handler, for its own methods.
    fn as_this(&self) -> JsValue {
        self.handler.clone().unwrap_or_default()
    }
}

fn is_nothing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// By role, its object. Nothing in place of all of them will do.
fn objects(names: &[String], roles: &JsValue) -> Result<Vec<Option<JsValue>>, JsValue> {
    if is_nothing(roles) {
        return Ok(vec![None; names.len()]);
    }
    let Some(roles) = roles.dyn_ref::<Object>() else {
        let found = kind(roles);
        let expected = "expected an object with a property for each role";
        return Err(wrong_type(&format!("{expected}, found {found}")));
    };
    if let Some(key) = keys(roles).into_iter().find(|key| !names.contains(key)) {
        let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(wrong_type(&format!("the protocol has no role `{key}`; there is {known}")));
    }
    let object = |name: &String| match own(roles, name) {
        Some(object) if is_nothing(&object) => Ok(None),
        Some(object) if object.is_object() => Ok(Some(object)),
        Some(other) => {
            Err(wrong_type(&format!("expected a role object for `{name}`, found {}", kind(&other))))
        }
        None => Ok(None),
    };
    names.iter().map(object).collect()
}

fn check_all_played(names: &[String], objects: &[Option<JsValue>]) -> Result<(), JsValue> {
    let nobody = names.iter().zip(objects).filter(|(_, object)| object.is_none());
    let nobody: Vec<String> = nobody.map(|(name, _)| format!("`{name}`")).collect();
    if nobody.is_empty() {
        return Ok(());
    }
    let nobody = nobody.join(", ");
    Err(wrong_type(&format!("nobody plays {nobody}: there is no role object, and no handler")))
}

fn check_object(role: &str, object: &JsValue, methods: &RoleMethods) -> Result<(), JsValue> {
    let missing = methods.required.iter().filter(|name| method(object, name).is_none());
    let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
    match &missing[..] {
        [] => Ok(()),
        [one] => Err(wrong_type(&format!("the role object of `{role}` has no method {one}"))),
        all => Err(wrong_type(&format!(
            "the role object of `{role}` has no methods {}",
            all.join(", ")
        ))),
    }
}

fn check_handler(handler: &JsValue) -> Result<(), JsValue> {
    if !handler.is_object() {
        return Err(wrong_type(&format!("expected an object as handler, found {}", kind(handler))));
    }
    match method(handler, "choose") {
        Some(_) => Ok(()),
        None => Err(wrong_type("the handler has no method `choose`")),
    }
}

/// Methods that every object has, and that could be called like those of a role.
const EVERYWHERE: [&str; 7] = [
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// A method of an object, but none that every object has.
fn method(object: &JsValue, name: &str) -> Option<Function> {
    let get = |object: &JsValue| Reflect::get(object, &name.into()).ok();
    let found = get(object)?.dyn_into::<Function>().ok()?;
    let is_own =
        || !EVERYWHERE.contains(&name) || get(&Object::new()).as_ref() != Some(found.as_ref());
    is_own().then_some(found)
}

fn required(object: &JsValue, name: &str) -> Result<Function, HandlerError> {
    method(object, name).ok_or_else(|| HandlerError::msg(format!("there is no method `{name}`")))
}

fn thrown(thrown: JsValue) -> HandlerError {
    Thrown(thrown).into()
}

/// What an answer may depend on. One text that JavaScript reads costs less than an object that is put together from here.
#[derive(Serialize)]
struct Asked<'a> {
    session: u64,
    role: &'a str,
    lane: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    count: u64,
    draw: u64,
}

fn context(cx: &Context<'_>, message: Option<(RoleId, LabelId)>) -> JsValue {
    data(&Asked {
        session: cx.session().ordinal(),
        role: cx.role_name(),
        lane: cx.lane(),
        peer: message.map(|(peer, _)| cx.name(peer)),
        label: message.map(|(_, label)| cx.label(label).name),
        count: cx.count(),
        draw: cx.draw(),
    })
}

fn choice<'m>(methods: &'m RoleMethods, branches: &[Branch]) -> HandlerResult<&'m Choice> {
    let first: BTreeSet<_> = branches.iter().map(|branch| (branch.peer, branch.label)).collect();
    Ok(methods.choice(&first).ok_or("no method of the role makes this choice")?)
}

/// `"Decline"`, or `{ Accept: payload }`.
fn taken<'c>(choice: &'c Choice, decided: &JsValue) -> Result<(&'c Taken, JsValue), String> {
    let expected = || {
        let names = choice.variants.iter().map(|taken| format!("`{}`", taken.name));
        format!("expected {} of `{}`", names.collect::<Vec<_>>().join(" or "), choice.method)
    };
    let named = |name: &str| {
        let found = choice.variants.iter().find(|taken| taken.name == name);
        found.ok_or_else(|| format!("{}, found `{name}`", expected()))
    };
    if let Some(name) = decided.as_string() {
        return Ok((named(&name)?, JsValue::UNDEFINED));
    }
    let Some(object) = decided.dyn_ref::<Object>() else {
        return Err(format!("{}, found {}", expected(), kind(decided)));
    };
    let keys = keys(object);
    let [name] = &keys[..] else {
        return Err(format!("{}, found an object with {} properties", expected(), keys.len()));
    };
    let payload = own(object, name).unwrap_or(JsValue::UNDEFINED);
    Ok((named(name)?, payload))
}

/// `{ branch: 0, payload }`, or the number alone.
#[expect(clippy::cast_sign_loss, reason = "what is negative has been refused")]
fn by_number(decided: &JsValue) -> HandlerResult<(usize, JsValue)> {
    let (branch, payload) = match decided.dyn_ref::<Object>() {
        Some(object) => (own(object, "branch"), own(object, "payload")),
        None => (Some(decided.clone()), None),
    };
    let number = branch.as_ref().and_then(JsValue::as_f64);
    let number = number.filter(|number| *number >= 0.0 && number.fract() == 0.0);
    let number = number.ok_or_else(|| {
        let found = kind(&branch.unwrap_or(JsValue::UNDEFINED));
        format!("expected the number of a branch from `choose`, found {found}")
    })?;
    Ok((number as usize, payload.unwrap_or(JsValue::UNDEFINED)))
}
