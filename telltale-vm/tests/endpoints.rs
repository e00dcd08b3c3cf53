//! Programs that act through endpoints: nobody else is touched, and nothing is different there.

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::{image_of, lines, protocol, with_payloads};
use telltale_bytecode::{Assembler, Branch, CompileError, Hop, Instr, Pc, Reg, Slot, Via};
use telltale_types::{GlobalTerm, GlobalType, Label, Names};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    ChannelMode, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Network, Picked,
    Policy, Progress, RoleId, SendDecision, SessionId, SessionStatus, VM, VMConfig, Value,
    WhenFull,
};

const NEXT: Hop = Hop::NEXT;
const HANDLER: Slot = Slot::HANDLER;

/// Counts what it is asked and told.
#[derive(Default)]
struct Counts {
    sent: AtomicUsize,
    told: AtomicUsize,
    /// How often it has no answer at first.
    hesitates: AtomicUsize,
    network: Option<SendDecision>,
}

impl EffectHandler for Counts {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        let hesitates =
            self.hesitates.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if hesitates.is_ok() {
            return Err(HandlerError::pending());
        }
        let sent = self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(Value::Uint(sent as u64))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        self.told.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Uint(0) })
    }
    fn network(&self) -> Option<&dyn Network> {
        self.network.is_some().then_some(self)
    }
}

impl Network for Counts {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        self.network.unwrap_or(SendDecision::Deliver)
    }
}

fn asm(global: &GlobalType) -> Assembler {
    let locals: BTreeMap<_, _> =
        telltale_theory::project_all(global).expect("it projects").into_iter().collect();
    Assembler::new(&locals, global).expect("they are its projections")
}

/// A session of one role that does nothing but what the program says, beside a role that is done.
fn alone(imports: &[&CodeImage], code: impl IntoIterator<Item = Instr>) -> CodeImage {
    let names = Names::new(["Me", "Other"], []).expect("distinct names");
    let global = GlobalType::new(names, vec![vec![]]).expect("a protocol in which nothing happens");
    let mut asm = asm(&global);
    for image in imports {
        asm.import("it", image).expect("a few imports");
    }
    asm.program("Me", code).expect("a role");
    asm.program("Other", [Instr::Halt]).expect("a role");
    asm.finish().expect("an image")
}

fn open(import: u16, first: u8) -> Instr {
    Instr::Open { import: telltale_bytecode::ImportId(import), first: Reg(first) }
}

fn close(reg: u8) -> Instr {
    Instr::Close { endpoint: Reg(reg) }
}

fn send(via: u8, to: u8, value: Slot) -> Instr {
    Instr::Send { via: Via::reg(Reg(via)), to: RoleId(to), value, label: LabelId(0), next: NEXT }
}

fn recv(via: u8, from: u8, value: Slot) -> Instr {
    Instr::Recv {
        via: Via::reg(Reg(via)),
        from: RoleId(from),
        value,
        label: LabelId(0),
        next: NEXT,
    }
}

fn reg(number: u8) -> Slot {
    Slot::reg(Reg(number))
}

fn machine(config: VMConfig, images: &[&CodeImage]) -> VM {
    let mut vm = VM::new(config);
    for image in images {
        vm.provide(image);
    }
    vm
}

fn run(vm: &mut VM, counts: &Counts) {
    vm.run(counts, 1_000).expect("no session faults");
}

/// `A→B:m`, twice or so.
fn ping(text: &str) -> CodeImage {
    image_of(text, "Any")
}

#[test]
fn a_session_stands_in_the_queue_once_whoever_wakes_it() {
    // A role waits in a session that another role of its own session gives up just then.
    let names = ("A", "B");
    let global =
        GlobalTerm::send(names.0, names.1, Label::with("Seat", "Endpoint"), GlobalTerm::end());
    let mut asm = asm(&global.close().expect("a global type"));
    let inner = ping("X→Y:m");
    let import = asm.import("P", &inner).expect("one import");
    let own =
        |value| Instr::Send { via: Via::OWN, to: RoleId(1), value, label: LabelId(0), next: NEXT };
    asm.program(
        "A",
        [
            Instr::Open { import, first: Reg(0) },
            own(reg(0)),
            Instr::Yield,
            recv(1, 0, HANDLER),
            Instr::Halt,
        ],
    )
    .expect("a role");
    let take = Instr::Recv {
        via: Via::OWN,
        from: RoleId(0),
        value: reg(0),
        label: LabelId(0),
        next: NEXT,
    };
    asm.program("B", [take, Instr::Halt]).expect("a role");
    let image = asm.finish().expect("an image");

    for policy in Policy::ALL {
        for rounds in 0..6 {
            let mut vm = machine(VMConfig { policy, ..VMConfig::default() }, &[&inner]);
            let counts = Counts::default();
            let session = vm.load_choreography(&image).expect("room");
            for _ in 0..rounds {
                drop(vm.run(&counts, 1));
            }
            drop(vm.cancel(session, "enough"));
            drop(vm.run(&counts, 1));
            let innocent: Vec<SessionId> =
                (0..24).map(|_| vm.load_choreography(&inner).expect("room")).collect();
            run(&mut vm, &counts);
            for session in &innocent {
                assert_eq!(vm.status(*session).ok(), Some(SessionStatus::Closed), "{policy:?}");
            }
        }
    }
}

#[test]
fn a_session_whose_endpoints_nobody_can_reach_is_cancelled() {
    let inner = ping("X→Y:m");
    let through_itself = [open(0, 0), send(0, 1, reg(1)), close(0), Instr::Halt];
    let by_its_own = [open(0, 0), send(0, 1, reg(0)), close(1), Instr::Halt];
    let round_two = [
        open(0, 0),
        open(0, 2),
        send(0, 1, reg(3)),
        send(2, 1, reg(1)),
        close(0),
        close(2),
        Instr::Halt,
    ];
    for code in [through_itself.to_vec(), by_its_own.to_vec(), round_two.to_vec()] {
        let mut vm = machine(VMConfig::default(), &[&inner]);
        vm.load_choreography(&alone(&[&inner], code)).expect("room");
        vm.run(&Counts::default(), 100).expect("no session faults");
        assert_eq!(vm.progress(), Progress::Complete, "{vm}");
    }
}

#[test]
fn unreachable_sessions_do_not_use_up_a_limit() {
    let inner = ping("X→Y:m");
    let again = Instr::Jmp { target: Pc(0) };
    let image = alone(&[&inner], [open(0, 0), send(0, 1, reg(1)), close(0), again]);
    let mut vm = machine(VMConfig { max_sessions: 8, ..VMConfig::default() }, &[&inner]);
    let session = vm.load_choreography(&image).expect("room");
    vm.run(&Counts::default(), 1_000).expect("no session faults");
    assert!(vm.open_sessions() <= 8 && vm.trace().len() > 500);
    vm.cancel(session, "enough").expect("it is running");
    assert_eq!(vm.open_sessions(), 0);
}

#[test]
fn a_session_without_roles_is_over_at_once() {
    let names = Names::new::<&str>([], []).expect("no names");
    let nobody = GlobalType::new(names, vec![vec![]]).expect("a protocol of nobody");
    let nobody = CodeImage::from_local_types(&BTreeMap::new(), &nobody);
    let mut vm = machine(VMConfig::default(), &[&nobody]);
    vm.load_choreography(&alone(&[&nobody], [open(0, 0), Instr::Mov { from: Reg(0), to: Reg(0) }]))
        .expect("room");
    drop(vm.run(&Counts::default(), 100));
    assert_eq!(vm.progress(), Progress::Complete, "{vm}");
    assert!(lines(&vm).contains(&"#1 closed".to_owned()));
}

#[test]
fn what_a_faulty_instruction_has_taken_is_not_lost() {
    let inner = ping("X→Y:m");
    let seats = image_of("P→Q:seat", "Any");
    // The role takes an endpoint, and control leaves the program.
    let code = [
        open(0, 0),
        open(1, 2),
        send(2, 1, reg(0)),
        Instr::Recv {
            via: Via::reg(Reg(3)),
            from: RoleId(0),
            value: reg(0),
            label: LabelId(0),
            next: Hop(100),
        },
    ];
    let mut vm = machine(VMConfig::default(), &[&inner, &seats]);
    vm.load_choreography(&alone(&[&inner, &seats], code)).expect("room");
    let error = vm.run(&Counts::default(), 100).expect_err("it faults").to_string();
    assert!(error.ends_with("control left the program"), "{error}");
    assert_eq!(vm.progress(), Progress::Complete, "{vm}");
}

#[test]
fn an_offer_without_branches_is_invalid() {
    let inner = ping("X→Y:m");
    let names = Names::new(["Me", "Other"], []).expect("distinct names");
    let global = GlobalType::new(names, vec![vec![]]).expect("nothing happens");
    let mut asm = asm(&global);
    let import = asm.import("it", &inner).expect("one import");
    let (set, targets) = asm.branches([]).expect("a set");
    let offer = Instr::Offer { via: Via::reg(Reg(0)), set, targets };
    asm.program("Me", [Instr::Open { import, first: Reg(0) }, offer]).expect("a role");
    asm.program("Other", [Instr::Halt]).expect("a role");
    let mut vm = machine(VMConfig::default(), &[&inner]);
    vm.load_choreography(&asm.finish().expect("an image")).expect("room");
    let error = vm.run(&Counts::default(), 100).expect_err("it faults").to_string();
    assert!(error.ends_with("invalid operand"), "{error}");
}

/// Both roles of a session are played by one program: two messages one way.
fn both_roles(inner: &CodeImage) -> CodeImage {
    let receive = |to| recv(1, 0, to);
    let code = [
        open(0, 0),
        send(0, 1, HANDLER),
        send(0, 1, HANDLER),
        receive(HANDLER),
        receive(HANDLER),
        close(0),
        close(1),
        Instr::Halt,
    ];
    alone(&[inner], code)
}

fn play_both(config: VMConfig, counts: &Counts) -> (VM, Vec<String>) {
    let inner = ping("A→B:m. A→B:m");
    let mut vm = machine(config, &[&inner]);
    vm.load_choreography(&both_roles(&inner)).expect("room");
    drop(vm.run(counts, 1_000));
    let seen = lines(&vm).into_iter().filter(|line| line.starts_with("#1")).collect();
    (vm, seen)
}

#[test]
fn messages_are_lost_through_endpoints_as_anywhere() {
    let config = VMConfig { capacity: 1, when_full: WhenFull::Drop, ..VMConfig::default() };
    let (vm, seen) = play_both(config, &Counts::default());
    assert!(seen.contains(&"#1 A!B:m(Any) was lost".to_owned()), "{seen:?}");
    assert_eq!(vm.waiting().count(), 2, "the second receipt waits for ever: {vm}");
}

#[test]
fn the_latest_value_is_kept_through_endpoints_as_anywhere() {
    let config = VMConfig { mode: ChannelMode::LatestValue, ..VMConfig::default() };
    let counts = Counts::default();
    let (_, seen) = play_both(config, &counts);
    assert!(seen.contains(&"#1 A!B:m(Any) was lost".to_owned()), "{seen:?}");
    assert_eq!(counts.told.load(Ordering::Relaxed), 1);
}

#[test]
fn networks_decide_about_messages_through_endpoints_as_about_any() {
    let drops = Counts { network: Some(SendDecision::Drop), ..Counts::default() };
    let (_, seen) = play_both(VMConfig::default(), &drops);
    assert_eq!(seen.iter().filter(|line| line.ends_with("was lost")).count(), 2, "{seen:?}");

    let defers = Counts { network: Some(SendDecision::Defer), ..Counts::default() };
    let (mut vm, _) = play_both(VMConfig::default(), &defers);
    let inner = vm.sessions().map(|view| view.id()).find(|id| id.ordinal() == 1).expect("it waits");
    for message in vm.take_deferred(inner).expect("it waits") {
        vm.inject(inner, message).expect("there is room");
    }
    run(&mut vm, &defers);
    assert_eq!(vm.progress(), Progress::Complete, "{vm}");
    assert_eq!(defers.told.load(Ordering::Relaxed), 2);
}

#[test]
fn answers_may_come_late_through_endpoints_as_anywhere() {
    for policy in Policy::ALL {
        let counts = Counts { hesitates: AtomicUsize::new(3), ..Counts::default() };
        let (mut vm, _) = play_both(VMConfig { policy, ..VMConfig::default() }, &counts);
        let mut woken = 0;
        while vm.progress() == Progress::Waiting {
            let inner = vm.sessions().map(|view| view.id()).find(|id| id.ordinal() == 1);
            vm.wake(inner.expect("it waits"), "A").expect("its answer is late");
            run(&mut vm, &counts);
            woken += 1;
        }
        assert_eq!((woken, vm.progress()), (3, Progress::Complete), "{policy:?}: {vm}");
        assert_eq!(counts.sent.load(Ordering::Relaxed), 2);
    }
}

#[test]
fn roles_are_paused_through_endpoints_as_anywhere() {
    let inner = ping("A→B:m. A→B:m");
    let mut vm = machine(VMConfig::default(), &[&inner]);
    vm.pause("A");
    vm.load_choreography(&both_roles(&inner)).expect("room");
    let counts = Counts::default();
    run(&mut vm, &counts);
    assert_eq!((vm.progress(), counts.sent.load(Ordering::Relaxed)), (Progress::Waiting, 0));
    assert!(vm.to_string().ends_with("its roles are played through endpoints, `A` is paused"));
    vm.resume("A");
    run(&mut vm, &counts);
    assert_eq!((vm.progress(), counts.told.load(Ordering::Relaxed)), (Progress::Complete, 2));
}

#[test]
fn a_full_channel_makes_a_chooser_hold_its_answer() {
    let text = "A→B:m. A→{B:m; B:n}";
    let inner = ping(text);
    let names = Names::new(["Me", "Other"], []).expect("distinct names");
    let global = GlobalType::new(names, vec![vec![]]).expect("nothing happens");
    let mut asm = asm(&global);
    let import = asm.import("it", &inner).expect("one import");
    let (m, n) = (LabelId(0), LabelId(1));
    let branch = |peer, label, target| (Branch { peer: RoleId(peer), label }, Pc(target));
    let (set, targets) = asm.branches([branch(1, m, 3), branch(1, n, 3)]).expect("a set");
    // Another role receives, so that the first can wait for room.
    asm.program(
        "Me",
        [
            Instr::Open { import, first: Reg(0) },
            send(0, 1, HANDLER),
            Instr::Choose { via: Via::reg(Reg(0)), set, targets },
            close(1),
            Instr::Halt,
        ],
    )
    .expect("a role");
    asm.program("Other", [Instr::Halt]).expect("a role");
    let config = VMConfig { capacity: 1, ..VMConfig::default() };
    let mut vm = machine(config, &[&inner]);
    let session = vm.load_choreography(&asm.finish().expect("an image")).expect("room");
    run(&mut vm, &Counts::default());
    assert_eq!(vm.progress(), Progress::Waiting);
    vm.cancel(session, "enough").expect("it is running");
    assert_eq!(vm.progress(), Progress::Complete);
}

#[test]
fn tables_of_programs_by_hand_have_limits() -> Result<(), CompileError> {
    let global = with_payloads(&protocol("A→B:m"), |_| "()");
    let mut asm = asm(&global);
    for _ in 0..1 << 16 {
        asm.effect("e")?;
    }
    let error = asm.effect("one more").expect_err("the table is full").to_string();
    assert_eq!(error, "more than 65536 effects");
    Ok(())
}

#[test]
fn sessions_that_nobody_can_reach_do_not_keep_the_embedder_from_opening_one() {
    let inner = ping("X→Y:m");
    let spin =
        [open(0, 0), send(0, 1, reg(1)), close(0), Instr::Yield, Instr::Jmp { target: Pc(3) }];
    let mut vm = machine(VMConfig { max_sessions: 2, ..VMConfig::default() }, &[&inner]);
    vm.load_choreography(&alone(&[&inner], spin)).expect("room");
    run(&mut vm, &Counts::default());
    vm.load_choreography(&inner).expect("one of the two is out of reach");
}

#[test]
fn a_role_that_was_woken_by_its_own_name_has_left_the_seat() {
    // It waits for an answer in the seat of X, is woken, and waits for another answer on its own.
    let inner = ping("X→Y:m");
    let global = GlobalTerm::send("A", "B", Label::with("n", "Any"), GlobalTerm::end());
    let mut asm = asm(&global.close().expect("a global type"));
    let import = asm.import("it", &inner).expect("one import");
    let own =
        Instr::Send { via: Via::OWN, to: RoleId(1), value: HANDLER, label: LabelId(0), next: NEXT };
    asm.program("A", [Instr::Open { import, first: Reg(0) }, send(0, 1, HANDLER), own, close(1)])
        .expect("a role");
    let take = Instr::Recv {
        via: Via::OWN,
        from: RoleId(0),
        value: HANDLER,
        label: LabelId(0),
        next: NEXT,
    };
    asm.program("B", [take, Instr::Halt]).expect("a role");
    let mut vm = machine(VMConfig::default(), &[&inner]);
    let session = vm.load_choreography(&asm.finish().expect("an image")).expect("room");
    let counts = Counts { hesitates: AtomicUsize::new(1), ..Counts::default() };
    run(&mut vm, &counts);
    vm.wake(session, "A").expect("its answer is late");
    vm.run(&counts, 1).expect("it sends in the seat");
    counts.hesitates.store(1, Ordering::Relaxed);
    run(&mut vm, &counts);
    let seat = vm.sessions().map(|view| view.id()).find(|id| id.ordinal() == 1).expect("it runs");
    vm.wake(seat, "X").expect_err("nobody waits there");
    vm.cancel(seat, "enough").expect("it runs");
    run(&mut vm, &counts);
    assert_eq!(vm.progress(), Progress::Waiting, "only its own answer wakes it");
}

/// Panics when it decides, or when it is asked for an effect.
struct Panics;

impl EffectHandler for Panics {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::opaque(Bomb))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
    fn invoke(&self, _: &Context<'_>, _: &str, argument: Option<&Value>) -> HandlerResult<Value> {
        if argument.is_none() { Ok(Value::opaque(Bomb)) } else { panic!("no effect") }
    }
    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for Panics {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        panic!("no network")
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a payload is dropped");
    }
}

#[test]
fn a_panic_drops_no_payload_while_it_unwinds() {
    let mut vm = VM::new(VMConfig::default());
    vm.load_choreography(&ping("A→B:m")).expect("room");
    let error = vm.run(&Panics, 10).expect_err("it faults").to_string();
    assert!(error.ends_with("it panicked: no network"), "{error}");

    let names = Names::new(["Me", "Other"], []).expect("distinct names");
    let global = GlobalType::new(names, vec![vec![]]).expect("nothing happens");
    let mut asm = asm(&global);
    let effect = asm.effect("boom").expect("one effect");
    let invoke = |argument, result| Instr::Invoke { effect, argument, result, next: NEXT };
    asm.program("Me", [invoke(HANDLER, reg(0)), invoke(reg(0), HANDLER), Instr::Halt])
        .expect("a role");
    asm.program("Other", [Instr::Halt]).expect("a role");
    vm.load_choreography(&asm.finish().expect("an image")).expect("room");
    let error = vm.run(&Panics, 10).expect_err("it faults").to_string();
    assert!(error.ends_with("it panicked: no effect"), "{error}");
    assert_eq!(vm.progress(), Progress::Complete);
}

#[test]
fn what_faults_between_two_runs_is_in_the_next_report() {
    let inner = ping("X→Y:m");
    let code = [
        open(0, 0),
        send(0, 1, HANDLER),
        recv(1, 0, HANDLER),
        Instr::Yield,
        Instr::Jmp { target: Pc(3) },
    ];
    let mut vm = machine(VMConfig::default(), &[&inner]);
    let holder = vm.load_choreography(&alone(&[&inner], code)).expect("room");
    run(&mut vm, &Counts::default());
    let seat = vm.sessions().map(|view| view.id()).find(|id| id.ordinal() == 1).expect("it runs");
    let message = vm.session(seat).and_then(|view| view.message("X", "Y", "m", Value::Unit));
    vm.inject(seat, message.expect("the protocol has it")).expect("there is room");
    vm.cancel(holder, "enough").expect("it runs");
    vm.run(&Counts::default(), 10).expect_err("one message was too many");
    assert_eq!(vm.faults().count(), 1);
    vm.run(&Counts::default(), 10).expect("it was reported");
}
