//! Sessions that perform their script: what `run` does with them is what single turns would have done, and
//! nobody goes short.

mod support;

use support::{Seeded, image, lines, open, try_image};
use telltale_theory::oracle::{Shape, generate, with_payloads};
use telltale_types::GlobalTerm;
use telltale_vm::generated::{ChoiceVisitor, MessageVisitor, RoleObjects, SessionHost};
use telltale_vm::{
    Branch, Cause, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, Policy,
    Progress, Recording, RoleId, SessionId, SessionStatus, SetId, VM, VMConfig, Value,
    normalize_trace,
};

/// A conversation beside another one, for ever.
const TWO_CONVERSATIONS: &str = "μt.A→B:x.B→A:y.C→D:z.D→C:w.t";

/// How many messages each role has sent or received.
fn effects(vm: &VM) -> Vec<u64> {
    vm.coroutines().map(|coroutine| coroutine.effects()).collect()
}

#[test]
fn a_conversation_lets_others_speak() {
    for policy in Policy::ALL {
        for quantum in [1, 2, 3, 4, 5, 7, 8, 64] {
            let config = VMConfig { policy, quantum, ..VMConfig::default() };
            let (mut vm, _) = open(config, &image(TWO_CONVERSATIONS));
            vm.run(&Seeded, 1_000).expect("no session faults");
            let effects = effects(&vm);
            let (least, most) = (effects.iter().min(), effects.iter().max());
            assert!(least >= Some(&50), "{policy:?} with {quantum}: {effects:?}, {most:?}");
        }
    }
}

#[test]
fn a_visit_executes_no_more_than_its_quantum() {
    for quantum in 1..20 {
        let config = VMConfig { quantum, ..VMConfig::default() };
        let (mut vm, _) = open(config, &image(TWO_CONVERSATIONS));
        let mut before = 0;
        for round in 0..100 {
            vm.run(&Seeded, 1).expect("no session faults");
            let now: u64 = effects(&vm).iter().sum();
            assert!(
                now - before <= quantum.into(),
                "{} of {quantum} in round {round}",
                now - before
            );
            before = now;
        }
    }
}

/// Does something unusual when a role receives.
struct Unusual(fn() -> HandlerResult<()>);

impl EffectHandler for Unusual {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Unit)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        if cx.role_name() == "B" { self.0() } else { Ok(()) }
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 1, value: Value::Unit })
    }
}

/// The one fault of a session of this protocol.
fn fault(protocol: &str, handler: &Unusual, by_turns: bool) -> String {
    let (mut vm, _) = open(VMConfig::default(), &image(protocol));
    while vm.progress() == Progress::OutOfFuel {
        let _ = if by_turns { vm.step(handler).map(drop) } else { vm.run(handler, 10).map(drop) };
    }
    let (_, fault) = vm.faults().next().expect("B has failed");
    assert_eq!(fault.role.as_deref(), Some("B"));
    assert!(matches!(fault.cause, Cause::Handler(_) | Cause::Panicked { .. }));
    fault.to_string()
}

#[test]
fn a_receiver_that_fails_is_named_with_its_instruction() {
    let failures: [fn() -> HandlerResult<()>; 2] =
        [|| Err(HandlerError::msg("not that")), || panic!("not that either")];
    let protocols =
        ["A→B:x", "A→B:x.B→A:y", "A→B:x.A→B:y", "A→{B:x;B:y.B→A:z}", "A→C:x.C→B:y.B→A:z"];
    for protocol in protocols {
        for failure in failures {
            let handler = Unusual(failure);
            let (at_once, by_turns) =
                (fault(protocol, &handler, false), fault(protocol, &handler, true));
            assert_eq!(at_once, by_turns, "{protocol}");
        }
    }
}

#[test]
fn a_receiver_may_digest_later() {
    for protocol in ["A→B:x.B→A:y", "A→B:x.A→B:y", "A→{B:x;B:y.B→A:z}"] {
        let handler = Unusual(|| Err(HandlerError::pending()));
        let (mut vm, session) = open(VMConfig::default(), &image(protocol));
        let mut woken = 0;
        while vm.status(session).is_ok_and(|status| !status.has_ended()) {
            vm.run(&handler, 10).expect("no session faults");
            if vm.progress() == Progress::Waiting {
                vm.wake(session, "B").expect("B waits for its handler");
                woken += 1;
            }
            assert!(woken < 10, "{protocol} does not end");
        }
        let received = lines(&vm).iter().filter(|line| line.contains("B?")).count();
        assert_eq!(woken, received, "{protocol}");
    }
}

/// A ring of so many roles, once round.
fn ring(roles: usize) -> String {
    let steps = (0..roles).map(|at| format!("R{at}→R{}:m", (at + 1) % roles));
    steps.collect::<Vec<_>>().join(".")
}

#[test]
fn sessions_of_any_size_do_the_same() {
    for roles in [2, 63, 64, 65, 66, 130, 255] {
        let image = image(&ring(roles));
        let (mut at_once, one) = open(VMConfig::default(), &image);
        at_once.run(&Seeded, 1_000).expect("no session faults");
        let (mut by_turns, other) = open(VMConfig::default(), &image);
        while by_turns.progress() == Progress::OutOfFuel {
            by_turns.step(&Seeded).expect("no session faults");
        }
        for (vm, session) in [(&at_once, one), (&by_turns, other)] {
            let status = vm.status(session);
            assert!(matches!(status, Ok(SessionStatus::Closed) | Err(_)), "{roles}: {status:?}");
            assert_eq!(vm.faults().count(), 0);
        }
        assert_eq!(
            normalize_trace(&at_once.trace()),
            normalize_trace(&by_turns.trace()),
            "{roles}"
        );
    }
}

#[test]
fn payloads_need_not_be_scalars() {
    struct Texts;
    impl EffectHandler for Texts {
        fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
            Ok(Value::text(cx.label(label).name))
        }
        fn receive(&self, cx: &Context<'_>, _: RoleId, l: LabelId, v: Value) -> HandlerResult<()> {
            assert_eq!(v.as_text(), Some(cx.label(l).name));
            Ok(())
        }
        fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
            Ok(Picked { branch: 1, value: Value::text(cx.label(branches[1].label).name) })
        }
    }
    let image = support::image_of("A→B:x.B→A:y.A→{B:v;B:w.B→A:z}", "String");
    let (mut vm, session) = open(VMConfig::default(), &image);
    vm.run(&Texts, 10).expect("no session faults");
    assert!(support::is_closed(&vm, session));
}

#[test]
fn whoever_has_nothing_to_begin_waits() {
    let config = VMConfig { quantum: 2, ..VMConfig::default() };
    let (mut vm, session) = open(config, &image("μt.A→B:x.B→C:y.t"));
    vm.run(&Seeded, 1).expect("no session faults");
    let view = vm.session(session).expect("it runs");
    assert_eq!(view.to_string(), "#0: `A` can act, `B` can act, `C` waits for `B`");
}

/// Role objects that do not go quietly.
struct Loud;

impl RoleObjects for Loud {
    fn message<C: MessageVisitor>(
        &mut self,
        _: RoleId,
        _: RoleId,
        _: LabelId,
        visitor: C,
    ) -> C::Done {
        visitor.transfer_signal(&mut (), |()| Ok(()), &mut (), |()| Ok(()))
    }

    fn choice<C: ChoiceVisitor>(&mut self, _: RoleId, _: SetId, visitor: C) -> C::Done {
        visitor.transfer_signal(0, &mut (), |()| Ok(()))
    }
}

impl Drop for Loud {
    fn drop(&mut self) {
        panic!("role objects should not panic when they go");
    }
}

#[test]
fn role_objects_that_panic_when_they_go_hurt_nobody() {
    for recording in [Recording::Off, Recording::Full] {
        let mut vm = VM::new(VMConfig { recording, ..VMConfig::default() });
        let image = image("A→B:x.B→A:y");
        for _ in 0..2 {
            for _ in 0..3 {
                vm.open_session(&image, Loud, false).expect("there is room");
                vm.load_choreography(&image).expect("there is room");
            }
            vm.run(&Seeded, 10).expect("no session faults");
            assert_eq!((vm.open_sessions(), vm.progress()), (0, Progress::Complete));
        }
    }
}

/// Role objects by hand that do not do what their protocol says.
#[derive(Clone, Copy, Debug)]
enum Odd {
    /// They take a branch, if there is one with that number.
    Branch(usize),
    /// They do not know any message.
    NoMessage,
    /// They say that a message comes of a choice which does not.
    NoGiver,
    /// They do not know any choice.
    NoChoice,
}

impl RoleObjects for Odd {
    fn message<C: MessageVisitor>(
        &mut self,
        _: RoleId,
        _: RoleId,
        _: LabelId,
        visitor: C,
    ) -> C::Done {
        match self {
            Self::NoMessage => visitor.fail(HandlerError::msg("no such message")),
            Self::NoGiver => visitor.deliver_signal(&mut (), |()| Ok(())),
            _ => visitor.transfer_signal(&mut (), |()| Ok(()), &mut (), |()| Ok(())),
        }
    }

    fn choice<C: ChoiceVisitor>(&mut self, _: RoleId, _: SetId, visitor: C) -> C::Done {
        match *self {
            Self::Branch(branch) => visitor.transfer_signal(branch, &mut (), |()| Ok(())),
            _ => visitor.fail(HandlerError::msg("no such choice")),
        }
    }
}

#[test]
fn role_objects_that_break_the_rules_hurt_only_their_session() {
    let image = image("A→B:x. B→{A:l; A:r}");
    let odd = [
        (Odd::Branch(0), None),
        (Odd::Branch(1), None),
        (Odd::Branch(2), Some("found 2")),
        (Odd::Branch(usize::MAX), Some("found 18446744073709551615")),
        (Odd::NoMessage, Some("no such message")),
        (Odd::NoGiver, Some("only sent with a choice")),
        (Odd::NoChoice, Some("no such choice")),
    ];
    for (cast, expected) in odd {
        // On their script, and by turns.
        for quantum in [64, 1] {
            let config = VMConfig { recording: Recording::Full, quantum, ..VMConfig::default() };
            let mut vm = VM::new(config);
            vm.open_session(&image, cast, false).expect("there is room");
            vm.load_choreography(&image).expect("there is room");
            let run = vm.run(&Seeded, 20);
            assert_eq!(vm.open_sessions(), 0);
            match expected {
                None => drop(run.expect("they play their parts")),
                Some(expected) => {
                    let error = run.expect_err("they do not").to_string();
                    assert!(error.contains(expected), "{cast:?} with {quantum}: {error}");
                }
            }
        }
    }
}

/// Takes the first branch of everything, as `Odd::Branch(0)` does.
struct First;

impl EffectHandler for First {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Unit)
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
}

/// The same role objects, of another type.
struct Others(Odd);

impl RoleObjects for Others {
    fn message<C: MessageVisitor>(&mut self, f: RoleId, t: RoleId, l: LabelId, c: C) -> C::Done {
        self.0.message(f, t, l, c)
    }

    fn choice<C: ChoiceVisitor>(&mut self, role: RoleId, set: SetId, visitor: C) -> C::Done {
        self.0.choice(role, set, visitor)
    }
}

/// How many effects each role of each session has had; nothing of sessions that have ended.
fn all_effects(vm: &VM, sessions: &[SessionId]) -> Vec<Option<Vec<u64>>> {
    let effects = |&session| {
        let view = vm.session(session).ok()?;
        Some(view.coroutines().map(|role| role.effects()).collect())
    };
    sessions.iter().map(effects).collect()
}

/// One session goes on where another one has paused, whoever plays it and whatever its protocol is.
#[test]
fn sessions_of_all_kinds_take_turns() {
    let images: Vec<_> = (0..)
        .filter_map(|seed| {
            let protocol = with_payloads(&generate(seed, Shape::default()), |_| "()");
            try_image(&protocol)
        })
        .take(60)
        .collect();
    for quantum in [1, 2, 3, 7, 64] {
        for rounds in [1, 2, 9] {
            let config = |recording| VMConfig { recording, quantum, ..VMConfig::default() };
            let alone: Vec<_> = images
                .iter()
                .map(|image| {
                    let (mut vm, session) = open(config(Recording::Off), image);
                    vm.run(&First, rounds).expect("no session faults");
                    all_effects(&vm, &[session]).remove(0)
                })
                .collect();
            for recording in [Recording::Off, Recording::Full] {
                let mut vm = VM::new(config(recording));
                let mut sessions = Vec::new();
                let mut expected = Vec::new();
                // Every image three times in a row, and later again, always with other neighbours.
                for nth in 0..images.len() * 4 {
                    let which = (nth / 3 * 7) % images.len();
                    let image = &images[which];
                    expected.push(alone[which].clone());
                    sessions.push(match nth * 3 % 5 {
                        0 | 1 => vm.load_choreography(image),
                        2 => vm.open_session(image, Others(Odd::Branch(0)), false),
                        _ => vm.open_session(image, Odd::Branch(0), false),
                    });
                }
                let sessions: Vec<_> =
                    sessions.into_iter().map(|opened| opened.expect("there is room")).collect();
                vm.run(&First, rounds).expect("no session faults");
                assert_eq!(all_effects(&vm, &sessions), expected, "{quantum}, {rounds}");
                let open = expected.iter().flatten().count();
                assert_eq!(vm.open_sessions(), open);
            }
        }
    }
}

#[test]
fn a_protocol_without_roles_is_over_once() {
    let nothing = GlobalTerm::end().close().expect("it is closed");
    let image = try_image(&nothing).expect("it projects");
    for recording in [Recording::Off, Recording::Full] {
        let mut vm = VM::new(VMConfig { recording, ..VMConfig::default() });
        for _ in 0..3 {
            let session = vm.load_choreography(&image).expect("there is room");
            vm.cancel(session, "nobody needs it").expect("it is open");
            vm.load_choreography(&image).expect("there is room");
            vm.load_choreography(&image).expect("there is room");
            vm.run(&Seeded, 10).expect("no session faults");
            assert_eq!((vm.open_sessions(), vm.progress()), (0, Progress::Complete));
        }
    }
}

#[test]
fn no_more_turns_are_given_than_asked_for() {
    for protocol in [TWO_CONVERSATIONS, "μt.A→B:x.B→C:y.C→A:z.t"] {
        for turns in [1, 2, 3, 4, 7, 64] {
            let (mut vm, _) = open(VMConfig::default(), &image(protocol));
            vm.load_choreography(&image(protocol)).expect("there is room");
            let mut before = 0;
            for _ in 0..50 {
                let given = vm.step_round(&Seeded, turns).expect("no session faults").turns;
                assert!(given <= turns, "{given} of {turns}");
                let now: u64 = effects(&vm).iter().sum();
                // Turns of one role may be long, but those of an exchange are two.
                assert!(given > 0 && now > before, "{given} of {turns}");
                before = now;
            }
        }
    }
}

/// `A` has no answer until it is woken.
struct ALater(std::sync::atomic::AtomicBool);

impl EffectHandler for ALater {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        let waits = cx.role_name() == "A" && !self.0.load(std::sync::atomic::Ordering::Relaxed);
        if waits { Err(HandlerError::pending()) } else { Ok(Value::Unit) }
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
}

#[test]
fn whoever_can_act_does_while_another_has_no_answer() {
    for (protocol, others) in [
        ("A→B:x. C→D:y. D→B:z", vec!["#0 C!D:y", "#0 D?C:y", "#0 D!B:z"]),
        ("A→B:x. B→C:y. C→A:z", vec![]),
        ("C→A:w. A→B:x. B→C:y", vec!["#0 C!A:w", "#0 A?C:w"]),
    ] {
        let (mut vm, session) = open(VMConfig::default(), &image(protocol));
        let handler = ALater(false.into());
        assert_eq!(vm.run(&handler, 100).expect("nothing goes wrong"), Progress::Waiting);
        let done = lines(&vm);
        let done: Vec<&str> = done.iter().map(String::as_str).collect();
        let halted = |line: &&str| !line.ends_with("halted") && !line.ends_with("opened");
        assert_eq!(done.into_iter().filter(halted).collect::<Vec<_>>(), others, "{protocol}");
        let waiting: Vec<String> = vm.waiting().map(|session| session.to_string()).collect();
        assert_eq!(waiting.len(), 1);
        assert!(waiting[0].contains("`A` waits for its handler"), "{waiting:?}");
        handler.0.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(vm.wake(session, "B").is_err(), "B does not wait for its handler");
        vm.wake(session, "A").expect("it waits for its handler");
        assert!(vm.wake(session, "A").is_err(), "it was woken");
        assert_eq!(vm.run(&handler, 100).expect("nothing goes wrong"), Progress::Complete);
    }
}

#[test]
fn whoever_most_others_wait_for_comes_first() {
    // Two wait for `A`, `C` and `K` each, and three for `F`. Whoever has the first turn, three are left.
    let protocol = "A→B:a. A→X:b. C→D:c. C→E:d. F→G:f. F→H:g. F→I:h. K→L:k. K→M:l";
    let config = VMConfig { policy: Policy::ProgressAware, ..VMConfig::default() };
    let (mut vm, _) = open(config, &image(protocol));
    let senders = ["A", "C", "F", "K"];
    assert_eq!(senders.map(|role| vm.pause(role)), [1; 4]);
    vm.run(&Seeded, 10).expect("no session faults");
    assert_eq!(senders.map(|role| vm.resume(role)), [true; 4]);
    vm.run(&Seeded, 10).expect("no session faults");
    assert_eq!(vm.progress(), Progress::Complete);
    let trace = lines(&vm);
    let at = |sent: &str| trace.iter().position(|line| line.ends_with(sent)).expect("it was sent");
    let mut firsts = [at("A!B:a"), at("C!D:c"), at("K!L:k"), at("F!G:f")];
    let of_most = firsts[3];
    firsts.sort_unstable();
    assert!(firsts[..2].contains(&of_most), "{trace:#?}");
}
