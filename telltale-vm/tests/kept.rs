//! What a VM keeps, gives back and tells apart.

mod support;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use support::{Script, Seeded, image, image_of, inject, lines, open};
use telltale_vm::{
    Branch, Cause, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Leftover, Network,
    Picked, Policy, Progress, Recording, RoleId, SendDecision, SessionStatus, VM, VMConfig,
    VMError, Value, WhenFull,
};

#[test]
fn sessions_that_are_cancelled_before_they_run_are_given_back() {
    let image = image("A→B:x");
    let mut vm = VM::new(VMConfig::default());
    let mut memory = 0;
    for round in 0..3_000 {
        let session = vm.load_choreography(&image).expect("room");
        vm.cancel(session, "never mind").expect("it is open");
        assert_eq!(vm.progress(), Progress::Complete);
        memory = if round < 100 { vm.session_memory() } else { memory };
    }
    assert_eq!(vm.session_memory(), memory);
}

#[test]
fn buffers_of_a_burst_are_given_back() {
    const BURST: usize = 500;
    let burst = "A→B:x. ".repeat(BURST) + "B→A:y";
    let image = image_of(&burst, "u64");
    let config = VMConfig { capacity: 1, when_full: WhenFull::Resize, ..VMConfig::default() };
    let mut vm = VM::new(config);
    vm.pause("B");
    for _ in 0..400 {
        vm.load_choreography(&image).expect("room");
    }
    vm.run(&Seeded, 10_000).expect("no session faults");
    let most = vm.session_memory();
    vm.resume("B");
    vm.run(&Seeded, 10_000).expect("no session faults");
    assert_eq!(vm.progress(), Progress::Complete);
    assert!(vm.session_memory() < most / 4, "{} of {most}", vm.session_memory());
}

#[test]
fn a_session_of_another_vm_is_told_apart() {
    let image = image("A→B:x");
    let (_, foreign) = open(VMConfig::default(), &image);
    let (mut vm, own) = open(VMConfig::default(), &image);
    assert_eq!(own, foreign, "they are the same in the order of their VMs");
    let message = |vm: &VM| vm.session(own).and_then(|s| s.message("A", "B", "x", Value::Unit));
    let message = message(&vm).expect("the protocol has it");
    let errors = [
        vm.status(foreign).err(),
        vm.session(foreign).err(),
        vm.cancel(foreign, "not mine").err(),
        vm.close(foreign).err(),
        vm.wake(foreign, "A").err(),
        vm.inject(foreign, message).err().map(VMError::from),
        vm.give_up_deferred(foreign).err(),
        vm.take_deferred(foreign).err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(VMError::ForeignSession { .. })), "{error:?}");
    }
    assert_eq!(vm.status(own).ok(), Some(SessionStatus::Active));
}

#[test]
fn the_first_fault_is_that_of_the_session_opened_first() {
    // The second session faults in an earlier round.
    let late = Script::new(|_, what, before| match (what, before) {
        ("x!", 0) => Ok(Value::Unit),
        _ => Err(HandlerError::msg("no")),
    });
    let config = VMConfig { quantum: 1, ..VMConfig::default() };
    let mut vm = VM::new(config);
    let first = vm.load_choreography(&image("A→B:x. A→B:x")).expect("room");
    vm.load_choreography(&image("C→D:y")).expect("room");
    let Err(VMError::Faulted { session, count: 2, .. }) = vm.run(&late, 100) else {
        panic!("both fault")
    };
    assert_eq!(session, first);
}

#[test]
fn recording_is_bounded_by_default_and_says_what_it_has_forgotten() {
    let (mut vm, _) = open(VMConfig::default(), &image("μt. A→B:x. t"));
    vm.run(&Seeded, 4_000).expect("no session faults");
    let kept = vm.trace().len();
    assert_eq!(kept, 1 << 16);
    let config = VMConfig { recording: Recording::Full, ..VMConfig::default() };
    let (mut whole, _) = open(config, &image("μt. A→B:x. t"));
    whole.run(&Seeded, 4_000).expect("no session faults");
    assert_eq!(vm.forgotten_events() + kept as u64, whole.trace().len() as u64);
    assert_eq!(whole.forgotten_events(), 0);
}

#[test]
fn injected_payloads_are_checked_for_handlers_as_well() {
    let (mut vm, session) = open(VMConfig::default(), &image_of("A→B:S", "String"));
    vm.pause("A");
    inject(&mut vm, session, ("A", "B", "S"), Value::Uint(7)).expect("there is room");
    vm.run(&Seeded, 10).expect_err("it faults");
    let (_, fault) = vm.faults().next().expect("a fault");
    assert!(matches!(fault.cause, Cause::WrongPayload { .. }), "{fault}");
    let text = "`B` at `recv A?S(String)`: expected `String` as payload of `S`, \
                found `7`, an unsigned integer";
    assert_eq!(fault.to_string(), text);
}

#[test]
fn a_message_that_nobody_receives_is_a_fault_unless_it_may_be_dropped() {
    for (leftover, expected) in
        [(Leftover::Fault, SessionStatus::Faulted), (Leftover::Drop, SessionStatus::Closed)]
    {
        let config = VMConfig { leftover, ..VMConfig::default() };
        let (mut vm, session) = open(config, &image("A→B:x. A→C:z"));
        vm.pause("C");
        vm.run(&Seeded, 10).expect("no session faults");
        inject(&mut vm, session, ("A", "B", "x"), Value::Unit).expect("there is room");
        let waiting = vm.session(session).expect("it waits").to_string();
        assert!(waiting.contains("1 message of `A` is left for `B`"), "{waiting}");
        vm.resume("C");
        let run = vm.run(&Seeded, 10);
        assert_eq!(vm.status(session).ok(), Some(expected));
        let text = "1 session faulted; session #0: `A` sent `x` to `B`, which is done";
        assert_eq!(
            run.err().map(|error| error.to_string()),
            (leftover == Leftover::Fault).then(|| text.to_owned())
        );
    }
}

/// Defers everything.
struct Later;

impl EffectHandler for Later {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Unit)
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for Later {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        SendDecision::Defer
    }
}

#[test]
fn a_session_says_which_messages_it_waits_for() {
    let (mut vm, session) = open(VMConfig::default(), &image("A→B:x. B→A:y"));
    vm.run(&Later, 10).expect("no session faults");
    let waiting: Vec<String> = vm.waiting().map(|session| session.to_string()).collect();
    let text = "#0: `A` waits for `B`, `B` waits for `A`, `x` from `A` to `B` is deferred";
    assert_eq!(waiting, [text]);
    assert_eq!(vm.give_up_deferred(session).expect("it waits"), 1);
    let error = vm.run(&Later, 10).expect_err("now it is stuck").to_string();
    assert!(error.ends_with("stuck: `A` waits for `B`, `B` waits for `A`"), "{error}");
}

#[test]
fn a_deferred_message_that_was_taken_can_be_given_up() {
    for closes in [false, true] {
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:x. B→A:y"));
        vm.run(&Later, 10).expect("no session faults");
        assert_eq!(vm.take_deferred(session).expect("it waits").len(), 1);
        if closes {
            vm.close(session).expect("it runs");
        }
        vm.run(&Later, 10).expect("it waits");
        assert_eq!(vm.progress(), Progress::Waiting);
        assert_eq!(vm.give_up_deferred(session).expect("it waits"), 1);
        let _ = vm.run(&Later, 10);
        assert_eq!(vm.progress(), Progress::Complete, "{vm}");
    }
}

#[test]
fn an_injected_message_that_nobody_waits_for_settles_the_session() {
    // Somebody else is what B waits for; the deferred message comes in, and nothing can follow.
    let (mut vm, session) = open(VMConfig::default(), &image("A→B:x. C→B:y. B→A:z"));
    vm.run(&Later, 10).expect("no session faults");
    let mut deferred = vm.take_deferred(session).expect("it waits");
    deferred.retain(|message| message.from == RoleId(0));
    let other = vm.session(session).expect("it waits").message("C", "B", "y", Value::Unit);
    vm.inject(session, other.expect("the protocol has it")).expect("there is room");
    vm.run(&Later, 10).expect("it waits for x");
    assert_eq!(vm.progress(), Progress::Waiting);
    assert_eq!(vm.give_up_deferred(session).expect("it waits"), 1);
    vm.run(&Later, 10).expect_err("it is stuck");
    assert_eq!(vm.progress(), Progress::Complete);
}

#[test]
fn chance_shows_both_orders_of_what_is_independent_and_the_seed_replays_them() {
    let image = image("A→B:x. C→D:y");
    let order = |policy, seed| {
        let (mut vm, _) = open(VMConfig { policy, seed, ..VMConfig::default() }, &image);
        vm.run(&Seeded, 100).expect("no session faults");
        lines(&vm)
    };
    let is_first = |trace: &[String]| {
        trace.iter().position(|line| line == "#0 A!B:x")
            < trace.iter().position(|line| line == "#0 C!D:y")
    };
    let orders: BTreeSet<bool> =
        (0..40).map(|seed| is_first(&order(Policy::Random, seed))).collect();
    assert_eq!(orders.len(), 2, "one order only");
    for seed in 0..40 {
        assert_eq!(order(Policy::Random, seed), order(Policy::Random, seed));
    }
}

#[test]
fn pausing_says_whether_there_is_anybody_to_pause() {
    let (mut vm, _) = open(VMConfig::default(), &image("A→B:x"));
    assert_eq!((vm.pause("A"), vm.pause("Alice")), (1, 0));
}

/// Panics when it is dropped, with something that panics when it is dropped.
struct Bomb(Arc<Mutex<usize>>);

impl Drop for Bomb {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
        if DEPTH.replace(DEPTH.get() + 1) < 3 {
            std::panic::panic_any(Bomb(self.0.clone()));
        }
        DEPTH.set(0);
    }
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

#[test]
fn what_a_panic_carries_may_panic() {
    let bombs = Arc::new(Mutex::new(0));
    let thrown = bombs.clone();
    let script = Script::new(move |_, _, _| std::panic::panic_any(Bomb(thrown.clone())));
    let (mut vm, session) = open(VMConfig::default(), &image("A→B:x"));
    let error = vm.run(&script, 10).expect_err("it faults").to_string();
    assert!(error.ends_with("it panicked: a value that is not text"), "{error}");
    assert_eq!(vm.status(session).ok(), Some(SessionStatus::Faulted));
    assert!(vm.progress() == Progress::Complete && *bombs.lock().expect("whole") > 1);
}

#[test]
fn answers_that_are_held_may_panic_when_they_are_dropped() {
    let bombs = Arc::new(Mutex::new(0));
    let held = bombs.clone();
    let script = Script::new(move |_, _, _| Ok(Value::opaque(Bomb(held.clone()))));
    let config = VMConfig { capacity: 1, ..VMConfig::default() };
    let (mut vm, session) = open(config, &image_of("A→B:x. A→{B:y; B:z}", "Any"));
    vm.pause("B");
    vm.run(&script, 10).expect("it waits for room");
    vm.cancel(session, "enough").expect("it runs");
    assert_eq!(vm.progress(), Progress::Complete);
    drop(vm);
    assert!(*bombs.lock().expect("whole") >= 2);
}

#[test]
fn a_sink_gets_every_event() {
    let image = image("A→B:x");
    let told = Arc::new(Mutex::new(0));
    let sink = told.clone();
    let mut vm = VM::new(VMConfig::default());
    vm.record_to(move |_| *sink.lock().expect("whole") += 1);
    for _ in 0..30_000 {
        vm.load_choreography(&image).expect("room");
    }
    vm.run(&Seeded, 100).expect("no session faults");
    assert_eq!(*told.lock().expect("whole"), 30_000 * 6);
    assert_eq!(vm.forgotten_events(), 0);
}

#[test]
fn an_injected_message_takes_the_place_of_the_latest_value() {
    let mode = telltale_vm::ChannelMode::LatestValue;
    for capacity in [64, 1] {
        let config = VMConfig { mode, capacity, ..VMConfig::default() };
        let (mut vm, session) = open(config, &image("A→B:x. A→B:x. B→A:y"));
        vm.pause("A");
        for _ in 0..2 {
            inject(&mut vm, session, ("A", "B", "x"), Value::Unit).expect("it takes its place");
        }
        assert_eq!(support::queued(&vm, session, "A", "B"), 1);
        assert!(lines(&vm).contains(&"#0 A!B:x was lost".to_owned()));
    }
}
