//! Sessions that are disturbed at one moment, beside sessions that are not.

use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Kind, Message, ObsEvent, Observed, RoleId, SessionId, SessionStatus, VM, VMConfig, VMError,
    Value, filter_by_session, normalize_trace,
};

use crate::interrupting::Interrupting;
use crate::payload::value_of;
use crate::play::wake_all;
use crate::script::{Log, agree_so_far, are_alike};
use crate::ways::lines;

/// After how many calls a session that does not end is left alone.
const ENOUGH: usize = 60;

/// When a session is disturbed.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// When its handler is called for so many times: the call has no answer yet.
    Call(usize),
    /// After so many rounds, in each of which it makes few steps.
    Round(usize),
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disturbance {
    /// Nothing but to wake it.
    Nothing,
    /// A role is paused, and resumed when nobody can act any more.
    Pause(RoleId),
    /// Its roles have single turns, so many of them.
    Steps(usize),
    /// A message is injected that has been sent before.
    Inject,
    /// It is closed.
    Close,
    /// It is cancelled.
    Cancel,
    /// Its handler fails at the call.
    Fail,
    /// Its handler panics at the call.
    Panic,
}

impl Disturbance {
    /// All of them, for a protocol with so many roles.
    pub fn all(roles: usize) -> Vec<Self> {
        let others = [Self::Nothing, Self::Steps(1), Self::Steps(2), Self::Steps(7), Self::Inject];
        let ends = [Self::Close, Self::Cancel, Self::Fail, Self::Panic];
        let pauses = (0..roles).map(|role| Self::Pause(RoleId::at(role)));
        pauses.chain(others).chain(ends).collect()
    }

    /// Whether it is done by the handler, and not from outside.
    pub fn is_of_handler(self) -> bool {
        matches!(self, Self::Fail | Self::Panic)
    }

    /// Whether nobody should see it.
    fn is_harmless(self) -> bool {
        matches!(self, Self::Nothing | Self::Pause(_) | Self::Steps(_))
    }
}

/// What one session did.
#[derive(Debug)]
pub struct Done {
    /// Its trace in normal form.
    pub trace: Vec<String>,
    /// What its roles did.
    pub logs: Vec<Log>,
    /// How it ended.
    pub status: Option<SessionStatus>,
}

impl Done {
    /// How often its handler was called.
    pub fn calls(&self) -> usize {
        self.logs.iter().map(Vec::len).sum()
    }
}

/// What a session does that nobody disturbs.
///
/// # Panics
///
/// When something goes wrong.
pub fn undisturbed(image: &CodeImage, seed: u64) -> Done {
    let mut vm = VM::new(VMConfig::default());
    let handler = Interrupting::never(seed);
    let session = vm.load_choreography(image).expect("there is room");
    go_on(&mut vm, &handler, &[session]).expect("nothing goes wrong");
    done(&vm, &handler, image, session)
}

/// Disturbs the second of three sessions.
///
/// # Errors
///
/// Says what is wrong.
///
/// # Panics
///
/// When there is no room for three sessions.
pub fn disturb(
    image: &CodeImage,
    reference: &Done,
    seed: u64,
    moment: Moment,
    what: Disturbance,
) -> Result<(), String> {
    let quantum = if let Moment::Round(_) = moment { 2 } else { 64 };
    let mut vm = VM::new(VMConfig { quantum, ..VMConfig::default() });
    let sessions = [(); 3].map(|()| vm.load_choreography(image).expect("there is room"));
    let session = sessions[1];
    let handler = Interrupting::new(seed, session, moment, what);
    match moment {
        Moment::Call(_) => go_on(&mut vm, &handler, &sessions)?,
        Moment::Round(rounds) => {
            vm.run(&handler, rounds).map_err(|error| error.to_string())?;
        }
    }
    let is_running = vm.session(session).is_ok();
    if is_running {
        apply(&mut vm, image, session, what)?;
    }
    if let Disturbance::Steps(count) = what {
        wake_all(&mut vm);
        for _ in 0..count {
            vm.step(&handler).map_err(|error| error.to_string())?;
        }
    }
    go_on(&mut vm, &handler, &sessions)?;
    for role in vm.paused_roles().map(str::to_owned).collect::<Vec<_>>() {
        vm.resume(&role);
    }
    go_on(&mut vm, &handler, &sessions)?;
    for neighbour in [sessions[0], sessions[2]] {
        let found = done(&vm, &handler, image, neighbour);
        agree(image, reference, &found).map_err(|wrong| format!("a neighbour: {wrong}"))?;
    }
    let found = done(&vm, &handler, image, session);
    if what.is_harmless() || !(is_running || what.is_of_handler()) {
        return agree(image, reference, &found);
    }
    if what == Disturbance::Inject {
        return told_right_kinds(image, &found);
    }
    agree_as_far_as_they_go(image, reference, &found)?;
    has_ended(&found, what)
}

fn apply(
    vm: &mut VM,
    image: &CodeImage,
    session: SessionId,
    what: Disturbance,
) -> Result<(), String> {
    let done = match what {
        Disturbance::Pause(role) => {
            vm.pause(image.names().role(role));
            Ok(())
        }
        Disturbance::Close => vm.close(session),
        Disturbance::Cancel => vm.cancel(session, "enough"),
        Disturbance::Inject => inject(vm, session),
        _ => Ok(()),
    };
    done.map_err(|error| format!("{what:?}: {error}"))
}

/// Injects a copy of the first message, if there was one, but without its payload.
fn inject(vm: &mut VM, session: SessionId) -> Result<(), VMError> {
    let trace = vm.trace();
    let sent = trace.iter().find_map(|event| match event.what {
        Observed::Sent { from, to, label } if event.session == session => {
            Some((from, to, event.channel, label))
        }
        _ => None,
    });
    let Some((from, to, lane, label)) = sent else { return Ok(()) };
    let message = Message { from, to, lane, label, value: Value::Unit };
    match vm.inject(session, message).map_err(VMError::from) {
        Err(VMError::ChannelFull { .. }) => Ok(()),
        injected => injected,
    }
}

/// Nobody is told nothing where the protocol has a payload of another kind.
fn told_right_kinds(image: &CodeImage, found: &Done) -> Result<(), String> {
    for (_, label) in image.names().labels() {
        let kind = value_of(label.payload, 0).kind();
        if [Kind::Unit, Kind::Opaque].contains(&kind) {
            continue;
        }
        let nothing = format!(" {} ()", label.name);
        let is_told = |line: &&String| line.starts_with('?') && line.ends_with(&nothing);
        if let Some(line) = found.logs.iter().flatten().find(is_told) {
            return Err(format!("a role is told `{line}` and not a payload of kind {kind:?}"));
        }
    }
    Ok(())
}

/// Runs until every session has ended, waits, or has gone on for long enough. Whoever waits for an answer gets
/// it, unless a session is to be disturbed there.
fn go_on(vm: &mut VM, handler: &Interrupting, sessions: &[SessionId]) -> Result<(), String> {
    loop {
        match vm.run(handler, 1) {
            Ok(_) | Err(VMError::Faulted { .. }) => {}
            Err(error) => return Err(error.to_string()),
        }
        if handler.is_interrupted() {
            return Ok(());
        }
        let is_answered = wake_all(vm);
        let waiting: Vec<SessionId> = vm.waiting().map(|session| session.id()).collect();
        let is_over = |session: &SessionId| {
            let waits = waiting.contains(session);
            waits || vm.session(*session).is_err() || handler.script.calls(*session) > ENOUGH
        };
        if !is_answered && sessions.iter().all(is_over) {
            return Ok(());
        }
    }
}

fn done(vm: &VM, handler: &Interrupting, image: &CodeImage, session: SessionId) -> Done {
    let trace = filter_by_session(&vm.trace(), session);
    let logs = handler.script.logs(session, image.names().role_count());
    let end = |event: &ObsEvent| match event.what {
        Observed::Closed => Some(SessionStatus::Closed),
        Observed::Cancelled => Some(SessionStatus::Cancelled),
        Observed::Faulted { .. } => Some(SessionStatus::Faulted),
        _ => None,
    };
    let status = trace.last().and_then(end);
    Done { trace: lines(&normalize_trace(&trace)), logs, status }
}

/// Complete sessions are the same; roles of others do the same as far as they come.
fn agree(image: &CodeImage, reference: &Done, found: &Done) -> Result<(), String> {
    agree_as_far_as_they_go(image, reference, found)?;
    if reference.status.is_none() {
        // It was left alone after so many calls, and might have ended later.
        let is_right = found.status.is_none() || found.calls() > reference.calls();
        return if is_right { Ok(()) } else { Err(format!("it ends: {found:#?}")) };
    }
    if reference.trace == found.trace && are_alike(image, &reference.logs, &found.logs) {
        Ok(())
    } else {
        Err(format!("{:#?}\nand not\n{:#?}", found.trace, reference.trace))
    }
}

fn agree_as_far_as_they_go(
    image: &CodeImage,
    reference: &Done,
    found: &Done,
) -> Result<(), String> {
    for (role, (one, other)) in reference.logs.iter().zip(&found.logs).enumerate() {
        if !agree_so_far(image, role, one, other) {
            return Err(format!("a role does {other:?} and not {one:?}"));
        }
    }
    Ok(())
}

fn has_ended(found: &Done, what: Disturbance) -> Result<(), String> {
    let is_right = match what {
        Disturbance::Close => found.status == Some(SessionStatus::Closed),
        Disturbance::Cancel => found.status == Some(SessionStatus::Cancelled),
        Disturbance::Fail | Disturbance::Panic => found.status == Some(SessionStatus::Faulted),
        _ => true,
    };
    if is_right { Ok(()) } else { Err(format!("it ends as {found:#?}")) }
}
