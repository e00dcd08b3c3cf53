//! Threads share the load, and nobody can tell from what the sessions do.

mod support;

use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use support::image;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, ObsEvent, Observed,
    Picked, Progress, Recording, RoleId, SessionId, ThreadedVM, VM, VMBackend, VMConfig, VMError,
    Value,
};

/// `A` sends as many messages as the number of its session says.
const UNEVEN: &str = "μt. A→{B:more. t; B:stop}";

/// Every seventeenth session is long, one is longer than all others together. Some wait for an answer, some go wrong.
struct Uneven {
    waits: bool,
    fails: bool,
}

impl Uneven {
    fn messages(session: SessionId) -> u64 {
        match session.ordinal() {
            5 => 60_000,
            nth if nth % 17 == 0 => 10_000,
            nth => nth % 5,
        }
    }
}

impl EffectHandler for Uneven {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Unit)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, _: Value) -> HandlerResult<()> {
        let fails = self.fails && cx.session().ordinal() % 7 == 0;
        if fails && cx.label(label).name == "stop" { Err(HandlerError::msg("no")) } else { Ok(()) }
    }

    fn choose(&self, cx: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        let most = Self::messages(cx.session());
        // It is asked again when it is woken, and waits as long as this handler runs.
        if self.waits && cx.session().ordinal() % 3 == 0 && cx.count() == most / 2 {
            return Err(HandlerError::pending());
        }
        Ok(Picked { branch: usize::from(cx.count() >= most), value: Value::Unit })
    }
}

const ALL_WELL: Uneven = Uneven { waits: false, fails: false };

fn config(recording: Recording) -> VMConfig {
    // Short slices, so that there are many.
    VMConfig { quantum: 2, recording, ..VMConfig::default() }
}

fn threaded(config: VMConfig, threads: usize) -> ThreadedVM {
    ThreadedVM::new(config, NonZeroUsize::new(threads).expect("at least one"))
}

fn open(vm: &mut dyn VMBackend, sessions: usize) -> Vec<SessionId> {
    let image = image(UNEVEN);
    (0..sessions).map(|_| vm.load_choreography(&image).expect("there is room")).collect()
}

fn seen(trace: &[ObsEvent]) -> Vec<(u64, SessionId, Observed)> {
    trace.iter().map(|event| (event.tick, event.session, event.what.clone())).collect()
}

#[test]
fn a_trace_does_not_show_who_ran_what() {
    for recording in [Recording::Full, Recording::Last(50_000)] {
        let mut one = VM::new(config(recording));
        open(&mut one, 100);
        one.run(&ALL_WELL, usize::MAX).expect("no session faults");
        let expected = seen(&one.trace());
        for threads in [1, 2, 3, 8] {
            let mut vm = threaded(config(recording), threads);
            open(&mut vm, 100);
            assert_eq!(vm.run(&ALL_WELL, usize::MAX).expect("no fault"), Progress::Complete);
            assert!(seen(&vm.trace()) == expected, "{threads} threads, {recording:?}");
            assert_eq!(vm.clock(), one.clock());
        }
    }
}

/// The third session is not done before all others have begun.
struct Waiting(Mutex<u64>, Condvar);

/// As many as two threads have workers.
const SESSIONS: u64 = 16;

impl EffectHandler for Waiting {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        if cx.session().ordinal() == 0 {
            // Then the thread that has called asks for help.
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut begun = self.0.lock().expect("no panic");
        *begun += 1;
        self.1.notify_all();
        if cx.session().ordinal() == 2 {
            let all = |begun: &mut u64| *begun < SESSIONS;
            let waited = self.1.wait_timeout_while(begun, Duration::from_secs(60), all);
            let (begun, wait) = waited.expect("no panic");
            drop(begun);
            if wait.timed_out() {
                return Err(HandlerError::msg("nobody has taken over the others"));
            }
        }
        Ok(Value::Unit)
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::msg("nobody decides"))
    }
}

#[test]
fn what_a_thread_does_not_get_round_to_another_takes_over() {
    let image = image("A→B:x");
    let mut vm = threaded(VMConfig::default(), 2);
    for _ in 0..SESSIONS {
        vm.load_choreography(&image).expect("there is room");
    }
    vm.run(&Waiting(Mutex::new(0), Condvar::new()), 10).expect("somebody takes over the others");
    assert_eq!((vm.progress(), vm.open_sessions()), (Progress::Complete, 0));
    assert!(vm.moves() > 0);
}

#[test]
fn rounds_are_counted_for_each_session() {
    let endless = image("μt. A→B:x. t");
    let run = |vm: &mut dyn VMBackend, rounds| {
        for _ in 0..5 {
            vm.load_choreography(&endless).expect("there is room");
        }
        open(vm, 60);
        vm.run(&ALL_WELL, rounds).expect("no session faults")
    };
    for rounds in [1, 255, 256, 257, 20_000] {
        let mut one = VM::new(config(Recording::Off));
        let expected = run(&mut one, rounds);
        let effects = |vm: &VM| -> Vec<_> {
            vm.coroutines().map(|role| (role.session_id(), role.effects())).collect()
        };
        for threads in [2, 4] {
            let mut vm = threaded(config(Recording::Off), threads);
            assert_eq!(run(&mut vm, rounds), expected);
            let mut found: Vec<_> = vm.machines().flat_map(effects).collect();
            found.sort_unstable();
            let mut wanted = effects(&one);
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{rounds} rounds");
            assert_eq!(vm.open_sessions(), one.open_sessions());
        }
    }
}

/// A machine, one of whose sessions can be woken or cancelled.
trait Machine: VMBackend {
    fn of(&mut self, session: SessionId) -> &mut VM;

    fn wake_or_cancel(&mut self, session: SessionId) {
        if session.ordinal().is_multiple_of(2) {
            self.of(session).wake(session, "A").expect("it waits");
        } else {
            self.of(session).cancel(session, "too late").expect("it is running");
        }
    }
}

impl Machine for VM {
    fn of(&mut self, _: SessionId) -> &mut VM {
        self
    }
}

impl Machine for ThreadedVM {
    fn of(&mut self, session: SessionId) -> &mut VM {
        self.worker_of_mut(session)
    }
}

#[test]
fn what_waits_is_woken_and_cancelled_wherever_it_ran() {
    let drive = |vm: &mut dyn Machine| {
        let sessions = open(vm, 80);
        let hesitant = Uneven { waits: true, fails: false };
        assert_eq!(vm.run(&hesitant, usize::MAX).expect("no fault"), Progress::Waiting);
        let waiting = sessions.into_iter().filter(|session| session.ordinal() % 3 == 0);
        waiting.for_each(|session| vm.wake_or_cancel(session));
        assert_eq!(vm.run(&ALL_WELL, usize::MAX).expect("no fault"), Progress::Complete);
        // In a tick, sessions are independent.
        let mut seen = seen(&vm.trace());
        seen.sort_by_key(|(tick, session, _)| (*tick, *session));
        seen
    };
    let expected = drive(&mut VM::new(config(Recording::Full)));
    for threads in [2, 3] {
        let mut vm = threaded(config(Recording::Full), threads);
        assert!(drive(&mut vm) == expected);
    }
}

#[test]
fn faults_are_reported_once() {
    let failing = Uneven { waits: false, fails: true };
    let mut vm = threaded(config(Recording::Off), 2);
    open(&mut vm, 70);
    let error = vm.run(&failing, usize::MAX).expect_err("some fault");
    assert!(matches!(error, VMError::Faulted { count: 10, .. }), "{error}");
    let faulted: Vec<u64> = vm.faults().map(|(session, _)| session.ordinal()).collect();
    assert!(faulted.into_iter().eq((0..70).step_by(7)));
    vm.run(&failing, usize::MAX).expect("nobody has faulted since");
    assert_eq!(vm.faults().len(), 0);
}
