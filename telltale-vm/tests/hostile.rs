//! Protocols and payloads that are large, odd or malicious.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use support::{Census, Script, Seeded, image, image_of, is_closed, lines, open, queued, try_image};
use telltale_theory::oracle::LARGE;
use telltale_types::{GlobalExit, GlobalTerm, GlobalType, Label, LabelId, Names, RoleId, StateId};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, ObsEvent, Observed, Picked,
    Policy, Progress, Recording, VM, VMConfig, Value, normalize_trace,
};

const POLICIES: [Policy; 4] = Policy::ALL;

/// A protocol from a list of messages (sender, receiver), one after the other.
fn line(roles: usize, messages: impl IntoIterator<Item = (usize, usize)>) -> GlobalType {
    let mut states: Vec<Vec<GlobalExit>> = messages
        .into_iter()
        .enumerate()
        .map(|(at, (sender, receiver))| {
            let (sender, receiver) = (RoleId::at(sender), RoleId::at(receiver));
            let target = StateId::at(at + 1);
            vec![GlobalExit { sender, receiver, label: LabelId(0), target }]
        })
        .collect();
    states.push(Vec::new());
    let names = Names::new((0..roles).map(|role| format!("R{role}")), [Label::new("m")]);
    GlobalType::new(names.expect("distinct names"), states).expect("a protocol")
}

fn line_image(roles: usize, messages: impl IntoIterator<Item = (usize, usize)>) -> CodeImage {
    try_image(&line(roles, messages)).expect("the protocol projects")
}

/// The trace of a session that completes.
fn complete(config: VMConfig, image: &CodeImage) -> Vec<ObsEvent> {
    let (mut vm, session) = open(config, image);
    vm.run(&Seeded, 1_000_000).expect("no session faults");
    assert!(is_closed(&vm, session));
    vm.trace()
}

/// The same trace under every policy, with room for one message or for many.
fn completes_everywhere(image: &CodeImage) {
    let normal = normalize_trace(&complete(VMConfig::default(), image));
    for policy in POLICIES {
        for capacity in [1, 64] {
            for quantum in [1, 64] {
                let config = VMConfig { policy, capacity, quantum, ..VMConfig::default() };
                assert!(normalize_trace(&complete(config, image)) == normal, "{policy:?}");
            }
        }
    }
}

/// Many roles.
mod many_roles {
    use super::*;

    #[test]
    fn a_ring_of_as_many_roles_as_there_can_be() {
        let ring = (0..255).map(|role| (role, (role + 1) % 255));
        completes_everywhere(&line_image(255, ring.clone().chain(ring)));
    }

    #[test]
    fn a_ring_the_other_way_round() {
        let ring = (0..255).rev().map(|role| ((role + 1) % 255, role));
        completes_everywhere(&line_image(255, ring));
    }

    #[test]
    fn one_tells_all_others_who_answer() {
        for hub in [64, 254] {
            let others = (0..255).filter(move |&role| role != hub);
            let asks = others.clone().map(move |role| (hub, role));
            let answers = others.map(move |role| (role, hub));
            completes_everywhere(&line_image(255, asks.chain(answers)));
        }
    }

    #[test]
    fn pairs_in_every_word_of_ready_bits() {
        for roles in [64, 65, 129, 193] {
            let pairs = (0..roles / 2).map(move |role| (role, roles - 1 - role));
            completes_everywhere(&line_image(roles, pairs.clone().chain(pairs)));
        }
    }

    #[test]
    fn one_waits_for_whoever_of_two_hundred_is_told() {
        // Role 0 picks one of the others, who tells the last one. Nobody else has to know.
        let last = 201;
        let mut states = vec![Vec::new(), Vec::new()];
        for role in 1..last {
            let (sender, receiver) = (RoleId(0), RoleId::at(role));
            let (label, told) = (LabelId(0), StateId::at(states.len()));
            states[0].push(GlobalExit { sender, receiver, label, target: told });
            let (sender, receiver) = (receiver, RoleId::at(last));
            states.push(vec![GlobalExit { sender, receiver, label, target: StateId(1) }]);
        }
        let names = Names::new((0..=last).map(|role| format!("R{role}")), [Label::new("m")]);
        let global = GlobalType::new(names.expect("distinct names"), states).expect("a protocol");
        let image = try_image(&global).expect("the protocol projects");
        for branch in [0, 62, 63, 64, 127, 199] {
            let mut script = Script::units();
            script.branch = branch;
            let (mut vm, session) = open(VMConfig::default(), &image);
            vm.run(&script, 1_000).expect("no session faults");
            assert!(is_closed(&vm, session));
            let told = format!("R{}", branch + 1);
            assert_eq!(
                script.log(),
                ["R0 …!", &format!("{told} m?"), &format!("{told} m!"), "R201 m?"]
            );
        }
    }

    #[test]
    fn whoever_has_nothing_to_do_is_done() {
        let (mut vm, session) = open(VMConfig::default(), &line_image(200, [(7, 130)]));
        vm.run(&Seeded, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
        assert_eq!(lines(&vm).iter().filter(|line| line.ends_with("halted")).count(), 200);
    }
}

/// Large and degenerate protocols.
mod sizes {
    use super::*;

    #[test]
    fn protocols_with_thousands_of_states() {
        for (name, build) in LARGE.iter().filter(|(name, _)| !name.starts_with("wrong")) {
            let Some(image) = try_image(&build(1)) else { panic!("{name} does not project") };
            for policy in POLICIES {
                let config = VMConfig {
                    policy,
                    capacity: 3,
                    recording: Recording::Off,
                    ..VMConfig::default()
                };
                let (mut vm, session) = open(config, &image);
                vm.run(&Seeded, 300).expect("no session faults");
                let goes_on = vm.progress() == Progress::OutOfFuel;
                assert!(goes_on || is_closed(&vm, session), "{name}");
            }
        }
    }

    #[test]
    fn a_protocol_in_which_nothing_happens() {
        let nobody = GlobalTerm::end().close().expect("a protocol");
        let somebody = line(3, []);
        for global in [nobody, somebody] {
            let image = try_image(&global).expect("it projects");
            let (mut vm, session) = open(VMConfig::default(), &image);
            vm.run(&Seeded, 10).expect("no session faults");
            assert!(is_closed(&vm, session), "{global}");
            assert_eq!(vm.progress(), Progress::Complete);
        }
    }

    #[test]
    fn a_protocol_without_roles_that_is_cancelled() {
        let nobody = GlobalTerm::end().close().expect("a protocol");
        let image = try_image(&nobody).expect("it projects");
        let mut vm = VM::new(VMConfig::default());
        for _ in 0..10 {
            let session = vm.load_choreography(&image).expect("there is room");
            vm.cancel(session, "not this one").expect("it is open");
        }
        let last = vm.load_choreography(&image).expect("there is room");
        vm.run(&Seeded, 10).expect("no session faults");
        assert!(is_closed(&vm, last));
        let closed = lines(&vm).iter().filter(|line| line.ends_with("closed")).count();
        assert_eq!((closed, vm.open_sessions()), (1, 0));
    }

    #[test]
    fn a_choice_of_five_thousand() {
        let names = Names::new(["A", "B"], (0..5_000).map(|label| Label::new(format!("m{label}"))));
        let exit = |label| GlobalExit {
            sender: RoleId(0),
            receiver: RoleId(1),
            label: LabelId::at(label),
            target: StateId(1),
        };
        let states = vec![(0..5_000).map(exit).collect(), Vec::new()];
        let global = GlobalType::new(names.expect("distinct names"), states).expect("a protocol");
        let image = try_image(&global).expect("the protocol projects");
        for branch in [0, 1, 255, 256, 4_999] {
            let mut script = Script::units();
            script.branch = branch;
            let (mut vm, session) = open(VMConfig::default(), &image);
            vm.run(&script, 100).expect("no session faults");
            assert!(is_closed(&vm, session));
            assert_eq!(script.log(), ["A …!", &format!("B m{branch}?")]);
        }
    }

    #[test]
    fn numbers_at_their_limits() {
        for n in [0, 1, usize::MAX] {
            for quantum in [0, 1, u32::MAX] {
                let config = VMConfig { quantum, capacity: 0, ..VMConfig::default() };
                let (mut vm, session) = open(config, &image("A→B:x. A→B:x. B→A:y"));
                let result = vm.step_round(&Seeded, n).expect("no session faults");
                assert!(result.turns <= n);
                assert_eq!(n == 0, result.turns == 0);
                vm.run(&Seeded, usize::MAX).expect("no session faults");
                assert!(is_closed(&vm, session));
            }
        }
    }
}

/// Time.
mod long_runs {
    use super::*;

    /// Two conversations in one session, which have nothing to do with each other.
    const TWO: &str = "μt. A→B:x. B→A:y. C→D:z. D→C:w. t";

    #[test]
    fn nobody_starves() {
        for policy in POLICIES {
            for quantum in [1, 2, 3, 64] {
                for n in [1, 2, 3, usize::MAX] {
                    for text in [TWO, "μt. A→B:x. B→A:y. C→D:z. t", "μt. D→C:x. C→D:y. B→A:z. t"]
                    {
                        let config = VMConfig { policy, quantum, ..VMConfig::default() };
                        let (mut vm, session) = open(config, &image(text));
                        for _ in 0..1_000 {
                            vm.step_round(&Seeded, n).expect("no session faults");
                        }
                        let view = vm.session(session).expect("it never ends");
                        let least = view.coroutines().map(|role| role.effects()).min();
                        let replay = format!("{text}, {policy:?}, quantum {quantum}, n {n}");
                        assert!(least > Some(50), "{least:?}: {replay}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_session_starves() {
        let image = image("μt. A→B:x. B→A:y. t");
        for policy in POLICIES {
            for n in [1, 3, usize::MAX] {
                let mut vm = VM::new(VMConfig { policy, ..VMConfig::default() });
                for _ in 0..10 {
                    vm.load_choreography(&image).expect("there is room");
                }
                for _ in 0..1_000 {
                    vm.step_round(&Seeded, n).expect("no session faults");
                }
                let effects = vm
                    .sessions()
                    .map(|session| session.coroutines().map(|role| role.effects()).sum::<u64>());
                let effects: Vec<u64> = effects.collect();
                let (least, most) = (effects.iter().min(), effects.iter().max());
                let (least, most) = (least.expect("ten"), most.expect("ten"));
                assert!(least * 2 > *most, "{policy:?}, n {n}: {effects:?}");
            }
        }
    }

    #[test]
    fn a_stream_without_end_stays_within_its_capacity() {
        let (mut vm, session) = open(
            VMConfig { capacity: 100, recording: Recording::Off, ..VMConfig::default() },
            &image("μt. A→B:x. t"),
        );
        vm.run(&Seeded, 3).expect("no session faults");
        let memory = vm.session_memory();
        for _ in 0..1_000 {
            vm.run(&Seeded, 10).expect("no session faults");
            assert!(queued(&vm, session, "A", "B") <= 100);
        }
        assert!(vm.session_memory() <= memory + 64 * 1024);
    }
}

/// Says something when it is dropped, loudly.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "a payload does not want to go");
    }
}

/// Gives bombs, and fails when it is told of the first one. It does not drop what it is told.
#[derive(Default)]
struct Bomber(AtomicUsize);

impl EffectHandler for Bomber {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(if cx.session().ordinal() == 0 { Value::opaque(Bomb) } else { Value::Unit })
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, v: Value) -> HandlerResult<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::mem::forget(v);
        let is_first = cx.session().ordinal() == 0;
        if is_first { Err(HandlerError::msg("no")) } else { Ok(()) }
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
}

/// Payloads that panic when they are dropped.
mod bombs {
    use super::*;

    #[test]
    fn in_a_session_that_faults() {
        let image = image_of("A→B:x. A→B:x. A→B:x", "Any");
        let mut vm = VM::new(VMConfig::default());
        let sessions = [(); 3].map(|()| vm.load_choreography(&image).expect("there is room"));
        let run = std::panic::AssertUnwindSafe(|| vm.run(&Bomber::default(), 100));
        let error = std::panic::catch_unwind(run).expect("the machine does not panic");
        error.expect_err("the first session faults");
        assert!(is_closed(&vm, sessions[1]) && is_closed(&vm, sessions[2]));
        assert_eq!((vm.open_sessions(), vm.faults().len()), (0, 1));
    }

    #[test]
    fn in_a_session_that_is_cancelled() {
        let image = image_of("A→B:x. A→B:x. A→B:x", "Any");
        let mut vm = VM::new(VMConfig::default());
        let session = vm.load_choreography(&image).expect("there is room");
        vm.pause("B");
        vm.run(&Bomber::default(), 100).expect("nobody has received anything");
        let cancel = std::panic::AssertUnwindSafe(|| vm.cancel(session, "enough"));
        // Whether the panic comes out or not: the session has ended, and the machine goes on.
        drop(std::panic::catch_unwind(cancel));
        assert_eq!(vm.open_sessions(), 0);
        vm.resume("B");
        let next = vm.load_choreography(&image).expect("there is room");
        vm.run(&Bomber::default(), 100).expect("no session faults");
        assert!(is_closed(&vm, next));
    }
}

#[test]
fn a_hundred_sessions_that_hold_messages_are_dropped_with_their_machine() {
    let census = Census::default();
    let payloads = census.clone();
    let image = image_of("A→B:x. A→B:x. A→B:x. A→B:x. A→B:x. A→B:x", "Any");
    let mut vm = VM::new(VMConfig::default());
    for _ in 0..100 {
        vm.load_choreography(&image).expect("there is room");
    }
    vm.pause("B");
    vm.run(&Script::new(move |_, _, _| Ok(payloads.payload())), 100).expect("no session faults");
    assert_eq!(census.alive(), 600);
    drop(vm);
    assert_eq!(census.alive(), 0);
}

#[test]
fn ids_of_an_event_are_those_of_its_protocol() {
    // Two protocols that call the same numbers by different names.
    let [one, other] = ["A→B:x", "C→D:y"].map(image);
    let mut vm = VM::new(VMConfig::default());
    for _ in 0..2 {
        vm.load_choreography(&one).expect("there is room");
        vm.load_choreography(&other).expect("there is room");
    }
    vm.run(&Seeded, 10).expect("no session faults");
    let sent: Vec<String> = vm
        .trace()
        .iter()
        .filter(|event| matches!(event.what, Observed::Sent { .. }))
        .map(ToString::to_string)
        .collect();
    assert_eq!(sent, ["#0 A!B:x", "#1 C!D:y", "#2 A!B:x", "#3 C!D:y"]);
}

/// Takes the last branch.
struct Last;
impl EffectHandler for Last {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Unit)
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        assert_eq!(branches.len(), 2 * MANY_LABELS);
        Ok(Picked { branch: branches.len() - 1, value: Value::Unit })
    }
}

const MANY_LABELS: usize = 33_000;

#[test]
fn a_choice_has_more_branches_than_sixteen_bits_count() {
    let labels = (0..MANY_LABELS).map(|at| Label::new(format!("l{at}")));
    let names = Names::new(["A", "B", "C"], labels).expect("distinct names");
    let branches = [RoleId(1), RoleId(2)].into_iter().flat_map(|receiver| {
        (0..MANY_LABELS).map(move |at| GlobalExit {
            sender: RoleId(0),
            receiver,
            label: LabelId::at(at),
            target: StateId(1),
        })
    });
    let global = GlobalType::new(names, vec![branches.collect(), vec![]]).expect("a protocol");
    let image = try_image(&global).expect("it projects");
    for quantum in [64, 1] {
        let (mut vm, session) = open(VMConfig { quantum, ..VMConfig::default() }, &image);
        vm.run(&Last, 10).expect("no session faults");
        assert!(is_closed(&vm, session));
    }
}
