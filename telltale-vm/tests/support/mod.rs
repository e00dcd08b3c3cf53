//! What the tests of the machine share: protocols from a line of text, handlers that answer
//! everything, traces as lines.
#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use telltale_bytecode::SetId;
use telltale_theory::{Options, oracle, project_all_with};
use telltale_types::GlobalType;
use telltale_vm::generated::{ChoiceVisitor, MessageVisitor, Player, Players, RoleObjects};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, ObsEvent, Outcome,
    Picked, PlayError, RoleId, SessionId, SessionStatus, VM, VMConfig, VMError, Value,
};

/// How a session has ended, and its roles; an error if it has not ended.
pub(crate) fn ended<R>(taken: Result<R, PlayError<R>>) -> Result<(Outcome, R), VMError> {
    match taken.map_err(PlayError::into_parts) {
        Ok(roles) => Ok((Ok(()), roles)),
        Err((VMError::Incomplete { error, .. }, Some(roles))) => Ok((Err(error), roles)),
        Err((error, _)) => Err(error),
    }
}

/// The protocol of a text in the notation of the papers, whose labels carry nothing:
/// `μt. A→{B:more. t; B:stop}`.
pub(crate) fn protocol(text: &str) -> GlobalType {
    oracle::protocol(text)
}

/// The image of a protocol, if it projects. A role may end without being told.
pub(crate) fn try_image(global: &GlobalType) -> Option<CodeImage> {
    let options = Options { allow_silent_end: true, find_remedies: false, ..Options::default() };
    let projected = project_all_with(global, &options).ok()?;
    Some(CodeImage::from_local_types(&projected.into_iter().collect(), global))
}

/// The image of a text whose labels carry nothing.
pub(crate) fn image(text: &str) -> CodeImage {
    try_image(&protocol(text)).expect("the protocol projects")
}

/// The image of a text all of whose labels carry the same type.
pub(crate) fn image_of(text: &str, payload: &str) -> CodeImage {
    try_image(&oracle::with_payloads(&protocol(text), |_| payload)).expect("the protocol projects")
}

/// A machine with an open session of one image.
pub(crate) fn open(config: VMConfig, image: &CodeImage) -> (VM, SessionId) {
    let mut vm = VM::new(config);
    let session = vm.load_choreography(image).expect("there is room");
    (vm, session)
}

/// The events of a machine, as they print.
pub(crate) fn lines(vm: &VM) -> Vec<String> {
    vm.trace().iter().map(ToString::to_string).collect()
}

/// Whether the session has ended well.
pub(crate) fn is_closed(vm: &VM, session: SessionId) -> bool {
    vm.status(session).ok() == Some(SessionStatus::Closed)
}

/// The role of a session with this name.
pub(crate) fn role(vm: &VM, session: SessionId, name: &str) -> RoleId {
    let view = vm.session(session).expect("the session is running");
    let role = view.coroutines().position(|coroutine| coroutine.role() == name);
    RoleId::at(role.expect("the protocol has this role"))
}

/// How many messages are queued from one role to another.
pub(crate) fn queued(vm: &VM, session: SessionId, from: &str, to: &str) -> usize {
    let view = vm.session(session).expect("the session is running");
    view.queued(from, to).expect("the protocol has these roles")
}

/// Injects a message.
pub(crate) fn inject(
    vm: &mut VM,
    session: SessionId,
    (from, to, label): (&str, &str, &str),
    value: Value,
) -> Result<(), VMError> {
    let message = vm.session(session)?.message(from, to, label, value)?;
    Ok(vm.inject(session, message)?)
}

/// What a machine tells of from now on.
pub(crate) fn told(vm: &mut VM) -> Arc<Mutex<Vec<ObsEvent>>> {
    let told: Arc<Mutex<Vec<ObsEvent>>> = Arc::default();
    let heard = told.clone();
    vm.record_to(move |event| heard.lock().expect("nobody panicked").push(event.clone()));
    told
}

/// No objects: markers stand in the place of some, and the handler plays the others.
pub(crate) struct Markers(Players);

impl Markers {
    /// In the order of the roles.
    pub(crate) fn of(players: impl IntoIterator<Item = Player>) -> Self {
        let players = players.into_iter().enumerate();
        let with = |all: Players, (role, player)| all.with(RoleId::at(role), player);
        Self(players.fold(Players::OBJECTS, with))
    }
}

impl RoleObjects for Markers {
    fn message<V: MessageVisitor>(&mut self, _: RoleId, _: RoleId, _: LabelId, v: V) -> V::Done {
        v.fail(HandlerError::msg("a marker was asked"))
    }

    fn choice<V: ChoiceVisitor>(&mut self, _: RoleId, _: SetId, visitor: V) -> V::Done {
        visitor.fail(HandlerError::msg("a marker was asked"))
    }

    fn players(&self) -> Players {
        self.0
    }
}

/// The number in an environment variable.
pub(crate) fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// A value of the type that a label carries, made of one number.
pub(crate) fn value_of(payload: &str, seed: u64) -> Value {
    match payload {
        "()" => Value::Unit,
        "bool" => Value::from(seed % 2 == 1),
        "i64" => Value::Int(seed.cast_signed()),
        "String" => Value::text(format!("text {seed}")),
        "Vec<u8>" => Value::bytes(seed.to_le_bytes()),
        "u64" => Value::Uint(seed),
        _ => Value::opaque(seed),
    }
}

/// Answers everything, and depends on nothing but the seed of the context.
pub(crate) struct Seeded;

impl EffectHandler for Seeded {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(value_of(cx.label(label).payload, cx.seed()))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let branch = (cx.seed() % branches.len() as u64) as usize;
        let value = value_of(cx.label(branches[branch].label).payload, cx.seed());
        Ok(Picked { branch, value })
    }
}

/// What happens when a role is asked or told something: the role, what (`x!`, `x?` or `…!`), and
/// how often that role was asked or told that before.
pub(crate) type Answer = dyn Fn(&str, &str, usize) -> HandlerResult<Value> + Send + Sync;

/// Answers with a closure, and remembers everything it was asked and told.
///
/// `A x!` is a question for a payload, `A x?` a message told, `A …!` a choice. Choices take the
/// branch `branch`, whose payload is the closure's answer.
pub(crate) struct Script {
    answer: Box<Answer>,
    pub(crate) branch: usize,
    log: Mutex<Vec<String>>,
}

impl Script {
    pub(crate) fn new(
        answer: impl Fn(&str, &str, usize) -> HandlerResult<Value> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Box::new(answer), branch: 0, log: Mutex::default() }
    }

    /// Gives nothing as payload of everything.
    pub(crate) fn units() -> Self {
        Self::new(|_, _, _| Ok(Value::Unit))
    }

    /// What it was asked and told so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().expect("nobody panicked").clone()
    }

    /// How often it was asked or told this.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.log().iter().filter(|known| *known == line).count()
    }

    fn ask(&self, cx: &Context<'_>, what: &str) -> HandlerResult<Value> {
        let line = format!("{} {what}", cx.role_name());
        let before = self.count(&line);
        self.log.lock().expect("nobody panicked").push(line);
        (self.answer)(cx.role_name(), what, before)
    }
}

impl EffectHandler for Script {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.ask(cx, &format!("{}!", cx.label(label).name))
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, _: Value) -> HandlerResult<()> {
        self.ask(cx, &format!("{}?", cx.label(label).name)).map(drop)
    }

    fn choose(&self, cx: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: self.branch, value: self.ask(cx, "…!")? })
    }
}

/// Counts how many of its [`Counted`] values exist.
#[derive(Clone, Default)]
pub(crate) struct Census(Arc<AtomicUsize>);

/// A value that cannot be written down, and is missed when it leaks.
pub(crate) struct Counted(Census);

impl Census {
    pub(crate) fn alive(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// One more value.
    pub(crate) fn counted(&self) -> Counted {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    /// One more value, as a payload.
    pub(crate) fn payload(&self) -> Value {
        Value::opaque(self.counted())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The numbers that went over each channel, as they were given and as they arrived.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) given: Mutex<BTreeMap<(u64, RoleId, RoleId), Vec<u64>>>,
    pub(crate) taken: Mutex<BTreeMap<(u64, RoleId, RoleId), Vec<u64>>>,
}

impl Ledger {
    fn give(&self, cx: &Context<'_>, to: RoleId) -> Value {
        let key = (cx.session().ordinal(), cx.role(), to);
        self.given.lock().expect("nobody panicked").entry(key).or_default().push(cx.seed());
        Value::Uint(cx.seed())
    }
}

impl EffectHandler for Ledger {
    fn send(&self, cx: &Context<'_>, to: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(self.give(cx, to))
    }

    fn receive(&self, cx: &Context<'_>, from: RoleId, _: LabelId, v: Value) -> HandlerResult<()> {
        let Value::Uint(number) = v else { panic!("a number was given") };
        let key = (cx.session().ordinal(), from, cx.role());
        self.taken.lock().expect("nobody panicked").entry(key).or_default().push(number);
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let branch = (cx.seed() % branches.len() as u64) as usize;
        Ok(Picked { branch, value: self.give(cx, branches[branch].peer) })
    }
}
