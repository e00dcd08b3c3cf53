//! `play`, from its beginning to its end: what comes back, and what is said when it does not end well.

use std::error::Error;

use telltale_vm::{
    ByHandler, Cause, HandlerError, HandlerResult, NoHandler, PlayError, Session, SessionError, VM,
    VMConfig, VMError, choreography,
};

choreography! {
    protocol Errand(Sender, Runner) {
        Sender -> Runner: Go(String);
        Runner -> Sender: Back;
    }
}

/// What the runner does with what it is told.
type Task = fn(&str) -> HandlerResult<()>;

#[derive(Debug)]
struct Sender {
    is_back: bool,
}

#[derive(Debug)]
struct Runner {
    task: Task,
    runs: u32,
}

impl errand::Sender for Sender {
    fn go(&mut self) -> HandlerResult<String> {
        Ok("twelve".to_owned())
    }
    fn on_back(&mut self) -> HandlerResult<()> {
        self.is_back = true;
        Ok(())
    }
}

impl errand::Runner for Runner {
    fn on_go(&mut self, go: String) -> HandlerResult<()> {
        self.runs += 1;
        (self.task)(&go)
    }
}

type Played = Result<errand::Roles<Sender, Runner>, PlayError<errand::Roles<Sender, Runner>>>;

fn play(task: Task) -> Played {
    errand::Roles { sender: Sender { is_back: false }, runner: Runner { task, runs: 0 } }.play()
}

/// What a failed errand says, and why its session ended; its roles have come back.
fn failed(task: Task) -> (String, SessionError) {
    let error = play(task).expect_err("it fails");
    let text = error.to_string();
    assert_eq!(format!("{error:?}"), text);
    let why = error.session_error().expect("its session has ended").clone();
    let roles = error.into_roles().expect("they come back");
    assert_eq!((roles.sender.is_back, roles.runner.runs), (false, 1));
    (text, why)
}

#[test]
fn the_roles_come_back() {
    let roles = play(|_| Ok(())).expect("it ends well");
    assert_eq!((roles.sender.is_back, roles.runner.runs), (true, 1));
}

#[test]
fn every_error_ends_the_session_and_says_so() {
    let place = "session #0 faulted: `Runner` at `recv Sender?Go(String)`: ";
    let tasks: [(Task, &str); 5] = [
        (
            |go| go.parse::<u32>().map(drop).map_err(HandlerError::from),
            "invalid digit found in string",
        ),
        (|_| Err("no shoes".into()), "no shoes"),
        (|go| Err(format!("no {go}"))?, "no twelve"),
        (|_| Err(Box::<dyn Error + Send + Sync>::from("boxed"))?, "boxed"),
        (|_| panic!("stumbled"), "it panicked: stumbled"),
    ];
    for (task, text) in tasks {
        assert_eq!(failed(task).0, format!("{place}{text}"));
    }
}

#[test]
fn the_source_is_the_error_of_the_role() {
    let error = play(|go| Ok(go.parse::<u32>().map(drop)?)).expect_err("it is no number");
    let VMError::Incomplete { error: SessionError::Faulted(fault), .. } = error.reason() else {
        panic!("something else: {error}")
    };
    let Cause::Handler(inside) = &fault.cause else { panic!("something else: {fault}") };
    assert!(inside.downcast_ref::<std::num::ParseIntError>().is_some());
    let cancelled = SessionError::Cancelled { reason: "enough".into() };
    assert!(cancelled.source().is_none());
    let faulted = SessionError::Faulted(fault.clone());
    assert_eq!(faulted, SessionError::Faulted(fault.clone()));
    assert_ne!(faulted, cancelled);
    let source = error.source().expect("the error of the role");
    assert!(source.is::<std::num::ParseIntError>());
    // It goes where errors go in programs.
    let boxed: Box<dyn Error + Send + Sync> = error.into();
    assert!(boxed.to_string().ends_with("invalid digit found in string"));
}

#[test]
fn whoever_waits_for_ever_is_cancelled() {
    let (text, why) = failed(|_| Err(HandlerError::pending()));
    assert_eq!(
        text,
        "session #0 was cancelled: `Sender` waits for `Runner`, `Runner` waits for its handler, \
         and nobody can wake it"
    );
    assert!(matches!(why, SessionError::Cancelled { .. }));
}

#[test]
fn a_role_without_an_object_needs_a_handler() {
    let roles = || errand::Roles { sender: Sender { is_back: false }, runner: ByHandler };
    let error = roles().play().expect_err("nobody runs");
    assert_eq!(
        error.to_string(),
        "`Runner` is played by the handler of the run, and `play` has none"
    );
    let (reason, back) = error.into_parts();
    assert!(matches!(reason, VMError::NoHandler { .. }) && back.is_some());
    let error = roles().play_with(&NoHandler).expect_err("nobody runs");
    assert!(error.to_string().contains("NoHandler"), "{error}");
    assert!(VMError::from(error).to_string().starts_with("session #0 faulted: `Runner` at "));
}

#[test]
fn a_vm_that_is_full_opens_nothing() {
    let mut vm = VM::new(VMConfig { max_sessions: 0, ..VMConfig::default() });
    let roles = errand::Roles { sender: Sender { is_back: false }, runner: ByHandler };
    let full = roles.open(&mut vm).expect_err("there is no room");
    assert_eq!(full.to_string(), "0 sessions are open, which is the limit");
}

#[test]
fn a_role_that_a_handler_plays_has_no_object_to_ask() {
    let mut nobody = ByHandler;
    let error = errand::Runner::on_go(&mut nobody, String::new()).expect_err("nobody is there");
    assert_eq!(error.to_string(), "a marker stands where the object of this role would be");
    let error = errand::Sender::go(&mut nobody).expect_err("nobody is there");
    assert_eq!(error.to_string(), "a marker stands where the object of this role would be");
}

choreography! {
    protocol Longer(Sender, Runner) {
        Sender -> Runner: Go(String);
        Sender -> Runner: Other;
        choice at Runner { Runner -> Sender: Back; } or { Runner -> Sender: Away; }
    }
}

#[test]
fn role_objects_of_another_protocol_are_told_apart() {
    let mut vm = VM::default();
    let sender = Sender { is_back: false };
    let roles = errand::Roles { sender, runner: Runner { task: |_| Ok(()), runs: 0 } };
    let session = Session::open(&mut vm, &longer::IMAGE, roles).expect("there is room");
    vm.run(&NoHandler, 100).expect("the owner is told");
    let error = session.into_roles(&mut vm).expect_err("they have no such message");
    assert!(
        error.to_string().ends_with("not a session of the protocol of these role objects"),
        "{error}"
    );
}

choreography! {
    protocol Callback(Left, Right) {
        Left -> Right: Call(Box<dyn Fn(u8, u8) -> u8 + Send>, (u8, u8));
    }
}

struct Silent;

impl callback::Left for Silent {
    fn call(&mut self) -> HandlerResult<(Box<dyn Fn(u8, u8) -> u8 + Send>, (u8, u8))> {
        Err("nobody is at home".into())
    }
}

impl callback::Right for Silent {
    fn on_call(&mut self, _: (Box<dyn Fn(u8, u8) -> u8 + Send>, (u8, u8))) -> HandlerResult<()> {
        Ok(())
    }
}

#[test]
fn a_place_has_the_whole_type_of_its_message() {
    let error = callback::Roles { left: Silent, right: Silent }.play().err().expect("it fails");
    assert_eq!(
        error.to_string(),
        "session #0 faulted: `Left` at `send Right!Call(Box<dyn Fn(u8, u8) -> u8 + Send>, (u8, u8))`: \
         nobody is at home"
    );
}
