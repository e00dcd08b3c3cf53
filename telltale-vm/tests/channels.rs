//! What channels do when they are full, what they keep, and that nothing in them is ever forgotten.

mod support;

use std::sync::Mutex;

use support::{
    Census, Counted, Script, Seeded, image, image_of, inject, is_closed, lines, open, queued,
};
use telltale_vm::{
    Branch, ChannelConfig, ChannelMode, Context, EffectHandler, HandlerError, HandlerResult,
    LabelId, Leftover, Picked, Recording, RoleId, SessionStatus, VMConfig, VMError, Value,
    WhenFull,
};

/// A sends B five messages, then waits for an answer; B starts by hearing from C, whom A releases
/// last. So all five are in the channel at once, if there is room.
const BURST: &str = "A→B:a. A→B:a. A→B:a. A→B:a. A→B:a. A→C:go. C→B:go. B→A:done";

/// The same, but B takes nothing before `go`.
const HELD: &str = "A→C:go. C→B:go. A→B:a. A→B:a. A→B:a. A→B:a. A→B:b. B→A:done";

fn with(capacity: u16, when_full: WhenFull, mode: ChannelMode) -> VMConfig {
    VMConfig { capacity, when_full, mode, ..VMConfig::default() }
}

/// A machine in which nobody but A has run, who has gone as far as it could.
fn a_alone(config: VMConfig, text: &str) -> (telltale_vm::VM, telltale_vm::SessionId) {
    let (mut vm, session) = open(config, &image_of(text, "u64"));
    for role in ["B", "C"] {
        vm.pause(role);
    }
    vm.run(&Numbers::default(), 100).expect("no session faults");
    (vm, session)
}

/// Gives 0, 1, 2, … and keeps what arrives.
#[derive(Default)]
struct Numbers {
    told: Mutex<Vec<String>>,
}

impl EffectHandler for Numbers {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Uint(cx.count()))
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, v: Value) -> HandlerResult<()> {
        let line = format!("{} {}={v}", cx.role_name(), cx.label(label).name);
        self.told.lock().expect("nobody panicked").push(line);
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Uint(0) })
    }
}

/// What B is told when everybody runs again.
fn then_everybody(vm: &mut telltale_vm::VM) -> (Vec<String>, Result<(), VMError>) {
    let numbers = Numbers::default();
    vm.resume("B");
    vm.resume("C");
    let result = vm.run(&numbers, 1_000).map(drop);
    (numbers.told.into_inner().expect("nobody panicked"), result)
}

#[test]
fn a_sender_waits_for_room_and_is_woken() {
    for capacity in [1, 2, 3, 4, 5, 64] {
        let config = with(capacity, WhenFull::Block, ChannelMode::Fifo);
        let (mut vm, session) = a_alone(config, BURST);
        assert_eq!(queued(&vm, session, "A", "B"), usize::from(capacity.min(5)));
        let (told, result) = then_everybody(&mut vm);
        result.expect("no session faults");
        let a = ["B a=0", "B a=1", "B a=2", "B a=3", "B a=4"];
        let told: Vec<&String> = told.iter().filter(|line| line.starts_with("B a")).collect();
        assert_eq!(told, a, "capacity {capacity}");
        assert!(is_closed(&vm, session));
    }
}

#[test]
fn a_capacity_of_nothing_is_one() {
    let (vm, session) = a_alone(with(0, WhenFull::Block, ChannelMode::Fifo), BURST);
    assert_eq!(queued(&vm, session, "A", "B"), 1);
}

#[test]
fn drop_loses_the_new_message_and_says_so() {
    let (mut vm, _) = a_alone(with(2, WhenFull::Drop, ChannelMode::Fifo), BURST);
    let lost = lines(&vm).iter().filter(|line| *line == "#0 A!B:a(u64) was lost").count();
    assert_eq!(lost, 3);
    let (told, result) = then_everybody(&mut vm);
    assert_eq!(told, ["B a=0", "B a=1", "C go=5"], "the first two were kept");
    // B waits for ever for what was lost.
    let stuck = "1 session faulted; session #0: the session is stuck: \
                 `A` waits for `B`, `B` waits for `A`";
    assert_eq!(result.expect_err("the session faults").to_string(), stuck);
}

#[test]
fn error_faults_at_the_message_without_room() {
    let (mut vm, session) =
        open(with(2, WhenFull::Error, ChannelMode::Fifo), &image_of(BURST, "u64"));
    vm.pause("B");
    let error = vm.run(&Numbers::default(), 100).expect_err("the session faults");
    let text = "1 session faulted; session #0: `A` at `send B!a(u64)`: \
                no room for `a(u64)` to `B`: the channel holds 2 messages";
    assert_eq!(error.to_string(), text);
    assert_eq!(vm.status(session).expect("it is known"), SessionStatus::Faulted);
}

#[test]
fn resize_grows_to_its_limit_and_no_further() {
    let limit =
        |max_buffered| VMConfig { max_buffered, ..with(1, WhenFull::Resize, ChannelMode::Fifo) };
    let (mut vm, session) = a_alone(limit(5), BURST);
    assert_eq!(queued(&vm, session, "A", "B"), 5);
    then_everybody(&mut vm).1.expect("no session faults");
    assert!(is_closed(&vm, session));

    let (mut vm, _) = open(limit(4), &image_of(BURST, "u64"));
    vm.pause("B");
    let error = vm.run(&Numbers::default(), 100).expect_err("the session faults").to_string();
    assert!(error.ends_with("the channel holds 4 messages"), "{error}");
}

#[test]
fn latest_value_replaces_the_newest_of_the_same_label() {
    let config = with(64, WhenFull::Block, ChannelMode::LatestValue);
    let (mut vm, session) = a_alone(config, HELD);
    assert_eq!(queued(&vm, session, "A", "B"), 2, "one a and one b");
    let lost = lines(&vm).iter().filter(|line| line.ends_with("was lost")).count();
    assert_eq!(lost, 3);
    let (told, result) = then_everybody(&mut vm);
    assert_eq!(told, ["C go=0", "B go=1", "B a=4"], "the last a");
    let cause = "expected `a(u64)` from `A`, found `b(u64)`";
    assert!(result.expect_err("the session faults").to_string().ends_with(cause));
}

#[test]
fn latest_value_of_another_label_waits_for_room() {
    let config = with(1, WhenFull::Block, ChannelMode::LatestValue);
    let (vm, session) = a_alone(config, HELD);
    let view = vm.session(session).expect("it runs").to_string();
    assert!(view.contains("`A` waits for room in its channel to `B`"), "{view}");
    assert_eq!(lines(&vm).last().expect("events"), "#0 A!B:a(u64)");
}

#[test]
fn a_channel_can_be_different_from_the_others() {
    let own = |from: &str, to: &str, capacity, when_full| ChannelConfig {
        from: from.to_owned(),
        to: to.to_owned(),
        capacity,
        when_full,
        mode: ChannelMode::Fifo,
    };
    let config = VMConfig {
        channels: vec![
            own("A", "B", 2, WhenFull::Drop),
            own("A", "B", 64, WhenFull::Error),
            own("B", "A", 1, WhenFull::Error),
        ],
        ..VMConfig::default()
    };
    let (vm, session) = a_alone(config, BURST);
    assert_eq!(queued(&vm, session, "A", "B"), 2);
    assert_eq!(lines(&vm).iter().filter(|line| line.ends_with("was lost")).count(), 3);
}

/// A stream that is as long as the handler wants, behind which B starts.
const STREAM: &str = "μt. A→{B:more. t; B:last. A→C:go. C→B:go}";

/// Lets A send so many messages, and says of each what it carries.
struct Stream<F> {
    messages: u64,
    payload: F,
    arrived: Mutex<Vec<Value>>,
}

impl<F: Fn(u64) -> Value + Sync> Stream<F> {
    fn new(messages: u64, payload: F) -> Self {
        Self { messages, payload, arrived: Mutex::default() }
    }
}

impl<F: Fn(u64) -> Value + Sync> EffectHandler for Stream<F> {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok((self.payload)(cx.count()))
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, value: Value) -> HandlerResult<()> {
        if cx.role_name() == "B" {
            self.arrived.lock().expect("nobody panicked").push(value);
        }
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let is_last = cx.count() + 1 == self.messages;
        let wanted = if is_last { "last" } else { "more" };
        let branch = branches.iter().position(|branch| cx.label(branch.label).name == wanted);
        let branch = branch.ok_or_else(|| HandlerError::msg("no such branch"))?;
        Ok(Picked { branch, value: (self.payload)(cx.count()) })
    }
}

#[test]
fn rings_grow_with_payloads_that_are_not_scalars() {
    let image = image_of(STREAM, "Any");
    let kinds = |n: u64| match n % 5 {
        0 => Value::text(n.to_string()),
        1 => Value::bytes(n.to_le_bytes()),
        2 => Value::record([("n", Value::Uint(n)), ("text", Value::text("x"))]),
        3 => Value::Uint(n),
        _ => Value::opaque(n),
    };
    for messages in [1, 4, 5, 16, 17, 33, 1_000] {
        let stream = Stream::new(messages, kinds);
        let config = VMConfig { capacity: u16::MAX, ..VMConfig::default() };
        let (mut vm, session) = open(config, &image);
        vm.pause("B");
        vm.run(&stream, 1_000).expect("no session faults");
        assert_eq!(queued(&vm, session, "A", "B"), messages as usize);
        vm.resume("B");
        vm.run(&stream, 1_000).expect("no session faults");
        assert!(is_closed(&vm, session));
        let arrived = stream.arrived.into_inner().expect("nobody panicked");
        let texts: Vec<String> = arrived[..messages as usize].iter().map(show).collect();
        let expected: Vec<String> = (0..messages).map(|n| show(&kinds(n))).collect();
        assert_eq!(texts, expected);
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Large(_) if value.as_text().is_none() => format!("{value:?} {value}"),
        value => value.to_string(),
    }
}

#[test]
fn the_largest_ring_holds_as_many_messages_as_its_length_can_count() {
    let stream = Stream::new(70_000, Value::Uint);
    let config = VMConfig {
        capacity: u16::MAX,
        recording: Recording::Off,
        quantum: u32::MAX,
        ..VMConfig::default()
    };
    let (mut vm, session) = open(config, &image_of(STREAM, "u64"));
    vm.pause("B");
    vm.run(&stream, 10).expect("no session faults");
    assert_eq!(queued(&vm, session, "A", "B"), usize::from(u16::MAX));
    vm.resume("B");
    vm.run(&stream, 1_000_000).expect("no session faults");
    assert!(is_closed(&vm, session));
    let arrived = stream.arrived.into_inner().expect("nobody panicked");
    let in_order =
        |(at, value): (usize, &Value)| matches!(value, Value::Uint(n) if *n == at as u64);
    assert!(arrived[..70_000].iter().enumerate().all(in_order));
}

/// A machine whose session has `messages` counted payloads in the channel from A to B.
fn with_counted(census: &Census, messages: u64) -> (telltale_vm::VM, telltale_vm::SessionId) {
    let config = VMConfig { capacity: u16::MAX, ..VMConfig::default() };
    let (mut vm, session) = open(config, &image_of(STREAM, "Any"));
    vm.pause("B");
    vm.run(&Stream::new(messages, |_| census.payload()), 1_000).expect("no session faults");
    assert_eq!(census.alive(), messages as usize + 1, "and the one from C to B");
    (vm, session)
}

#[test]
fn a_cancelled_session_drops_what_is_in_its_channels() {
    for messages in [1, 4, 5, 100] {
        let census = Census::default();
        let (mut vm, session) = with_counted(&census, messages);
        vm.cancel(session, "enough").expect("it runs");
        assert_eq!(census.alive(), 0);
    }
}

#[test]
fn a_faulted_session_drops_what_is_in_its_channels() {
    for messages in [1, 4, 5, 100] {
        let census = Census::default();
        let (mut vm, _) = with_counted(&census, messages);
        vm.resume("B");
        let refuse = Script::new(|_, _, _| Err(HandlerError::msg("no")));
        vm.run(&refuse, 100).expect_err("the session faults");
        assert_eq!(census.alive(), 0);
    }
}

#[test]
fn a_session_that_completes_with_messages_left_drops_them() {
    // A takes a message from outside for B's, which nobody takes then.
    for text in ["A→B:a. B→A:b", "A→B:a. A→B:a. B→A:b"] {
        let census = Census::default();
        let counting = census.clone();
        let script = Script::new(move |_, what, _| match what {
            "b!" => Ok(counting.payload()),
            _ => Ok(Value::Unit),
        });
        let config = VMConfig { leftover: Leftover::Drop, ..VMConfig::default() };
        let (mut vm, session) = open(config, &image_of(text, "Any"));
        vm.pause("B");
        vm.run(&script, 100).expect("no session faults");
        inject(&mut vm, session, ("B", "A", "b"), Value::Unit).expect("there is room");
        vm.run(&script, 100).expect("no session faults");
        vm.resume("B");
        vm.run(&script, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
        assert_eq!((script.count("B b!"), census.alive()), (1, 0), "{text}");
    }
}

#[test]
fn a_closed_session_drops_what_nobody_receives_any_more() {
    // C never speaks, so B never comes to receive what A has sent.
    let census = Census::default();
    let (mut vm, session) = open(VMConfig::default(), &image_of("C→B:a. B→D:c. A→B:b", "Any"));
    vm.pause("B");
    let counting = census.clone();
    vm.run(&Script::new(move |_, _, _| Ok(counting.payload())), 100).expect("no session faults");
    assert_eq!(census.alive(), 2);
    vm.close(session).expect("it runs");
    vm.resume("B");
    vm.run(&Script::units(), 100).expect("no session faults");
    assert!(is_closed(&vm, session));
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_choice_that_waits_for_room_is_dropped_with_its_session() {
    // Two messages are in the channel, the third has been chosen.
    let waiting = |census: &Census| {
        let (mut vm, session) =
            open(with(2, WhenFull::Block, ChannelMode::Fifo), &image_of(STREAM, "Any"));
        vm.pause("B");
        vm.run(&Stream::new(9, |_| census.payload()), 100).expect("no session faults");
        assert_eq!((census.alive(), queued(&vm, session, "A", "B")), (3, 2));
        (vm, session)
    };
    let census = Census::default();
    let (mut vm, session) = waiting(&census);
    vm.cancel(session, "enough").expect("it runs");
    assert_eq!(census.alive(), 0, "cancelled");

    let (mut vm, _) = waiting(&census);
    vm.resume("B");
    let refuse = Script::new(|_, _, _| Err(HandlerError::msg("no")));
    vm.run(&refuse, 100).expect_err("the session faults");
    assert_eq!(census.alive(), 0, "faulted");

    let (mut vm, session) = waiting(&census);
    vm.close(session).expect("it runs");
    vm.resume("B");
    vm.run(&Script::units(), 100).expect("no session faults");
    assert!(is_closed(&vm, session));
    assert_eq!(census.alive(), 0, "closed");

    drop(waiting(&census));
    assert_eq!(census.alive(), 0, "dropped with the machine");
}

#[test]
fn a_lost_message_is_dropped() {
    for mode in [ChannelMode::Fifo, ChannelMode::LatestValue] {
        let census = Census::default();
        let (mut vm, _) = open(with(2, WhenFull::Drop, mode), &image_of(STREAM, "Any"));
        vm.pause("B");
        vm.run(&Stream::new(50, |_| census.payload()), 100).expect("no session faults");
        assert_eq!(census.alive(), 3, "two from A and one from C");
    }
}

#[test]
fn a_machine_drops_everything() {
    let census = Census::default();
    let (vm, _) = with_counted(&census, 20);
    drop(vm);
    assert_eq!(census.alive(), 0);
}

#[test]
fn payloads_arrive_as_the_values_they_were() {
    let image = image_of("A→B:a", "Any");
    let census = Census::default();
    let stream = Stream::new(1, |_| census.payload());
    let (mut vm, session) = open(VMConfig::default(), &image);
    vm.run(&stream, 10).expect("no session faults");
    assert!(is_closed(&vm, session));
    let arrived = stream.arrived.into_inner().expect("nobody panicked").pop().expect("one value");
    let counted: Counted = arrived.into_opaque().expect("it is the same value");
    assert_eq!(census.alive(), 1);
    drop(counted);
    assert_eq!(census.alive(), 0);
}

#[test]
fn memory_of_a_grown_ring_is_used_again() {
    let image = image_of(STREAM, "u64");
    let config = VMConfig { capacity: 4_096, ..VMConfig::default() };
    let (mut vm, _) = open(config, &image);
    let stream = Stream::new(2_000, Value::Uint);
    vm.pause("B");
    vm.run(&stream, 1_000).expect("no session faults");
    vm.resume("B");
    vm.run(&stream, 1_000).expect("no session faults");
    let memory = vm.session_memory();
    for _ in 0..20 {
        vm.load_choreography(&image).expect("there is room");
        vm.pause("B");
        vm.run(&stream, 1_000).expect("no session faults");
        vm.resume("B");
        vm.run(&stream, 1_000).expect("no session faults");
    }
    assert_eq!(vm.session_memory(), memory);
}

#[test]
fn a_protocol_runs_the_same_in_its_smallest_channels() {
    for text in [BURST, HELD] {
        let (mut vm, session) = open(with(1, WhenFull::Block, ChannelMode::Fifo), &image(text));
        vm.run(&Seeded, 1_000).expect("no session faults");
        assert!(is_closed(&vm, session), "{text}");
    }
}
