//! What somebody outside does with running sessions: pausing roles, messages of their own, a network
//! that loses and delays, late answers, closing and cancelling; and what becomes of names of
//! sessions that are over.

mod support;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use support::{Census, Script, Seeded, image, image_of, inject, is_closed, lines, open, queued};
use telltale_vm::{
    Branch, Context, CoroStatus, EffectHandler, HandlerError, HandlerResult, LabelId, Leftover,
    Message, Network, Observed, Picked, Progress, RoleId, SendDecision, SessionId, SessionStatus,
    VM, VMConfig, VMError, Value,
};

fn status(vm: &VM, session: SessionId, role: &str) -> CoroStatus {
    let view = vm.session(session).expect("the session is running");
    let mut coroutines = view.coroutines();
    coroutines.find(|coroutine| coroutine.role() == role).expect("it has this role").status()
}

fn run(vm: &mut VM) {
    vm.run(&Seeded, 1_000).expect("no session faults");
}

/// Pausing.
mod pausing {
    use super::*;

    #[test]
    fn a_paused_role_does_not_act_until_it_is_resumed() {
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:x. B→A:y"));
        vm.pause("B");
        run(&mut vm);
        assert_eq!(lines(&vm), ["#0 opened", "#0 A!B:x"]);
        assert_eq!(vm.progress(), Progress::Waiting);
        let waiting: Vec<String> = vm.waiting().map(|session| session.to_string()).collect();
        assert_eq!(waiting, ["#0: `A` waits for `B`, `B` is paused"]);
        assert!(vm.resume("B"));
        run(&mut vm);
        assert!(is_closed(&vm, session));
    }

    #[test]
    fn it_concerns_every_session_that_has_such_a_role() {
        let [ab, cb] = ["A→B:x", "C→B:x"].map(image);
        let [other, late] = ["C→D:x", "A→B:x"].map(image);
        let mut vm = VM::new(VMConfig::default());
        let early = [&ab, &cb, &other].map(|image| vm.load_choreography(image).expect("room"));
        vm.pause("B");
        let late = vm.load_choreography(&late).expect("room");
        run(&mut vm);
        assert!(is_closed(&vm, early[2]));
        for session in [early[0], early[1], late] {
            assert_eq!(status(&vm, session, "B"), CoroStatus::Paused);
        }
        vm.resume("B");
        run(&mut vm);
        assert_eq!(vm.progress(), Progress::Complete);
    }

    #[test]
    fn pausing_twice_is_pausing_once() {
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:x"));
        vm.pause("B");
        vm.pause("B");
        assert_eq!(vm.paused_roles().collect::<Vec<_>>(), ["B"]);
        assert!(vm.resume("B"));
        assert!(!vm.resume("B"));
        assert!(!vm.resume("nobody"));
        run(&mut vm);
        assert!(is_closed(&vm, session));
    }

    #[test]
    fn whoever_is_woken_while_paused_acts_when_resumed() {
        // B waits for a message, C for room, when they are paused.
        let config = VMConfig { capacity: 1, ..VMConfig::default() };
        let (mut vm, session) = open(config, &image("C→D:a. C→D:a. A→B:x. B→D:go. D→A:done"));
        vm.pause("A");
        vm.pause("D");
        run(&mut vm);
        vm.pause("B");
        vm.pause("C");
        vm.resume("A");
        vm.resume("D");
        run(&mut vm);
        vm.resume("B");
        run(&mut vm);
        assert_eq!(vm.progress(), Progress::Waiting);
        vm.resume("C");
        run(&mut vm);
        assert!(is_closed(&vm, session));
    }

    #[test]
    fn pausing_at_every_place_changes_no_trace_of_a_role() {
        let image = image("μt. A→{B:more. B→C:x. C→A:y. t; B:stop. B→C:stop. C→A:stop}");
        let of = |vm: &VM, role: &str| -> Vec<String> {
            let all = lines(vm);
            all.into_iter().filter(|line| line.starts_with(&format!("#0 {role}"))).collect()
        };
        let (mut plain, _) = open(VMConfig::default(), &image);
        run(&mut plain);
        for steps in 0..30 {
            for role in ["A", "B", "C"] {
                let config = VMConfig { quantum: 1, ..VMConfig::default() };
                let (mut vm, session) = open(config, &image);
                for _ in 0..steps {
                    vm.step(&Seeded).expect("no session faults");
                }
                vm.pause(role);
                run(&mut vm);
                vm.resume(role);
                run(&mut vm);
                assert!(is_closed(&vm, session), "{role} was paused after {steps} steps");
                for role in ["A", "B", "C"] {
                    assert_eq!(of(&vm, role), of(&plain, role));
                }
            }
        }
    }
}

/// Messages from outside.
mod injecting {
    use super::*;

    #[test]
    fn a_message_from_outside_is_received_like_any_other() {
        let (mut vm, session) = open(VMConfig::default(), &image_of("A→B:x. B→A:y", "u64"));
        vm.pause("A");
        run(&mut vm);
        inject(&mut vm, session, ("A", "B", "x"), Value::Uint(1)).expect("there is room");
        assert_eq!(status(&vm, session, "B"), CoroStatus::Ready);
        run(&mut vm);
        let events = ["#0 opened", "#0 A!B:x(u64) was injected", "#0 B?A:x(u64)", "#0 B!A:y(u64)"];
        assert_eq!(lines(&vm)[..4], events);
    }

    #[test]
    fn a_full_channel_takes_nothing_from_outside() {
        for (text, capacity, room) in
            [("A→B:x. B→A:y", 64, 1), ("A→B:x. A→B:x. A→B:x", 2, 2), ("A→B:x. A→B:x", 9, 9)]
        {
            let config = VMConfig { capacity, ..VMConfig::default() };
            let (mut vm, session) = open(config, &image_of(text, "Any"));
            let census = Census::default();
            for _ in 0..room {
                inject(&mut vm, session, ("A", "B", "x"), census.payload()).expect("there is room");
            }
            let refused = inject(&mut vm, session, ("A", "B", "x"), census.payload());
            let messages = if room == 1 { "message" } else { "messages" };
            let text = format!("the channel holds {room} {messages}, which is all it may");
            assert_eq!(refused.expect_err("it is full").to_string(), text);
            assert_eq!(queued(&vm, session, "A", "B"), room);
            assert_eq!(census.alive(), room, "the refused one is dropped");
            assert_eq!(lines(&vm).len(), 1 + room);
        }
    }

    #[test]
    fn names_that_the_protocol_does_not_have() {
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:x. C→B:y"));
        let mut error = |from: &str, to: &str, label: &str| {
            let error = inject(&mut vm, session, (from, to, label), Value::Unit);
            error.expect_err("there is no such thing").to_string()
        };
        assert_eq!(error("Z", "B", "x"), "session #0 has no role `Z`");
        assert_eq!(error("A", "Z", "x"), "session #0 has no role `Z`");
        assert_eq!(error("A", "B", "z"), "session #0 has no label `z`");
        let no_channel = "session #0 has no channel from `B` to `A`";
        assert_eq!(error("B", "A", "x"), no_channel);
        assert!(error("A", "A", "x").contains("no channel"));
    }

    #[test]
    fn numbers_that_the_protocol_does_not_have() {
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:x"));
        for (from, to, label) in [(0, 2, 0), (2, 1, 0), (255, 255, 0), (0, 1, 1), (0, 1, u16::MAX)]
        {
            let (from, to, label) = (RoleId(from), RoleId(to), LabelId(label));
            let error =
                vm.inject(session, Message { from, to, lane: 0, label, value: Value::Unit });
            let error = error.map_err(|rejected| rejected.error);
            assert!(matches!(error, Err(VMError::NotInProtocol { .. })), "{error:?}");
        }
        let view = vm.session(session).expect("it runs");
        assert_eq!(view.queued("A", "Z"), None);
        assert_eq!(view.queued("B", "A"), Some(0));
    }

    #[test]
    fn a_message_that_the_protocol_does_not_allow_now_is_a_fault() {
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:x. A→B:y"));
        inject(&mut vm, session, ("A", "B", "y"), Value::Unit).expect("there is room");
        vm.run(&Seeded, 10).expect_err("the session faults");
        assert_eq!(vm.status(session).expect("it is known"), SessionStatus::Faulted);
    }

    #[test]
    fn a_sender_whose_room_they_take_waits_again() {
        // A waits for room with a message, and with a choice that it has made already.
        for text in ["A→B:x. A→B:x. A→B:x", "A→B:x. A→{B:x; B:y. A→B:x}"] {
            let leftover = Leftover::Drop;
            let config = VMConfig { capacity: 1, leftover, ..VMConfig::default() };
            let (mut vm, session) = open(config, &image(text));
            let script = Script::units();
            vm.pause("B");
            vm.run(&script, 10).expect("no session faults");
            assert_eq!(status(&vm, session, "A"), CoroStatus::AwaitsRoom);
            vm.pause("A");
            vm.resume("B");
            vm.run(&script, 10).expect("no session faults");
            vm.pause("B");
            inject(&mut vm, session, ("A", "B", "x"), Value::Unit).expect("there is room");
            vm.resume("A");
            vm.run(&script, 10).expect("no session faults");
            assert_eq!(status(&vm, session, "A"), CoroStatus::AwaitsRoom, "{text}");
            vm.resume("B");
            vm.run(&script, 10).expect("no session faults");
            let sent = lines(&vm).iter().filter(|line| *line == "#0 A!B:x").count();
            assert!(sent >= 2, "{text}: A was woken");
        }
    }

    #[test]
    fn a_sender_that_finds_its_channel_full_of_them_waits() {
        // Both kinds of channel: one message at most, or a queue.
        for (text, capacity) in [("A→B:x. B→A:y", 64), ("A→B:x. A→B:x. B→A:y", 1)] {
            let leftover = Leftover::Drop;
            let config = VMConfig { capacity, leftover, ..VMConfig::default() };
            let (mut vm, session) = open(config, &image(text));
            vm.pause("B");
            inject(&mut vm, session, ("A", "B", "x"), Value::Unit).expect("there is room");
            run(&mut vm);
            assert_eq!(status(&vm, session, "A"), CoroStatus::AwaitsRoom);
            vm.resume("B");
            run(&mut vm);
            assert!(lines(&vm).contains(&"#0 A!B:x".to_owned()), "{text}");
        }
    }
}

/// Decides by label: `d…` is dropped, `l…` is deferred (late).
struct ByLabel;

impl Network for ByLabel {
    fn decide(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> SendDecision {
        match cx.label(label).name.as_bytes()[0] {
            b'd' => SendDecision::Drop,
            b'l' => SendDecision::Defer,
            _ => SendDecision::Deliver,
        }
    }
}

/// A script with a network.
struct Over<N>(Script, N);

impl<N: Network> EffectHandler for Over<N> {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.0.send(cx, to, label)
    }
    fn receive(&self, cx: &Context<'_>, from: RoleId, l: LabelId, v: Value) -> HandlerResult<()> {
        self.0.receive(cx, from, l, v)
    }
    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.0.choose(cx, branches)
    }
    fn network(&self) -> Option<&dyn Network> {
        Some(&self.1)
    }
}

/// Networks.
mod networks {
    use super::*;

    fn take(vm: &mut VM, session: SessionId) -> Vec<Message> {
        vm.take_deferred(session).expect("the session is running")
    }

    #[test]
    fn what_is_deferred_can_be_injected_later() {
        let handler = Over(Script::units(), ByLabel);
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:late. B→A:y"));
        vm.run(&handler, 100).expect("no session faults");
        assert_eq!(vm.progress(), Progress::Waiting, "for the message");
        let mut deferred = take(&mut vm, session);
        assert_eq!(deferred.len(), 1);
        assert!(take(&mut vm, session).is_empty(), "it is handed out once");
        vm.run(&handler, 100).expect("it still waits");
        vm.inject(session, deferred.remove(0)).expect("there is room");
        vm.run(&handler, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
        assert_eq!(handler.0.log(), ["A late!", "B late?", "B y!", "A y?"]);
    }

    #[test]
    fn deferred_messages_come_out_in_the_order_in_which_they_were_sent() {
        let handler = Over(Script::new(|_, _, n| Ok(Value::Uint(n as u64))), ByLabel);
        let (mut vm, session) = open(VMConfig::default(), &image_of("A→B:l. A→B:l. A→B:l", "u64"));
        vm.run(&handler, 100).expect("no session faults");
        let deferred = take(&mut vm, session);
        let numbers: Vec<String> =
            deferred.iter().map(|message| message.value.to_string()).collect();
        assert_eq!(numbers, ["0", "1", "2"]);
        for message in deferred {
            vm.inject(session, message).expect("there is room");
        }
        vm.run(&handler, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
    }

    #[test]
    fn what_is_dropped_leaves_its_receiver_stuck() {
        let handler = Over(Script::units(), ByLabel);
        let (mut vm, _) = open(VMConfig::default(), &image("A→B:dead. B→A:y"));
        let error = vm.run(&handler, 100).expect_err("nobody can help");
        let text = "1 session faulted; session #0: the session is stuck: \
                    `A` waits for `B`, `B` waits for `A`";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn the_fate_of_a_choice_is_decided_too() {
        let handler = Over(Script::units(), ByLabel);
        let image = image("A→{B:late. B→A:y; B:other. B→A:y}");
        let (mut vm, session) = open(VMConfig::default(), &image);
        vm.run(&handler, 100).expect("no session faults");
        let deferred = take(&mut vm, session).remove(0);
        vm.inject(session, deferred).expect("there is room");
        vm.run(&handler, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
        assert_eq!(handler.0.log(), ["A …!", "B late?", "B y!", "A y?"]);
    }

    /// Delivers, and counts how often it is asked.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Network for Counting {
        fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
            self.0.fetch_add(1, Ordering::Relaxed);
            SendDecision::Deliver
        }
    }

    #[test]
    fn it_is_asked_once_for_each_message() {
        // Also for those that waited for room, and for choices that were held.
        let image = image("A→{B:a; B:b. A→{B:a; B:b. A→{B:a; B:b. A→B:c. A→B:c}}}");
        for capacity in [1, 64] {
            for quantum in [1, 64] {
                let config = VMConfig { capacity, quantum, ..VMConfig::default() };
                let mut script = Script::units();
                script.branch = 1;
                let handler = Over(script, Counting::default());
                let (mut vm, session) = open(config, &image);
                vm.run(&handler, 1_000).expect("no session faults");
                assert!(is_closed(&vm, session));
                assert_eq!(handler.1.0.load(Ordering::Relaxed), 5);
            }
        }
    }

    #[test]
    fn deferred_payloads_are_dropped_with_their_session() {
        let census = Census::default();
        let payloads = census.clone();
        let handler = Over(Script::new(move |_, _, _| Ok(payloads.payload())), ByLabel);
        let (mut vm, session) = open(VMConfig::default(), &image_of("A→B:l. A→B:l. A→B:l", "Any"));
        vm.run(&handler, 100).expect("no session faults");
        assert_eq!(census.alive(), 3);
        vm.cancel(session, "enough").expect("it runs");
        assert_eq!(census.alive(), 0);
        assert!(vm.take_deferred(session).is_err());
    }

    #[test]
    fn a_session_with_a_deferred_message_is_not_complete() {
        // B may rest where it is, but the message that A has sent is on its way.
        let handler = Over(Script::units(), ByLabel);
        let (mut vm, session) = open(VMConfig::default(), &image("A→{C:late. A→B:late; C:x}"));
        vm.run(&handler, 100).expect("no session faults");
        let deferred = take(&mut vm, session);
        assert_eq!(deferred.len(), 2);
        for message in deferred {
            vm.inject(session, message).expect("there is room");
        }
        vm.run(&handler, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
        assert_eq!(handler.0.count("B late?"), 1);
    }

    /// Takes `x`, then `b`, which its network does not survive.
    struct XThenB;

    impl EffectHandler for XThenB {
        fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
            Ok(Value::Unit)
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }
        fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
            let wanted = if cx.count() == 0 { "x" } else { "b" };
            let branch = branches.iter().position(|branch| cx.label(branch.label).name == wanted);
            Ok(Picked { branch: branch.expect("one of them"), value: Value::Unit })
        }
        fn network(&self) -> Option<&dyn Network> {
            Some(self)
        }
    }

    impl Network for XThenB {
        fn decide(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> SendDecision {
            assert_ne!(cx.label(label).name, "b", "no b");
            SendDecision::Deliver
        }
    }

    #[test]
    fn a_network_that_panics_ends_one_session() {
        // A, who is not declared first, holds its second message when the network panics.
        let image = image("C→B:a. A→{B:a; B:x. A→{B:b; B:y}}");
        let config = VMConfig { capacity: 1, ..VMConfig::default() };
        let (mut vm, session) = open(config, &image);
        vm.pause("C");
        vm.run(&XThenB, 100).expect("B has not received yet");
        assert_eq!(status(&vm, session, "A"), CoroStatus::AwaitsRoom);
        vm.resume("C");
        let error = vm.run(&XThenB, 100).expect_err("the session faults").to_string();
        assert_eq!(vm.status(session).expect("it is known"), SessionStatus::Faulted);
        assert!(error.contains("`A` at `choose B!b, "), "{error}");
        assert!(error.contains("it panicked: "), "{error}");
    }
}

/// Has no answer the first time it is asked about something, whatever it is.
#[derive(Default)]
struct Late {
    asked: Mutex<BTreeSet<String>>,
    pending: AtomicUsize,
    is_eager: AtomicBool,
}

impl Late {
    fn ask(&self, cx: &Context<'_>, what: &str) -> HandlerResult<Value> {
        if self.is_eager.load(Ordering::Relaxed) {
            return Ok(Value::Unit);
        }
        let line = format!("{} {what} {}", cx.role_name(), cx.count());
        if self.asked.lock().expect("nobody panicked").insert(line) {
            self.pending.fetch_add(1, Ordering::Relaxed);
            return Err(HandlerError::pending());
        }
        Ok(Value::Unit)
    }
}

impl EffectHandler for Late {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.ask(cx, cx.label(label).name)
    }
    fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, _: Value) -> HandlerResult<()> {
        self.ask(cx, cx.label(label).name).map(drop)
    }
    fn choose(&self, cx: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: self.ask(cx, "choose")? })
    }
}

/// Late answers.
mod pending {
    use super::*;

    fn wake_all(vm: &mut VM, session: SessionId) -> usize {
        let view = vm.session(session).expect("the session is running");
        let pending = view.coroutines().filter(|c| c.status() == CoroStatus::AwaitsHandler);
        let pending: Vec<&str> = pending.map(|coroutine| coroutine.role()).collect();
        let pending: Vec<String> = pending.into_iter().map(str::to_owned).collect();
        for role in &pending {
            vm.wake(session, role).expect("it waits for its handler");
        }
        pending.len()
    }

    #[test]
    fn every_question_may_be_answered_late() {
        for quantum in [1, 64] {
            let late = Late::default();
            let config = VMConfig { quantum, ..VMConfig::default() };
            let (mut vm, session) = open(config, &image("A→{B:a. B→A:b. A→B:c; B:stop}"));
            let mut woken = 0;
            while vm.open_sessions() > 0 {
                vm.run(&late, 100).expect("no session faults");
                if vm.open_sessions() > 0 {
                    assert_eq!(vm.progress(), Progress::Waiting);
                    woken += wake_all(&mut vm, session);
                }
            }
            assert!(is_closed(&vm, session));
            // Three messages: each is late when it is sent, and again when it is received.
            assert_eq!((woken, late.pending.load(Ordering::Relaxed)), (6, 6));
        }
    }

    #[test]
    fn waking_needs_somebody_who_waits_for_the_handler() {
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:a. B→A:b"));
        let late = Late::default();
        vm.run(&late, 100).expect("no session faults");
        let error = vm.wake(session, "B").expect_err("it waits for a message");
        assert_eq!(error.to_string(), "`B` of session #0 does not wait for its handler");
        let error = vm.wake(session, "Z").expect_err("there is nobody of this name");
        assert_eq!(error.to_string(), "session #0 has no role `Z`");
        vm.wake(session, "A").expect("it waits for its handler");
        vm.wake(session, "A").expect_err("it has been woken");
    }

    #[test]
    fn waking_and_resuming_are_both_needed() {
        for wakes_first in [true, false] {
            let (mut vm, session) = open(VMConfig::default(), &image("A→B:a"));
            let late = Late::default();
            vm.run(&late, 100).expect("no session faults");
            vm.pause("A");
            late.is_eager.store(true, Ordering::Relaxed);
            if wakes_first {
                vm.wake(session, "A").expect("it waits for its handler");
            } else {
                vm.resume("A");
            }
            vm.run(&late, 100).expect("no session faults");
            assert_eq!(vm.progress(), Progress::Waiting);
            if wakes_first {
                vm.resume("A");
            } else {
                vm.wake(session, "A").expect("it waits for its handler");
            }
            vm.run(&late, 100).expect("no session faults");
            assert!(is_closed(&vm, session));
        }
    }

    #[test]
    fn a_role_that_has_not_digested_a_message_is_not_at_rest() {
        // C may rest after `x`, but its handler has not said that it is done with it.
        let (mut vm, session) = open(VMConfig::default(), &image("A→C:x. A→{B:a; B:b. A→C:y}"));
        let late = Script::new(|_, what, _| match what {
            "x?" => Err(HandlerError::pending()),
            _ => Ok(Value::Unit),
        });
        vm.run(&late, 100).expect("no session faults");
        assert_eq!(vm.progress(), Progress::Waiting);
        vm.wake(session, "C").expect("it waits for its handler");
        vm.run(&late, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
    }

    #[test]
    fn others_go_on_meanwhile() {
        let (mut vm, _) = open(VMConfig::default(), &image("A→B:a. C→D:c. D→C:d. B→C:b"));
        let late = Script::new(|role, _, _| match role {
            "A" => Err(HandlerError::pending()),
            _ => Ok(Value::Unit),
        });
        vm.run(&late, 100).expect("no session faults");
        assert!(lines(&vm).contains(&"#0 C?D:d".to_owned()));
    }
}

/// Closing and cancelling.
mod ending {
    use super::*;

    #[test]
    fn a_closed_session_receives_what_is_on_its_way_and_sends_nothing() {
        let (mut vm, session) = open(VMConfig::default(), &image("μt. A→B:a. A→B:b. B→C:c. t"));
        vm.pause("B");
        vm.run(&Seeded, 1).expect("no session faults");
        let on_the_way = queued(&vm, session, "A", "B");
        assert!(on_the_way > 2);
        let before = vm.trace().len();
        vm.close(session).expect("it runs");
        assert_eq!(vm.status(session).expect("it runs"), SessionStatus::Draining);
        vm.resume("B");
        run(&mut vm);
        assert!(is_closed(&vm, session));
        let after = &lines(&vm)[before..];
        assert!(after.contains(&"#0 B?A:b".to_owned()), "it was on its way");
        assert!(!after.iter().any(|line| line.contains('!')), "{after:?}");
        assert!(after.contains(&"#0 A halted".to_owned()), "it would have sent");
        assert_eq!(after.last().expect("events"), "#0 closed");
    }

    #[test]
    fn closing_at_every_place_ends_the_session() {
        let image = image("μt. A→{B:more. B→C:x. A→C:y. C→A:z. t; B:stop. B→C:stop}");
        for capacity in [1, 64] {
            for steps in 0..40 {
                let config = VMConfig { quantum: 1, capacity, ..VMConfig::default() };
                let (mut vm, session) = open(config, &image);
                for _ in 0..steps {
                    vm.step(&Script::units()).expect("no session faults");
                }
                vm.close(session).expect("it runs");
                run(&mut vm);
                assert!(is_closed(&vm, session), "closed after {steps} steps");
            }
        }
    }

    #[test]
    fn closing_twice_is_closing_once() {
        let (mut vm, session) = open(VMConfig::default(), &image("μt. A→B:a. t"));
        vm.run(&Seeded, 1).expect("no session faults");
        vm.close(session).expect("it runs");
        vm.close(session).expect("it is being closed");
        run(&mut vm);
        assert!(is_closed(&vm, session));
        let error = vm.close(session).expect_err("it has ended");
        assert!(matches!(error, VMError::StaleSession { .. }), "{error}");
    }

    #[test]
    fn a_closing_session_waits_for_no_handler() {
        let late = Late::default();
        let (mut vm, session) = open(VMConfig::default(), &image("μt. A→B:a. B→A:b. t"));
        vm.run(&late, 10).expect("no session faults");
        assert_eq!(status(&vm, session, "A"), CoroStatus::AwaitsHandler);
        vm.close(session).expect("it runs");
        vm.run(&late, 10).expect("no session faults");
        assert!(is_closed(&vm, session));
        assert!(!lines(&vm).contains(&"#0 A!B:a".to_owned()), "it sends nothing more");
    }

    #[test]
    fn a_closing_session_says_which_paused_role_it_waits_for() {
        let (mut vm, session) = open(VMConfig::default(), &image("μt. A→B:a. B→A:b. t"));
        vm.run(&Seeded, 1).expect("no session faults");
        vm.pause("B");
        vm.close(session).expect("it runs");
        run(&mut vm);
        let waiting: Vec<String> = vm.waiting().map(|session| session.to_string()).collect();
        assert_eq!(waiting, ["#0: `A` is done, `B` is paused"]);
        vm.resume("B");
        run(&mut vm);
        assert!(is_closed(&vm, session));
    }

    #[test]
    fn a_cancelled_session_does_nothing_more() {
        for steps in 0..8 {
            let (mut vm, session) = open(VMConfig::default(), &image("μt. A→B:a. B→A:b. t"));
            for _ in 0..steps {
                vm.step(&Seeded).expect("no session faults");
            }
            vm.cancel(session, "enough").expect("it runs");
            let events = vm.trace().len();
            run(&mut vm);
            assert_eq!(vm.trace().len(), events);
            assert_eq!(vm.progress(), Progress::Complete);
            assert_eq!(vm.open_sessions(), 0);
        }
    }

    #[test]
    fn a_slot_is_not_used_again_while_the_queue_names_it() {
        let image = image("A→B:a. B→A:b");
        let mut vm = VM::new(VMConfig { quantum: 1, ..VMConfig::default() });
        let first = vm.load_choreography(&image).expect("there is room");
        vm.cancel(first, "not this one").expect("it runs");
        // Opened while the queue still names the first.
        let second = vm.load_choreography(&image).expect("there is room");
        vm.run(&Seeded, 1).expect("no session faults");
        let third = vm.load_choreography(&image).expect("there is room");
        run(&mut vm);
        assert!([second, third].iter().all(|&session| is_closed(&vm, session)));
        assert!(
            matches!(vm.status(first), Err(VMError::StaleSession { .. })),
            "its slot is reused"
        );
        let others = lines(&vm).iter().filter(|line| line.starts_with("#2")).count();
        assert_eq!(others, 8, "each session has its own events");
        // With one instruction per visit, whoever is visited twice in a round is seen.
        let mut visits: Vec<(u64, SessionId)> = vm
            .trace()
            .iter()
            .filter(|event| matches!(event.what, Observed::Sent { .. } | Observed::Received { .. }))
            .map(|event| (event.tick, event.session))
            .collect();
        let all = visits.len();
        visits.dedup();
        assert_eq!(visits.len(), all, "every session is in the queue once");
    }

    #[test]
    fn cancelling_before_the_first_turn_costs_no_memory_in_the_long_run() {
        let image = image("A→B:a");
        let mut vm = VM::new(VMConfig::default());
        let mut memory = 0;
        for round in 0..200 {
            for _ in 0..100 {
                let session = vm.load_choreography(&image).expect("there is room");
                vm.cancel(session, "not this one").expect("it runs");
            }
            run(&mut vm);
            if round == 0 {
                memory = vm.session_memory();
            }
        }
        assert_eq!(vm.session_memory(), memory);
    }

    #[test]
    fn names_of_ended_sessions_are_refused_everywhere() {
        let image = image("A→B:a");
        for is_reused in [false, true] {
            let (mut vm, session) = open(VMConfig::default(), &image);
            run(&mut vm);
            if is_reused {
                let next = vm.load_choreography(&image).expect("there is room");
                assert_ne!(next, session);
            }
            let stale = |result: Result<(), VMError>| matches!(result, Err(VMError::StaleSession { session: stale }) if stale == session);
            let message = || Message {
                from: RoleId(0),
                to: RoleId(1),
                lane: 0,
                label: LabelId(0),
                value: Value::Unit,
            };
            assert!(stale(vm.session(session).map(drop)));
            assert!(stale(vm.cancel(session, "again")));
            assert!(stale(vm.close(session)));
            assert!(stale(vm.wake(session, "A")));
            assert!(stale(vm.inject(session, message()).map_err(VMError::from)));
            assert!(vm.take_deferred(session).is_err());
            assert_eq!(vm.status(session).is_err(), is_reused);
            run(&mut vm);
            assert_eq!(vm.progress(), Progress::Complete);
        }
    }
}
