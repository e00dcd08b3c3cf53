//! What can go wrong in a session, in the words in which it is reported; and that everybody else
//! goes on.

mod support;

use std::error::Error;
use std::fmt;

use support::{Script, Seeded, image, image_of, inject, is_closed, open};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, Fault, HandlerError, HandlerResult, Kind, LabelId, Network,
    NoHandler, Picked, Policy, Progress, RoleId, SendDecision, SessionId, SessionStatus, VM,
    VMConfig, VMError, Value, WhenFull,
};

/// The fault that a session of an image ends with.
fn fault_of(config: VMConfig, image: &CodeImage, handler: &dyn EffectHandler) -> String {
    let (mut vm, session) = open(config, image);
    vm.run(handler, 100).expect_err("the session faults");
    assert_eq!(vm.status(session).expect("it is known"), SessionStatus::Faulted);
    let faults: Vec<(SessionId, &Fault)> = vm.faults().collect();
    assert_eq!((faults.len(), faults[0].0), (1, session));
    faults[0].1.to_string()
}

/// The same, with the usual configuration.
fn fault(text: &str, payload: &str, handler: &dyn EffectHandler) -> String {
    fault_of(VMConfig::default(), &image_of(text, payload), handler)
}

/// What a script that fails at `at` makes of a protocol.
fn failing(
    text: &str,
    at: &'static str,
    fail: impl Fn() -> HandlerResult<Value> + Send + Sync + 'static,
) -> String {
    let script = Script::new(move |_, what, _| if what == at { fail() } else { Ok(Value::Unit) });
    fault(text, "()", &script)
}

const TALK: &str = "A→B:x. B→{A:yes; A:no}";

/// Some value of a kind.
fn example(kind: Kind) -> Value {
    match kind {
        Kind::Unit => Value::Unit,
        Kind::Bool => Value::from(true),
        Kind::Int => Value::Int(1),
        Kind::Uint => Value::Uint(1),
        Kind::Float => Value::from(1.0),
        Kind::Char => Value::from('x'),
        Kind::Bytes => Value::bytes([1]),
        Kind::Record => Value::record([("n", Value::Unit)]),
        Kind::Opaque => Value::opaque(1),
        _ => Value::text("x"),
    }
}

/// The table of faults.
mod table {
    use super::*;

    #[test]
    fn the_handler_gives_an_error() {
        let no = || Err(HandlerError::msg("I would rather not"));
        assert_eq!(failing(TALK, "x!", no), "`A` at `send B!x`: I would rather not");
        assert_eq!(failing(TALK, "x?", no), "`B` at `recv A?x`: I would rather not");
        assert_eq!(failing(TALK, "…!", no), "`B` at `choose A!yes, A!no`: I would rather not");
        assert_eq!(failing(TALK, "yes?", no), "`A` at `offer B?yes, B?no`: I would rather not");
    }

    #[test]
    fn the_handler_panics() {
        let text = "`A` at `send B!x`: it panicked: ";
        let of = |fail: fn() -> HandlerResult<Value>| failing(TALK, "x!", fail);
        assert_eq!(of(|| panic!("oh")), format!("{text}oh"));
        assert_eq!(of(|| panic!("oh {}", 1 + 1)), format!("{text}oh 2"));
        assert_eq!(of(|| std::panic::panic_any(7)), format!("{text}a value that is not text"));
        assert_eq!(failing(TALK, "x?", || panic!("oh")), "`B` at `recv A?x`: it panicked: oh");
    }

    #[test]
    fn a_payload_is_of_the_wrong_kind() {
        let table = [
            ("()", "x"),
            ("bool", "x(bool)"),
            ("i8", "x(i8)"),
            ("isize", "x(isize)"),
            ("u64", "x(u64)"),
            ("f32", "x(f32)"),
            ("char", "x(char)"),
            ("Vec<u8>", "x(Vec<u8>)"),
        ];
        for (payload, label) in table {
            let script = Script::new(|_, _, _| Ok(Value::text("x")));
            let text = format!(
                "`A` at `send B!{label}`: expected `{payload}` as payload of `x`, found text"
            );
            assert_eq!(fault("A→B:x", payload, &script), text);
        }
        let found = [
            (Kind::Unit, "nothing"),
            (Kind::Bool, "`true`, a bool"),
            (Kind::Int, "`1`, a signed integer"),
            (Kind::Uint, "`1`, an unsigned integer"),
            (Kind::Float, "`1`, a float"),
            (Kind::Char, "`'x'`, a char"),
            (Kind::Bytes, "bytes"),
            (Kind::Record, "a record"),
            (Kind::Opaque, "a value of type `i32`"),
        ];
        for (kind, found) in found {
            let script = Script::new(move |_, _, _| Ok(example(kind)));
            let text = format!(
                "`A` at `send B!x(String)`: expected `String` as payload of `x`, found {found}"
            );
            assert_eq!(fault("A→B:x", "String", &script), text);
        }
    }

    #[test]
    fn a_payload_of_a_choice_is_of_the_wrong_kind() {
        let script = Script::new(|_, _, _| Ok(Value::Uint(1)));
        let text = "`A` at `choose B!x(bool), B!y(bool)`: \
                    expected `bool` as payload of `x`, found `1`, an unsigned integer";
        assert_eq!(fault("A→{B:x; B:y}", "bool", &script), text);
    }

    #[test]
    fn a_branch_is_not_there() {
        for branch in [2, 3, usize::MAX] {
            let mut script = Script::units();
            script.branch = branch;
            let text =
                format!("`A` at `choose B!x, B!y`: expected a branch from 0 to 1, found {branch}");
            assert_eq!(fault("A→{B:x; B:y}", "()", &script), text);
        }
    }

    /// What a message from outside makes of a session.
    fn injected(text: &str, message: (&str, &str, &str)) -> String {
        let (mut vm, session) = open(VMConfig::default(), &image(text));
        inject(&mut vm, session, message, Value::Unit).expect("there is room");
        let error = vm.run(&Seeded, 100).expect_err("the session faults");
        let VMError::Faulted { fault, .. } = error else { panic!("{error}") };
        fault.to_string()
    }

    #[test]
    fn a_message_comes_that_is_not_allowed() {
        assert_eq!(
            injected("A→B:x. A→B:y", ("A", "B", "y")),
            "`B` at `recv A?x`: expected `x` from `A`, found `y`"
        );
    }

    #[test]
    fn a_message_comes_that_no_branch_has() {
        assert_eq!(
            injected("A→{B:x. A→B:z; B:y. A→B:z}", ("A", "B", "z")),
            "`B` at `offer A?x, A?y`: expected `x` or `y` from `A`, found `z`"
        );
    }

    #[test]
    fn a_channel_is_full() {
        let config = VMConfig {
            capacity: 1,
            when_full: WhenFull::Error,
            quantum: 64,
            ..VMConfig::default()
        };
        let text = "`A` at `send B!x(u64)`: \
                    no room for `x(u64)` to `B`: the channel holds 1 message";
        let image = image_of("A→B:x. A→B:x. A→B:x", "u64");
        assert_eq!(fault_of(config.clone(), &image, &Seeded), text);
        let image = image_of("A→B:x. A→{B:x; B:y}", "u64");
        let mut script = Script::new(|_, _, _| Ok(Value::Uint(0)));
        script.branch = 1;
        let text = "`A` at `choose B!x(u64), B!y(u64)`: \
                    no room for `y(u64)` to `B`: the channel holds 1 message";
        assert_eq!(fault_of(config, &image, &script), text);
    }

    #[test]
    fn a_session_is_stuck() {
        struct Loses;
        impl EffectHandler for Loses {
            fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
                Ok(Value::Unit)
            }
            fn receive(
                &self,
                _: &Context<'_>,
                _: RoleId,
                _: LabelId,
                _: Value,
            ) -> HandlerResult<()> {
                Ok(())
            }
            fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
                Ok(Picked { branch: 0, value: Value::Unit })
            }
            fn network(&self) -> Option<&dyn Network> {
                Some(self)
            }
        }
        impl Network for Loses {
            fn decide(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> SendDecision {
                let is_lost = cx.label(label).name == "lost";
                if is_lost { SendDecision::Drop } else { SendDecision::Deliver }
            }
        }
        assert_eq!(
            fault("A→B:lost. B→C:x. C→A:y", "()", &Loses),
            "the session is stuck: `A` waits for `C`, `B` waits for `A`, `C` waits for `B`"
        );
        // Who is done is not named; who waits for several is.
        assert_eq!(
            fault("A→{C:go. C→B:lost; D:go. D→B:lost}", "()", &Loses),
            "the session is stuck: `D` waits for `A`, `B` waits for `C` or `D`"
        );
    }

    #[test]
    fn nobody_answers_for_a_role() {
        assert_eq!(
            fault("A→B:x", "()", &NoHandler),
            "`A` at `send B!x`: `A` has no role object and the VM runs with `NoHandler`"
        );
    }
}

/// What a fault says does not depend on who ran when.
#[test]
fn the_same_fault_however_it_is_run() {
    let image = image("A→B:a. A→B:b. A→B:c. B→A:d");
    for policy in Policy::ALL {
        for quantum in [1, 2, 3, 64] {
            for panics in [false, true] {
                let config = VMConfig { policy, quantum, ..VMConfig::default() };
                let handler = Script::new(move |_, what, _| match what {
                    "c!" if panics => panic!("oh"),
                    "c!" => Err(HandlerError::msg("oh")),
                    _ => Ok(Value::Unit),
                });
                let expected = if panics { "it panicked: oh" } else { "oh" };
                let fault = fault_of(config, &image, &handler);
                assert_eq!(fault, format!("`A` at `send B!c`: {expected}"));
            }
        }
    }
}

/// Fails in every third session, in one way or another.
struct EveryThird;

impl EffectHandler for EveryThird {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        match cx.session().ordinal() % 9 {
            0 => Err(HandlerError::msg("no")),
            3 => panic!("no"),
            6 => Ok(Value::text("no")),
            _ => Ok(Value::Uint(1)),
        }
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::msg("there is no choice"))
    }
}

#[test]
fn all_other_sessions_go_on() {
    for policy in Policy::ALL {
        let image = image_of("A→B:x. B→A:y. A→B:z", "u64");
        let mut vm = VM::new(VMConfig { policy, quantum: 2, ..VMConfig::default() });
        let sessions: Vec<SessionId> =
            (0..90).map(|_| vm.load_choreography(&image).expect("there is room")).collect();
        let error = vm.run(&EveryThird, 1_000).expect_err("some sessions fault");
        let text = "30 sessions faulted; session #0: `A` at `send B!x(u64)`: no";
        assert_eq!(error.to_string(), text);
        assert_eq!(vm.faults().len(), 30);
        assert_eq!(vm.progress(), Progress::Complete);
        for (at, &session) in sessions.iter().enumerate() {
            assert_eq!(is_closed(&vm, session), at % 3 != 0);
        }
    }
}

#[test]
fn a_machine_is_as_good_as_new_after_a_fault() {
    let image = image_of("A→B:x. B→A:y. A→B:z", "u64");
    let mut vm = VM::new(VMConfig::default());
    let mut memory = 0;
    for round in 0..20 {
        for _ in 0..9 {
            vm.load_choreography(&image).expect("there is room");
        }
        vm.run(&EveryThird, 1_000).expect_err("some sessions fault");
        assert_eq!(vm.faults().len(), 3);
        vm.run(&EveryThird, 1_000).expect("nothing is left to fault");
        assert_eq!(vm.faults().len(), 0, "they were reported once");
        if round == 0 {
            memory = vm.session_memory();
        }
    }
    assert_eq!(vm.session_memory(), memory);
}

#[test]
fn step_round_reports_faults_too() {
    let image = image_of("A→B:x", "u64");
    let (mut vm, session) = open(VMConfig::default(), &image);
    let error = vm.step_round(&EveryThird, 7).expect_err("the session faults");
    let VMError::Faulted { count: 1, session: faulted, fault } = error else { panic!("{error}") };
    assert_eq!((faulted, fault.role.as_deref()), (session, Some("A")));
    assert_eq!(fault.instruction.as_deref(), Some("send B!x(u64)"));
    assert_eq!(vm.step_round(&EveryThird, 7).expect("nothing is left").turns, 0);
}

#[test]
fn a_handler_that_panics_when_asked_for_its_network_hurts_nobody() {
    struct Panics;
    impl EffectHandler for Panics {
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
            panic!("I have none")
        }
    }
    let (mut vm, session) = open(VMConfig::default(), &image("A→B:x"));
    // Whether the panic comes out or not: the machine goes on afterwards.
    let run = std::panic::AssertUnwindSafe(|| vm.run(&Panics, 100));
    drop(std::panic::catch_unwind(run));
    if vm.open_sessions() > 0 {
        vm.run(&Seeded, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
    }
}

/// An error of the user's, with a cause of its own.
#[derive(Debug)]
struct Refused(fmt::Error);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn an_error_of_a_handler_can_be_had_again() {
    let (mut vm, _) = open(VMConfig::default(), &image("A→B:x"));
    let error = vm.run(&Script::new(|_, _, _| Err(Refused(fmt::Error).into())), 100);
    let VMError::Faulted { fault, .. } = error.expect_err("the session faults") else {
        panic!("the session faults")
    };
    let source = fault.source().expect("the handler's error");
    assert!(source.downcast_ref::<Refused>().is_some());
    assert!(source.source().expect("its cause").is::<fmt::Error>());
}
