//! How sessions end, and what their owners get.

use std::fmt;

use telltale_vm::{
    Cause, HandlerResult, LabelId, Message, NoHandler, RoleId, SessionError, VM, VMConfig, VMError,
    Value, choreography,
};

choreography! {
    /// Asks until it has enough.
    #[allow(silent_end)]
    pub protocol Questions(Asker, Oracle, Scribe) {
        loop {
            choice at Asker {
                Asker -> Oracle: Ask(u32);
                Oracle -> Asker: Answer(u32);
                Oracle -> Scribe: Note(u32);
            } or {
                Asker -> Oracle: Enough;
                break;
            }
        }
    }
}

#[derive(Debug, PartialEq)]
struct TooMuch(u32);

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is too much", self.0)
    }
}

impl std::error::Error for TooMuch {}

struct Asker(u32);

impl questions::Asker for Asker {
    fn choose(&mut self) -> HandlerResult<questions::AskerChoice> {
        if self.0 == 0 {
            return Ok(questions::AskerChoice::Enough);
        }
        self.0 -= 1;
        Ok(questions::AskerChoice::Ask(self.0))
    }
    fn on_answer(&mut self, _: u32) -> HandlerResult<()> {
        Ok(())
    }
}

struct Oracle {
    limit: u32,
    asked: u32,
}

impl questions::Oracle for Oracle {
    fn answer(&mut self) -> HandlerResult<u32> {
        if self.asked > self.limit { Err(TooMuch(self.asked))? } else { Ok(self.asked * 2) }
    }
    fn note(&mut self) -> HandlerResult<u32> {
        Ok(self.asked)
    }
    fn on_ask(&mut self, ask: u32) -> HandlerResult<()> {
        self.asked = ask;
        Ok(())
    }
    fn on_enough(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Scribe(Vec<u32>);

impl questions::Scribe for Scribe {
    fn on_note(&mut self, note: u32) -> HandlerResult<()> {
        self.0.push(note);
        Ok(())
    }
}

const ORACLE: Oracle = Oracle { limit: 10, asked: 0 };

#[test]
fn a_silent_end_is_an_end() {
    let mut vm = VM::new(VMConfig::default());
    let session = questions::Roles { asker: Asker(3), oracle: ORACLE, scribe: Scribe::default() }
        .open(&mut vm)
        .expect("room");
    vm.run(&NoHandler, 1_000).expect("nothing goes wrong");
    let ended = session.into_roles(&mut vm).expect("the session has ended");
    assert_eq!(ended.scribe.0, [2, 1, 0]);
}

#[test]
fn an_error_is_kept_and_everything_comes_back() {
    let mut vm = VM::new(VMConfig::default());
    let session = questions::Roles { asker: Asker(30), oracle: ORACLE, scribe: Scribe::default() }
        .open(&mut vm)
        .expect("room");
    vm.run(&NoHandler, 1_000).expect("the owner is told, nobody else");
    let error = session.into_roles(&mut vm).err().expect("an oracle has a limit");
    let Some(SessionError::Faulted(fault)) = error.session_error().cloned() else {
        panic!("something else: {error}")
    };
    let ended = error.into_roles().expect("the session has ended");
    assert_eq!(fault.role.as_deref(), Some("Oracle"));
    let Cause::Handler(error) = &fault.cause else { panic!("not an error of a role: {fault}") };
    assert_eq!(error.downcast_ref(), Some(&TooMuch(29)));
    assert_eq!(ended.asker.0, 29);
    assert_eq!(ended.oracle.asked, 29);
    let again = session.into_roles(&mut vm).err().expect("it was taken");
    assert_eq!(again.to_string(), "the roles of session #0 have been taken already");
}

#[test]
fn a_session_that_runs_cannot_be_taken() {
    let mut vm = VM::new(VMConfig::default());
    let session = questions::Roles { asker: Asker(3), oracle: ORACLE, scribe: Scribe::default() }
        .open(&mut vm)
        .expect("room");
    let early = session.into_roles(&mut vm).err().expect("it has not begun");
    assert_eq!(
        early.to_string(),
        "session #0 is still running: it can go on: call `run`, or let it have more rounds"
    );
    assert!(early.into_roles().is_none());
}

#[test]
fn nobody_takes_a_detached_session() {
    let mut vm = VM::new(VMConfig::default());
    for _ in 0..3 {
        questions::Roles { asker: Asker(3), oracle: ORACLE, scribe: Scribe::default() }
            .open_detached(&mut vm)
            .expect("room");
    }
    vm.run(&NoHandler, 1_000).expect("nothing goes wrong");

    questions::Roles { asker: Asker(30), oracle: ORACLE, scribe: Scribe::default() }
        .open_detached(&mut vm)
        .expect("room");
    assert!(matches!(vm.run(&NoHandler, 1_000), Err(VMError::Faulted { count: 1, .. })));
}

#[test]
fn a_foreign_payload_is_named() {
    let mut vm = VM::new(VMConfig::default());
    let session = questions::Roles { asker: Asker(3), oracle: ORACLE, scribe: Scribe::default() }
        .open(&mut vm)
        .expect("room");
    let (from, to, label, value) = (RoleId(0), RoleId(1), LabelId(0), Value::Uint(1 << 40));
    vm.inject(session.id(), Message { from, to, lane: 0, label, value }).expect("it is a number");
    vm.run(&NoHandler, 1_000).expect("the owner is told");
    let error = session.into_roles(&mut vm).err().expect("that is no u32");
    let Some(SessionError::Faulted(fault)) = error.session_error() else {
        panic!("something else: {error}")
    };
    let text = fault.to_string();
    assert!(
        text.contains(
            "expected `u32` as payload of `Ask`, found `1099511627776`, an unsigned integer"
        ),
        "{text}"
    );
    assert_eq!(fault.role.as_deref(), Some("Oracle"));
}
