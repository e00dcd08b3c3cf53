//! What is recorded of a run, how much of it is kept, and how traces are compared.

mod support;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use support::{Script, Seeded, image, inject, is_closed, lines, open, protocol, told, try_image};
use telltale_theory::oracle::{Shape, generate};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Context, EffectHandler, HandlerError, HandlerResult, LabelId, Leftover, Monitor, Network,
    ObsEvent, Observed, Picked, Policy, Recording, RoleId, SendDecision, SessionId, VM, VMConfig,
    Value, filter_by_session, normalize_trace,
};

fn recording(recording: Recording) -> VMConfig {
    VMConfig { recording, ..VMConfig::default() }
}

/// Runs three sessions of one protocol, one after the other.
fn three_sessions(config: VMConfig) -> VM {
    let image = image("A→{B:yes. B→A:thanks; B:no}");
    let mut vm = VM::new(config);
    for _ in 0..3 {
        vm.load_choreography(&image).expect("there is room");
        vm.run(&Seeded, 100).expect("no session faults");
    }
    vm
}

#[test]
fn events_print_as_they_are_written_in_papers() {
    let (mut vm, _) = open(VMConfig::default(), &image("A→{B:yes. B→A:thanks; B:no}"));
    vm.run(&Script::units(), 100).expect("no session faults");
    let yes = [
        "#0 opened",
        "#0 A chose B:yes",
        "#0 A!B:yes",
        "#0 B?A:yes",
        "#0 B!A:thanks",
        "#0 A?B:thanks",
        "#0 A halted",
        "#0 B halted",
        "#0 closed",
    ];
    assert_eq!(lines(&vm), yes);
}

#[test]
fn every_kind_of_event_prints() {
    struct Fates;
    impl EffectHandler for Fates {
        fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
            Ok(Value::Unit)
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Err(HandlerError::msg("I do not want it"))
        }
        fn choose(&self, _: &Context<'_>, _: &[telltale_vm::Branch]) -> HandlerResult<Picked> {
            Ok(Picked { branch: 0, value: Value::Unit })
        }
        fn network(&self) -> Option<&dyn Network> {
            Some(self)
        }
    }
    impl Network for Fates {
        fn decide(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> SendDecision {
            match cx.label(label).name {
                "a" => SendDecision::Drop,
                "b" => SendDecision::Defer,
                _ => SendDecision::Deliver,
            }
        }
    }
    let image = image("A→B:a. A→B:b. A→B:c");
    let mut vm = VM::new(VMConfig::default());
    let [faulty, cancelled] =
        [(); 2].map(|()| vm.load_choreography(&image).expect("there is room"));
    vm.cancel(cancelled, "not this one").expect("it runs");
    vm.pause("B");
    vm.run(&Fates, 100).expect("B cannot fault yet");
    inject(&mut vm, faulty, ("A", "B", "a"), Value::Unit).expect("there is room");
    vm.resume("B");
    vm.run(&Fates, 100).expect_err("B faults");
    let events = [
        "#0 opened",
        "#1 opened",
        "#1 cancelled",
        "#0 A!B:a was lost",
        "#0 A!B:b was deferred",
        "#0 A!B:c",
        "#0 A halted",
        "#0 A!B:a was injected",
        "#0 faulted: `B` at `recv A?a`: expected `a` from `A`, found `c`",
    ];
    assert_eq!(lines(&vm), events);
}

#[test]
fn off_records_nothing() {
    let vm = three_sessions(recording(Recording::Off));
    assert!(vm.trace().is_empty());
    assert!(vm.clock().now() > 0, "the clock goes on");
}

#[test]
fn last_keeps_exactly_the_last() {
    let all = three_sessions(recording(Recording::Full)).trace();
    for keep in 0..all.len() + 3 {
        let kept = three_sessions(recording(Recording::Last(keep))).trace();
        assert_eq!(kept, all[all.len().saturating_sub(keep)..], "the last {keep}");
    }
    assert_eq!(three_sessions(recording(Recording::Last(usize::MAX))).trace(), all);
}

/// Runs one endless conversation for so many rounds, and ends it with a fault.
fn long_run(config: VMConfig) -> VM {
    let (mut vm, _) = open(config, &image("μt. A→B:x. B→A:y. t"));
    vm.run(&Seeded, 700).expect("no session faults");
    let refuse = Script::new(|_, _, _| Err(HandlerError::msg("enough")));
    vm.run(&refuse, 100).expect_err("the session faults");
    vm
}

#[test]
fn last_keeps_exactly_the_last_of_a_long_run() {
    let all = long_run(recording(Recording::Full)).trace();
    assert!(all.len() > 44_000);
    for keep in [1, 2, 1_000, 16_384, 16_385, 40_000] {
        let kept = long_run(recording(Recording::Last(keep))).trace();
        assert_eq!(kept.len(), keep);
        assert!(kept == all[all.len() - keep..], "the last {keep}");
    }
}

#[test]
fn rounds_in_which_nothing_happens_push_nothing_out() {
    let (mut vm, session) = open(recording(Recording::Last(4)), &image("A→B:x. A→B:y"));
    vm.run(&Script::units(), 100).expect("no session faults");
    assert!(is_closed(&vm, session));
    let last = lines(&vm);
    for _ in 0..100_000 {
        vm.step_round(&Seeded, 1).expect("no session faults");
    }
    assert_eq!(lines(&vm), last);
}

#[test]
fn faults_are_kept_with_their_events() {
    let image = image("A→B:x");
    let mut vm = VM::new(recording(Recording::Last(5)));
    for nth in 0..10_000 {
        vm.load_choreography(&image).expect("there is room");
        let refuse = Script::new(move |_, _, _| Err(HandlerError::msg(format!("no {nth}"))));
        vm.run(&refuse, 100).expect_err("the session faults");
    }
    let faulted = "#9999 faulted: `A` at `send B!x`: no 9999";
    assert_eq!(lines(&vm).last().expect("events"), faulted);
    assert_eq!(lines(&vm)[2], "#9998 faulted: `A` at `send B!x`: no 9998");
}

#[test]
fn a_sink_is_told_everything_in_order() {
    for kept in [Recording::Full, Recording::Last(2)] {
        let mut vm = VM::new(recording(kept));
        let told = told(&mut vm);
        for _ in 0..2 {
            vm.load_choreography(&image("μt. A→B:x. t")).expect("there is room");
        }
        vm.run(&Seeded, 50).expect("no session faults");
        let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
        for session in sessions {
            vm.cancel(session, "enough").expect("it runs");
        }
        vm.run(&Seeded, 50).expect("no session faults");
        assert!(vm.trace().is_empty(), "the sink has it");

        let told = told.lock().expect("nobody panicked");
        let mut same = VM::new(VMConfig::default());
        for _ in 0..2 {
            same.load_choreography(&image("μt. A→B:x. t")).expect("there is room");
        }
        same.run(&Seeded, 50).expect("no session faults");
        let before = same.trace().len();
        assert_eq!(told[..before], same.trace());
        let after: Vec<String> = told[before..].iter().map(ToString::to_string).collect();
        assert_eq!(after, ["#0 cancelled", "#1 cancelled"]);
    }
}

#[test]
fn ticks_are_rounds() {
    let (mut vm, _) = open(
        VMConfig { policy: Policy::RoundRobin, ..VMConfig::default() },
        &image("A→B:x. B→A:y"),
    );
    let mut ticks = vec![vm.clock().now()];
    while vm.open_sessions() > 0 {
        vm.step_round(&Seeded, usize::MAX).expect("no session faults");
        ticks.push(vm.clock().now());
    }
    assert!(ticks.iter().copied().eq(0..ticks.len() as u64), "{ticks:?}");
    let events: Vec<(u64, String)> =
        vm.trace().iter().map(|event| (event.tick, event.to_string())).collect();
    let expected = [
        (0, "#0 opened"),
        (1, "#0 A!B:x"),
        (1, "#0 B?A:x"),
        (2, "#0 B!A:y"),
        (3, "#0 A?B:y"),
        (3, "#0 B halted"),
        (4, "#0 A halted"),
        (4, "#0 closed"),
    ];
    let expected = expected.map(|(tick, text)| (tick, text.to_owned()));
    assert_eq!(events, expected);
}

/// Traces of random protocols.
fn traces() -> impl Iterator<Item = Vec<ObsEvent>> {
    images().map(|image| three_at_once(&image))
}

fn images() -> impl Iterator<Item = CodeImage> {
    (0..400).filter_map(|seed| try_image(&generate(seed, Shape::default())))
}

fn three_at_once(image: &CodeImage) -> Vec<ObsEvent> {
    let mut vm = VM::new(VMConfig { capacity: 2, ..VMConfig::default() });
    for _ in 0..3 {
        vm.load_choreography(image).expect("there is room");
    }
    vm.run(&Seeded, 3).expect("no session faults");
    vm.trace()
}

#[test]
fn the_trace_of_a_session_is_a_log_that_fits() {
    let mut complete = 0;
    for image in images() {
        let trace = three_at_once(&image);
        let sessions: BTreeSet<SessionId> = trace.iter().map(|event| event.session).collect();
        for session in sessions {
            let trace = filter_by_session(&trace, session);
            let log = || trace.iter().filter_map(ObsEvent::log_event);
            let monitor = Monitor::of_roles(&image.global_type, image.local_types.iter());
            let accepted = monitor.and_then(|monitor| monitor.check(log()));
            let accepted = accepted.expect("the machine does what the protocol says");
            let is_closed = trace.iter().any(|event| event.what == Observed::Closed);
            assert_eq!(accepted.is_complete(), is_closed, "{accepted}");
            assert_eq!(accepted.events as usize, log().count());
            complete += usize::from(is_closed);
            for (role, local) in image.local_types.iter() {
                let accepted = local.accepts(role, log()).expect("each role does its part");
                assert!(accepted.is_complete() || !is_closed, "{accepted}");
            }
        }
    }
    assert!(complete > 100, "{complete}");
}

#[test]
fn the_trace_of_a_message_from_outside_does_not_fit() {
    let image = image("A→B:x. A→B:x. B→A:y");
    let config = VMConfig { leftover: Leftover::Drop, ..VMConfig::default() };
    let (mut vm, session) = open(config, &image);
    vm.pause("A");
    vm.run(&Seeded, 10).expect("no session faults");
    inject(&mut vm, session, ("A", "B", "x"), Value::Unit).expect("there is room");
    vm.run(&Seeded, 10).expect("no session faults");
    let monitor = Monitor::of_roles(&image.global_type, image.local_types.iter());
    let monitor = monitor.expect("these are the parts of the protocol");
    let error = monitor.check(vm.trace().iter().filter_map(ObsEvent::log_event));
    assert_eq!(
        error.expect_err("nobody has sent it").to_string(),
        "event 1: `B?A:x` does not fit, for nothing is under way from `A` to `B`; expected `A!B:x`"
    );
}

#[test]
fn the_normal_form_of_a_normal_form_is_itself() {
    for trace in traces() {
        let normal = normalize_trace(&trace);
        assert_eq!(normalize_trace(&normal), normal);
        assert_eq!(normal.len(), trace.len());
    }
}

#[test]
fn sessions_are_normalised_on_their_own() {
    for trace in traces() {
        let normal = normalize_trace(&trace);
        for session in trace.iter().map(|event| event.session) {
            let own = normalize_trace(&filter_by_session(&trace, session));
            assert_eq!(filter_by_session(&normal, session), own);
        }
    }
}

#[test]
fn the_normal_form_keeps_causes_before_effects() {
    for trace in traces() {
        for session in trace.iter().map(|event| event.session) {
            let normal = normalize_trace(&filter_by_session(&trace, session));
            // A receipt is later than its sending, a role's events are later than its earlier ones.
            for (at, event) in normal.iter().enumerate() {
                let earlier = &normal[..at];
                let same_role = |other: &&ObsEvent| other.actor() == event.actor();
                if let Some(before) = earlier.iter().rev().find(same_role) {
                    assert!(before.tick < event.tick || event.actor().is_none());
                }
                if let Observed::Received { from, to, label } = event.what {
                    let sent = Observed::Sent { from, to, label };
                    let cause = earlier.iter().find(|other| other.what == sent);
                    assert!(cause.is_some_and(|cause| cause.tick < event.tick));
                }
            }
        }
    }
}

#[test]
fn the_normal_form_holds_with_messages_from_outside() {
    let config = VMConfig { leftover: Leftover::Drop, ..VMConfig::default() };
    let (mut vm, session) = open(config, &image("A→B:x. A→B:x. B→A:y"));
    vm.pause("A");
    vm.run(&Seeded, 10).expect("no session faults");
    inject(&mut vm, session, ("A", "B", "x"), Value::Unit).expect("there is room");
    vm.run(&Seeded, 10).expect("no session faults");
    vm.resume("A");
    vm.run(&Seeded, 10).expect("no session faults");
    let normal = normalize_trace(&vm.trace());
    assert_eq!(normalize_trace(&normal), normal);
}

#[test]
fn events_say_who_acted_and_how_roles_are_called() {
    let image = try_image(&protocol("Anna→Ben:x")).expect("the protocol projects");
    let (mut vm, _) = open(VMConfig::default(), &image);
    vm.run(&Seeded, 10).expect("no session faults");
    let actors: Vec<Option<String>> = vm
        .trace()
        .iter()
        .map(|event| event.actor().map(|role| event.role(role).to_owned()))
        .collect();
    let [anna, ben] = ["Anna", "Ben"].map(|name| Some(name.to_owned()));
    assert_eq!(actors, [None, anna.clone(), ben.clone(), anna, ben, None]);
}

#[test]
fn a_sink_that_panics_is_told_the_rest_afterwards() {
    for fatal in 0..6 {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = told.clone();
        let mut vm = VM::new(recording(Recording::Full));
        vm.record_to(move |event| {
            let nth = {
                let mut told = sink.lock().expect("nobody panics while it is locked");
                told.push(event.to_string());
                told.len()
            };
            assert_ne!(nth, fatal + 1, "a sink that cannot go on");
        });
        for _ in 0..2 {
            vm.load_choreography(&image("A→B:x.B→A:y")).expect("there is room");
        }
        let ran = catch_unwind(AssertUnwindSafe(|| vm.run(&Seeded, 50)));
        assert!(ran.is_err(), "the panic is the sink's, and goes to whoever runs");
        vm.run(&Seeded, 50).expect("no session faults");
        let mut same = VM::new(recording(Recording::Full));
        for _ in 0..2 {
            same.load_choreography(&image("A→B:x.B→A:y")).expect("there is room");
        }
        same.run(&Seeded, 50).expect("no session faults");
        let mut told = told.lock().expect("nobody panics while it is locked").clone();
        let mut all = lines(&same);
        // Of an exchange at whose first half it panics, it is not told the second.
        let lost = all.iter().filter(|line| !told.contains(line)).count();
        assert!(lost <= 1, "{lost} are lost at {fatal}");
        told.sort();
        told.dedup();
        all.retain(|line| told.contains(line));
        all.sort();
        assert_eq!(told, all);
    }
}
