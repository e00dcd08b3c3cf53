//! From opening a session to getting its role objects back: how sessions end, that their memory is
//! used again, and that their names never are.

mod support;

use support::{Census, Counted, Script, Seeded, ended, image, is_closed, lines, open};
use telltale_vm::generated::{ChoiceVisitor, MessageVisitor, RoleObjects, SessionHost};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    HandlerError, HandlerResult, LabelId, NoHandler, Progress, Recording, RoleId, Session,
    SessionError, SessionId, SessionStatus, SetId, VM, VMConfig, VMError,
};

/// How many times something is done that is cheap: fewer where nothing is optimised.
fn many(times: usize) -> usize {
    if cfg!(debug_assertions) { times / 200 } else { times }
}

fn off() -> VMConfig {
    VMConfig { recording: Recording::Off, ..VMConfig::default() }
}

/// How sessions end of their own accord.
mod completion {
    use super::*;

    #[test]
    fn a_session_closes_when_all_its_roles_are_done() {
        let (mut vm, session) = open(VMConfig::default(), &image("A→B:x. B→C:y"));
        assert_eq!(vm.status(session).expect("it runs"), SessionStatus::Active);
        assert_eq!((vm.open_sessions(), vm.progress()), (1, Progress::OutOfFuel));
        vm.run(&Seeded, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
        assert_eq!((vm.open_sessions(), vm.progress()), (0, Progress::Complete));
        assert_eq!(lines(&vm).last().expect("events"), "#0 closed");
    }

    #[test]
    fn whoever_may_end_without_being_told_does() {
        // C is told of one branch only. In the other it waits at its end for ever.
        let image = image("A→{B:x. A→C:y; B:z}");
        for (branch, halted) in [(0, 3), (1, 2)] {
            let mut script = Script::units();
            script.branch = branch;
            let (mut vm, session) = open(VMConfig::default(), &image);
            vm.run(&script, 100).expect("no session faults");
            assert!(is_closed(&vm, session), "branch {branch}");
            let lines = lines(&vm);
            assert_eq!(lines.iter().filter(|line| line.ends_with("halted")).count(), halted);
        }
    }

    #[test]
    fn whoever_may_end_goes_on_while_others_may_write() {
        let image = image("μt. A→{B:x. A→C:y. t; B:z}");
        for turns in 0..20 {
            let (mut vm, session) = open(VMConfig { quantum: 1, ..VMConfig::default() }, &image);
            let mut script = Script::units();
            for _ in 0..turns {
                vm.step(&script).expect("no session faults");
            }
            assert_eq!(vm.open_sessions(), 1, "it never ends by itself");
            script.branch = 1;
            vm.run(&script, 1_000).expect("no session faults");
            assert!(is_closed(&vm, session));
        }
    }

    #[test]
    fn rounds_that_are_used_up_are_no_end() {
        let (mut vm, session) = open(VMConfig::default(), &image("μt. A→B:x. B→A:y. t"));
        vm.run(&Seeded, 10).expect("no session faults");
        assert_eq!(vm.progress(), Progress::OutOfFuel);
        assert_eq!(vm.status(session).expect("it runs"), SessionStatus::Active);
        assert_eq!(vm.clock().now(), 10);
    }
}

/// Limits on what is open at once.
mod limits {
    use super::*;

    #[test]
    fn of_sessions() {
        let image = image("A→B:x");
        let mut vm = VM::new(VMConfig { max_sessions: 2, ..VMConfig::default() });
        for _ in 0..3 {
            vm.load_choreography(&image).expect("there is room");
            vm.load_choreography(&image).expect("there is room");
            let error = vm.load_choreography(&image).expect_err("there is no room");
            assert_eq!(error.to_string(), "2 sessions are open, which is the limit");
            vm.run(&Seeded, 100).expect("no session faults");
        }
        let opened = lines(&vm).iter().filter(|line| line.ends_with("opened")).count();
        assert_eq!(opened, 6);
    }

    #[test]
    fn of_roles() {
        let [two, three] = ["A→B:x", "A→B:x. B→C:y"].map(image);
        let mut vm = VM::new(VMConfig { max_coroutines: 5, ..VMConfig::default() });
        vm.load_choreography(&two).expect("there is room");
        vm.load_choreography(&two).expect("there is room");
        let error = vm.load_choreography(&three).expect_err("there is no room");
        let text = "the session has 3 roles, and 4 of at most 5 are open";
        assert_eq!(error.to_string(), text);
        assert_eq!(vm.open_sessions(), 2);
        vm.run(&Seeded, 100).expect("no session faults");
        vm.load_choreography(&three).expect("there is room again");
    }

    #[test]
    fn a_session_that_was_refused_leaves_nothing_behind() {
        let small = image("A→B:x");
        let mut vm = VM::new(VMConfig { max_coroutines: 2, ..off() });
        vm.load_choreography(&small).expect("there is room");
        // More different images than a machine can hold, where there is time for it.
        for _ in 0..if cfg!(debug_assertions) { 1_000 } else { 70_000 } {
            let large = image("A→B:x. B→C:y");
            let error = vm.load_choreography(&large).expect_err("there is no room");
            assert!(matches!(error, VMError::TooManyCoroutines { .. }), "{error}");
        }
        let memory = vm.session_memory();
        for _ in 0..1_000 {
            vm.load_choreography(&small).expect_err("there is no room");
        }
        assert_eq!(vm.session_memory(), memory);
        vm.run(&Seeded, 100).expect("no session faults");
        assert_eq!(vm.progress(), Progress::Complete);
    }

    #[test]
    fn role_objects_that_found_no_room_are_dropped() {
        let census = Census::default();
        let mut vm = VM::new(VMConfig { max_sessions: 0, ..VMConfig::default() });
        let refused = Session::open(&mut vm, &image("A→B:x"), Pair::new(&census));
        assert!(matches!(refused, Err(VMError::TooManySessions { limit: 0 })));
        assert_eq!(census.alive(), 0);
    }
}

/// Memory and names.
mod reuse {
    use super::*;

    #[test]
    fn ten_million_sessions_through_one_machine() {
        let image = image("A→B:x. B→A:y");
        let mut vm = VM::new(off());
        let mut first = None;
        let mut memory = 0;
        let batch = 1_000;
        for nth in 0..many(10_000_000) / batch {
            for _ in 0..batch {
                let session = vm.load_choreography(&image).expect("there is room");
                first.get_or_insert(session);
            }
            vm.run(&Seeded, 100).expect("no session faults");
            assert_eq!(vm.open_sessions(), 0);
            if nth == 0 {
                memory = vm.session_memory();
            }
        }
        assert_eq!(vm.session_memory(), memory);
        let stale = vm.status(first.expect("there was one"));
        assert!(matches!(stale, Err(VMError::StaleSession { .. })));
    }

    #[test]
    fn a_name_is_never_given_twice() {
        let images = ["A→B:x", "A→B:x. B→C:y", "A→B:x. A→B:x. A→B:x. A→B:x"].map(image);
        let mut vm = VM::new(off());
        let mut names: Vec<SessionId> = Vec::new();
        for round in 0..300 {
            for image in &images[..=round % 3] {
                names.push(vm.load_choreography(image).expect("there is room"));
            }
            if round % 2 == 0 {
                vm.cancel(names[names.len() - 1], "not this one").expect("it runs");
            }
            vm.run(&Seeded, round % 5).expect("no session faults");
        }
        vm.run(&Seeded, 1_000).expect("no session faults");
        let count = names.len();
        let ordinals: Vec<u64> = names.iter().map(|session| session.ordinal()).collect();
        assert!(ordinals.iter().copied().eq(0..count as u64));
        // What is known of a session that has ended is right, or nothing is known.
        let known = names.iter().filter(|&&session| vm.status(session).is_ok()).count();
        assert!(known < count / 2, "memory was used again");
        assert!(names.iter().all(|&session| vm.session(session).is_err()));
    }

    #[test]
    fn thousands_of_images_one_after_the_other() {
        // More than a machine can hold at once, if anybody has the time.
        let count = if cfg!(debug_assertions) { 3_000 } else { 70_000 };
        let mut vm = VM::new(off());
        let mut memory = 0;
        for nth in 0..count {
            // No two are alike, in size or in words.
            let more = format!("A→B:more{nth}. ").repeat(nth % 7);
            let image = image(&format!("{more}A→B:x{nth}"));
            let session = vm.load_choreography(&image).expect("there is room");
            let script = Script::units();
            vm.run(&script, 100).expect("no session faults");
            assert!(is_closed(&vm, session));
            assert_eq!(script.count(&format!("B x{nth}?")), 1, "it is this image's session");
            if nth == 100 {
                memory = vm.session_memory();
            }
        }
        assert_eq!(vm.session_memory(), memory);
    }

    #[test]
    fn images_that_alternate() {
        let images = ["A→B:x", "A→B:x. B→C:y", "A→{B:x; B:y}"].map(image);
        let mut vm = VM::new(off());
        for nth in 0..1_000 {
            let open: Vec<SessionId> = (0..=nth % 4)
                .map(|more| vm.load_choreography(&images[(nth + more) % 3]).expect("room"))
                .collect();
            if nth % 3 == 0 {
                vm.cancel(open[0], "not this one").expect("it runs");
            }
            vm.run(&Seeded, 100).expect("no session faults");
            assert_eq!(vm.open_sessions(), 0);
        }
    }

    #[test]
    fn an_image_may_be_dropped_while_its_sessions_run() {
        let mut vm = VM::new(VMConfig::default());
        let session = vm.load_choreography(&image("A→B:x. B→A:y")).expect("there is room");
        // Whatever takes its place in memory is another image.
        let others: Vec<CodeImage> = (0..50).map(|_| image("A→B:z")).collect();
        for other in &others {
            vm.load_choreography(other).expect("there is room");
        }
        vm.run(&Seeded, 100).expect("no session faults");
        assert!(is_closed(&vm, session));
        assert!(lines(&vm).contains(&"#0 A?B:y".to_owned()));
        assert!(lines(&vm).contains(&"#50 B?A:z".to_owned()));
    }

    #[test]
    fn more_images_at_once_than_a_machine_can_hold() {
        if cfg!(debug_assertions) {
            return; // 65,536 images
        }
        let mut vm = VM::new(off());
        let held: Vec<SessionId> = (0..65_535)
            .map(|_| vm.load_choreography(&image("A→B:x")).expect("there is room"))
            .collect();
        let error = vm.load_choreography(&image("A→B:x")).expect_err("there is no room");
        assert_eq!(error.to_string(), "65535 images are in use, which is the limit");
        vm.cancel(held[7], "for another").expect("it runs");
        vm.run(&Seeded, 1).expect("no session faults");
        vm.load_choreography(&image("A→B:x")).expect("there is room again");
    }
}

/// What a role object of [`Pair`] does when it is its turn.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Plays,
    Fails,
    Panics,
    Waits,
}

/// The two role objects of `A→B:x. B→A:y`, as the macro would put them together.
struct Pair {
    manner: Manner,
    a: (Counted, u32),
    b: (Counted, u32),
}

impl Pair {
    fn new(census: &Census) -> Self {
        Self { manner: Manner::Plays, a: (census.counted(), 0), b: (census.counted(), 0) }
    }
}

impl Manner {
    fn act(self, (_, acts): &mut (Counted, u32)) -> HandlerResult<()> {
        *acts += 1;
        match self {
            Self::Plays => Ok(()),
            Self::Fails => Err(HandlerError::msg("no")),
            Self::Panics => panic!("no"),
            Self::Waits => Err(HandlerError::pending()),
        }
    }
}

impl RoleObjects for Pair {
    fn message<C: MessageVisitor>(
        &mut self,
        from: RoleId,
        _: RoleId,
        _: LabelId,
        visitor: C,
    ) -> C::Done {
        let manner = self.manner;
        let (giver, taker) = match from {
            RoleId(0) => (&mut self.a, &mut self.b),
            _ => (&mut self.b, &mut self.a),
        };
        let act = |role: &mut _| manner.act(role);
        visitor.transfer_signal(giver, act, taker, act)
    }

    fn choice<C: ChoiceVisitor>(&mut self, _: RoleId, _: SetId, visitor: C) -> C::Done {
        visitor.fail(HandlerError::msg("nobody decides"))
    }
}

/// Role objects.
mod casts {
    use super::*;

    fn opened(manner: Manner, census: &Census) -> (VM, Session<Pair>) {
        let mut vm = VM::new(VMConfig::default());
        let cast = Pair { manner, ..Pair::new(census) };
        let session = Session::open(&mut vm, &image("A→B:x. B→A:y"), cast);
        (vm, session.expect("there is room"))
    }

    #[test]
    fn they_come_back_when_the_session_is_complete() {
        let census = Census::default();
        let (mut vm, session) = opened(Manner::Plays, &census);
        vm.run(&NoHandler, 100).expect("no session faults");
        let same = Clone::clone(&session);
        let (outcome, cast) = ended(session.into_roles(&mut vm)).expect("it has ended");
        assert_eq!(outcome, Ok(()));
        assert_eq!((cast.a.1, cast.b.1, census.alive()), (2, 2, 2));
        drop(cast);
        assert_eq!(census.alive(), 0);
        assert!(same.into_roles(&mut vm).is_err(), "they were taken");
    }

    #[test]
    fn they_come_back_when_the_session_faulted() {
        let census = Census::default();
        for (manner, text) in [
            (Manner::Fails, "the session faulted: `A` at `send B!x`: no"),
            (Manner::Panics, "the session faulted: `A` at `send B!x`: it panicked: no"),
        ] {
            let (mut vm, session) = opened(manner, &census);
            vm.run(&NoHandler, 100).expect("whoever opened the session is told");
            assert_eq!(vm.faults().len(), 1);
            let (outcome, cast) = ended(session.into_roles(&mut vm)).expect("it has ended");
            assert_eq!(outcome.expect_err("it ended early").to_string(), text);
            assert_eq!((cast.a.1, cast.b.1), (1, 0));
        }
        assert_eq!(census.alive(), 0);
    }

    #[test]
    fn they_come_back_when_the_session_was_cancelled() {
        let census = Census::default();
        // Before its first turn, while it waits, and after the queue has forgotten it.
        for (rounds_before, rounds_after) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (mut vm, session) = opened(Manner::Waits, &census);
            vm.run(&NoHandler, rounds_before).expect("no session faults");
            vm.cancel(session.id(), "enough").expect("it runs");
            vm.run(&NoHandler, rounds_after).expect("no session faults");
            let (outcome, cast) = ended(session.into_roles(&mut vm)).expect("it has ended");
            assert_eq!(
                outcome.expect_err("it ended early").to_string(),
                "the session was cancelled: enough"
            );
            assert_eq!(cast.a.1 as usize, rounds_before);
            vm.run(&NoHandler, 10).expect("no session faults");
            assert_eq!(vm.progress(), Progress::Complete);
        }
        assert_eq!(census.alive(), 0);
    }

    #[test]
    fn they_come_back_when_the_session_was_closed() {
        let census = Census::default();
        let (mut vm, session) = opened(Manner::Plays, &census);
        vm.close(session.id()).expect("it runs");
        vm.run(&NoHandler, 100).expect("no session faults");
        let (outcome, cast) = ended(session.into_roles(&mut vm)).expect("it has ended");
        assert_eq!(outcome, Err(SessionError::Closed));
        assert_eq!(
            outcome.expect_err("it was closed").to_string(),
            "the session was closed before its end"
        );
        assert_eq!((cast.a.1, cast.b.1), (0, 0));
    }

    #[test]
    fn a_running_session_keeps_them() {
        let census = Census::default();
        let (mut vm, session) = opened(Manner::Waits, &census);
        let waits = "`A` waits for its handler, `B` waits for `A`";
        let states = ["it can go on: call `run`, or let it have more rounds", waits, waits];
        for (rounds, state) in [0, 1, 5].into_iter().zip(states) {
            vm.run(&NoHandler, rounds).expect("no session faults");
            let error = session.into_roles(&mut vm).err().expect("it is running");
            assert_eq!(error.to_string(), format!("session #0 is still running: {state}"));
            assert_eq!(census.alive(), 2);
        }
    }

    #[test]
    fn they_are_taken_once() {
        let census = Census::default();
        let (mut vm, session) = opened(Manner::Plays, &census);
        vm.run(&NoHandler, 100).expect("no session faults");
        drop(session.into_roles(&mut vm).expect("it has ended"));
        session.into_roles(&mut vm).err().expect("they are gone");
        // Also when the memory is in use again.
        let next = Session::open(&mut vm, &image("A→B:x. B→A:y"), Pair::new(&census));
        session.into_roles(&mut vm).err().expect("they are gone");
        let next = next.expect("there is room");
        vm.run(&NoHandler, 100).expect("no session faults");
        session.into_roles(&mut vm).err().expect("these are not its own");
        next.into_roles(&mut vm).expect("it has ended");
        assert_eq!(census.alive(), 0);
    }

    #[test]
    fn an_ended_session_waits_for_its_owner() {
        let census = Census::default();
        let (mut vm, session) = opened(Manner::Plays, &census);
        vm.run(&NoHandler, 100).expect("no session faults");
        for _ in 0..100 {
            vm.load_choreography(&image("A→B:x. B→A:y")).expect("there is room");
            vm.run(&Seeded, 100).expect("no session faults");
        }
        assert_eq!(vm.progress(), Progress::Complete);
        let (outcome, cast) = ended(session.into_roles(&mut vm)).expect("it has ended");
        assert!(outcome.is_ok());
        assert_eq!((cast.a.1, cast.b.1), (2, 2));
    }

    #[test]
    fn whoever_does_not_ask_gets_nothing_and_leaves_nothing() {
        for manner in [Manner::Plays, Manner::Fails, Manner::Panics, Manner::Waits] {
            let census = Census::default();
            let mut vm = VM::new(VMConfig::default());
            let cast = Pair { manner, ..Pair::new(&census) };
            let session = vm.open_session(&image("A→B:x. B→A:y"), cast, false).expect("room");
            let faults = matches!(manner, Manner::Fails | Manner::Panics);
            assert_eq!(vm.run(&NoHandler, 100).is_err(), faults, "somebody must be told");
            if manner == Manner::Waits {
                let error = vm.take_session::<Pair>(session).err().expect("it is running");
                assert!(matches!(error, VMError::StillRunning { .. }));
                vm.cancel(session, "enough").expect("it runs");
            }
            assert_eq!(census.alive(), 0);
            let error = vm.take_session::<Pair>(session).err().expect("nothing was kept");
            assert!(matches!(error, VMError::Detached { .. }), "{error}");
        }
    }

    #[test]
    fn role_objects_and_handlers_side_by_side() {
        let census = Census::default();
        let image = image("A→B:x. B→A:y");
        let mut vm = VM::new(VMConfig { quantum: 1, ..VMConfig::default() });
        let owned: Vec<Session<Pair>> = (0..20)
            .map(|_| {
                vm.load_choreography(&image).expect("there is room");
                Session::open(&mut vm, &image, Pair::new(&census)).expect("there is room")
            })
            .collect();
        let script = Script::units();
        vm.run(&script, 1_000).expect("no session faults");
        assert_eq!(script.log().len(), 20 * 4, "sessions with role objects ask nobody else");
        for session in owned {
            let (_, cast) = ended(session.into_roles(&mut vm)).expect("it has ended");
            assert_eq!((cast.a.1, cast.b.1), (2, 2));
        }
    }

    #[test]
    fn of_a_machine_that_goes_they_go_too() {
        let census = Census::default();
        let (mut vm, _) = opened(Manner::Plays, &census);
        drop(opened(Manner::Waits, &census));
        vm.run(&NoHandler, 100).expect("no session faults");
        assert_eq!(census.alive(), 2);
        drop(vm);
        assert_eq!(census.alive(), 0);
    }

    #[test]
    fn a_session_of_another_machine_is_not_taken() {
        /// Another cast of the same protocol.
        struct Other(Pair);
        impl RoleObjects for Other {
            fn message<C: MessageVisitor>(
                &mut self,
                f: RoleId,
                t: RoleId,
                l: LabelId,
                c: C,
            ) -> C::Done {
                self.0.message(f, t, l, c)
            }
            fn choice<C: ChoiceVisitor>(&mut self, r: RoleId, set: SetId, c: C) -> C::Done {
                self.0.choice(r, set, c)
            }
        }
        let census = Census::default();
        let (mut one, session) = opened(Manner::Plays, &census);
        let mut other = VM::new(VMConfig::default());
        let others = Session::open(&mut other, &image("A→B:x. B→A:y"), Other(Pair::new(&census)));
        one.run(&NoHandler, 100).expect("no session faults");
        other.run(&NoHandler, 100).expect("no session faults");
        session.into_roles(&mut other).err().expect("it is another machine's");
        others.expect("there is room").into_roles(&mut other).map(drop).expect("it is still there");
        session.into_roles(&mut one).map(drop).expect("it is still there");
    }
}
