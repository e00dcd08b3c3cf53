//! Who runs when, how long, and with how much room in the channels does not change what a session
//! does: random protocols under every way of running them.
//!
//! `TELLTALE_PROTOCOLS=100000` looks at so many, `TELLTALE_SEED` says where to begin.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use support::{Seeded, is_closed, number, open, try_image};
use telltale_theory::Event;
use telltale_theory::oracle::{Shape, generate, is_run, with_payloads};
use telltale_types::GlobalType;
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, CoroStatus, CoroutineView, EffectHandler, HandlerError, HandlerResult,
    LabelId, ObsEvent, Observed, Picked, Policy, Progress, RoleId, SessionId, VM, VMConfig, Value,
    WhenFull, filter_by_session, normalize_trace,
};

const POLICIES: [Policy; 4] = Policy::ALL;

/// How many events of an endless session are looked at.
const ENOUGH: usize = 60;

/// How a machine is driven.
#[derive(Clone, Copy, Debug)]
enum Drive {
    /// With `step_round`, so many turns per call.
    Step(usize),
    /// With `run`.
    Run,
    /// With `run` and `step_round`, taking turns.
    Mixed,
    /// With `run`, while one role after the other is paused for a while.
    Pausing,
    /// With `run` and a handler that at first never has an answer.
    Hesitating,
}

const DRIVES: [Drive; 9] = [
    Drive::Step(1),
    Drive::Step(2),
    Drive::Step(3),
    Drive::Step(7),
    Drive::Step(usize::MAX),
    Drive::Run,
    Drive::Mixed,
    Drive::Pausing,
    Drive::Hesitating,
];

/// Every way of running.
fn ways() -> impl Iterator<Item = (VMConfig, Drive)> {
    POLICIES.into_iter().flat_map(|policy| {
        [1, 2, 64].into_iter().flat_map(move |capacity| {
            [1, 3, 64].into_iter().flat_map(move |quantum| {
                let config = VMConfig { policy, capacity, quantum, ..VMConfig::default() };
                DRIVES.into_iter().map(move |drive| (config.clone(), drive))
            })
        })
    })
}

/// As [`Seeded`], but whoever is asked or told says first that there is no answer yet.
#[derive(Default)]
struct Hesitant(Mutex<BTreeSet<(SessionId, RoleId, u64)>>);

impl Hesitant {
    /// Whether it has hesitated.
    fn has_hesitated(&self, cx: &Context<'_>) -> HandlerResult<()> {
        let effect = (cx.session(), cx.role(), cx.count());
        let is_new = self.0.lock().expect("nobody panics").insert(effect);
        if is_new { Err(HandlerError::pending()) } else { Ok(()) }
    }
}

impl EffectHandler for Hesitant {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.has_hesitated(cx)?;
        Seeded.send(cx, to, label)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        self.has_hesitated(cx)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.has_hesitated(cx)?;
        Seeded.choose(cx, branches)
    }
}

/// The roles that wait for their handler go on.
fn wake_all(vm: &mut VM) {
    let waits = |role: &CoroutineView<'_>| role.status() == CoroStatus::AwaitsHandler;
    let waiting = vm.coroutines().filter(waits);
    let waiting: Vec<_> = waiting.map(|role| (role.session_id(), role.role().to_owned())).collect();
    for (session, role) in waiting {
        vm.wake(session, &role).expect("it waits");
    }
}

/// Lets a machine go on until nobody can act or enough has happened.
fn drive(vm: &mut VM, by: Drive) {
    let hesitant = Hesitant::default();
    for call in 0.. {
        match by {
            _ if vm.progress() != Progress::OutOfFuel => break,
            Drive::Step(n) => drop(vm.step_round(&Seeded, n).expect("no session faults")),
            Drive::Run => drop(vm.run(&Seeded, 1 << call).expect("no session faults")),
            Drive::Mixed if call % 2 == 0 => drop(vm.run(&Seeded, 1).expect("no session faults")),
            Drive::Mixed => drop(vm.step_round(&Seeded, call % 7).expect("no session faults")),
            Drive::Pausing => {
                let roles: BTreeSet<_> =
                    vm.coroutines().map(|role| role.role().to_owned()).collect();
                let paused = roles.iter().nth(call % roles.len()).expect("there are roles");
                vm.pause(paused);
                vm.run(&Seeded, 2).expect("no session faults");
                vm.resume(paused);
                vm.run(&Seeded, 1).expect("no session faults");
            }
            Drive::Hesitating => {
                vm.run(&hesitant, 1).expect("no session faults");
                wake_all(vm);
            }
        }
        let is_time_to_look = call % 8 == 7 || matches!(by, Drive::Step(usize::MAX) | Drive::Run);
        if is_time_to_look && vm.trace().len() > ENOUGH * 4 {
            break;
        }
    }
}

/// What one session did, alone in a machine.
struct Played {
    events: Vec<ObsEvent>,
    is_complete: bool,
}

fn play(image: &CodeImage, config: VMConfig, by: Drive) -> Played {
    let (mut vm, session) = open(config, image);
    drive(&mut vm, by);
    let played = Played { events: vm.trace(), is_complete: is_closed(&vm, session) };
    assert!(played.is_complete || played.events.len() > ENOUGH * 4, "nobody is waited for");
    played
}

/// What each role did, without times.
fn by_role(events: &[ObsEvent]) -> BTreeMap<RoleId, Vec<Observed>> {
    let mut roles: BTreeMap<RoleId, Vec<Observed>> = BTreeMap::new();
    for event in events {
        if let Some(role) = event.actor() {
            roles.entry(role).or_default().push(event.what.clone());
        }
    }
    roles
}

/// Whether every role did in one run what it did in the other, as far as both went.
fn agree(one: &[ObsEvent], other: &[ObsEvent]) -> bool {
    let other = by_role(other);
    by_role(one).iter().all(|(role, one)| {
        let other = other.get(role).map_or(&[][..], Vec::as_slice);
        one.iter().zip(other).all(|(one, other)| one == other)
    })
}

/// The messages of a trace, as the theory speaks of them.
fn word(events: &[ObsEvent]) -> Vec<Event> {
    let event = |event: &ObsEvent| match event.what {
        Observed::Sent { from, to, label } => Some(Event::sent(from, to, label)),
        Observed::Received { from, to, label } => Some(Event::received(from, to, label)),
        _ => None,
    };
    events.iter().filter_map(event).collect()
}

/// Calls a function with the protocols of so many seeds that project; gives how many did.
fn for_protocols(seeds: u64, test: impl Fn(u64, &GlobalType, &CodeImage)) -> usize {
    let first = number("TELLTALE_SEED", 0);
    let shape = |seed: u64| match seed % 4 {
        0 => Shape { states: 14, exits: 4, ..Shape::default() },
        1 => Shape { roles: 3, labels: 2, ..Shape::default() },
        _ => Shape::default(),
    };
    let mut projected = 0;
    for seed in first..first + number("TELLTALE_PROTOCOLS", seeds) {
        let global = with_payloads(&generate(seed, shape(seed)), |_| "u64");
        if let Some(image) = try_image(&global) {
            projected += 1;
            test(seed, &global, &image);
        }
    }
    projected
}

#[test]
fn every_way_of_running_gives_the_same_trace() {
    let projected = for_protocols(900, |seed, _, image| {
        let reference = play(image, VMConfig::default(), Drive::Run);
        let normal = normalize_trace(&reference.events);
        for (config, by) in ways().skip(seed as usize % 3).step_by(3) {
            let played = play(image, config.clone(), by);
            let replay = || format!("TELLTALE_SEED={seed}, {by:?}, {config:?}\n{image}");
            if played.is_complete && reference.is_complete {
                assert_eq!(normalize_trace(&played.events), normal, "{}", replay());
            }
            assert!(agree(&played.events, &reference.events), "{}", replay());
        }
    });
    let is_replay = std::env::var_os("TELLTALE_PROTOCOLS").is_some();
    assert!(projected > 200 || is_replay, "only {projected} protocols were looked at");
}

#[test]
fn every_trace_is_a_run_of_the_protocol() {
    for_protocols(1_500, |seed, global, image| {
        for (config, by) in ways().skip(seed as usize % 7).step_by(7) {
            let mut word = word(&play(image, config.clone(), by).events);
            word.truncate(ENOUGH);
            assert!(is_run(global, &word), "TELLTALE_SEED={seed}, {by:?}, {config:?}: {global}");
        }
    });
}

#[test]
fn with_room_enough_it_does_not_matter_what_happens_without() {
    for_protocols(1_000, |seed, _, image| {
        let reference = play(image, VMConfig::default(), Drive::Run);
        for when_full in [WhenFull::Drop, WhenFull::Error, WhenFull::Resize] {
            let config = VMConfig { when_full, capacity: 2_000, ..VMConfig::default() };
            let played = play(image, config, Drive::Step(3));
            assert!(
                agree(&played.events, &reference.events),
                "TELLTALE_SEED={seed}: {when_full:?}"
            );
            if played.is_complete && reference.is_complete {
                let normal = normalize_trace(&reference.events);
                assert_eq!(normalize_trace(&played.events), normal, "TELLTALE_SEED={seed}");
            }
        }
    });
}

#[test]
fn the_same_calls_give_the_same_trace() {
    for_protocols(300, |seed, _, image| {
        for (config, by) in ways().skip(seed as usize % 11).step_by(11) {
            let [one, other] = [(); 2].map(|()| play(image, config.clone(), by).events);
            assert_eq!(one, other, "TELLTALE_SEED={seed}, {by:?}, {config:?}");
        }
    });
}

/// Opens sessions of all images and ends at once those that are not to be `kept`.
fn company(
    images: &[CodeImage],
    config: &VMConfig,
    kept: impl Fn(usize) -> bool,
) -> (VM, Vec<SessionId>) {
    let mut vm = VM::new(config.clone());
    let sessions: Vec<SessionId> =
        images.iter().map(|image| vm.load_choreography(image).expect("there is room")).collect();
    for (at, &session) in sessions.iter().enumerate() {
        if !kept(at) {
            vm.cancel(session, "it is not needed").expect("it is running");
        }
    }
    (vm, sessions)
}

#[test]
fn a_session_among_others_does_what_it_does_alone() {
    let mut images = Vec::new();
    for seed in 0.. {
        let global = with_payloads(&generate(seed, Shape::default()), |_| "u64");
        if let Some(image) = try_image(&global)
            && play(&image, VMConfig::default(), Drive::Run).is_complete
        {
            images.push(image);
        }
        if images.len() == 24 {
            // Every image twice, and not beside each other.
            images.extend_from_within(..);
            break;
        }
    }
    let default = VMConfig::default();
    let alone: Vec<Vec<ObsEvent>> = (0..images.len())
        .map(|at| {
            let (mut vm, sessions) = company(&images, &default, |other| other == at);
            drive(&mut vm, Drive::Run);
            normalize_trace(&filter_by_session(&vm.trace(), sessions[at]))
        })
        .collect();
    for (config, by) in ways() {
        let (mut vm, sessions) = company(&images, &config, |_| true);
        while vm.progress() == Progress::OutOfFuel {
            drive(&mut vm, by);
        }
        let trace = vm.trace();
        for (at, session) in sessions.iter().enumerate() {
            let among = normalize_trace(&filter_by_session(&trace, *session));
            assert_eq!(among, alone[at], "{by:?}, {config:?}\n{}", images[at]);
        }
    }
}
