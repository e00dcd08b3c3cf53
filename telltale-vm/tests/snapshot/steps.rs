//! At every step of random protocols, one machine goes on, and another is resumed from what is written down of it: they do the same.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::sync::Mutex;

use telltale_theory::oracle::{Shape, generate, generate_parallel, with_payloads};
use telltale_types::GlobalType;
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, ChannelMode, Context, CoroStatus, EffectHandler, HandlerError, HandlerResult, LabelId,
    Leftover, Network, Observed, Picked, Policy, Progress, Recording, RoleId, SendDecision,
    SessionId, VM, VMConfig, Value, WhenFull,
};

use super::relay::{assert_same, relay, there_and_back};
use crate::support::{Seeded, number, try_image};

/// After how many calls an endless session is left alone.
const ENOUGH: usize = 30;

/// How a machine is driven.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drive {
    /// With `step_round`, so many turns per call.
    Turns(usize),
    /// With `run`.
    Run,
    /// With both, taking turns.
    Mixed,
}

/// What comes between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Between {
    Nothing,
    /// Roles are paused for a while.
    Pauses,
    /// Whoever is asked says first that there is no answer yet.
    LateAnswers,
    /// Messages are kept aside, and injected later.
    SlowMessages,
    /// Messages are injected that nobody expects.
    Strangers,
    /// A session is closed while messages are on their way.
    Closing,
    /// Some answers are errors, and some calls panic.
    Failures,
}

const DRIVES: [Drive; 5] =
    [Drive::Turns(1), Drive::Run, Drive::Mixed, Drive::Turns(3), Drive::Turns(usize::MAX)];

const BETWEEN: [Between; 7] = [
    Between::Nothing,
    Between::Pauses,
    Between::LateAnswers,
    Between::SlowMessages,
    Between::Strangers,
    Between::Closing,
    Between::Failures,
];

fn configs() -> Vec<VMConfig> {
    let mut configs = Vec::new();
    let full = [WhenFull::Block, WhenFull::Resize, WhenFull::Drop, WhenFull::Error];
    for policy in Policy::ALL {
        for (quantum, capacity) in [(1, 1), (3, 2), (64, 64)] {
            for (when_full, mode) in full.map(|full| (full, ChannelMode::Fifo)).into_iter().chain([
                (WhenFull::Block, ChannelMode::LatestValue),
                (WhenFull::Drop, ChannelMode::LatestValue),
            ]) {
                configs.push(VMConfig {
                    policy,
                    quantum,
                    capacity,
                    when_full,
                    mode,
                    max_buffered: 4,
                    seed: 11,
                    ..VMConfig::default()
                });
            }
        }
    }
    configs
}

/// As [`Seeded`], with what comes between.
pub(super) struct Moody {
    between: Between,
    asked: Mutex<BTreeSet<(SessionId, RoleId, u8, u64)>>,
}

impl Moody {
    pub(super) fn new(between: Between) -> Self {
        Self { between, asked: Mutex::default() }
    }

    fn before(&self, cx: &Context<'_>) -> HandlerResult<()> {
        match self.between {
            Between::LateAnswers => {
                let effect = (cx.session(), cx.role(), cx.lane(), cx.count());
                let is_new = self.asked.lock().expect("nobody panics").insert(effect);
                if is_new { Err(HandlerError::pending()) } else { Ok(()) }
            }
            Between::Failures if cx.seed() % 13 == 0 => Err(HandlerError::msg("no")),
            Between::Failures if cx.seed() % 13 == 1 => {
                std::panic::resume_unwind(Box::new("oh no"))
            }
            _ => Ok(()),
        }
    }
}

impl EffectHandler for Moody {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.before(cx)?;
        Seeded.send(cx, to, label)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        self.before(cx)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.before(cx)?;
        Seeded.choose(cx, branches)
    }

    fn network(&self) -> Option<&dyn Network> {
        (self.between == Between::SlowMessages).then_some(self)
    }
}

impl Network for Moody {
    fn decide(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        match cx.seed() % 5 {
            0 | 1 => SendDecision::Deliver,
            2 => SendDecision::Drop,
            _ => SendDecision::Defer,
        }
    }
}

/// One call, and what comes after it. Says what went wrong.
fn call(vm: &mut VM, by: Drive, moody: &Moody, nth: usize) -> String {
    let ran = match by {
        Drive::Turns(turns) => vm.step_round(moody, turns).map(drop),
        Drive::Mixed if nth.is_multiple_of(2) => vm.step_round(moody, 1 + nth % 5).map(drop),
        Drive::Run | Drive::Mixed => vm.run(moody, 1).map(drop),
    };
    match moody.between {
        Between::Pauses => pause_some(vm, nth),
        Between::LateAnswers if nth.is_multiple_of(2) => wake_all(vm),
        Between::SlowMessages if nth % 3 == 2 => deliver(vm),
        Between::Strangers if nth % 4 == 1 => forge(vm),
        Between::Closing if nth % 6 == 5 => {
            let last = vm.sessions().map(|session| session.id()).max();
            if let Some(last) = last {
                vm.close(last).expect("it is running");
            }
        }
        _ => {}
    }
    ran.err().map_or(String::new(), |error| error.to_string())
}

fn pause_some(vm: &mut VM, nth: usize) {
    let roles: BTreeSet<String> =
        vm.coroutines().map(|coroutine| coroutine.role().to_owned()).collect();
    let Some(role) = roles.iter().nth(nth / 4 % roles.len().max(1)) else { return };
    match nth % 4 {
        0 => drop(vm.pause(role)),
        2 => drop(vm.resume(role)),
        _ => {}
    }
}

pub(super) fn wake_all(vm: &mut VM) {
    let waits = vm.coroutines().filter(|role| role.status() == CoroStatus::AwaitsHandler);
    let mut waits: Vec<_> = waits.map(|role| (role.session_id(), role.role().to_owned())).collect();
    waits.sort();
    // All lanes of a role are woken at once.
    waits.dedup();
    for (session, role) in waits {
        vm.wake(session, &role).expect("it waits");
    }
}

pub(super) fn deliver(vm: &mut VM) {
    let mut sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
    sessions.sort();
    for session in sessions {
        for message in vm.take_deferred(session).unwrap_or_default() {
            // Where there is no room, the message is lost.
            drop(vm.inject(session, message));
        }
    }
}

/// Injects again what was sent last.
fn forge(vm: &mut VM) {
    let trace = vm.trace();
    let sent = trace.iter().rev().find_map(|event| match event.what {
        Observed::Sent { from, to, label } => Some((event, from, to, label)),
        _ => None,
    });
    let Some((event, from, to, label)) = sent else { return };
    let (value, lane) = (Value::Uint(99), event.channel);
    let session = vm.sessions().map(|session| session.id()).find(|id| *id == event.session);
    if let Some(session) = session {
        drop(vm.inject(session, telltale_vm::Message { from, to, lane, label, value }));
    }
}

/// Two sessions of one protocol and one of another, in a machine that goes on and in one that is resumed again and again.
fn in_step(images: &[CodeImage], config: &VMConfig, by: Drive, between: Between) {
    let mut vm = VM::new(config.clone());
    for image in images.iter().chain(&images[..1]) {
        vm.load_choreography(image).expect("there is room");
    }
    let mut resumed = relay(&vm, images);
    let moody = [Moody::new(between), Moody::new(between)];
    for nth in 0..ENOUGH {
        let results = [call(&mut vm, by, &moody[0], nth), call(&mut resumed, by, &moody[1], nth)];
        assert_eq!(results[0], results[1]);
        assert_same(&resumed, &vm);
        resumed = relay(&resumed, images);
        if nth % 8 == 3 {
            there_and_back(&vm.snapshot().expect("it can be written down"));
        }
        if nth == ENOUGH / 2 {
            let more = [&mut vm, &mut resumed].map(|vm| vm.load_choreography(&images[0]));
            assert!(matches!(&more, [Ok(one), Ok(other)] if one == other), "{more:?}");
        }
        if vm.progress() == Progress::Complete {
            break;
        }
    }
    assert_eq!(vm.trace(), resumed.trace());
    assert!(
        vm.faults()
            .map(|(id, fault)| (id, fault.to_string()))
            .eq(resumed.faults().map(|(id, fault)| (id, fault.to_string())))
    );
}

/// What labels carry: something of each kind that is not a Rust value.
fn payloads(global: &GlobalType) -> GlobalType {
    with_payloads(global, |label| {
        let kinds = ["u64", "String", "()", "Vec<u8>", "bool", "i64"];
        kinds[label.bytes().map(usize::from).sum::<usize>() % kinds.len()]
    })
}

/// Calls a function with random protocols, two at a time.
fn for_pairs(
    protocols: impl Iterator<Item = GlobalType>,
    test: impl Fn(usize, &[CodeImage]),
) -> usize {
    let mut images = protocols.filter_map(|global| try_image(&payloads(&global)));
    let mut pairs = 0;
    while let (Some(one), Some(other)) = (images.next(), images.next()) {
        test(pairs, &[one, other]);
        pairs += 1;
    }
    pairs
}

fn in_many_ways(protocols: impl Iterator<Item = GlobalType>) -> usize {
    let configs = configs();
    let ways: Vec<_> = BETWEEN
        .into_iter()
        .flat_map(|between| DRIVES.map(|by| (between, by)))
        .flat_map(|(between, by)| configs.iter().map(move |config| (between, by, config)))
        .collect();
    for_pairs(protocols, |pair, images| {
        // All ways, in turns that are prime to how many there are.
        for way in 0..16 {
            let (between, by, config) = ways[(pair * 16 + way) * 101 % ways.len()];
            let config = VMConfig {
                recording: [Recording::Full, Recording::Last(7), Recording::default()][way % 3],
                leftover: [Leftover::Fault, Leftover::Drop][way % 2],
                ..config.clone()
            };
            let ran = catch_unwind(|| in_step(images, &config, by, between));
            assert!(ran.is_ok(), "pair {pair}: {by:?}, {between:?}, {config:?}\n{}", images[0]);
        }
    })
}

#[test]
fn random_protocols() {
    let shape = |seed: u64| match seed % 4 {
        0 => Shape { states: 14, exits: 4, ..Shape::default() },
        1 => Shape { roles: 3, labels: 2, ..Shape::default() },
        _ => Shape::default(),
    };
    let first = number("TELLTALE_SEED", 0);
    let seeds = first..first + number("TELLTALE_PROTOCOLS", 60);
    let pairs = in_many_ways(seeds.map(|seed| generate(seed, shape(seed))));
    assert!(pairs > 8, "only {pairs} pairs of protocols were looked at");
}

#[test]
fn random_protocols_with_lanes() {
    let first = number("TELLTALE_SEED", 0);
    let seeds = first..first + number("TELLTALE_PROTOCOLS", 60);
    let shape = Shape { roles: 3, states: 6, exits: 3, labels: 3 };
    let pairs = in_many_ways(seeds.map(|seed| generate_parallel(seed, shape)));
    assert!(pairs > 8, "only {pairs} pairs of protocols were looked at");
}
