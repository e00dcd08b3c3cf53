//! Ping-pong as programs that were written by hand.

use std::collections::BTreeMap;

use telltale_bytecode::{Assembler, Hop, Instr, Pc, Reg, Slot, Via};
use telltale_types::{
    Direction, GlobalType, LocalExit, LocalState, LocalTypeR, Names, RoleId, StateId,
};
use telltale_vm::VM;
use telltale_vm::loader::CodeImage;

use crate::workload::{PingPong, Workload};

/// The compiled programs, as if somebody had written them.
pub(super) fn copied() -> CodeImage {
    let image = <PingPong>::image();
    let names = image.names().roles();
    written(names.map(|(role, name)| (name.to_owned(), image.local_types[role].clone())).collect())
}

/// The same programs beside local types that say everything twice, the second time with a role that may stop: whether it may rest at
/// its receive depends on how it came there.
pub(super) fn unverified() -> CodeImage {
    let image = <PingPong>::image();
    let twice = |(role, name): (RoleId, &str)| {
        let once = &image.local_types[role];
        let action = |state| once.exits(StateId::at(state)).next().expect("it goes on").action;
        let state = |nth: usize| LocalState::Exits {
            exits: vec![LocalExit { action: action(nth % 2), target: StateId::at((nth + 1) % 4) }],
            may_end: nth >= 2 && action(nth % 2).direction == Direction::Receive,
        };
        let local = LocalTypeR::new(image.names().clone(), (0..4).map(state).collect());
        (name.to_owned(), local.expect("it is a local type"))
    };
    written(image.names().roles().map(twice).collect())
}

/// The compiled programs, as if somebody had written them for these local types.
fn written(locals: BTreeMap<String, LocalTypeR>) -> CodeImage {
    let image = <PingPong>::image();
    let mut asm = Assembler::new(&locals, &image.global_type).expect("they are its projections");
    for (role, name) in image.names().roles() {
        asm.program(name, image.programs[role].iter().copied()).expect("a role");
    }
    asm.finish().expect("every role has a program")
}

/// One role opens a session of ping-pong and plays both of its roles, by turns; another is there and does nothing.
pub(super) fn both_roles(vm: &mut VM) -> CodeImage {
    let ping_pong = <PingPong>::image();
    vm.provide(ping_pong);
    let names = Names::new(["Driver", "Other"], []).expect("distinct names");
    let nothing =
        GlobalType::new(names, vec![vec![]]).expect("a protocol in which nothing happens");
    let locals = telltale_theory::project_all(&nothing).expect("it projects").into_iter().collect();
    let mut asm = Assembler::new(&locals, &nothing).expect("they are its projections");
    let import = asm.import("PingPong", ping_pong).expect("one import");
    let label = |name| ping_pong.names().find_label(name).expect("it is in the protocol");
    let (ping, pong) = (label("Ping"), label("Pong"));
    let [alice, bob] = [RoleId(0), RoleId(1)];
    let [as_alice, as_bob] = [Reg(0), Reg(1)].map(Via::reg);
    let (value, next) = (Slot::HANDLER, Hop::NEXT);
    let code = [
        Instr::Open { import, first: Reg(0) },
        Instr::Send { via: as_alice, to: bob, value, label: ping, next },
        Instr::Recv { via: as_bob, from: alice, value, label: ping, next },
        Instr::Send { via: as_bob, to: alice, value, label: pong, next },
        Instr::Recv { via: as_alice, from: bob, value, label: pong, next },
        Instr::Jmp { target: Pc(1) },
        // The second endpoint is in a register that has to be there.
        Instr::Close { endpoint: Reg(1) },
    ];
    asm.program("Driver", code).expect("a role");
    asm.program("Other", [Instr::Halt]).expect("a role");
    asm.finish().expect("every role has a program")
}
