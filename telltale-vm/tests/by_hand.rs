//! Programs written by hand: what stands before their instructions, what they do with registers and effects, and
//! who answers for a seat.

mod support;

use std::collections::BTreeMap;
use std::sync::Mutex;

use support::{Census, image_of, lines, protocol};
use telltale_bytecode::{
    Assembler, Branch, EffectId, Hop, ImmKind, ImportId, Instr, Pc, Reg, Slot, Via,
};
use telltale_theory::oracle::with_payloads;
use telltale_types::GlobalType;
use telltale_vm::generated::{
    ChoiceVisitor, MessageVisitor, Player, Players, RoleObjects, SessionHost, SetId,
};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Context, EffectHandler, HandlerError, HandlerResult, LabelId, NoHandler, Picked, Progress,
    RoleId, VM, VMConfig, Value,
};

const NEXT: Hop = Hop::NEXT;
const OWN: Via = Via::OWN;
const HANDLER: Slot = Slot::HANDLER;

/// Gives units, takes first branches, answers effects as a closure says, and remembers what it is told.
struct Host<F> {
    effect: F,
    told: Mutex<Vec<String>>,
}

fn host(effect: fn(&Value) -> HandlerResult<Value>) -> Host<fn(&Value) -> HandlerResult<Value>> {
    Host { effect, told: Mutex::default() }
}

impl<F: Fn(&Value) -> HandlerResult<Value> + Sync> EffectHandler for Host<F> {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Unit)
    }
    fn receive(
        &self,
        cx: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let line = format!("{} {}={value}", cx.role_name(), cx.label(label).name);
        self.told.lock().expect("nobody panics").push(line);
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
    fn invoke(&self, _: &Context<'_>, _: &str, argument: Option<&Value>) -> HandlerResult<Value> {
        (self.effect)(argument.unwrap_or(&Value::Unit))
    }
}

fn assembler(global: &GlobalType) -> Assembler {
    let locals: BTreeMap<_, _> =
        telltale_theory::project_all(global).expect("it projects").into_iter().collect();
    Assembler::new(&locals, global).expect("they are its projections")
}

/// `A→B:m` with these programs, an effect and an import of the same.
fn ping(payload: &str, a: Vec<Instr>, b: Vec<Instr>) -> CodeImage {
    let global = with_payloads(&protocol("A→B:m"), |_| payload);
    let mut asm = assembler(&global);
    asm.effect("dice").expect("one effect");
    asm.import("it", &inner()).expect("one import");
    asm.program("A", a).expect("a role");
    asm.program("B", b).expect("a role");
    asm.finish().expect("an image")
}

/// The protocol whose roles are played through endpoints.
fn inner() -> CodeImage {
    image_of("P→Q:n", "Any")
}

fn send(value: Slot) -> Instr {
    Instr::Send { via: OWN, to: RoleId(1), value, label: LabelId(0), next: NEXT }
}

fn recv(value: Slot) -> Instr {
    Instr::Recv { via: OWN, from: RoleId(0), value, label: LabelId(0), next: NEXT }
}

fn invoke(argument: Slot, result: Slot) -> Instr {
    Instr::Invoke { effect: EffectId(0), argument, result, next: NEXT }
}

fn reg(number: u8) -> Slot {
    Slot::reg(Reg(number))
}

fn open() -> Instr {
    Instr::Open { import: ImportId(0), first: Reg(0) }
}

/// Runs it and gives what the roles were told, or the text of the fault.
fn run(image: &CodeImage, host: &dyn EffectHandler) -> Result<VM, String> {
    let mut vm = VM::new(VMConfig::default());
    vm.provide(&inner());
    vm.load_choreography(image).expect("room");
    match vm.run(host, 100) {
        Ok(_) => Ok(vm),
        Err(_) => Err(vm.faults().next().expect("a fault").1.to_string()),
    }
}

#[test]
fn what_is_wrong_with_an_endpoint_does_not_depend_on_images_that_could_be_opened() {
    let load = |bits| Instr::LoadImm { into: Reg(0), kind: ImmKind::Uint, bits };
    let close = |number| Instr::Close { endpoint: Reg(number) };
    let through = [
        vec![close(0)],
        vec![load(7), close(0)],
        vec![close(200)],
        vec![load(7), seat_send(0, 1, 0)],
        vec![seat_send(1, 1, 0)],
        vec![Instr::Open { import: ImportId(9), first: Reg(0) }],
    ];
    for mut program in through {
        // So that there are two registers.
        program.push(Instr::Mov { from: Reg(1), to: Reg(0) });
        let image = ping("()", program, vec![recv(HANDLER), Instr::Halt]);
        let fault = run(&image, &calm()).expect_err("no endpoint is there");
        let mut without = VM::new(VMConfig::default());
        without.load_choreography(&image).expect("room");
        without.run(&calm(), 100).expect_err("it faults");
        assert_eq!(without.faults().next().expect("a fault").1.to_string(), fault);
    }
}

fn calm() -> Host<fn(&Value) -> HandlerResult<Value>> {
    host(|_| Ok(Value::Uint(42)))
}

#[test]
fn an_offer_must_take_whatever_may_come() {
    let global = protocol("A→{B:l; B:r}");
    let mut asm = assembler(&global);
    let branch = |label| (Branch { peer: RoleId(1), label: LabelId(label) }, Pc(1));
    let (set, targets) = asm.branches([branch(0), branch(1)]).expect("a set");
    asm.program("A", [Instr::Choose { via: OWN, set, targets }, Instr::Halt]).expect("a role");
    let left = (Branch { peer: RoleId(0), label: LabelId(0) }, Pc(1));
    let (set, targets) = asm.branches([left]).expect("a set");
    asm.program("B", [Instr::Offer { via: OWN, set, targets }, Instr::Halt]).expect("a role");
    let fault = run(&asm.finish().expect("an image"), &calm()).expect_err("it leaves out `r`");
    assert_eq!(fault, "`B` at `offer A?l`: expected `A?l` or `A?r`, found `an offer without A?r`");
}

#[test]
fn what_no_protocol_has_is_not_allowed() {
    for (peer, label) in [(0, 0), (1, 7), (9, 0), (255, 65_535)] {
        let (to, label) = (RoleId(peer), LabelId(label));
        let wrong = Instr::Send { via: OWN, to, value: HANDLER, label, next: NEXT };
        let image = ping("()", vec![wrong, Instr::Halt], vec![recv(HANDLER), Instr::Halt]);
        let fault = run(&image, &calm()).expect_err("it is not in the protocol");
        assert!(fault.contains("expected `B!m`, found `"), "{fault}");
    }
}

#[test]
fn immediates_are_of_every_kind() {
    let kinds = [
        (ImmKind::Unit, 0, "()", "()"),
        (ImmKind::Bool, 1, "bool", "true"),
        (ImmKind::Int, u32::MAX, "i64", "-1"),
        (ImmKind::Uint, 7, "u64", "7"),
        (ImmKind::Float, 1.5_f32.to_bits(), "f64", "1.5"),
        (ImmKind::Char, 'x' as u32, "char", "'x'"),
    ];
    for (kind, bits, payload, text) in kinds {
        let load = Instr::LoadImm { into: Reg(0), kind, bits };
        let image =
            ping(payload, vec![load, send(reg(0)), Instr::Halt], vec![recv(HANDLER), Instr::Halt]);
        let host = calm();
        run(&image, &host).expect("the kind is right");
        assert_eq!(*host.told.lock().expect("nobody panics"), [format!("B m={text}")]);
    }
}

#[test]
fn an_effect_that_fails_ends_its_session() {
    let wrong = |effect: fn(&Value) -> HandlerResult<Value>| {
        let code = vec![invoke(HANDLER, reg(0)), send(reg(0)), Instr::Halt];
        run(&ping("u64", code, vec![recv(HANDLER), Instr::Halt]), &host(effect))
    };
    let text = "`A` at `invoke  dice into r0`: no dice";
    let fault = wrong(|_| Err(HandlerError::msg("no dice"))).expect_err("it fails");
    assert_eq!(fault.replace("  ", " "), text.replace("  ", " "));
    let unknown =
        Instr::Invoke { effect: EffectId(9), argument: HANDLER, result: HANDLER, next: NEXT };
    let image = ping("()", vec![unknown], vec![recv(HANDLER), Instr::Halt]);
    let fault = run(&image, &calm()).expect_err("there is one effect");
    assert!(fault.ends_with("invalid operand"), "{fault}");
    let image = ping("()", vec![invoke(HANDLER, HANDLER)], vec![recv(HANDLER), Instr::Halt]);
    let fault = run(&image, &NoHandler).expect_err("nobody answers");
    assert!(fault.ends_with("`A` invokes `dice`, which its handler does not know"), "{fault}");
}

#[test]
fn an_effect_that_is_late_keeps_its_argument() {
    let late = Host {
        effect: {
            let asked = Mutex::new(0);
            move |argument: &Value| {
                let mut asked = asked.lock().expect("nobody panics");
                *asked += 1;
                assert_eq!(argument.as_text(), None);
                assert_eq!(argument.to_string(), "7");
                if *asked == 1 { Err(HandlerError::pending()) } else { Ok(Value::Uint(8)) }
            }
        },
        told: Mutex::default(),
    };
    let load = Instr::LoadImm { into: Reg(0), kind: ImmKind::Uint, bits: 7 };
    let code = vec![load, invoke(reg(0), reg(1)), send(reg(1)), Instr::Halt];
    let image = ping("u64", code, vec![recv(HANDLER), Instr::Halt]);
    let mut vm = run(&image, &late).expect("it waits");
    let session = vm.sessions().next().expect("it waits").id();
    vm.wake(session, "A").expect("its answer is late");
    vm.run(&late, 100).expect("no session faults");
    assert_eq!(*late.told.lock().expect("nobody panics"), ["B m=8"]);
    assert!(lines(&vm).contains(&"#0 A invoked effect 0".to_owned()));
}

#[test]
fn an_effect_takes_no_endpoint() {
    let code = vec![open(), invoke(reg(0), HANDLER), Instr::Close { endpoint: Reg(1) }];
    let image = ping("()", code, vec![recv(HANDLER), Instr::Halt]);
    let fault = run(&image, &calm()).expect_err("endpoints stay in registers");
    assert!(
        fault.ends_with("`dice` carries an endpoint, which only a register can take"),
        "{fault}"
    );
}

#[test]
fn what_a_register_held_is_dropped_when_it_is_filled() {
    let census = Census::default();
    let counted = census.clone();
    let host = Host { effect: move |_: &Value| Ok(counted.payload()), told: Mutex::default() };
    let code = vec![
        invoke(HANDLER, reg(0)),
        invoke(HANDLER, reg(0)),
        invoke(HANDLER, HANDLER),
        Instr::Mov { from: Reg(0), to: Reg(1) },
        send(reg(1)),
        Instr::Halt,
    ];
    let image = ping("Any", code, vec![recv(reg(0)), Instr::Halt]);
    run(&image, &host).expect("no session faults");
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_seat_is_guarded() {
    let wrong = Instr::Recv {
        via: Via::reg(Reg(0)),
        from: RoleId(1),
        value: HANDLER,
        label: LabelId(0),
        next: NEXT,
    };
    let code = vec![open(), wrong, Instr::Close { endpoint: Reg(1) }];
    let image = ping("()", code, vec![recv(HANDLER), Instr::Halt]);
    let fault = run(&image, &calm()).expect_err("P sends");
    assert!(fault.ends_with("expected `Q!n`, found `Q?n`"), "{fault}");
}

/// A program that opens `text` and executes this.
fn through(text: &str, code: impl FnOnce(&mut Assembler) -> Vec<Instr>) -> (VM, VMConfig) {
    let inner = image_of(text, "Any");
    let mut asm = assembler(&protocol("A→B:m"));
    asm.import("it", &inner).expect("one import");
    let mut program = vec![open()];
    program.extend(code(&mut asm));
    asm.program("A", program).expect("a role");
    asm.program("B", [recv(HANDLER), Instr::Halt]).expect("a role");
    let config = VMConfig { capacity: 1, ..VMConfig::default() };
    let mut vm = VM::new(config.clone());
    vm.provide(&inner);
    vm.load_choreography(&asm.finish().expect("an image")).expect("room");
    (vm, config)
}

fn seat_send(via: u8, to: u8, label: u16) -> Instr {
    let (to, label) = (RoleId(to), LabelId(label));
    Instr::Send { via: Via::reg(Reg(via)), to, value: HANDLER, label, next: NEXT }
}

#[test]
fn a_seat_offers_to_one_sender_and_to_several() {
    let branch =
        |peer, label, target| (Branch { peer: RoleId(peer), label: LabelId(label) }, Pc(target));
    let (mut vm, _) = through("P→{Q:l; Q:r}", |asm| {
        let (set, targets) = asm.branches([branch(0, 0, 3), branch(0, 1, 3)]).expect("a set");
        let offer = Instr::Offer { via: Via::reg(Reg(1)), set, targets };
        vec![seat_send(0, 1, 1), offer, send(HANDLER), Instr::Halt]
    });
    let host = calm();
    vm.run(&host, 100).expect("no session faults");
    assert_eq!(*host.told.lock().expect("nobody panics"), ["Q r=()", "B m=()"]);

    let (mut vm, _) = through("P→{Q:l. Q→R:x; R:r}", |asm| {
        let (set, targets) = asm.branches([branch(0, 2, 3), branch(1, 1, 3)]).expect("a set");
        let labels: Vec<LabelId> =
            ["l", "r", "x"].iter().map(|l| asm.label(l).unwrap_or(LabelId(0))).collect();
        assert_eq!(labels.len(), 3);
        let offer = Instr::Offer { via: Via::reg(Reg(2)), set, targets };
        vec![seat_send(0, 2, 2), offer, send(HANDLER), Instr::Halt]
    });
    // Whether these numbers are those of the labels, the guard says.
    drop(vm.run(&calm(), 100));
    assert_eq!(vm.progress(), Progress::Complete);
}

#[test]
fn a_branch_of_a_seat_may_lead_nowhere() {
    let inner = image_of("P→{Q:l; Q:r}", "Any");
    let branch = |label, target| (Branch { peer: RoleId(1), label: LabelId(label) }, target);
    // The host takes the first branch. B's program does not start where the code of all roles does.
    for (left, right, is_well) in [(Pc(2), Pc(u32::MAX), true), (Pc(u32::MAX), Pc(2), false)] {
        let mut asm = assembler(&protocol("A→B:m"));
        asm.import("it", &inner).expect("one import");
        let (set, targets) = asm.branches([branch(0, left), branch(1, right)]).expect("a set");
        let choose = Instr::Choose { via: Via::reg(Reg(0)), set, targets };
        asm.program("A", [send(HANDLER), Instr::Halt]).expect("a role");
        let close = Instr::Close { endpoint: Reg(1) };
        asm.program("B", [open(), choose, recv(HANDLER), close, Instr::Halt]).expect("a role");
        let mut vm = VM::new(VMConfig::default());
        vm.provide(&inner);
        vm.load_choreography(&asm.finish().expect("an image")).expect("room");
        let fault = vm.run(&calm(), 100).err().map(|error| error.to_string());
        let text = "1 session faulted; session #0: `B` at `choose r0.role 1!label 0, role 1!label 1`: control left the program";
        assert_eq!(fault.as_deref(), (!is_well).then_some(text));
    }
}

#[test]
fn an_answer_that_a_seat_holds_is_sent_when_there_is_room() {
    // P sends, and chooses while the channel is full; Q's seat is taken by another role, which makes room later.
    let inner = image_of("P→Q:m. P→{Q:m; Q:n}", "Any");
    let global = with_payloads(&protocol("A→B:seat. A→B:go"), |label| {
        if label == "seat" { "Endpoint" } else { "()" }
    });
    let mut asm = assembler(&global);
    asm.import("it", &inner).expect("one import");
    let branch =
        |peer, label, target| (Branch { peer: RoleId(peer), label: LabelId(label) }, Pc(target));
    let own = |label, value| Instr::Send {
        via: OWN,
        to: RoleId(1),
        value,
        label: LabelId(label),
        next: NEXT,
    };
    let (set, targets) = asm.branches([branch(1, 0, 5), branch(1, 1, 5)]).expect("a set");
    let [given, go] = ["seat", "go"].map(|name| asm.label(name).expect("a label").0);
    asm.program(
        "A",
        [
            open(),
            own(given, reg(1)),
            own(go, HANDLER),
            seat_send(0, 1, 0),
            Instr::Choose { via: Via::reg(Reg(0)), set, targets },
            Instr::Close { endpoint: Reg(0) },
            Instr::Halt,
        ],
    )
    .expect("a role");
    let take = |label, value| Instr::Recv {
        via: OWN,
        from: RoleId(0),
        value,
        label: LabelId(label),
        next: NEXT,
    };
    let (set, targets) = asm.branches([branch(0, 0, 5), branch(0, 1, 5)]).expect("a set");
    let of_seat = Instr::Recv {
        via: Via::reg(Reg(0)),
        from: RoleId(0),
        value: HANDLER,
        label: LabelId(0),
        next: NEXT,
    };
    asm.program(
        "B",
        [
            take(given, reg(0)),
            take(go, HANDLER),
            Instr::Yield,
            of_seat,
            Instr::Offer { via: Via::reg(Reg(0)), set, targets },
            Instr::Close { endpoint: Reg(0) },
            Instr::Halt,
        ],
    )
    .expect("a role");
    let config = VMConfig { capacity: 1, ..VMConfig::default() };
    let mut vm = VM::new(config);
    vm.provide(&inner);
    vm.load_choreography(&asm.finish().expect("an image")).expect("room");
    let host = calm();
    // The one who makes room comes late.
    vm.run(&host, 4).expect("no session faults");
    vm.pause("B");
    vm.run(&host, 20).expect("no session faults");
    vm.resume("B");
    vm.run(&host, 100).expect("no session faults");
    assert_eq!(vm.progress(), Progress::Complete, "{vm}");
    let told = host.told.lock().expect("nobody panics");
    assert_eq!(told.iter().filter(|line| *line == "Q m=()").count(), 2, "{told:?}");
}

#[test]
fn many_endpoints_on_their_way_do_not_wait_until_nobody_can_act() {
    // Endless, and each time it loses a session.
    let (mut vm, _) = through("P→Q:n", |_| {
        let through_itself = Instr::Send {
            via: Via::reg(Reg(0)),
            to: RoleId(1),
            value: reg(1),
            label: LabelId(0),
            next: NEXT,
        };
        vec![through_itself, Instr::Close { endpoint: Reg(0) }, Instr::Jmp { target: Pc(0) }]
    });
    let mut most = 0;
    for _ in 0..100 {
        vm.run(&calm(), 10).expect("no session faults");
        most = most.max(vm.open_sessions());
    }
    assert!((3..200).contains(&most), "{most}");
}

/// Role objects of a program that is written by hand; the handler plays some of the roles.
struct Objects(Players);

impl RoleObjects for Objects {
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
    fn players(&self) -> Players {
        self.0
    }
}

#[test]
fn an_effect_is_that_of_whoever_plays_the_role() {
    let image = ping(
        "()",
        vec![invoke(HANDLER, HANDLER), send(HANDLER), Instr::Halt],
        vec![recv(HANDLER), Instr::Halt],
    );
    for (role, is_known) in [(RoleId(0), true), (RoleId(1), false)] {
        let mut vm = VM::new(VMConfig::default());
        let objects = Objects(Players::OBJECTS.with(role, Player::Handler));
        vm.open_session(&image, objects, false).expect("room");
        let run = vm.run(&host(|_| Ok(Value::Unit)), 100);
        assert_eq!(run.is_ok(), is_known);
        let text = run.err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(
            text.ends_with("the role objects do not know effect `dice`"),
            !is_known,
            "{text}"
        );
    }
}

/// The fault of a session of these programs with role objects.
fn with_objects(a: Vec<Instr>) -> String {
    let mut vm = VM::new(VMConfig::default());
    vm.provide(&inner());
    let image = ping("()", a, vec![recv(HANDLER), Instr::Halt]);
    vm.open_session(&image, Objects(Players::OBJECTS), false).expect("room");
    vm.run(&NoHandler, 100).expect_err("it faults").to_string()
}

#[test]
fn role_objects_know_no_effects_and_take_no_seat() {
    let fault = with_objects(vec![invoke(HANDLER, HANDLER)]);
    assert!(fault.ends_with("the role objects do not know effect `dice`"), "{fault}");
    let close = Instr::Close { endpoint: Reg(1) };
    let fault = with_objects(vec![open(), seat_send(0, 1, 0), close]);
    let text = "role objects cannot answer for a role of another session";
    assert!(fault.ends_with(text), "{fault}");
}

#[cfg(feature = "multi-thread")]
#[test]
fn role_objects_know_no_effects_with_threads_either() {
    let image =
        ping("()", vec![invoke(HANDLER, HANDLER), Instr::Halt], vec![recv(HANDLER), Instr::Halt]);
    let mut vm = telltale_vm::ThreadedVM::new(VMConfig::default(), std::num::NonZeroUsize::MIN);
    vm.open_session(&image, Objects(Players::OBJECTS), false).expect("room");
    let text = vm.run(&NoHandler, 100).expect_err("it faults").to_string();
    assert!(text.ends_with("the role objects do not know effect `dice`"), "{text}");
}
