//! Several threads do what one does.

mod support;

use std::num::NonZeroUsize;

use support::{Census, Counted, Script, Seeded, ended, image, number, try_image};
use telltale_theory::oracle::{Shape, generate};
use telltale_vm::generated::{ChoiceVisitor, MessageVisitor, RoleObjects, SessionHost};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, NoHandler, ObsEvent,
    Observed, Picked, Progress, Recording, RoleId, Session, SessionStatus, SetId, ThreadedVM, VM,
    VMBackend, VMConfig, VMError, Value,
};

fn threaded(config: VMConfig, workers: usize) -> ThreadedVM {
    ThreadedVM::new(config, NonZeroUsize::new(workers).expect("at least one"))
}

/// Images of random protocols.
fn images(count: usize) -> Vec<CodeImage> {
    let images = (0..).filter_map(|seed| try_image(&generate(seed, Shape::default())));
    images.take(count).collect()
}

/// Everything that can be seen of a run but where in memory sessions were.
fn seen(trace: &[ObsEvent]) -> Vec<(u64, u64, Observed)> {
    trace.iter().map(|event| (event.tick, event.session.ordinal(), event.what.clone())).collect()
}

/// Opens a session of each image, runs, and does so again.
fn twice(vm: &mut dyn VMBackend, images: &[CodeImage], rounds: usize) -> Vec<(u64, u64, Observed)> {
    for _ in 0..2 {
        for (nth, image) in images.iter().enumerate() {
            let opened = vm.load_choreography(image).expect("there is room");
            assert_eq!(opened.ordinal() as usize % images.len(), nth);
        }
        vm.run(&Seeded, rounds).expect("no session faults");
    }
    seen(&vm.trace())
}

#[test]
fn the_trace_is_that_of_one_thread() {
    let images = images(number("TELLTALE_PROTOCOLS", 150) as usize);
    for quantum in [2, 64] {
        for rounds in [1, 2, 5] {
            let config = VMConfig { quantum, ..VMConfig::default() };
            let expected = twice(&mut VM::new(config.clone()), &images, rounds);
            for workers in [1, 2, 3, 7] {
                let mut vm = threaded(config.clone(), workers);
                let found = twice(&mut vm, &images, rounds);
                assert!(found == expected, "{workers} workers, {rounds} rounds of {quantum}");
            }
        }
    }
}

#[test]
fn stepping_comes_to_the_same_end() {
    let image = image("A→{B:x. B→C:y; B:z. B→C:w}");
    let end = |vm: &mut dyn VMBackend, n| {
        for _ in 0..5 {
            vm.load_choreography(&image).expect("there is room");
        }
        let mut turns = 0;
        loop {
            let step = vm.step_round(&Seeded, n).expect("no session faults");
            assert!(step.turns <= n);
            turns += step.turns;
            match step.progress {
                Progress::OutOfFuel => {}
                progress => break (progress, turns),
            }
        }
    };
    for n in [1, 2, 3, 100] {
        let expected = end(&mut VM::new(VMConfig::default()), n);
        for workers in [1, 2, 4] {
            let mut vm = threaded(VMConfig::default(), workers);
            assert_eq!(end(&mut vm, n).0, expected.0);
            assert_eq!(vm.open_sessions(), 0);
            assert!(vm.machines().len() >= workers);
        }
    }
}

/// Sessions whose number can be divided by three go wrong, each in its way.
struct Faulty;

impl EffectHandler for Faulty {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        match cx.session().ordinal() % 6 {
            0 => Err(HandlerError::msg("no")),
            3 => panic!("no"),
            _ => Ok(Value::Unit),
        }
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::msg("nobody decides"))
    }
}

#[test]
fn faults_are_told_as_one_thread_tells_them() {
    let image = image("A→B:x. B→A:y");
    let mut one = VM::new(VMConfig::default());
    for _ in 0..20 {
        one.load_choreography(&image).expect("there is room");
    }
    let expected = one.run(&Faulty, 10).expect_err("some sessions fault").to_string();
    for workers in [1, 2, 3, 5] {
        let mut vm = threaded(VMConfig::default(), workers);
        let sessions: Vec<_> =
            (0..20).map(|_| vm.load_choreography(&image).expect("there is room")).collect();
        let error = vm.run(&Faulty, 10).expect_err("some sessions fault");
        assert!(matches!(error, VMError::Faulted { count: 7, .. }), "{error}");
        assert_eq!(error.to_string(), expected);
        let faults: Vec<_> = vm.faults().map(|(session, _)| session.ordinal()).collect();
        assert_eq!(faults, [0, 3, 6, 9, 12, 15, 18]);
        for session in sessions {
            let status = match session.ordinal() % 3 {
                0 => SessionStatus::Faulted,
                _ => SessionStatus::Closed,
            };
            assert_eq!(vm.worker_of(session).status(session).expect("it was open"), status);
        }
        vm.run(&Faulty, 10).expect("nobody has faulted since");
        assert_eq!(vm.faults().len(), 0);
    }
}

/// Role objects that leave a trace of themselves.
struct Counting {
    counted: Counted,
    acts: u32,
}

impl RoleObjects for Counting {
    fn message<C: MessageVisitor>(
        &mut self,
        _: RoleId,
        _: RoleId,
        _: LabelId,
        visitor: C,
    ) -> C::Done {
        let act = |acts: &mut u32| {
            *acts += 1;
            Ok(())
        };
        visitor.transfer_signal(&mut self.acts, act, &mut (), |()| Ok(()))
    }

    fn choice<C: ChoiceVisitor>(&mut self, _: RoleId, _: SetId, visitor: C) -> C::Done {
        visitor.fail(HandlerError::msg("nobody decides"))
    }
}

#[test]
fn role_objects_come_back() {
    let (image, census) = (image("A→B:x. B→A:y. A→B:z"), Census::default());
    let mut vm = threaded(VMConfig::default(), 3);
    let cast = || Counting { counted: census.counted(), acts: 0 };
    let open = |vm: &mut ThreadedVM| Session::open(vm, &image, cast());
    let sessions: Vec<_> = (0..10).map(|_| open(&mut vm).expect("there is room")).collect();
    let early = sessions[4].into_roles(&mut vm).err().expect("it is running");
    assert!(matches!(early.reason(), VMError::StillRunning { .. }));
    vm.run(&NoHandler, 10).expect("no session faults");
    for session in &sessions {
        let (outcome, cast) = ended(session.into_roles(&mut vm)).expect("it has ended");
        assert_eq!((cast.acts, outcome.is_ok()), (3, true));
        assert!(session.into_roles(&mut vm).is_err(), "it was taken");
        drop(cast.counted);
    }
    assert_eq!(census.alive(), 0);
}

#[test]
fn whatever_waits_is_woken_where_it_is() {
    let image = image("A→B:x");
    let mut vm = threaded(VMConfig::default(), 2);
    let sessions = [(); 4].map(|()| vm.load_choreography(&image).expect("there is room"));
    let hesitant = Script::new(|_, what, before| match (what, before) {
        ("x!", 0..4) => Err(HandlerError::pending()),
        _ => Ok(Value::Unit),
    });
    vm.run(&hesitant, 10).expect("no session faults");
    assert_eq!((vm.progress(), vm.open_sessions()), (Progress::Waiting, 4));
    for session in sessions {
        vm.worker_of_mut(session).wake(session, "A").expect("it waits");
    }
    vm.pause("B");
    vm.run(&hesitant, 10).expect("no session faults");
    assert_eq!((vm.progress(), vm.open_sessions()), (Progress::Waiting, 4));
    assert!(vm.resume("B") && !vm.resume("B"));
    vm.run(&hesitant, 10).expect("no session faults");
    assert_eq!((vm.progress(), vm.open_sessions()), (Progress::Complete, 0));
}

#[test]
fn only_the_last_events_are_kept() {
    let image = image("A→B:x. B→A:y");
    let all = |recording| {
        let mut vm = threaded(VMConfig { recording, ..VMConfig::default() }, 3);
        for _ in 0..10 {
            vm.load_choreography(&image).expect("there is room");
        }
        vm.run(&Seeded, 10).expect("no session faults");
        seen(&vm.trace())
    };
    let (full, last) = (all(Recording::Full), all(Recording::Last(7)));
    assert_eq!(last, full[full.len() - 7..]);
}

#[test]
fn role_objects_that_nobody_takes_are_dropped_and_their_room_is_used_again() {
    let (image, census) = (image("A→B:x. B→A:y. A→B:z"), Census::default());
    let mut vm = threaded(VMConfig::default(), 2);
    for _ in 0..3 {
        for _ in 0..40 {
            let cast = Counting { counted: census.counted(), acts: 0 };
            vm.open_session(&image, cast, false).expect("there is room");
        }
        assert_eq!(census.alive(), 40);
        vm.run(&NoHandler, 10).expect("no session faults");
        assert_eq!(census.alive(), 0, "what is kept for later sessions is empty");
    }
}

#[test]
fn a_machine_prints_what_is_asked_of_it() {
    let vm = threaded(VMConfig::default(), 2);
    vm.remote().load_choreography(&image("A→B:x")).expect("the machine is there");
    assert!(format!("{vm:?}").contains("Request(#0)"));
}

#[test]
fn what_comes_too_late_and_what_is_of_others_is_refused_in_words() {
    let image = image("A→B:x");
    let mut vm = threaded(VMConfig::default(), 2);
    let remote = vm.remote();
    let session = vm.load_choreography(&image).expect("there is room");
    let foreign = VM::default().cancel(session, "enough").expect_err("it is of another machine");
    assert!(foreign.to_string().contains("#0"), "{foreign}");
    drop(vm);
    let gone = remote.load_choreography(&image).expect_err("nobody is there");
    assert_eq!(gone.to_string(), "the machine has been dropped");
}
