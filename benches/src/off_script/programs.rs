//! Ping-pong as programs that were written by hand.

use std::collections::BTreeMap;

use telltale_bytecode::{Assembler, Hop, Instr, Pc, Reg, Slot, Via};
use telltale_types::{GlobalType, LocalExit, LocalState, LocalTypeR, Names, RoleId, StateId};
use telltale_vm::VM;
use telltale_vm::loader::CodeImage;

use crate::workload::{PingPong, Workload};

/// The compiled programs, as if somebody had written them.
pub(super) fn copied() -> CodeImage {
    written(LocalTypeR::clone)
}

/// The same programs beside local types of twice as many states: control comes to each instruction in two states.
pub(super) fn unverified() -> CodeImage {
    written(unrolled)
}

/// Every way back to the start leads to a copy of all states, and from there to the start.
fn unrolled(local: &LocalTypeR) -> LocalTypeR {
    let count = local.len();
    let state = |copy: usize, state: StateId| {
        let exits = local.exits(state).map(|exit| {
            let copy = if exit.target == StateId::START { 1 - copy } else { copy };
            LocalExit { target: StateId::at(copy * count + exit.target.index()), ..exit }
        });
        LocalState { exits: exits.collect(), may_end: local.may_end(state) }
    };
    let states = [0, 1].into_iter().flat_map(|copy| local.states().map(move |at| (copy, at)));
    let states = states.map(|(copy, at)| state(copy, at)).collect();
    LocalTypeR::new(local.names().clone(), states).expect("it is the same type")
}

/// The compiled programs, as if somebody had written them, with these local types.
fn written(local: impl Fn(&LocalTypeR) -> LocalTypeR) -> CodeImage {
    let image = <PingPong>::image();
    let names = image.names();
    let locals: BTreeMap<String, LocalTypeR> = names
        .roles()
        .map(|(role, name)| (name.to_owned(), local(&image.local_types[role])))
        .collect();
    let mut asm = Assembler::new(&locals, &image.global_type).expect("they are its projections");
    for (role, name) in names.roles() {
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
