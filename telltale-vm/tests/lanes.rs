//! Roles that do several things at once: lanes begin, wait, hold up nobody, and end.

#![cfg(feature = "macros")]

use telltale_bytecode::{Assembler, CompileError};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, CoroStatus, EffectHandler, HandlerError, HandlerResult, LabelId, Message,
    Monitor, Network, NoHandler, ObsEvent, Observed, Picked, Policy, Progress, RoleId,
    SendDecision, Session, VM, VMConfig, VMError, Value, WhenFull, choreography, normalize_trace,
};

choreography! {
    protocol Both(Ann, Ben) {
        Ann -> Ben: Begin;
        par {
            loop {
                choice Talk at Ann { Ann -> Ben: Say(u32); } or { Ann -> Ben: Leave; break; }
            }
        } and {
            loop {
                choice Answer at Ben { Ben -> Ann: Tell(u32); } or { Ben -> Ann: Go; break; }
            }
        }
        Ann -> Ben: Bye(u32);
    }

    /// The same pair in both arms, and then in both arms of another part.
    protocol Shared(Ann, Ben) {
        par {
            Ann -> Ben: First(u32);
            Ann -> Ben: Second(u32);
        } and {
            Ann -> Ben: Other(u32);
        }
        par { Ann -> Ben: First(u32); } and { Ann -> Ben: Other(u32); }
    }

    /// The last role is in lanes, and others have no such role.
    protocol Three(Ann, Ben, Cleo) {
        par { loop { Ann -> Cleo: Say(u32); } } and { loop { Ben -> Cleo: Tell(u32); } }
    }

    protocol Upload(Source, Store) {
        par {
            Source -> Store: Piece(u32);
            Source -> Store: Piece(u32);
            Source -> Store: Piece(u32);
        } and {
            Source -> Store: Ping;
            Source -> Store: Ping;
            Source -> Store: Ping;
        }
        Source -> Store: Done;
    }

    protocol Relay(Mouth, Echo) {
        par { Mouth -> Echo: Word(u32); } and { Echo -> Mouth: Back(u32); }
    }

    protocol Endless(Ann, Ben) {
        par { loop { Ann -> Ben: Say(u32); } } and { loop { Ben -> Ann: Tell(u32); } }
    }
}

/// Says so many things in each lane, as numbers.
struct Says(u64);

impl EffectHandler for Says {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        let is_unit = cx.label(label).payload == "()";
        Ok(if is_unit { Value::Unit } else { Value::Uint(cx.count()) })
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        assert_ne!(cx.lane(), 0, "choices are in lanes");
        let ends = |branch: &Branch| ["Leave", "Go"].contains(&cx.label(branch.label).name);
        let is_over = cx.count() >= self.0;
        let branch = branches.iter().position(|branch| ends(branch) == is_over).unwrap_or(0);
        let value = if is_over { Value::Unit } else { Value::Uint(cx.count()) };
        Ok(Picked { branch, value })
    }
}

fn configs() -> Vec<VMConfig> {
    let mut configs = Vec::new();
    for policy in Policy::ALL {
        for (quantum, capacity) in [(64, 64), (1, 1), (3, 2)] {
            configs.push(VMConfig { policy, quantum, capacity, ..VMConfig::default() });
        }
    }
    configs
}

#[test]
fn the_trace_is_the_same_whoever_has_turns() {
    for image in [&both::IMAGE, &shared::IMAGE] {
        let mut first = None;
        for config in configs() {
            let mut vm = VM::new(config);
            vm.load_choreography(image).expect("room");
            vm.run(&Says(5), 1_000).expect("no faults");
            assert_eq!(vm.progress(), Progress::Complete);
            let trace = normalize_trace(&vm.trace());
            assert_eq!(first.get_or_insert_with(|| trace.clone()), &trace);
        }
    }
}

#[test]
fn one_step_at_a_time_is_the_same() {
    let mut whole = VM::default();
    whole.load_choreography(&both::IMAGE).expect("room");
    whole.run(&Says(3), 1_000).expect("no faults");
    let mut vm = VM::default();
    vm.load_choreography(&both::IMAGE).expect("room");
    while vm.progress() != Progress::Complete {
        vm.step_round(&Says(3), 1).expect("no faults");
    }
    assert_eq!(normalize_trace(&vm.trace()), normalize_trace(&whole.trace()));
}

#[test]
fn events_say_in_which_lane_and_on_which_channel() {
    let mut vm = VM::default();
    vm.load_choreography(&shared::IMAGE).expect("room");
    vm.run(&Says(0), 100).expect("no faults");
    let trace = vm.trace();
    let lines: Vec<String> = trace.iter().map(ToString::to_string).collect();
    assert!(lines.contains(&"#0 Ann forked into 2".to_owned()), "{lines:?}");
    assert!(lines.contains(&"#0 Ben joined 2".to_owned()), "{lines:?}");
    let mut channels: Vec<u16> = trace
        .iter()
        .filter(|event| matches!(event.what, Observed::Sent { .. }))
        .map(|event| event.channel)
        .collect();
    channels.sort_unstable();
    assert_eq!(channels, [1, 1, 2, 3, 4], "each lane has a channel of its own");
    assert!(trace.iter().any(|event| event.lane == 2));
}

#[test]
fn traces_of_lanes_are_logs_that_fit() {
    for image in [&both::IMAGE, &shared::IMAGE] {
        for config in configs() {
            let mut vm = VM::new(config);
            vm.load_choreography(image).expect("room");
            vm.run(&Says(5), 1_000).expect("no faults");
            let monitor = Monitor::of_roles(&image.global_type, image.local_types.iter());
            let log = vm.trace();
            let log = log.iter().filter_map(ObsEvent::log_event);
            let accepted = monitor.and_then(|monitor| monitor.check(log)).expect("it fits");
            assert!(accepted.is_complete(), "{accepted}");
        }
    }
}

#[test]
fn endless_lanes_hold_up_nobody() {
    for config in configs() {
        let mut vm = VM::new(config);
        let session = vm.load_choreography(&endless::IMAGE).expect("room");
        vm.run(&Says(0), 200).expect("no faults");
        let sent = |label: &str| {
            let is_sent = |event: &&ObsEvent| {
                event.to_string().contains(label) && event.to_string().contains('!')
            };
            vm.trace().iter().filter(is_sent).count()
        };
        let (say, tell) = (sent("Say"), sent("Tell"));
        assert!(say > 10 && tell > 10, "{say} and {tell}");
        assert!(say < 8 * tell && tell < 8 * say, "{say} and {tell}");
        vm.cancel(session, "enough").expect("it runs");
        assert_eq!(vm.open_sessions(), 0);
    }
}

/// A session in lanes leaves its script right after somebody has acted in a lane that it does not have.
#[test]
fn sessions_of_other_protocols_stand_beside_those_in_lanes() {
    for policy in Policy::ALL {
        for quantum in 1..10 {
            let mut vm = VM::new(VMConfig { policy, quantum, ..VMConfig::default() });
            for image in [&three::IMAGE, &endless::IMAGE, &three::IMAGE, &both::IMAGE] {
                vm.load_choreography(image).expect("room");
            }
            vm.run(&Says(3), 40).expect("no faults");
            vm.load_choreography(&endless::IMAGE).expect("room");
            vm.run(&Says(3), 40).expect("no faults");
            assert_eq!(vm.open_sessions(), 4, "only one protocol has an end");
        }
    }
}

#[test]
fn what_is_heard_in_one_lane_is_asked_for_in_another() {
    struct Ann {
        answers: u32,
        waits: u32,
    }

    impl both::Ann for Ann {
        fn begin(&mut self) -> HandlerResult<()> {
            Ok(())
        }
        fn talk(&mut self) -> HandlerResult<both::Talk> {
            if self.answers < 3 {
                self.waits += 1;
                return Err(HandlerError::pending());
            }
            Ok(both::Talk::Leave)
        }
        fn on_tell(&mut self, _: u32) -> HandlerResult<()> {
            self.answers += 1;
            Ok(())
        }
        fn on_go(&mut self) -> HandlerResult<()> {
            Ok(())
        }
        fn bye(&mut self) -> HandlerResult<u32> {
            Ok(self.answers)
        }
    }

    struct Ben {
        left: u32,
        bye: u32,
    }

    impl both::Ben for Ben {
        fn on_begin(&mut self) -> HandlerResult<()> {
            Ok(())
        }
        fn on_say(&mut self, _: u32) -> HandlerResult<()> {
            Ok(())
        }
        fn on_leave(&mut self) -> HandlerResult<()> {
            Ok(())
        }
        fn answer(&mut self) -> HandlerResult<both::Answer> {
            if self.left == 0 {
                return Ok(both::Answer::Go);
            }
            self.left -= 1;
            Ok(both::Answer::Tell(self.left))
        }
        fn on_bye(&mut self, bye: u32) -> HandlerResult<()> {
            self.bye = bye;
            Ok(())
        }
    }

    for config in configs() {
        let mut vm = VM::new(config);
        let roles = both::Roles { ann: Ann { answers: 0, waits: 0 }, ben: Ben { left: 3, bye: 0 } };
        let session = Session::open(&mut vm, &both::IMAGE, roles).expect("room");
        assert_eq!(format!("{session:?}"), "Session(#0)");
        vm.run(&NoHandler, 1_000).expect("no faults");
        let roles = session.into_roles(&mut vm).expect("it is complete");
        assert_eq!(roles.ben.bye, 3);
        assert!(roles.ann.waits >= 1);
    }
}

/// Has no answer until it is told that it has.
struct Late<'a>(&'a std::sync::atomic::AtomicBool);

impl EffectHandler for Late<'_> {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        Says(0).send(cx, to, label)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        let waits = cx.role_name() == "Ben" && cx.lane() == 0 && cx.count() == 0;
        if waits && !self.0.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(HandlerError::pending());
        }
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        if !self.0.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(HandlerError::pending());
        }
        Says(0).choose(cx, branches)
    }
}

#[test]
fn lanes_wait_for_their_handler_and_are_woken() {
    let has_answers = std::sync::atomic::AtomicBool::new(false);
    let mut vm = VM::default();
    let session = vm.load_choreography(&both::IMAGE).expect("room");
    vm.run(&Late(&has_answers), 100).expect("no faults");
    assert_eq!(vm.progress(), Progress::Waiting);
    vm.wake(session, "Ben").expect("it waits");
    vm.run(&Late(&has_answers), 100).expect("no faults");
    let view = vm.session(session).expect("it runs");
    let waiting: Vec<(String, u8, CoroStatus)> =
        view.coroutines().map(|c| (c.role().to_owned(), c.lane(), c.status())).collect();
    assert!(waiting.contains(&("Ann".to_owned(), 0, CoroStatus::AwaitsLanes)), "{waiting:?}");
    assert!(waiting.contains(&("Ann".to_owned(), 1, CoroStatus::AwaitsHandler)), "{waiting:?}");
    let text = view.to_string();
    assert!(text.contains("`Ann` in lane 1 waits for its handler"), "{text}");
    assert!(text.contains("`Ann` in lane 2 waits for `Ben`"), "{text}");
    has_answers.store(true, std::sync::atomic::Ordering::Relaxed);
    vm.wake(session, "Ann").expect("it waits");
    vm.wake(session, "Ben").expect("it waits");
    vm.run(&Late(&has_answers), 100).expect("no faults");
    assert_eq!(vm.progress(), Progress::Complete);
}

/// Has no answer to `Piece` before somebody says so; everything else is said and heard at once.
#[derive(Default)]
struct Holds(std::sync::Mutex<Vec<String>>);

impl EffectHandler for Holds {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        Says(0).send(cx, to, label)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, _: Value) -> HandlerResult<()> {
        let label = cx.label(label).name;
        self.0.lock().expect("nobody panics").push(label.to_owned());
        if label == "Piece" { Err(HandlerError::pending()) } else { Ok(()) }
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err("there are no choices".into())
    }
}

/// The same, as a role object.
#[derive(Default)]
struct Store(Vec<String>);

impl upload::Store for Store {
    fn on_piece(&mut self, _: u32) -> HandlerResult<()> {
        self.0.push("Piece".to_owned());
        Err(HandlerError::pending())
    }
    fn on_ping(&mut self) -> HandlerResult<()> {
        self.0.push("Ping".to_owned());
        Ok(())
    }
    fn on_done(&mut self) -> HandlerResult<()> {
        self.0.push("Done".to_owned());
        Ok(())
    }
}

struct Source(u32);

impl upload::Source for Source {
    fn piece(&mut self) -> HandlerResult<u32> {
        self.0 += 1;
        Ok(self.0)
    }
    fn ping(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn done(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

/// What was heard before each time that the role was woken.
const HEARD: [&[&str]; 4] = [
    &["Piece", "Ping", "Ping", "Ping"],
    &["Piece", "Ping", "Ping", "Ping", "Piece"],
    &["Piece", "Ping", "Ping", "Ping", "Piece", "Piece"],
    &["Piece", "Ping", "Ping", "Ping", "Piece", "Piece", "Done"],
];

/// That the other lanes are heard in does not let it continue: only waking does.
#[test]
fn a_lane_that_has_been_told_something_waits_until_it_is_woken() {
    let same = |mut heard: Vec<String>, expected: &[&str]| {
        // Which lane is first is the policy's business.
        let past = heard.len().min(4);
        heard[..past].sort();
        assert_eq!(heard, expected);
    };
    for config in configs() {
        let mut vm = VM::new(config.clone());
        let session = vm.load_choreography(&upload::IMAGE).expect("room");
        let handler = Holds::default();
        for (turn, expected) in HEARD.iter().enumerate() {
            if turn > 0 {
                vm.wake(session, "Store").expect("it waits");
            }
            vm.run(&handler, 1_000).expect("no faults");
            same(handler.0.lock().expect("nobody panics").clone(), expected);
        }
        assert_eq!(vm.progress(), Progress::Complete);

        let mut vm = VM::new(config);
        let roles = upload::Roles { source: Source(0), store: Store::default() };
        let session = roles.open(&mut vm).expect("room");
        vm.run(&NoHandler, 1_000).expect("no faults");
        for _ in 1..HEARD.len() {
            assert_eq!(vm.progress(), Progress::Waiting);
            vm.wake(session.id(), "Store").expect("it waits");
            vm.run(&NoHandler, 1_000).expect("no faults");
        }
        same(session.into_roles(&mut vm).expect("it is complete").store.0, HEARD[3]);
    }
}

#[test]
fn a_fault_says_in_which_lane_it_is() {
    for config in configs() {
        let mut vm = VM::new(config);
        vm.load_choreography(&shared::IMAGE).expect("room");
        let error = vm.run(&Fails, 1_000).expect_err("`Other` cannot be heard").to_string();
        assert_eq!(
            error,
            "1 session faulted; session #0: `Ben` in lane 2 at `recv Ann?Other(u32)`: not today"
        );
    }
}

/// Hears everything but `Other`.
struct Fails;

impl EffectHandler for Fails {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        Says(0).send(cx, to, label)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, _: Value) -> HandlerResult<()> {
        if cx.label(label).name == "Other" { Err("not today".into()) } else { Ok(()) }
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err("there are no choices".into())
    }
}

/// What is told to one lane may be what another waits for, also if the answer to it is pending.
#[test]
fn what_a_lane_has_no_answer_to_yet_is_asked_for_in_another() {
    struct Echo(Option<u32>);

    impl relay::Echo for Echo {
        fn on_word(&mut self, word: u32) -> HandlerResult<()> {
            self.0 = Some(word);
            Err(HandlerError::pending())
        }
        fn back(&mut self) -> HandlerResult<u32> {
            self.0.ok_or_else(HandlerError::pending)
        }
    }

    struct Mouth(u32);

    impl relay::Mouth for Mouth {
        fn word(&mut self) -> HandlerResult<u32> {
            Ok(7)
        }
        fn on_back(&mut self, back: u32) -> HandlerResult<()> {
            self.0 = back;
            Ok(())
        }
    }

    for config in configs() {
        let mut vm = VM::new(config);
        let roles = relay::Roles { mouth: Mouth(0), echo: Echo(None) };
        let session = roles.open(&mut vm).expect("room");
        vm.run(&NoHandler, 1_000).expect("no faults");
        let text = vm.session(session.id()).expect("it runs").to_string();
        assert!(text.contains("`Echo` in lane 1 waits for its handler"), "{text}");
        assert!(text.contains("`Echo` in lane 2 is done"), "{text}");
        vm.wake(session.id(), "Echo").expect("it waits");
        vm.run(&NoHandler, 1_000).expect("no faults");
        assert_eq!(session.into_roles(&mut vm).expect("it is complete").mouth.0, 7);
    }
}

#[test]
fn all_lanes_of_a_role_are_paused_and_resumed() {
    for rounds in 0..4 {
        let mut vm = VM::new(VMConfig { quantum: 2, ..VMConfig::default() });
        vm.load_choreography(&both::IMAGE).expect("room");
        vm.run(&Says(50), rounds).expect("no faults");
        vm.pause("Ann");
        vm.run(&Says(50), 1_000).expect("no faults");
        assert_eq!(vm.progress(), Progress::Waiting);
        vm.resume("Ann");
        vm.run(&Says(50), 1_000).expect("no faults");
        assert_eq!(vm.progress(), Progress::Complete);
    }
}

#[test]
fn a_full_lane_holds_up_no_other() {
    let config = VMConfig { capacity: 1, policy: Policy::RoundRobin, ..VMConfig::default() };
    let mut vm = VM::new(config);
    let session = vm.load_choreography(&endless::IMAGE).expect("room");
    vm.pause("Ben");
    vm.run(&Says(0), 100).expect("no faults");
    let text = vm.session(session).expect("it runs").to_string();
    assert!(text.contains("waits for room"), "{text}");
    vm.resume("Ben");
    vm.run(&Says(0), 100).expect("no faults");
    assert_eq!(vm.progress(), Progress::OutOfFuel);
}

#[test]
fn closing_and_cancelling_end_all_lanes() {
    for rounds in 0..6 {
        for is_closed in [false, true] {
            let mut vm = VM::new(VMConfig { quantum: 3, ..VMConfig::default() });
            let session = vm.load_choreography(&both::IMAGE).expect("room");
            vm.run(&Says(u64::MAX), rounds).expect("no faults");
            if is_closed {
                vm.close(session).expect("it runs");
                vm.run(&Says(u64::MAX), 1_000).expect("no faults");
            } else {
                vm.cancel(session, "enough").expect("it runs");
            }
            assert_eq!(vm.progress(), Progress::Complete, "after {rounds} rounds");
            assert_eq!(vm.open_sessions(), 0);
        }
    }
}

/// Keeps every message aside.
struct Slow;

impl EffectHandler for Slow {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        Says(2).send(cx, to, label)
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        Says(2).choose(cx, branches)
    }
    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for Slow {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        SendDecision::Defer
    }
}

#[test]
fn deferred_messages_find_their_lane() {
    for image in [&both::IMAGE, &shared::IMAGE] {
        let mut vm = VM::default();
        let session = vm.load_choreography(image).expect("room");
        while {
            vm.run(&Slow, 100).expect("no faults");
            vm.progress() != Progress::Complete
        } {
            let messages: Vec<Message> = vm.take_deferred(session).expect("it runs");
            assert!(!messages.is_empty());
            for message in messages {
                vm.inject(session, message).expect("there is room");
            }
        }
    }
}

#[test]
fn channels_that_lose_or_refuse_messages_are_those_of_lanes() {
    for when_full in [WhenFull::Drop, WhenFull::Error, WhenFull::Resize] {
        let mut vm = VM::new(VMConfig { capacity: 1, when_full, ..VMConfig::default() });
        vm.load_choreography(&both::IMAGE).expect("room");
        // With one message in each channel nothing is lost while all roles keep step.
        let _ = vm.run(&Says(1), 1_000);
        assert_eq!(vm.open_sessions(), 0);
    }
}

#[test]
fn a_role_in_lanes_has_no_program_by_hand_and_no_single_endpoint() {
    let image: &CodeImage = &both::IMAGE;
    let locals = image.local_types.iter().map(|(role, local)| (role.to_owned(), local.clone()));
    let error = Assembler::new(&locals.collect(), &image.global_type).expect_err("refused");
    assert_eq!(error, CompileError::LanesByHand { role: "Ann".to_owned() });
    let error = VMError::SeveralEndpoints { role: "Ann".to_owned() };
    let text = "`Ann` does several things at once, and cannot be played through one endpoint";
    assert_eq!(error.to_string(), text);
}
