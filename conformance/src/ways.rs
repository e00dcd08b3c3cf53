//! The ways in which one protocol can be run, and what may come between.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use telltale_types::{GlobalExit, GlobalType};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Message, Network,
    ObsEvent, Observed, Picked, Progress, RoleId, SendDecision, SessionId, VM, Value, WhenFull,
    filter_by_session, normalize_trace,
};

use crate::by_hand::program::copy_of;
use crate::endpoints::{alone, with_guests};
use crate::payload::value_of;
use crate::play::{ENOUGH, Setting, wake_all};
use crate::relay::relay;
use crate::script::{Log, Script};
use crate::word::exchanges;

/// Who plays the roles of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The compiled programs, or their script.
    Compiled,
    /// The same programs from an assembler.
    Copied,
    /// Programs of another session, each through an endpoint that was sent to it.
    WithGuests,
    /// One program of another session, through endpoints that it keeps.
    Alone,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Compiled, Self::Copied, Self::WithGuests, Self::Alone];

    /// Whether roles are played through endpoints.
    pub fn has_endpoints(self) -> bool {
        matches!(self, Self::WithGuests | Self::Alone)
    }

    /// The image that is loaded to run another in this way.
    pub fn image(self, image: &CodeImage) -> CodeImage {
        match self {
            Self::Compiled => image.clone(),
            Self::Copied => copy_of(image),
            Self::WithGuests => with_guests(image),
            Self::Alone => alone(image),
        }
    }
}

/// What comes between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Between {
    /// Nothing.
    #[default]
    Nothing,
    /// Every answer of the handler is late.
    LateAnswers,
    /// A network keeps every message aside, and somebody delivers it.
    SlowMessages,
    /// One role after the other is paused for a while.
    Pauses,
    /// Somebody injects messages of the protocol when they may not be expected.
    Strangers,
}

/// What is known of a run afterwards.
#[derive(Debug)]
pub struct Ran {
    /// What happened in the session of the protocol, as it happened.
    pub trace: Vec<ObsEvent>,
    /// Whether everything is complete; otherwise it was cut short.
    pub is_complete: bool,
    /// What each role has done.
    pub logs: Vec<Log>,
}

/// Runs a protocol in some way.
///
/// # Errors
///
/// When it goes wrong, or stops and nobody outside can help.
pub fn run(
    image: &CodeImage,
    way: Way,
    setting: &Setting,
    between: Between,
    seed: u64,
) -> Result<Ran, String> {
    run_by(image, way, setting, between, seed, &mut |_| Ok(()))
}

/// The same in machines of which each is resumed from a snapshot of the one before, after every call. Counts them.
///
/// # Errors
///
/// As [`run`]; when a machine is not resumed as it was.
pub fn run_resumed(
    image: &CodeImage,
    way: Way,
    setting: &Setting,
    between: Between,
    seed: u64,
    count: &mut usize,
) -> Result<Ran, String> {
    let images = [image.clone(), way.image(image)];
    run_by(image, way, setting, between, seed, &mut |vm| {
        if let Some(resumed) = relay(vm, &images)? {
            *vm = resumed;
            *count += 1;
        }
        Ok(())
    })
}

fn run_by(
    image: &CodeImage,
    way: Way,
    setting: &Setting,
    between: Between,
    seed: u64,
    after_call: &mut dyn FnMut(&mut VM) -> Result<(), String>,
) -> Result<Ran, String> {
    let mut vm = VM::new(setting.config.clone());
    vm.provide(image);
    let handler = Disturbed::new(seed, between);
    let loaded = way.image(image);
    let outer = vm.load_choreography(&loaded).map_err(|error| error.to_string())?;
    let roles: Vec<String> = loaded.names().roles().map(|(_, name)| name.to_owned()).collect();
    let mut mail = Mail { global: &image.global_type, messages: Vec::new() };
    let is_complete = drive(&mut vm, &handler, setting, &roles, &mut mail, after_call)?;
    let trace = vm.trace();
    let inner = trace.iter().map(|event| event.session).find(|&session| session != outer);
    let session = if way.has_endpoints() { inner.unwrap_or(outer) } else { outer };
    let logs = handler.script.logs(session, image.names().role_count());
    Ok(Ran { trace: filter_by_session(&trace, session), is_complete, logs })
}

fn drive(
    vm: &mut VM,
    handler: &Disturbed,
    setting: &Setting,
    roles: &[String],
    mail: &mut Mail<'_>,
    after_call: &mut dyn FnMut(&mut VM) -> Result<(), String>,
) -> Result<bool, String> {
    for round in 0.. {
        let ran = match setting.turns {
            Some(turns) => vm.step_round(handler, turns).map(drop),
            None => vm.run(handler, 1).map(drop),
        };
        ran.map_err(|error| error.to_string())?;
        after_call(vm)?;
        match handler.between {
            Between::Pauses => pause_one(vm, roles, round),
            Between::Strangers if round % 2 == 1 && round < 8 => mail.forge(vm, round),
            _ => {}
        }
        let is_helped = help(vm, mail);
        match vm.progress() {
            Progress::Complete => return Ok(true),
            Progress::Waiting if !is_helped && vm.paused_roles().len() == 0 => {
                return Err(format!("nobody can help: {vm}"));
            }
            _ if handler.script.count() > ENOUGH || round > 40 * ENOUGH => return Ok(false),
            _ => {}
        }
    }
    Ok(false)
}

/// Pauses one role after the other, each for three rounds of five.
fn pause_one(vm: &mut VM, roles: &[String], round: usize) {
    let role = &roles[round / 5 % roles.len()];
    match round % 5 {
        0 => {
            vm.pause(role);
        }
        3 => {
            vm.resume(role);
        }
        _ => {}
    }
}

/// What a network has kept aside of one protocol, and somebody is about to deliver.
struct Mail<'a> {
    global: &'a GlobalType,
    messages: Vec<(SessionId, Message)>,
}

impl Mail<'_> {
    /// Injects a message of the protocol into the first session, if there is room.
    fn forge(&self, vm: &mut VM, number: usize) {
        let Some(session) = vm.sessions().map(|session| session.id()).min() else { return };
        let exits = exchanges(self.global);
        let (GlobalExit { sender, receiver, label, .. }, lane) = exits[number * 7 % exits.len()];
        let value = value_of(self.global.names().label(label).payload, number as u64);
        let message = Message { from: sender, to: receiver, lane, label, value };
        // A channel that never has more than one message has room for no other.
        drop(vm.inject(session, message));
    }

    /// Delivers what there is room for, in order. Says whether there was anything.
    fn deliver(&mut self, vm: &mut VM) -> bool {
        let mut sessions: Vec<SessionId> = vm.sessions().map(|session| session.id()).collect();
        sessions.sort();
        for session in sessions {
            let messages = vm.take_deferred(session).unwrap_or_default().into_iter();
            self.messages.extend(messages.map(|message| (session, message)));
        }
        let mut full = BTreeSet::new();
        let mut is_delivered = false;
        for (session, message) in std::mem::take(&mut self.messages) {
            // The machine may be another one.
            let session = vm.session_numbered(session.ordinal()).unwrap_or(session);
            let channel = (session, message.from, message.to, message.lane);
            if full.contains(&channel) || !self.has_room(vm, session, &message) {
                full.insert(channel);
                self.messages.push((session, message));
            } else {
                is_delivered |= vm.inject(session, message).is_ok();
            }
        }
        is_delivered
    }

    /// Whether a message fits into its channel. If the session has ended, it does not matter.
    fn has_room(&self, vm: &VM, session: SessionId, message: &Message) -> bool {
        let Ok(view) = vm.session(session) else { return true };
        let capacity = match vm.config().when_full {
            WhenFull::Resize => vm.config().max_buffered,
            _ => vm.config().capacity,
        };
        let names = self.global.names();
        let queued = view.queued(names.role(message.from), names.role(message.to));
        queued.is_some_and(|queued| queued < capacity.into())
    }
}

/// Answers whoever waits for an answer, and delivers what was kept aside. Says whether there was anything.
fn help(vm: &mut VM, mail: &mut Mail) -> bool {
    wake_all(vm) | mail.deliver(vm)
}

/// A script that answers late, or whose messages are slow.
struct Disturbed {
    script: Script,
    between: Between,
    /// Who has been asked for which of its answers.
    asked: Mutex<BTreeSet<(SessionId, RoleId, usize)>>,
}

impl Disturbed {
    fn new(seed: u64, between: Between) -> Self {
        Self { script: Script::new(seed), between, asked: Mutex::default() }
    }

    /// Whoever is asked for the first time has no answer.
    fn wait(&self, cx: &Context<'_>) -> HandlerResult<()> {
        if self.between != Between::LateAnswers {
            return Ok(());
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.script.done(cx);
        if asked.insert((cx.session(), cx.role(), done)) {
            return Err(HandlerError::pending());
        }
        Ok(())
    }
}

impl EffectHandler for Disturbed {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.wait(cx)?;
        self.script.send(cx, to, label)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        v: Value,
    ) -> HandlerResult<()> {
        self.script.receive(cx, from, label, v)?;
        match self.between {
            Between::LateAnswers => Err(HandlerError::pending()),
            _ => Ok(()),
        }
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.wait(cx)?;
        self.script.choose(cx, branches)
    }

    fn network(&self) -> Option<&dyn Network> {
        (self.between == Between::SlowMessages).then_some(self)
    }
}

impl Network for Disturbed {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        SendDecision::Defer
    }
}

/// What happened, without who halted and without what a network did: the normal form, in lines.
pub fn normal_lines(trace: &[ObsEvent]) -> Vec<String> {
    let kept = trace.iter().filter(|event| !matches!(event.what, Observed::Halted { .. }));
    let kept: Vec<ObsEvent> = kept.cloned().collect();
    lines(&normalize_trace(&kept))
}

/// Events as they are, without the number of their session.
pub fn lines(trace: &[ObsEvent]) -> Vec<String> {
    let line = |event: &ObsEvent| {
        let text = event.to_string();
        let what = text.split_once(' ').map_or("", |(_, what)| what);
        format!("{} {what}", event.tick)
    };
    trace.iter().map(line).collect()
}
