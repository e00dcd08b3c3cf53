//! What values, events, errors and names say of themselves.

mod support;

use std::collections::HashSet;
use std::error::Error;

use support::{Script, Seeded, image, open};
use telltale_vm::{
    EffectHandler, HandlerError, Kind, Large, NoHandler, Observed, Progress, RoleId, SessionError,
    VM, VMConfig, VMError, Value, pack, unpack,
};

#[test]
fn values_print_what_they_are() {
    let table = [
        (Value::Unit, "()", "nothing"),
        (Value::from(true), "true", "a bool"),
        (Value::from(-3_i64), "-3", "a signed integer"),
        (Value::from(3_u64), "3", "an unsigned integer"),
        (Value::from(2.5), "2.5", "a float"),
        (Value::from('ß'), "'ß'", "a char"),
        (Value::from("text"), "\"text\"", "text"),
        (Value::from("text".to_owned()), "\"text\"", "text"),
        (Value::bytes([1, 2]), "2 bytes", "bytes"),
        (Value::record([("x", Value::Uint(1)), ("y", Value::Unit)]), "{ x: 1, y: () }", "a record"),
        (Value::opaque(7_u8), "a value of type u8", "an opaque value"),
    ];
    for (value, text, kind) in table {
        assert_eq!(
            (value.to_string(), value.kind().to_string()),
            (text.to_owned(), kind.to_owned())
        );
        assert!(!format!("{value:?}").is_empty());
    }
    assert_eq!(Kind::Endpoint.to_string(), "an endpoint");
}

#[test]
fn a_value_gives_back_only_what_it_is() {
    assert_eq!(Value::Uint(1).as_text(), None);
    assert_eq!(Value::bytes([1]).as_text(), None);
    assert!(Value::Uint(1).into_opaque::<u64>().is_err());
    assert!(Value::opaque(1_u64).into_opaque::<i64>().is_err());
    assert_eq!(Value::opaque(1_u64).into_opaque::<u64>().ok(), Some(1));
    let Value::Large(large) = pack([1_u16]) else { panic!("it is no scalar") };
    let Large::Opaque(opaque) = &*large else { panic!("it has no kind of its own") };
    assert_eq!(format!("{opaque:?}"), "Opaque([u16; 1])");
    let payloads: (i8, i16, i32, usize) = (-1, -2, -3, 4);
    assert_eq!(unpack::<i8>(pack(payloads.0)).ok(), Some(-1));
    assert_eq!(unpack::<i16>(pack(payloads.1)).ok(), Some(-2));
    assert_eq!(unpack::<i32>(pack(payloads.2)).ok(), Some(-3));
    assert_eq!(unpack::<usize>(pack(payloads.3)).ok(), Some(4));
    // Boxes that were of another type are as good.
    for size in 0..40_u8 {
        assert_eq!(unpack::<String>(pack(size.to_string())).ok(), Some(size.to_string()));
        assert_eq!(unpack::<Vec<u8>>(pack(vec![size])).ok(), Some(vec![size]));
        assert_eq!(unpack::<(u8, u8)>(pack((size, size))).ok(), Some((size, size)));
    }
}

#[test]
fn errors_of_handlers_keep_what_they_are_made_of() {
    let error = HandlerError::from("x".parse::<u8>().expect_err("it is no number"));
    assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
    assert_eq!(
        format!("{error} {error:?}"),
        "invalid digit found in string ParseIntError { kind: InvalidDigit }"
    );
    assert!(error.into_inner().is_some());
    let pending = HandlerError::pending();
    assert!(pending.is_pending() && pending.downcast_ref::<std::num::ParseIntError>().is_none());
    assert_eq!(format!("{pending} {pending:?}"), "there is no answer yet Pending");
    assert!(pending.into_inner().is_none());
}

#[test]
fn a_fault_says_the_same_however_often_it_is_asked() {
    let script = Script::new(|_, _, _| Err("x".parse::<u8>().expect_err("it is no number").into()));
    let (mut vm, _) = open(VMConfig::default(), &image("A→B:x"));
    vm.run(&script, 10).expect_err("it faults");
    let (_, fault) = vm.faults().next().expect("a fault");
    let source = fault.source().expect("the error of the handler");
    assert!(source.is::<std::num::ParseIntError>());
    let events = vm.trace();
    let Some(Observed::Faulted { fault: told }) = events.last().map(|event| &event.what) else {
        panic!("it is the last that happens")
    };
    assert!(**told == *fault && !format!("{fault:?}").is_empty());
}

#[test]
fn nobody_answers_without_a_handler() {
    for text in ["A→B:x", "A→{B:x; B:y}"] {
        let (mut vm, _) = open(VMConfig::default(), &image(text));
        let error = vm.run(&NoHandler, 10).expect_err("nobody answers").to_string();
        assert!(
            error.ends_with("`A` has no role object and the VM runs with `NoHandler`"),
            "{error}"
        );
    }
    let (mut vm, session) = open(VMConfig::default(), &image("A→B:x"));
    vm.pause("A");
    support::inject(&mut vm, session, ("A", "B", "x"), Value::Unit).expect("there is room");
    let error = vm.run(&NoHandler, 10).expect_err("nobody is told").to_string();
    assert!(error.contains("`B` has no role object"), "{error}");
}

#[test]
fn names_of_sessions_have_an_order() {
    let mut vm = VM::new(VMConfig::default());
    let [a, b] = [(); 2].map(|()| vm.load_choreography(&image("A→B:x")).expect("room"));
    assert!(a < b && a.cmp(&a).is_eq() && a.partial_cmp(&b).is_some());
    assert_eq!([a, b, a].into_iter().collect::<HashSet<_>>().len(), 2);
    assert_eq!(format!("{a} {a:?}"), "#0 SessionId(#0)");
}

#[test]
fn progress_prints() {
    let texts =
        [Progress::Complete, Progress::OutOfFuel, Progress::Waiting].map(|it| it.to_string());
    let fuel = "out of fuel: the rounds are used up, and some sessions can still act";
    assert_eq!(texts, ["all sessions have ended", fuel, "some sessions wait for the outside"]);
}

#[test]
fn errors_print() {
    let session = VM::default().load_choreography(&image("A→B:x")).expect("room");
    let role = || "Bob".to_owned();
    let texts = [
        (VMError::StaleSession { session }, "session #0 has ended"),
        (VMError::Detached { session }, "session #0 has no owner to take its roles back"),
        (
            VMError::TooManyCoroutines { given: 3, open: 7, limit: 8 },
            "the session has 3 roles, and 7 of at most 8 are open",
        ),
        (
            VMError::TooManyRegisters { given: 9, limit: 8 },
            "a program uses 9 registers, but the limit is 8",
        ),
        (
            VMError::NotInProtocol { session, what: "role `Bob`".to_owned() },
            "session #0 has no role `Bob`",
        ),
        (VMError::ChannelFull { capacity: 1 }, "the channel holds 1 message, which is all it may"),
        (
            VMError::NotPending { session, role: role() },
            "`Bob` of session #0 does not wait for its handler",
        ),
        (VMError::TooManyImages { limit: 8 }, "8 images are in use, which is the limit"),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
        assert!(error.source().is_none());
    }
}

#[test]
fn names_of_sessions_know_their_vm() {
    let [mut one, mut other] = [(); 2].map(|()| VM::default());
    let [a, b] = [(); 2].map(|()| one.load_choreography(&image("A→B:x")).expect("room"));
    let c = other.load_choreography(&image("A→B:x")).expect("room");
    assert!(a.is_of_same_vm(b) && !a.is_of_same_vm(c) && a == c);
}

#[test]
fn outcomes_and_events_print() {
    let cancelled = SessionError::Cancelled { reason: "enough".into() };
    assert_eq!(cancelled.to_string(), "the session was cancelled: enough");
    let cancelled = SessionError::Cancelled { reason: "".into() };
    assert_eq!(cancelled.to_string(), "the session was cancelled");
    assert_eq!(SessionError::Closed.to_string(), "the session was closed before its end");
    assert!(SessionError::Closed.source().is_none());
    let handler: &dyn EffectHandler = &Seeded;
    let (mut vm, session) = open(VMConfig::default(), &image("A→{B:x; B:y}"));
    vm.run(handler, 10).expect("no session faults");
    let trace = vm.trace();
    let texts: Vec<String> = trace.iter().map(ToString::to_string).collect();
    assert!(texts[1].starts_with("#0 A chose B:"), "{texts:?}");
    assert_eq!(trace[1].role(RoleId(1)), "B");
    assert!(trace[0].actor().is_none() && format!("{:?}", trace[1]).contains("Chosen"));
    assert!(vm.status(session).is_ok_and(telltale_vm::SessionStatus::has_ended));
}

#[test]
fn errors_print_a_sentence_where_a_program_ends_with_them() {
    let (mut vm, session) = open(VMConfig::default(), &image("A→B:x"));
    let error = vm.wake(session, "A").expect_err("it does not wait");
    assert_eq!(format!("{error:?}"), "`A` of session #0 does not wait for its handler");
    let unknown = telltale_vm::generated::unknown().to_string();
    assert_eq!(unknown, "not a session of the protocol of these role objects");
}

#[test]
fn errors_about_who_plays_are_sentences() {
    let session = open(VMConfig::default(), &image("A→B:m")).1;
    let table = [
        (VMError::NotAttached { session }, "have not been attached since it was resumed"),
        (VMError::HostBusy, "all machines of the host are busy"),
        (VMError::NoEndpoint, "such a session needs no host"),
        (VMError::OutsideByHand { role: "A".to_owned() }, "its program was written by hand"),
    ];
    for (error, words) in table {
        assert!(error.to_string().contains(words), "{error}");
    }
}
