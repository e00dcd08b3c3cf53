//! Programs written by hand: what each instruction does, and how bad programs fault.

use std::collections::BTreeMap;
use std::sync::Mutex;

use telltale_bytecode::{Assembler, Branch, Hop, ImmKind, Instr, Pc, Reg, Slot, Via};
use telltale_types::{GlobalTerm, Label, LabelId, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Context, EffectHandler, HandlerResult, Picked, Progress, SessionStatus, VM, VMConfig, Value,
};

const NEXT: Hop = Hop::NEXT;
const OWN: Via = Via::OWN;
const HANDLER: Slot = Slot::HANDLER;

/// Sends zeros, takes first branches, and writes down what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn add(&self, note: String) {
        self.0.lock().expect("no panic").push(note);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

impl EffectHandler for Notes {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Uint(0))
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let (role, from, label) = (cx.role_name(), cx.name(from), cx.label(label).name);
        self.add(format!("{role} got {label} {value} from {from}"));
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Uint(0) })
    }

    fn invoke(
        &self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        let argument = argument.map_or_else(String::new, ToString::to_string);
        self.add(format!("{} invoked {effect}({argument})", cx.role_name()));
        Ok(Value::Uint(42))
    }
}

fn assembler(term: &GlobalTerm) -> Assembler {
    let global = term.close().expect("a global type");
    let locals = telltale_theory::project_all(&global).expect("projectable");
    let locals: BTreeMap<_, _> = locals.into_iter().collect();
    Assembler::new(&locals, &global).expect("projected types")
}

/// `Alice -> Bob: Ping(u64)`
fn ping() -> GlobalTerm {
    GlobalTerm::send("Alice", "Bob", Label::with("Ping", "u64"), GlobalTerm::end())
}

fn send_ping(value: Slot) -> Instr {
    Instr::Send { via: OWN, to: RoleId(1), value, label: LabelId(0), next: NEXT }
}

fn receive_ping(value: Slot) -> Instr {
    Instr::Recv { via: OWN, from: RoleId(0), value, label: LabelId(0), next: NEXT }
}

fn load(reg: u8, bits: u32) -> Instr {
    Instr::LoadImm { into: Reg(reg), kind: ImmKind::Uint, bits }
}

/// An image of [`ping`] with this program for Alice; Bob plays by the rules.
fn ping_image(alice: Vec<Instr>) -> CodeImage {
    let mut asm = assembler(&ping());
    asm.effect("dice").expect("one effect");
    asm.program("Alice", alice).expect("a role");
    asm.program("Bob", [receive_ping(HANDLER), Instr::Halt]).expect("a role");
    asm.finish().expect("an image")
}

/// What the handler noted, and the fault if there was one.
fn run(image: &CodeImage) -> (Vec<String>, Option<String>) {
    let mut vm = VM::new(VMConfig::default());
    let notes = Notes::default();
    let session = vm.load_choreography(image).expect("room");
    let fault = vm.run(&notes, 1_000).err().map(|_| {
        let fault = vm.faults().next().expect("a fault").1.to_string();
        assert_eq!(vm.status(session).expect("known"), SessionStatus::Faulted);
        fault
    });
    assert_eq!(vm.progress(), Progress::Complete);
    (notes.take(), fault)
}

fn fault(alice: Vec<Instr>) -> String {
    run(&ping_image(alice)).1.expect("a fault")
}

#[test]
fn registers_carry_payloads() {
    let image = ping_image(vec![
        load(0, 7),
        Instr::Mov { from: Reg(0), to: Reg(3) },
        Instr::Jmp { target: Pc(4) },
        Instr::Halt,
        Instr::Yield,
        send_ping(Slot::reg(Reg(3))),
        Instr::Halt,
    ]);
    assert_eq!(run(&image), (vec!["Bob got Ping 7 from Alice".to_owned()], None));
}

#[test]
fn an_effect_takes_an_argument_and_gives_a_result() {
    let invoke = Instr::Invoke {
        effect: telltale_bytecode::EffectId(0),
        argument: Slot::reg(Reg(0)),
        result: Slot::reg(Reg(1)),
        next: NEXT,
    };
    let image = ping_image(vec![load(0, 6), invoke, send_ping(Slot::reg(Reg(1))), Instr::Halt]);
    let notes = ["Alice invoked dice(6)", "Bob got Ping 42 from Alice"].map(str::to_owned);
    assert_eq!(run(&image), (notes.to_vec(), None));
}

#[test]
fn the_handler_can_be_asked_as_well() {
    let image = ping_image(vec![send_ping(HANDLER), Instr::Halt]);
    assert_eq!(run(&image).0, ["Bob got Ping 0 from Alice"]);
}

#[test]
fn bad_programs_fault() {
    assert_eq!(fault(vec![Instr::Halt]), "`Alice` at `halt`: expected `Bob!Ping`, found `halt`");
    assert_eq!(
        fault(vec![send_ping(HANDLER), send_ping(HANDLER)]),
        "`Alice` at `send Bob!Ping(u64)`: expected `halt`, found `Bob!Ping`"
    );
    assert_eq!(
        fault(vec![receive_ping(HANDLER)]),
        "`Alice` at `recv Alice?Ping(u64)`: expected `Bob!Ping`, found `Alice?Ping`"
    );
    assert_eq!(
        fault(vec![send_ping(Slot::reg(Reg(0)))]),
        "`Alice` at `send Bob!Ping(u64) from r0`: register r0 is empty"
    );
    assert_eq!(
        fault(vec![
            Instr::LoadImm { into: Reg(0), kind: ImmKind::Bool, bits: 1 },
            send_ping(Slot::reg(Reg(0)))
        ]),
        "`Alice` at `send Bob!Ping(u64) from r0`: \
         expected `u64` as payload of `Ping`, found `true`, a bool"
    );
    assert_eq!(fault(vec![Instr::Yield]), "`Alice` at `yield`: control left the program");
    assert_eq!(
        fault(vec![Instr::Jmp { target: Pc(9) }]),
        "`Alice` at `jmp 9`: control left the program"
    );
    assert_eq!(
        fault(vec![Instr::Close { endpoint: Reg(0) }]),
        "`Alice` at `close r0`: register r0 is empty"
    );
    assert_eq!(
        fault(vec![load(0, 1), Instr::Close { endpoint: Reg(0) }]),
        "`Alice` at `close r0`: expected an endpoint in register r0, found an unsigned integer"
    );
    assert_eq!(
        fault(vec![Instr::LoadImm { into: Reg(0), kind: ImmKind::Char, bits: 0xD800 }]),
        "`Alice` at `loadimm r0, char bits 55296`: invalid operand"
    );
}

#[test]
fn an_empty_program_faults() {
    assert_eq!(fault(vec![]), "`Alice`: control left the program");
}

#[test]
fn an_endless_program_uses_its_fuel() {
    let image = ping_image(vec![Instr::Jmp { target: Pc(0) }]);
    let mut vm = VM::new(VMConfig::default());
    vm.load_choreography(&image).expect("room");
    vm.run(&Notes::default(), 100).expect("no fault");
    assert_eq!(vm.progress(), Progress::OutOfFuel);
    assert_eq!(
        vm.to_string(),
        "1 session after 100 rounds\n#0: `Alice` can act, `Bob` waits for `Alice`"
    );
}

/// `Host -> Guest: Seat(Endpoint)`
fn party() -> GlobalTerm {
    GlobalTerm::send("Host", "Guest", Label::with("Seat", "Endpoint"), GlobalTerm::end())
}

/// The host opens a session of [`ping`], gives Bob's endpoint to the guest and plays Alice.
fn party_image(host_end: &[Instr], guest: Vec<Instr>) -> (CodeImage, CodeImage) {
    let imported = ping_image(vec![send_ping(HANDLER), Instr::Halt]);
    let mut asm = assembler(&party());
    let import = asm.import("Ping", &imported).expect("one import");
    let mut host = vec![
        Instr::Open { import, first: Reg(0) },
        Instr::Send {
            via: OWN,
            to: RoleId(1),
            value: Slot::reg(Reg(1)),
            label: LabelId(0),
            next: NEXT,
        },
    ];
    host.extend(host_end);
    asm.program("Host", host).expect("a role");
    asm.program("Guest", guest).expect("a role");
    (asm.finish().expect("an image"), imported)
}

fn take_seat() -> Instr {
    Instr::Recv {
        via: OWN,
        from: RoleId(0),
        value: Slot::reg(Reg(0)),
        label: LabelId(0),
        next: NEXT,
    }
}

fn via(reg: u8) -> Via {
    Via::reg(Reg(reg))
}

#[test]
fn an_endpoint_is_handed_on_and_played() {
    let host = [
        load(5, 9),
        Instr::Send {
            via: via(0),
            to: RoleId(1),
            value: Slot::reg(Reg(5)),
            label: LabelId(0),
            next: NEXT,
        },
        Instr::Close { endpoint: Reg(0) },
        Instr::Halt,
    ];
    let guest = vec![
        take_seat(),
        Instr::Recv { via: via(0), from: RoleId(0), value: HANDLER, label: LabelId(0), next: NEXT },
        Instr::Close { endpoint: Reg(0) },
        Instr::Halt,
    ];
    let (image, imported) = party_image(&host, guest);
    let mut vm = VM::new(VMConfig::default());
    vm.provide(&imported);
    let notes = Notes::default();
    vm.load_choreography(&image).expect("room");
    vm.run(&notes, 1_000).expect("no fault");
    assert_eq!(notes.take(), ["Bob got Ping 9 from Alice"]);
    assert_eq!(vm.progress(), Progress::Complete);
    let trace: Vec<String> = vm.trace().iter().map(ToString::to_string).collect();
    assert!(trace.contains(&"#1 closed".to_owned()), "{trace:?}");
}

#[test]
fn an_endpoint_that_its_holder_leaves_behind_cancels_its_session() {
    let (image, imported) = party_image(&[Instr::Halt], vec![take_seat(), Instr::Halt]);
    let mut vm = VM::new(VMConfig::default());
    vm.provide(&imported);
    vm.load_choreography(&image).expect("room");
    vm.run(&Notes::default(), 1_000).expect("no fault");
    let trace: Vec<String> = vm.trace().iter().map(ToString::to_string).collect();
    assert!(trace.contains(&"#1 cancelled".to_owned()), "{trace:?}");
    assert_eq!(vm.progress(), Progress::Complete);
}

#[test]
fn a_moved_endpoint_is_gone_and_its_end_is_noticed() {
    let again =
        Instr::Send { via: via(1), to: RoleId(1), value: HANDLER, label: LabelId(0), next: NEXT };
    let (image, imported) = party_image(&[again], vec![take_seat(), Instr::Halt]);
    let mut vm = VM::new(VMConfig::default());
    vm.provide(&imported);
    vm.load_choreography(&image).expect("room");
    vm.run(&Notes::default(), 1_000).expect_err("a fault");
    let (_, fault) = vm.faults().next().expect("a fault");
    assert_eq!(fault.to_string(), "`Host` at `send r1.role 1!label 0`: register r1 is empty");
}

#[test]
fn an_image_that_nobody_provided_cannot_be_opened() {
    let (image, _) = party_image(&[], vec![take_seat(), Instr::Halt]);
    let (_, fault) = run(&image);
    assert_eq!(
        fault.expect("a fault"),
        "`Host` at `open Ping into r0..`: image `Ping` has not been provided"
    );
}

/// The text of the fault in a run of a party with this configuration.
fn party_fault(config: VMConfig, guest: Vec<Instr>) -> String {
    let (image, imported) = party_image(&[Instr::Halt], guest);
    let mut vm = VM::new(config);
    vm.provide(&imported);
    vm.load_choreography(&image).expect("room");
    vm.run(&Notes::default(), 1_000).expect_err("a fault");
    let (_, fault) = vm.faults().next().expect("a fault");
    fault.to_string()
}

#[test]
fn a_handler_never_gets_an_endpoint() {
    let told =
        Instr::Recv { via: OWN, from: RoleId(0), value: HANDLER, label: LabelId(0), next: NEXT };
    assert_eq!(
        party_fault(VMConfig::default(), vec![told, Instr::Halt]),
        "`Guest` at `recv Host?Seat(Endpoint)`: \
         `Seat(Endpoint)` carries an endpoint, which only a register can take"
    );
}

#[test]
fn a_limit_of_the_vm_is_a_limit_for_programs() {
    let config = VMConfig { max_sessions: 1, ..VMConfig::default() };
    assert_eq!(
        party_fault(config, vec![take_seat(), Instr::Halt]),
        "`Host` at `open Ping into r0..`: \
         a session cannot be opened: 1 sessions are open, which is the limit"
    );
}

#[test]
fn who_waits_in_a_session_that_ends_is_told() {
    // The host halts with Alice's endpoint, so nobody plays Alice and the session is cancelled.
    let receive =
        Instr::Recv { via: via(0), from: RoleId(0), value: HANDLER, label: LabelId(0), next: NEXT };
    assert_eq!(
        party_fault(VMConfig::default(), vec![take_seat(), receive, Instr::Halt]),
        "`Guest` at `recv r0.role 0?label 0`: the session of the endpoint in r0 has ended"
    );
}
