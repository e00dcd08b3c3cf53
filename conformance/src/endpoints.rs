//! Images that play a protocol through endpoints: one opens it and hands out the seats, the other plays all
//! roles alone.

use telltale_bytecode::{Assembler, Branch, Hop, Instr, Pc, Reg, Slot, Via};
use telltale_types::{GlobalExit, GlobalType, Label, LabelId, Names, RoleId, StateId};
use telltale_vm::loader::CodeImage;

use crate::by_hand::program::{Line, instr, line};

/// The name of the role that gets the endpoint of this one.
pub fn guest(role: usize) -> String {
    format!("Guest{role}")
}

/// A host opens the protocol and sends each endpoint to a guest, who then does through it what the compiled
/// program of the role does.
///
/// # Panics
///
/// When the protocol is too large for an assembler.
pub fn with_guests(image: &CodeImage) -> CodeImage {
    let count = image.names().role_count();
    let mut asm = assembler(&invitations(count));
    let import = asm.import("it", image).expect("one import");
    let seat = |role: usize| Instr::Send {
        via: Via::OWN,
        to: RoleId::at(role + 1),
        value: Slot::reg(reg(role)),
        label: LabelId(0),
        next: Hop::NEXT,
    };
    let mut host = vec![Instr::Open { import, first: Reg(0) }];
    host.extend((0..count).map(seat));
    host.push(Instr::Halt);
    asm.program("Host", host).expect("there is a host");
    for (role, (_, code)) in image.programs.iter().enumerate() {
        let code = through_seat(&mut asm, image, code);
        asm.program(&guest(role), code).expect("there is a guest for each role");
    }
    asm.finish().expect("every role has a program")
}

/// A compiled program, spoken through the endpoint that comes first.
fn through_seat(asm: &mut Assembler, image: &CodeImage, code: &[Instr]) -> Vec<Instr> {
    let seat = Reg(0);
    let via = Via::reg(seat);
    let end = Pc(code.len() as u32 + 1);
    let shifted = |branches: Vec<(Branch, Pc)>| {
        branches.into_iter().map(|(branch, target)| (branch, Pc(target.0 + 1))).collect()
    };
    let (from, label, next) = (RoleId(0), LabelId(0), Hop::NEXT);
    let mut all = vec![Instr::Recv { via: Via::OWN, from, value: Slot::reg(seat), label, next }];
    for &it in code {
        let line = match line(image, it) {
            Line::Plain(Instr::Send { to, value, label, next, .. }) => {
                Line::Plain(Instr::Send { via, to, value, label, next })
            }
            Line::Plain(Instr::Recv { from, value, label, next, .. }) => {
                Line::Plain(Instr::Recv { via, from, value, label, next })
            }
            Line::Plain(Instr::Jmp { target }) => {
                Line::Plain(Instr::Jmp { target: Pc(target.0 + 1) })
            }
            Line::Plain(Instr::Halt) => Line::Plain(Instr::Jmp { target: end }),
            Line::Plain(other) => Line::Plain(other),
            Line::Offer(_, branches) => Line::Offer(via, shifted(branches)),
            Line::Choose(_, branches) => Line::Choose(via, shifted(branches)),
        };
        all.push(instr(asm, &line));
    }
    all.extend([Instr::Close { endpoint: seat }, Instr::Halt]);
    all
}

/// `Host -> Guest0: Seat(Endpoint); Host -> Guest1: Seat(Endpoint); …`
fn invitations(count: usize) -> GlobalType {
    let roles = ["Host".to_owned()].into_iter().chain((0..count).map(guest));
    let names = Names::new(roles, [Label::with("Seat", "Endpoint")]).expect("distinct names");
    let exit = |role: usize| GlobalExit {
        sender: RoleId(0),
        receiver: RoleId::at(role + 1),
        label: LabelId(0),
        target: StateId::at(role + 1),
    };
    let states = (0..count).map(|role| vec![exit(role)]).chain([Vec::new()]);
    GlobalType::new(names, states.collect()).expect("a protocol")
}

/// One role opens the protocol and follows its global type: it sends, then it receives what it has sent.
///
/// # Panics
///
/// When the protocol is too large for an assembler.
pub fn alone(image: &CodeImage) -> CodeImage {
    let names = Names::new(["Everybody"], []).expect("one name");
    let mut asm = assembler(&GlobalType::new(names, vec![Vec::new()]).expect("a protocol"));
    let import = asm.import("it", image).expect("one import");
    let global = &image.global_type;
    let starts = starts(global);
    let count = image.names().role_count();
    let mut code = vec![Instr::Open { import, first: Reg(0) }];
    for state in global.states() {
        let exits: Vec<GlobalExit> = global.exits(state).collect();
        if exits.is_empty() {
            code.extend((0..count).map(|role| Instr::Close { endpoint: reg(role) }));
            code.push(Instr::Halt);
            continue;
        }
        code.push(decision(&mut asm, &exits, starts[state.index()]));
        for exit in exits {
            code.push(Instr::Recv {
                via: Via::reg(reg(exit.receiver.index())),
                from: exit.sender,
                value: Slot::HANDLER,
                label: exit.label,
                next: Hop::NEXT,
            });
            code.push(Instr::Jmp { target: Pc(starts[exit.target.index()] as u32) });
        }
    }
    asm.program("Everybody", code).expect("there is only one");
    asm.finish().expect("every role has a program")
}

/// Where the part of each state begins: behind the opening, and two instructions for each exit.
fn starts(global: &GlobalType) -> Vec<usize> {
    let mut start = 1;
    let size = |state| match global.exits(state).len() {
        0 => global.names().role_count() + 1,
        exits => 1 + 2 * exits,
    };
    let begin = |state| {
        let begin = start;
        start += size(state);
        begin
    };
    global.states().map(begin).collect()
}

/// The sender of a state sends, or chooses what it sends.
fn decision(asm: &mut Assembler, exits: &[GlobalExit], start: usize) -> Instr {
    let GlobalExit { sender, receiver, label, .. } = exits[0];
    let via = Via::reg(reg(sender.index()));
    if exits.len() == 1 {
        let (value, next) = (Slot::HANDLER, Hop::NEXT);
        return Instr::Send { via, to: receiver, value, label, next };
    }
    let branches = exits.iter().enumerate().map(|(at, exit)| {
        let branch = Branch { peer: exit.receiver, label: exit.label };
        (branch, Pc((start + 1 + 2 * at) as u32))
    });
    let (set, targets) = asm.branches(branches).expect("there are few sets of branches");
    Instr::Choose { via, set, targets }
}

fn assembler(global: &GlobalType) -> Assembler {
    let locals = telltale_theory::project_all(global).expect("one sender tells all others");
    Assembler::new(&locals.into_iter().collect(), global).expect("projected types")
}

fn reg(role: usize) -> Reg {
    Reg(role as u8)
}
