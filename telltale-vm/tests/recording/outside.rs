//! What was done to sessions from outside, and parts of sessions.

use std::sync::atomic::{AtomicUsize, Ordering};

use telltale_vm::generated::{Player, SessionHost};
use telltale_vm::loader::CodeImage;
use telltale_vm::outside::Outgoing;
use telltale_vm::recording::{Recorder, Replay};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Leftover, Message, Network, Picked,
    RoleId, SendDecision, VM, VMConfig, Value,
};

use super::handlers::{CHAT, Cups};
use super::purchase::{read, text};
use crate::support::{self, Markers, Seeded};

#[test]
fn what_was_done_from_outside_does_not_prevent_a_replay() {
    let image = &support::image_of(CHAT, "u64");
    for stop in 1..6 {
        for how in 0..3 {
            let recorder = Recorder::new(&Seeded);
            let mut vm = VM::new(VMConfig { quantum: 3, ..VMConfig::default() });
            let session = vm.load_choreography(image).expect("there is room");
            vm.pause("C");
            vm.run(&recorder, stop).expect("nobody faults");
            vm.resume("C");
            let done = match how {
                0 => vm.cancel(session, "enough"),
                1 => vm.close(session),
                _ => Ok(()),
            };
            let _ = vm.run(&recorder, stop);
            done.ok();
            let then = read(&text(recorder));
            let mut vm = VM::default();
            vm.load_choreography(image).expect("there is room");
            Replay::new(&then).run(&mut vm).expect("as far as it had come");
        }
    }
}

#[test]
fn an_injected_message_is_injected_again() {
    let image = support::image_of("A→B:one. B→A:two", "u64");
    let recorder = Recorder::new(&Seeded);
    let (mut vm, session) = support::open(VMConfig::default(), &image);
    vm.pause("A");
    vm.run(&recorder, 10).expect("nobody faults");
    support::inject(&mut vm, session, ("A", "B", "one"), Value::Uint(77)).expect("there is room");
    vm.run(&recorder, 10).expect("nobody faults");
    vm.cancel(session, "enough").expect("it is running");
    let text = text(recorder);
    assert_eq!(text.matches("\"sends\":\"one\"").count(), 0);

    let then = read(&text);
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    Replay::new(&then).run(&mut vm).expect("it is injected again");
    assert!(vm.trace().iter().any(|event| event.to_string() == "#0 A!B:one(u64) was injected"));
}

/// What was injected or had been deferred came before what its sender sent later, and does so again.
#[test]
fn what_came_before_a_later_message_comes_before_it_again() {
    /// Keeps every third message aside.
    struct Defers(AtomicUsize);
    impl EffectHandler for Defers {
        fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
            Seeded.send(cx, to, label)
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }
        fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
            let value = self.send(cx, branches[0].peer, branches[0].label)?;
            Ok(Picked { branch: usize::from(cx.count() > 8), value })
        }
        fn network(&self) -> Option<&dyn Network> {
            Some(self)
        }
    }
    impl Network for Defers {
        fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
            let is_third = self.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
            if is_third { SendDecision::Defer } else { SendDecision::Deliver }
        }
    }
    let image = support::image_of("μt. A→{B:more. B→C:on. t; B:stop. B→C:stop}", "u64");
    let (mut early, mut injected) = (0, 0);
    for seed in 0..60_usize {
        let defers = Defers(AtomicUsize::new(seed));
        let config = VMConfig {
            quantum: 1 + seed as u32 % 3,
            // What was injected and never received is in no recording.
            leftover: Leftover::Drop,
            ..VMConfig::default()
        };
        let recorder = Recorder::new(&defers).with_config(config.clone());
        let (mut vm, session) = support::open(config, &image);
        for round in 0..200 {
            let _faults_are_ends = vm.run(&recorder, 1);
            match (seed * 7 + round * 5) % 11 {
                0 => drop(vm.pause("A")),
                1 | 2 => drop(vm.resume("A")),
                3 if seed % 2 == 0 => {
                    let more =
                        support::inject(&mut vm, session, ("A", "B", "more"), Value::Uint(77));
                    injected += usize::from(more.is_ok());
                }
                4..7 => {
                    for message in vm.take_deferred(session).unwrap_or_default() {
                        early += usize::from(vm.inject(session, message).is_ok());
                    }
                }
                _ => {}
            }
        }
        let text = text(recorder);
        let then = read(&text);
        let (mut again, _) = support::open(then.config(), &image);
        let replayed = Replay::new(&then).run(&mut again);
        replayed.unwrap_or_else(|error| panic!("{seed}: {error}\n{text}"));
    }
    assert!(early > 50 && injected > 20, "{early} deferred, {injected} injected");
}

/// Nothing was asked of a session that was cancelled at once, so nothing is compared.
#[test]
fn a_session_that_was_cancelled_at_once_may_go_on() {
    let image = support::image_of("A→B:one. B→A:two", "u64");
    for runs_before in [false, true] {
        let recorder = Recorder::new(&Seeded);
        let mut vm = VM::default();
        if runs_before {
            vm.run(&recorder, 1).expect("there is nothing");
        }
        let first = vm.load_choreography(&image).expect("there is room");
        vm.cancel(first, "at once").expect("it runs");
        vm.run(&recorder, 10).expect("there is nothing");
        let nothing = read(&text(recorder));
        let (mut again, _) = support::open(VMConfig::default(), &image);
        Replay::new(&nothing).run(&mut again).expect("nothing is compared");
    }
    // But a session that is missing is not taken for one of those.
    let recorder = Recorder::new(&Seeded);
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    vm.load_choreography(&image).expect("there is room");
    vm.run(&recorder, 10).expect("nobody faults");
    let two = read(&text(recorder));
    let (mut again, other) = support::open(VMConfig::default(), &image);
    again.cancel(other, "another").expect("it runs");
    for _ in 0..2 {
        again.load_choreography(&image).expect("there is room");
    }
    let error = Replay::new(&two).run(&mut again).expect_err("one is missing");
    assert_eq!(error.to_string(), "session #2: expected a session that is in the recording");
}

/// Plays `B` of a part, and says what it got.
fn part_recorded(image: &CodeImage) -> String {
    let recorder = Recorder::new(&Seeded);
    let mut vm = VM::new(VMConfig { capacity: 1, ..VMConfig::default() });
    let markers = Markers::of([Player::Elsewhere, Player::Handler]);
    let session = vm.open_session(image, markers, false).expect("there is room");
    let label = |name: &str| image.names().find_label(name).expect("a label");
    for (sent, name) in (0..).zip(["more", "more", "more", "stop"]) {
        let message = Message {
            from: RoleId(0),
            to: RoleId(1),
            lane: 0,
            label: label(name),
            value: Value::Uint(10 + sent),
        };
        vm.deliver(session, Outgoing { message, number: sent }).expect("there is room");
        vm.run(&recorder, 10).expect("nobody faults");
        vm.take_outgoing(session, &mut Vec::new()).expect("it is one of this VM");
        vm.run(&recorder, 10).expect("nobody faults");
    }
    assert_eq!(vm.open_sessions(), 0, "{vm}");
    text(recorder)
}

/// A recording of a part is played as a part: what came from elsewhere comes again.
#[test]
fn a_part_is_replayed_as_a_part() {
    let image = support::image_of("μt. A→{B:more. B→A:back. t; B:stop}", "u64");
    let recorded = part_recorded(&image);
    assert!(!recorded.contains(r#""role":"A""#), "{recorded}");
    let then = read(&recorded);
    let open = |capacity: u16, elsewhere: Player| {
        let mut vm = VM::new(VMConfig { capacity, ..VMConfig::default() });
        let markers = Markers::of([elsewhere, Player::Handler]);
        vm.open_session(&image, markers, false).expect("there is room");
        vm
    };
    for capacity in [1, 64] {
        let mut vm = open(capacity, Player::Elsewhere);
        Replay::new(&then).run(&mut vm).expect("the same");
        assert_eq!(vm.open_sessions(), 0, "{vm}");
        let mut vm = open(capacity, Player::Elsewhere);
        let changed = Replay::new(&then).with(&Cups).run(&mut vm).expect_err("it sends cups");
        assert!(changed.to_string().contains("expected `B` to send `back` to `A`"), "{changed}");
    }
    // Whoever plays all of it is told what to do instead.
    let mut vm = open(64, Player::Handler);
    let error = Replay::new(&then).run(&mut vm).expect_err("nothing is known of A").to_string();
    assert!(
        error.contains("of which nothing is recorded")
            && error.contains("put `Elsewhere` in its place"),
        "{error}"
    );
}
