//! Endpoints that hold endpoints that hold endpoints: giving up the first gives up all of them, however many
//! there are.

use telltale_bytecode::{Hop, Instr, Pc, Reg, Slot, Via};
use telltale_conformance::by_hand::moody::Moody;
use telltale_conformance::by_hand::parts::{CARRY, PARTS, SILENT};
use telltale_conformance::by_hand::program::assembler;
use telltale_types::{LabelId, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Recording, SessionId, VM, VMConfig};

/// More than a thread's stack has room for, if each of them took a few hundred bytes of it.
const LINKS: usize = 40_000;

/// One role opens a session, sends the endpoint that it has kept through it, and keeps the new one, again and
/// again.
fn chain() -> CodeImage {
    let mut asm = assembler(&PARTS[SILENT]);
    let import = asm.import("Carry", &PARTS[CARRY]).expect("one import");
    let [x, y, last] = [Reg(0), Reg(1), Reg(2)];
    let (label, next) = (LabelId(0), Hop::NEXT);
    let (via, value) = (Via::reg(x), Slot::reg(last));
    let code = [
        Instr::Open { import, first: x },
        Instr::Mov { from: y, to: last },
        Instr::Open { import, first: x },
        Instr::Send { via, to: RoleId(1), value, label, next },
        Instr::Close { endpoint: x },
        Instr::Jmp { target: Pc(1) },
    ];
    asm.program("X", code).expect("the role is there");
    for role in ["Y", "Z"] {
        asm.program(role, [Instr::Halt]).expect("the role is there");
    }
    asm.finish().expect("every role has a program")
}

/// A machine with a long chain that one session holds.
fn machine() -> (VM, SessionId) {
    let config = VMConfig { recording: Recording::Off, ..VMConfig::default() };
    let mut vm = VM::new(config);
    vm.provide(&PARTS[CARRY]);
    let session = vm.load_choreography(&chain()).expect("there is room");
    while vm.open_sessions() < LINKS {
        vm.run(&Moody::calm(0), 1_000).expect("nothing goes wrong");
    }
    (vm, session)
}

#[test]
fn the_holder_is_cancelled() {
    let (mut vm, session) = machine();
    vm.cancel(session, "enough").expect("it is running");
    assert_eq!(vm.open_sessions(), 0);
}

#[test]
fn the_holder_is_closed() {
    let (mut vm, session) = machine();
    vm.close(session).expect("it is running");
    vm.run(&Moody::calm(0), 10).expect("nothing goes wrong");
    assert_eq!(vm.open_sessions(), 0);
}

#[test]
fn a_session_at_the_end_of_the_chain_is_cancelled() {
    let (mut vm, holder) = machine();
    let last = vm.sessions().map(|session| session.id()).max_by_key(|session| session.ordinal());
    let last = last.filter(|last| *last != holder).expect("there are many");
    vm.cancel(last, "enough").expect("it is running");
    vm.cancel(holder, "enough").expect("it is running");
    assert_eq!(vm.open_sessions(), 0);
}

#[test]
fn the_machine_is_dropped() {
    drop(machine());
}
