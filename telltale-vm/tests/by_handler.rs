//! Sessions in which a handler plays some roles and objects the others: whoever plays a role, on the script and off it, it
//! does the same.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use support::ended;
use telltale_vm::{
    Branch, ByHandler, Context, CoroStatus, EffectHandler, HandlerError, HandlerResult, LabelId,
    NoHandler, ObsEvent, Picked, Policy, Progress, RoleId, SessionError, SessionId, VM, VMConfig,
    VMError, Value, choreography, filter_by_session, normalize_trace, pack,
};

choreography! {
    /// Payloads of many kinds, a loop, a choice, and a role that is told late.
    pub protocol Haggle(Alice, Bob, Carol) {
        loop {
            Alice -> Bob: Offer(u64);
            Bob -> Carol: Note(String);
            choice Verdict at Bob {
                Bob -> Alice: Counter { by: i8, why: String };
                Bob -> Carol: Again;
                continue;
            } or {
                Bob -> Alice: Accept(Vec<u16>);
                Bob -> Carol: Done(f32);
                break;
            }
        }
        Carol -> Alice: Bill { sum: u64 };
    }
}

use haggle::Verdict;

/// What a role has been told.
type Log = Vec<String>;

/// How often Bob makes another offer.
const COUNTERS: u64 = 5;

/// The number of an effect of a role.
fn number(role: &str, count: u64) -> u8 {
    role.bytes().fold(count as u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
}

/// A role object for each role; it knows how many effects it had, as a handler does.
#[derive(Debug, Default)]
struct Actor {
    count: u64,
    log: Log,
}

impl Actor {
    fn give(&mut self, role: &str) -> u8 {
        self.count += 1;
        number(role, self.count - 1)
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is the answer of a role's method")]
    fn told(&mut self, label: &str, payload: impl Debug) -> HandlerResult<()> {
        self.count += 1;
        self.log.push(format!("{label} {payload:?}"));
        Ok(())
    }
}

impl haggle::Alice for Actor {
    fn offer(&mut self) -> HandlerResult<u64> {
        Ok(self.give("Alice").into())
    }
    fn on_counter(&mut self, by: i8, why: String) -> HandlerResult<()> {
        self.told("Counter", (by, why))
    }
    fn on_accept(&mut self, accept: Vec<u16>) -> HandlerResult<()> {
        self.told("Accept", accept)
    }
    fn on_bill(&mut self, sum: u64) -> HandlerResult<()> {
        self.told("Bill", sum)
    }
}

impl haggle::Bob for Actor {
    fn on_offer(&mut self, offer: u64) -> HandlerResult<()> {
        self.told("Offer", offer)
    }
    fn note(&mut self) -> HandlerResult<String> {
        Ok(self.give("Bob").to_string())
    }
    fn verdict(&mut self) -> HandlerResult<Verdict> {
        let number = self.give("Bob");
        if self.count < 4 * COUNTERS {
            return Ok(Verdict::Counter { by: number.cast_signed(), why: number.to_string() });
        }
        Ok(Verdict::Accept(vec![number.into(); 3]))
    }
    fn again(&mut self) -> HandlerResult<()> {
        self.count += 1;
        Ok(())
    }
    fn done(&mut self) -> HandlerResult<f32> {
        Ok(self.give("Bob").into())
    }
}

impl haggle::Carol for Actor {
    fn on_note(&mut self, note: String) -> HandlerResult<()> {
        self.told("Note", note)
    }
    fn on_again(&mut self) -> HandlerResult<()> {
        self.told("Again", ())
    }
    fn on_done(&mut self, done: f32) -> HandlerResult<()> {
        self.told("Done", done)
    }
    fn bill(&mut self) -> HandlerResult<haggle::Bill> {
        Ok(haggle::Bill { sum: self.give("Carol").into() })
    }
}

/// A handler that does what an [`Actor`] does.
#[derive(Debug, Default)]
struct Peers {
    logs: Mutex<BTreeMap<(SessionId, String), Log>>,
    /// Who has been asked once, if every answer comes late.
    asked: Option<Mutex<BTreeSet<(SessionId, RoleId, u64)>>>,
}

impl Peers {
    fn late() -> Self {
        Self { asked: Some(Mutex::default()), ..Self::default() }
    }

    fn give(&self, cx: &Context<'_>, label: LabelId) -> HandlerResult<Value> {
        if let Some(asked) = &self.asked {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.insert((cx.session(), cx.role(), cx.count())) {
                return Err(HandlerError::pending());
            }
        }
        let number = number(cx.role_name(), cx.count());
        Ok(match cx.label(label).name {
            "Note" => pack(number.to_string()),
            "Counter" => pack((number.cast_signed(), number.to_string())),
            "Accept" => pack(vec![u16::from(number); 3]),
            "Done" => pack(f32::from(number)),
            "Again" => Value::Unit,
            _ => pack(u64::from(number)),
        })
    }

    fn log(&self, session: SessionId, role: &str) -> Log {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.remove(&(session, role.to_owned())).unwrap_or_default()
    }
}

impl EffectHandler for Peers {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.give(cx, label)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let name = cx.label(label).name;
        let payload = match name {
            "Counter" => format!("{:?}", cx.unpack::<(i8, String)>(label, value)?),
            "Accept" => format!("{:?}", cx.unpack::<Vec<u16>>(label, value)?),
            "Note" => format!("{:?}", cx.unpack::<String>(label, value)?),
            "Done" => format!("{:?}", cx.unpack::<f32>(label, value)?),
            "Again" => format!("{:?}", cx.unpack::<()>(label, value)?),
            _ => format!("{:?}", cx.unpack::<u64>(label, value)?),
        };
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = logs.entry((cx.session(), cx.role_name().to_owned())).or_default();
        log.push(format!("{name} {payload}"));
        match self.asked {
            Some(_) => Err(HandlerError::pending()),
            None => Ok(()),
        }
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let label = if cx.count() + 1 < 4 * COUNTERS { "Counter" } else { "Accept" };
        let branch = branches.iter().position(|branch| cx.label(branch.label).name == label);
        let branch = branch.ok_or("there is no such branch")?;
        Ok(Picked { branch, value: self.give(cx, branches[branch].label)? })
    }
}

/// An object or a handler.
trait Plays: haggle::Alice + haggle::Bob + haggle::Carol + Default + Debug + 'static {
    /// What the role has been told, if the object knows.
    fn log(self) -> Option<Log>;
}

impl Plays for Actor {
    fn log(self) -> Option<Log> {
        Some(self.log)
    }
}

impl Plays for ByHandler {
    fn log(self) -> Option<Log> {
        None
    }
}

/// What two sessions of a machine have done: their traces in normal form, and what their roles have been told.
type Done = Vec<(Vec<String>, [Log; 3])>;

/// A machine in which a handler plays the roles of a mask.
fn with_mask<M: Machine>(mask: u32, vm: &mut M, peers: &Peers, drive: impl FnOnce(&mut M)) -> Done {
    match mask {
        0 => played::<M, Actor, Actor, Actor>(vm, peers, drive),
        1 => played::<M, ByHandler, Actor, Actor>(vm, peers, drive),
        2 => played::<M, Actor, ByHandler, Actor>(vm, peers, drive),
        3 => played::<M, ByHandler, ByHandler, Actor>(vm, peers, drive),
        4 => played::<M, Actor, Actor, ByHandler>(vm, peers, drive),
        5 => played::<M, ByHandler, Actor, ByHandler>(vm, peers, drive),
        6 => played::<M, Actor, ByHandler, ByHandler>(vm, peers, drive),
        _ => played::<M, ByHandler, ByHandler, ByHandler>(vm, peers, drive),
    }
}

/// All ways to choose who plays which role.
const MASKS: std::ops::Range<u32> = 0..8;

/// A machine in one thread or in several.
trait Machine: telltale_vm::generated::SessionHost {
    fn trace(&self) -> Vec<ObsEvent>;
}

impl Machine for VM {
    fn trace(&self) -> Vec<ObsEvent> {
        self.trace()
    }
}

#[cfg(feature = "multi-thread")]
impl Machine for telltale_vm::ThreadedVM {
    fn trace(&self) -> Vec<ObsEvent> {
        self.trace()
    }
}

fn played<M: Machine, A: Plays, B: Plays, C: Plays>(
    vm: &mut M,
    peers: &Peers,
    drive: impl FnOnce(&mut M),
) -> Done {
    let sessions = [(); 2].map(|()| {
        let roles = haggle::Roles { alice: A::default(), bob: B::default(), carol: C::default() };
        roles.open(vm).expect("there is room")
    });
    drive(vm);
    let trace = vm.trace();
    let done = sessions.map(|session| {
        let id = session.id();
        let haggle::Roles { alice, bob, carol } =
            session.into_roles(vm).expect("the session is complete");
        let log = |log: Option<Log>, role: &str| log.unwrap_or_else(|| peers.log(id, role));
        let logs = [log(alice.log(), "Alice"), log(bob.log(), "Bob"), log(carol.log(), "Carol")];
        (normal_lines(&filter_by_session(&trace, id)), logs)
    });
    done.into()
}

/// The normal form, without the number of the session.
fn normal_lines(trace: &[ObsEvent]) -> Vec<String> {
    let line = |event: ObsEvent| {
        let text = event.to_string();
        let what = text.split_once(' ').map_or("", |(_, what)| what);
        format!("{} {what}", event.tick)
    };
    normalize_trace(trace).into_iter().map(line).collect()
}

/// Who acts when.
fn configs() -> impl Iterator<Item = VMConfig> {
    Policy::ALL.into_iter().flat_map(|policy| {
        [(64, 64, 0), (1, 1, 1), (2, 1, 2), (5, 2, 3)].map(|(quantum, capacity, seed)| VMConfig {
            policy,
            quantum,
            capacity,
            seed,
            ..VMConfig::default()
        })
    })
}

fn run(vm: &mut VM, handler: &dyn EffectHandler) -> Progress {
    vm.run(handler, 10_000).expect("no session faults")
}

/// What everybody does if all are objects and nothing comes between.
fn reference() -> Done {
    let (mut vm, peers) = (VM::default(), Peers::default());
    let done = with_mask(0, &mut vm, &peers, |vm| {
        assert_eq!(run(vm, &NoHandler), Progress::Complete);
    });
    let [(trace, logs), _] = &done[..] else { panic!("two sessions") };
    let counters = trace
        .iter()
        .filter(|line| line.ends_with("Bob chose Alice:Counter { by: i8, why: String }"));
    assert!(counters.count() > 2 && logs[0].len() > 4, "{trace:#?}");
    done
}

/// Whoever plays and however turns are given: the same.
mod the_same {
    use super::*;

    #[track_caller]
    fn everywhere(late: bool, mut drive: impl FnMut(&mut VM, &Peers)) {
        let reference = reference();
        for mask in MASKS {
            for config in configs() {
                let peers = if late { Peers::late() } else { Peers::default() };
                let mut vm = VM::new(config.clone());
                let done = with_mask(mask, &mut vm, &peers, |vm| drive(vm, &peers));
                assert_eq!(done, reference, "{mask:03b} {config:?}");
            }
        }
    }

    #[test]
    fn in_rounds() {
        everywhere(false, |vm, peers| assert_eq!(run(vm, peers), Progress::Complete));
    }

    #[test]
    fn by_turns() {
        for turns in [1, 2, 7] {
            everywhere(false, |vm, peers| {
                while vm.progress() != Progress::Complete {
                    vm.step_round(peers, turns).expect("no session faults");
                }
            });
        }
    }

    /// On the script, off it, and on it again.
    #[test]
    fn with_single_turns_between_rounds() {
        everywhere(false, |vm, peers| {
            while vm.progress() != Progress::Complete {
                vm.run(peers, 1).expect("no session faults");
                vm.step_round(peers, 1).expect("no session faults");
            }
        });
    }

    #[test]
    fn with_pauses() {
        everywhere(false, |vm, peers| {
            for role in ["Carol", "Bob", "Alice", "Carol"] {
                vm.pause(role);
                vm.run(peers, 2).expect("no session faults");
                run(vm, peers);
                vm.resume(role);
                vm.run(peers, 1).expect("no session faults");
            }
            assert_eq!(run(vm, peers), Progress::Complete);
        });
    }

    #[test]
    fn with_late_answers() {
        everywhere(true, |vm, peers| {
            while run(vm, peers) != Progress::Complete {
                let waits = vm.coroutines().filter(|it| it.status() == CoroStatus::AwaitsHandler);
                let waits: Vec<_> =
                    waits.map(|it| (it.session_id(), it.role().to_owned())).collect();
                assert!(!waits.is_empty(), "{vm}");
                for (session, role) in waits {
                    vm.wake(session, &role).expect("it waits for its handler");
                }
            }
        });
    }

    #[cfg(feature = "multi-thread")]
    #[test]
    fn on_several_threads() {
        use std::num::NonZeroUsize;
        use telltale_vm::ThreadedVM;

        let reference = reference();
        for mask in MASKS {
            for config in configs() {
                for workers in [1, 2, 3].map(|workers| NonZeroUsize::new(workers).expect("some")) {
                    let peers = Peers::default();
                    let mut vm = ThreadedVM::new(config.clone(), workers);
                    let done = with_mask(mask, &mut vm, &peers, |vm| {
                        let progress = vm.run(&peers, 10_000).expect("no session faults");
                        assert_eq!(progress, Progress::Complete);
                    });
                    assert_eq!(done, reference, "{mask:03b} {config:?}");
                }
            }
        }
    }
}

/// What goes wrong does so alike, on the script and off it.
mod alike {
    use super::*;
    use telltale_vm::generated::{
        ChoiceVisitor, MessageVisitor, Players, RoleObjects, SessionHost,
    };
    use telltale_vm::{Cause, SetId};

    /// Answers as [`Peers`], but for one label.
    struct Wrong<F> {
        peers: Peers,
        label: &'static str,
        answer: F,
    }

    impl<F: Fn(Option<Value>) -> HandlerResult<Value> + Sync> EffectHandler for Wrong<F> {
        fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
            if cx.label(label).name == self.label {
                return (self.answer)(None);
            }
            self.peers.send(cx, to, label)
        }

        fn receive(
            &self,
            cx: &Context<'_>,
            from: RoleId,
            label: LabelId,
            value: Value,
        ) -> HandlerResult<()> {
            if cx.label(label).name == self.label {
                return (self.answer)(Some(value)).map(drop);
            }
            self.peers.receive(cx, from, label, value)
        }

        fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
            let Picked { branch, value } = self.peers.choose(cx, branches)?;
            if self.label == "none" {
                return Ok(Picked { branch: 7, value });
            }
            if cx.label(branches[branch].label).name == self.label {
                return Ok(Picked { branch, value: (self.answer)(None)? });
            }
            Ok(Picked { branch, value })
        }
    }

    /// Runs one session in every way, in which a handler plays these roles; gives the fault, which must be the same
    /// everywhere.
    #[track_caller]
    fn fault<A: Plays, B: Plays, C: Plays>(
        label: &'static str,
        answer: impl Fn(Option<Value>) -> HandlerResult<Value> + Sync + Copy,
    ) -> String {
        let mut faults = BTreeSet::new();
        let open = |vm: &mut VM| {
            let roles =
                haggle::Roles { alice: A::default(), bob: B::default(), carol: C::default() };
            roles.open(vm).expect("there is room")
        };
        for config in configs() {
            for by_turns in [false, true] {
                let handler = Wrong { peers: Peers::default(), label, answer };
                let mut vm = VM::new(config.clone());
                let session = open(&mut vm);
                if by_turns {
                    while vm.progress() == Progress::OutOfFuel {
                        vm.step(&handler).expect("its owner is told");
                    }
                } else {
                    vm.run(&handler, 10_000).expect("its owner is told");
                }
                let (outcome, _) = ended(session.into_roles(&mut vm)).expect("it has ended");
                let Err(SessionError::Faulted(fault)) = outcome else { panic!("{outcome:?}") };
                faults.insert(fault.to_string());
            }
        }
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults.pop_first().unwrap_or_default()
    }

    /// What stands behind the role and its instruction.
    fn reason(fault: &str) -> (&str, &str) {
        let role = fault.split('`').nth(1).unwrap_or_default();
        (role, fault.split_once("`: ").map_or(fault, |(_, reason)| reason))
    }

    #[test]
    fn a_handler_gives_a_payload_of_another_kind() {
        let found = fault::<ByHandler, Actor, Actor>("Offer", |_| Ok(Value::text("much")));
        let text = "expected `u64` as payload of `Offer`, found text";
        assert_eq!(reason(&found), ("Alice", text));
        // Among handlers it is the same.
        assert_eq!(
            found,
            fault::<ByHandler, ByHandler, ByHandler>("Offer", |_| Ok(Value::text("much")))
        );
    }

    #[test]
    fn a_handler_gives_an_object_a_value_of_another_type() {
        let found = fault::<Actor, ByHandler, Actor>("Accept", |_| Ok(pack(vec![1_u32])));
        let text = "expected `Vec<u16>` as payload of `Accept`, found a value of type `alloc::vec::Vec<u32>`";
        assert_eq!(reason(&found), ("Alice", text));
        let found = fault::<Actor, ByHandler, Actor>("Counter", |_| Ok(Value::Uint(1)));
        let text = "expected `{ by: i8, why: String }` as payload of `Counter`, found `1`, an unsigned integer";
        assert_eq!(reason(&found), ("Alice", text));
    }

    #[test]
    fn a_handler_gives_a_number_that_is_out_of_range() {
        // A single named field is compared by whoever takes it.
        let found = fault::<Actor, Actor, ByHandler>("Bill", |_| Ok(Value::Int(-1)));
        let text = "expected `{ sum: u64 }` as payload of `Bill`, found `-1`, a signed integer";
        assert_eq!(reason(&found), ("Alice", text));
    }

    #[test]
    fn a_handler_takes_another_type_than_an_object_gives() {
        fn takes(value: Option<Value>) -> HandlerResult<Value> {
            let value = value.ok_or("an object gives it")?;
            let text = telltale_vm::unpack::<Vec<u32>>(value)
                .map_err(|value| format!("this is {value}"))?;
            Ok(pack(text))
        }
        let found = fault::<ByHandler, Actor, Actor>("Accept", takes);
        assert_eq!(reason(&found), ("Alice", "this is a value of type alloc::vec::Vec<u16>"));
    }

    #[test]
    fn a_handler_fails_or_panics() {
        for label in ["Offer", "Counter"] {
            let found = fault::<ByHandler, ByHandler, Actor>(label, |_| Err("no answer".into()));
            assert_eq!(reason(&found).1, "no answer");
            let found = fault::<ByHandler, ByHandler, Actor>(label, |_| panic!("too much"));
            assert_eq!(reason(&found).1, "it panicked: too much");
        }
        let found = fault::<Actor, Actor, ByHandler>("Note", |_| Err("no answer".into()));
        assert_eq!(reason(&found), ("Carol", "no answer"));
        let found = fault::<Actor, ByHandler, Actor>("none", |_| Ok(Value::Unit));
        assert_eq!(reason(&found), ("Bob", "expected a branch from 0 to 1, found 7"));
    }

    /// An object that gives a text where its protocol has a number: what was generated cannot.
    struct Liar {
        /// Says who is played by the handler: the second role.
        like: haggle::Roles<Actor, ByHandler, Actor>,
    }

    impl RoleObjects for Liar {
        fn message<V: MessageVisitor>(
            &mut self,
            _: RoleId,
            _: RoleId,
            _: LabelId,
            visitor: V,
        ) -> V::Done {
            let give = |(): &mut ()| Ok("much".to_owned());
            visitor.transfer(&mut (), give, &mut (), |(), _: String| Ok(()))
        }

        fn choice<V: ChoiceVisitor>(&mut self, _: RoleId, _: SetId, visitor: V) -> V::Done {
            visitor.fail(HandlerError::msg("it decides nothing"))
        }

        fn players(&self) -> Players {
            self.like.players()
        }
    }

    #[test]
    fn an_object_gives_a_handler_a_payload_of_another_kind() {
        let image = support::image_of("A→B:x", "u64");
        for config in configs() {
            for by_turns in [false, true] {
                let mut vm = VM::new(config.clone());
                let (alice, carol) = (Actor::default(), Actor::default());
                let liar = Liar { like: haggle::Roles { alice, bob: ByHandler, carol } };
                let session = vm.open_session(&image, liar, true).expect("there is room");
                let peers = Peers::default();
                if by_turns {
                    while vm.progress() == Progress::OutOfFuel {
                        vm.step(&peers).expect("its owner is told");
                    }
                } else {
                    vm.run(&peers, 100).expect("its owner is told");
                }
                let (outcome, _) = vm.take_session::<Liar>(session).expect("it has ended");
                let Err(SessionError::Faulted(fault)) = outcome else { panic!("{outcome:?}") };
                assert_eq!(fault.role.as_deref(), Some("B"), "{config:?}");
                let text = "expected `u64` as payload of `x`, found text";
                assert_eq!(fault.cause.to_string(), text, "{config:?}");
                assert!(matches!(fault.cause, Cause::WrongPayload { .. }), "{config:?}");
            }
        }
    }
}

/// Without a handler nobody plays these roles.
mod no_handler {
    use super::*;

    #[test]
    fn play_names_the_first_role_at_once() {
        let roles = haggle::Roles { alice: Actor::default(), bob: ByHandler, carol: ByHandler };
        let error = roles.play().expect_err("there is no handler");
        assert_eq!(
            error.to_string(),
            "`Bob` is played by the handler of the run, and `play` has none"
        );
        assert!(matches!(error.reason(), VMError::NoHandler { role } if role == "Bob"));
        assert!(error.session_error().is_none());
        let roles = error.into_roles().expect("nothing has happened to them");
        assert_eq!(roles.alice.count, 0);
    }

    #[test]
    fn a_run_without_a_handler_says_so() {
        for config in configs() {
            let mut vm = VM::new(config);
            let roles =
                haggle::Roles { alice: Actor::default(), bob: ByHandler, carol: Actor::default() };
            let session = roles.open(&mut vm).expect("there is room");
            vm.run(&NoHandler, 100).expect("its owner is told");
            let error = session.into_roles(&mut vm).expect_err("nobody plays Bob").to_string();
            assert!(
                error.ends_with("`Bob` has no role object and the VM runs with `NoHandler`"),
                "{error}"
            );
        }
    }

    #[test]
    fn play_with_cancels_what_waits_for_its_handler() {
        let roles =
            haggle::Roles { alice: ByHandler, bob: Actor::default(), carol: Actor::default() };
        let error = roles.play_with(&Peers::late()).expect_err("it waits for ever");
        let text = "session #0 was cancelled: `Alice` waits for its handler";
        assert!(error.to_string().starts_with(text), "{error}");
        assert!(error.to_string().ends_with(", and nobody can wake it"), "{error}");
        assert!(error.into_roles().is_some());
    }
}

/// A handler may play all roles: then a session with role objects is one without.
#[test]
fn all_roles_by_the_handler_are_as_no_objects() {
    let (mut vm, peers) = (VM::default(), Peers::default());
    let loaded = vm.load_choreography(&haggle::IMAGE).expect("there is room");
    assert_eq!(run(&mut vm, &peers), Progress::Complete);
    let trace = normal_lines(&filter_by_session(&vm.trace(), loaded));
    let roles = haggle::Roles { alice: ByHandler, bob: ByHandler, carol: ByHandler };
    let session = roles.open(&mut vm).expect("there is room");
    assert_eq!(run(&mut vm, &peers), Progress::Complete);
    assert_eq!(normal_lines(&filter_by_session(&vm.trace(), session.id())), trace);
    session.into_roles(&mut vm).expect("it is complete");
}
