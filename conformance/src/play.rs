//! One session from its start to its end, or to where it is cut short.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, channel};

use telltale_vm::loader::CodeImage;
use telltale_vm::{
    CoroStatus, EffectHandler, NoHandler, ObsEvent, Outcome, PlayError, Policy, Progress,
    Recording, SessionId, VM, VMConfig, VMError, WhenFull, normalize_trace,
};

use crate::script::{Actors, Log, Script, agree_so_far, are_alike};

/// After how many events a session is cut short: some never end, and some are not lucky.
pub const ENOUGH: usize = 300;

/// What is known of a session afterwards.
#[derive(Debug)]
pub struct Played {
    /// What happened.
    pub trace: Vec<ObsEvent>,
    /// Whether it is complete; otherwise it was cut short.
    pub is_complete: bool,
    /// What each role has done.
    pub logs: Vec<Log>,
}

/// Gives the role objects' logs when their session has ended.
pub type Take = Box<dyn FnOnce(&mut VM) -> Result<(Outcome, Vec<Log>), VMError>>;

/// A session with role objects.
pub type Opened = (SessionId, Take);

/// How a session is driven.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How the VM is set up.
    pub config: VMConfig,
    /// How many coroutines have a turn between two looks; nothing for a whole round.
    pub turns: Option<usize>,
}

/// Every policy, with channels and turns from narrow to wide.
pub fn settings() -> Vec<Setting> {
    let (mut settings, recording) = (Vec::new(), Recording::Full);
    for policy in Policy::ALL {
        for (quantum, turns) in [(64, None), (1, None), (2, Some(1)), (5, Some(3))] {
            for (capacity, when_full) in
                [(1, WhenFull::Block), (2, WhenFull::Block), (1, WhenFull::Resize)]
            {
                let config = VMConfig {
                    policy,
                    quantum,
                    capacity,
                    when_full,
                    recording,
                    ..VMConfig::default()
                };
                settings.push(Setting { config, turns });
            }
        }
    }
    settings
}

/// Plays an image with the handler that answers for all roles.
///
/// # Panics
///
/// When the session neither completes nor goes on.
pub fn with_handler(image: &CodeImage, setting: &Setting, seed: u64) -> Played {
    with_script(image, setting, &Script::new(seed))
}

/// Plays an image with a handler that has not been asked yet.
///
/// # Panics
///
/// When the session neither completes nor goes on.
pub fn with_script(image: &CodeImage, setting: &Setting, script: &Script) -> Played {
    let (mut vm, events) = machine(setting);
    let session = vm.load_choreography(image).expect("there is room for a session");
    let (trace, is_complete) = drive(&mut vm, &events, script, setting);
    Played { trace, is_complete, logs: script.logs(session, image.names().role_count()) }
}

/// What happens when an image is played with any handler, and whether the session is complete.
///
/// # Panics
///
/// When the session neither completes nor goes on.
pub fn trace_with(
    image: &CodeImage,
    setting: &Setting,
    handler: &dyn EffectHandler,
) -> (Vec<ObsEvent>, bool) {
    let (mut vm, events) = machine(setting);
    vm.load_choreography(image).expect("there is room for a session");
    drive(&mut vm, &events, handler, setting)
}

/// Plays a session with role objects.
///
/// # Panics
///
/// When the session neither completes nor goes on.
pub fn with_objects(
    open: impl FnOnce(&mut VM, Actors) -> Result<Opened, VMError>,
    setting: &Setting,
    seed: u64,
) -> Played {
    let (mut vm, events) = machine(setting);
    let (session, take) = open(&mut vm, Actors::new(seed)).expect("there is room for a session");
    let (trace, is_complete) = drive(&mut vm, &events, &NoHandler, setting);
    if !is_complete {
        vm.cancel(session, "enough").expect("the session is running");
    }
    let (outcome, logs) = take(&mut vm).expect("the session has ended");
    assert_eq!(outcome.is_ok(), is_complete, "{outcome:?}");
    Played { trace, is_complete, logs }
}

/// How a session has ended, and its roles.
///
/// # Errors
///
/// When it has not ended.
pub fn ended<R>(taken: Result<R, PlayError<R>>) -> Result<(Outcome, R), VMError> {
    match taken.map_err(PlayError::into_parts) {
        Ok(roles) => Ok((Ok(()), roles)),
        Err((VMError::Incomplete { error, .. }, Some(roles))) => Ok((Err(error), roles)),
        Err((error, _)) => Err(error),
    }
}

/// A VM, and what happens in it.
fn machine(setting: &Setting) -> (VM, Receiver<ObsEvent>) {
    let mut vm = VM::new(setting.config.clone());
    let (told, events) = channel();
    // Nobody listens any more once the session has been cut short.
    vm.record_to(move |event| drop(told.send(event.clone())));
    (vm, events)
}

/// Runs the session of a VM until it is complete, or for long enough; gives what happened and whether it
/// is complete.
fn drive(
    vm: &mut VM,
    events: &Receiver<ObsEvent>,
    handler: &dyn EffectHandler,
    setting: &Setting,
) -> (Vec<ObsEvent>, bool) {
    let mut trace = Vec::new();
    while trace.len() < ENOUGH {
        let ran = match setting.turns {
            Some(turns) => vm.step_round(handler, turns).map(drop),
            None => vm.run(handler, 1).map(drop),
        };
        ran.unwrap_or_else(|error| panic!("{setting:?}: {error}"));
        trace.extend(events.try_iter());
        match vm.progress() {
            Progress::Complete => return (trace, true),
            Progress::OutOfFuel => {}
            waiting => panic!("{setting:?}: the session is {waiting:?} for nothing"),
        }
    }
    (trace, false)
}

/// Compares two runs with the same answers. Complete ones have one normal form; of those that were cut
/// short, each role has done the same as far as it came.
///
/// # Panics
///
/// When they differ.
pub fn agree(image: &CodeImage, one: &Played, other: &Played, name: &str) {
    if one.is_complete && other.is_complete {
        assert_eq!(normalize_trace(&one.trace), normalize_trace(&other.trace), "{name}");
        assert!(are_alike(image, &one.logs, &other.logs), "{name}: {one:#?}\n{other:#?}");
    }
    agree_as_far_as_they_go(image, &one.logs, &other.logs, name);
}

/// Compares what roles have done in two runs with the same answers, up to the shorter.
///
/// # Panics
///
/// When they differ.
pub fn agree_as_far_as_they_go(image: &CodeImage, one: &[Log], other: &[Log], name: &str) {
    for (role, (one, other)) in one.iter().zip(other).enumerate() {
        assert!(agree_so_far(image, role, one, other), "{name}: {one:#?}\n{other:#?}");
    }
}

/// Wakes those who wait for their handler. Says whether there were any. Several lanes of a role are woken together.
///
/// # Panics
///
/// When one of them waits for somebody else.
pub fn wake_all(vm: &mut VM) -> bool {
    let waits = vm.coroutines().filter(|role| role.status() == CoroStatus::AwaitsHandler);
    let waits: BTreeSet<(SessionId, String)> =
        waits.map(|role| (role.session_id(), role.role().to_owned())).collect();
    for (session, role) in &waits {
        vm.wake(*session, role).expect("it waits for its handler");
    }
    !waits.is_empty()
}
