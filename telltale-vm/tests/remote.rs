//! Other threads open, wake and cancel sessions while a machine with threads runs.

mod support;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use support::{Census, Counted, Script, image, number};
use telltale_vm::generated::{ChoiceVisitor, MessageVisitor, RoleObjects};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, NoHandler, Observed,
    Picked, Progress, Recording, Remote, RoleId, Session, SessionId, SessionStatus, SetId,
    ThreadedVM, VMConfig, VMError, Value,
};

fn threaded(config: VMConfig, threads: usize) -> ThreadedVM {
    ThreadedVM::new(config, NonZeroUsize::new(threads).expect("at least one"))
}

/// Answers at once, but for roles that send: those are pending once, and somebody is told.
struct Asynchronous {
    asked: Mutex<BTreeSet<u64>>,
    waker: Mutex<Sender<SessionId>>,
    received: AtomicUsize,
}

impl Asynchronous {
    fn new(waker: Sender<SessionId>) -> Self {
        Self { asked: Mutex::default(), waker: Mutex::new(waker), received: AtomicUsize::new(0) }
    }
}

impl EffectHandler for Asynchronous {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        let session = cx.session();
        if self.asked.lock().expect("no panic").insert(session.ordinal()) {
            // It is woken perhaps before anybody has seen that it waits.
            self.waker.lock().expect("no panic").send(session).expect("somebody listens");
            return Err(HandlerError::pending());
        }
        match session.ordinal() % 11 {
            0 => Err(HandlerError::msg("no")),
            1 => panic!("no"),
            _ => Ok(Value::Unit),
        }
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        self.received.fetch_add(1, Relaxed);
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
}

/// Clients open sessions, somebody wakes them, some are cancelled, some fault; the server runs until nobody is left.
fn serve(threads: usize, clients: usize, sessions: usize) {
    let image = image("A→B:x");
    let mut vm = threaded(VMConfig { recording: Recording::Off, ..VMConfig::default() }, threads);
    let (waker, to_wake) = channel();
    let handler = Asynchronous::new(waker);
    let remote = vm.remote();
    let (mut faults, mut refused) = (0, 0);
    thread::scope(|scope| {
        for _ in 0..clients {
            let (remote, image) = (remote.clone(), &image);
            scope.spawn(move || {
                for _ in 0..sessions {
                    let session = remote.load_choreography(image).expect("the machine is there");
                    if session.ordinal() % 5 == 4 {
                        remote.cancel(session, "changed my mind").expect("the machine is there");
                    }
                }
            });
        }
        let waker = remote;
        scope.spawn(move || {
            // A session that is cancelled in time is never asked.
            while let Ok(session) = to_wake.recv_timeout(std::time::Duration::from_millis(200)) {
                waker.wake(session, "A").expect("the machine is there");
            }
        });
        while vm.wait_for_work() {
            if let Err(error) = vm.run(&handler, usize::MAX) {
                assert!(matches!(error, VMError::Faulted { .. }), "{error}");
            }
            faults += vm.faults().len();
            refused += vm.refusals().count();
        }
    });
    assert_eq!((vm.progress(), vm.open_sessions()), (Progress::Complete, 0));
    let all = clients * sessions;
    let cancelled = all - handler.received.load(Relaxed) - faults;
    assert!(cancelled <= all.div_ceil(5));
    // What was woken in vain had been cancelled.
    assert!(refused <= cancelled, "{refused} refused, {cancelled} cancelled");
}

#[test]
fn a_server_serves_until_nobody_is_left() {
    // More for those who want to be sure.
    let sessions = number("TELLTALE_SESSIONS", 500) as usize;
    for threads in [1, 2, 4] {
        serve(threads, 3, sessions);
    }
}

#[test]
fn a_run_does_what_is_asked_meanwhile() {
    let endless = image("μt. A→B:x. t");
    let mut vm = threaded(VMConfig { recording: Recording::Off, ..VMConfig::default() }, 2);
    let session = vm.load_choreography(&endless).expect("there is room");
    let remote = vm.remote();
    let ask = thread::spawn(move || remote.cancel(session, "enough"));
    // Only the request ends it.
    assert_eq!(
        vm.run(&Script::new(|_, _, _| Ok(Value::Unit)), usize::MAX).expect("no fault"),
        Progress::Complete
    );
    ask.join().expect("no panic").expect("the machine is there");
}

#[test]
fn the_name_is_that_of_the_session() {
    let image = image("A→B:x");
    let mut vm = threaded(VMConfig::default(), 2);
    let remote = vm.remote();
    assert_eq!(vm.progress(), Progress::Complete);
    let local = vm.load_choreography(&image).expect("there is room");
    let session = remote.load_choreography(&image).expect("the machine is there");
    assert!(session != local && session.is_of_same_vm(local));
    assert_eq!(vm.progress(), Progress::OutOfFuel);
    vm.run(&Script::new(|_, _, _| Ok(Value::Unit)), 10).expect("no fault");
    assert_eq!(vm.worker_of(session).status(session).expect("it has been"), SessionStatus::Closed);
    let events = vm.trace();
    let opened = events.iter().filter(|event| event.session == session);
    assert_eq!(opened.filter(|event| event.what == Observed::Closed).count(), 1);
    // Its memory is used again, and then nobody knows it any more.
    for _ in 0..100 {
        vm.load_choreography(&image).expect("there is room");
    }
    let status = vm.worker_of(session).status(session);
    assert!(matches!(status, Err(VMError::StaleSession { .. })), "{status:?}");
}

#[test]
fn what_cannot_be_done_is_told_after_the_run() {
    let image = image("A→B:x. B→A:y");
    let mut vm = threaded(VMConfig::default(), 2);
    let remote = vm.remote();
    let session = remote.load_choreography(&image).expect("the machine is there");
    remote.wake(session, "A").expect("the machine is there");
    remote.wake(session, "Z").expect("the machine is there");
    vm.run(&Script::new(|_, _, _| Ok(Value::Unit)), 10).expect("no fault");
    let refusals: Vec<String> = vm.refusals().map(|(_, error)| error.to_string()).collect();
    assert_eq!(refusals.len(), 2, "{refusals:?}");
    remote.close(session).expect("the machine is there");
    vm.run(&NoHandler, 10).expect("no fault");
    let (of, error) = vm.refusals().next().expect("it has ended");
    assert!(of == session && matches!(error, VMError::StaleSession { .. }), "{error}");
    vm.run(&NoHandler, 10).expect("no fault");
    assert_eq!(vm.refusals().count(), 0);

    let mut other = threaded(VMConfig::default(), 2);
    let foreign = other.load_choreography(&image).expect("there is room");
    let error = remote.wake(foreign, "A").expect_err("it is not there");
    assert!(matches!(error, VMError::ForeignSession { .. }), "{error}");
}

/// Role objects that are counted.
struct Roles {
    _counted: Counted,
}

impl RoleObjects for Roles {
    fn message<V: MessageVisitor>(
        &mut self,
        _: RoleId,
        _: RoleId,
        _: LabelId,
        visitor: V,
    ) -> V::Done {
        visitor.transfer_signal(&mut (), |()| Ok(()), &mut (), |()| Ok(()))
    }

    fn choice<V: ChoiceVisitor>(&mut self, _: RoleId, _: SetId, visitor: V) -> V::Done {
        visitor.fail(HandlerError::msg("nobody decides"))
    }
}

fn open(remote: &mut Remote, census: &Census) -> Result<Session<Roles>, VMError> {
    Session::open(remote, &image("A→B:x"), Roles { _counted: census.counted() })
}

#[test]
fn role_objects_come_back_from_the_machine() {
    let census = Census::default();
    let mut vm = threaded(VMConfig::default(), 2);
    let mut remote = vm.remote();
    let session = open(&mut remote, &census).expect("the machine is there");
    let early = session.into_roles(&mut vm).err().expect("it is running");
    assert!(matches!(early.reason(), VMError::StillRunning { .. }), "{early}");
    vm.run(&NoHandler, 10).expect("no fault");
    let there = session.into_roles(&mut remote).err().expect("it is not there");
    assert!(matches!(there.reason(), VMError::NotHere { .. }), "{there}");
    assert_eq!(census.alive(), 1);
    drop(session.into_roles(&mut vm).expect("it has ended well"));
    assert_eq!(census.alive(), 0);
}

#[test]
fn role_objects_for_which_there_is_no_room_are_dropped() {
    let census = Census::default();
    let mut vm = threaded(VMConfig { max_sessions: 0, ..VMConfig::default() }, 2);
    let mut remote = vm.remote();
    let session = open(&mut remote, &census).expect("the machine is there");
    assert_eq!(census.alive(), 1);
    vm.run(&NoHandler, 10).expect("no fault");
    assert_eq!(census.alive(), 0);
    assert_eq!(vm.progress(), Progress::Complete);
    let error = session.into_roles(&mut vm).err().expect("there was no room");
    assert!(matches!(error.reason(), VMError::TooManySessions { .. }), "{error}");

    let left = open(&mut remote, &census).expect("the machine is there");
    assert_eq!(census.alive(), 1);
    drop(vm);
    assert_eq!(census.alive(), 0);
    let gone = open(&mut remote, &census).expect_err("the machine is gone");
    assert!(matches!(gone, VMError::MachineGone), "{gone}, unlike {left:?}");
    assert_eq!(census.alive(), 0);
}

#[test]
fn who_waits_for_work_sees_that_none_will_come() {
    let image = image("A→B:x");
    let mut vm = threaded(VMConfig::default(), 2);
    assert!(!vm.wait_for_work());
    let remote = vm.remote();
    let asked = thread::spawn(move || remote.load_choreography(&image));
    assert!(vm.wait_for_work());
    vm.run(&Script::new(|_, _, _| Ok(Value::Unit)), 10).expect("no fault");
    asked.join().expect("no panic").expect("the machine is there");
    assert!(!vm.wait_for_work());
}
