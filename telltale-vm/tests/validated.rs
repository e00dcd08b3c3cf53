//! What validates is what nothing can go wrong with: all small programs, validated, and run with every decision.
#![cfg(feature = "validate")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use support::{protocol, try_image, value_of};
use telltale_bytecode::{Assembler, Hop, ImmKind, Instr, Pc, Reg, Slot, Via};
use telltale_theory::oracle::with_payloads;
use telltale_types::LocalTypeR;
use telltale_vm::loader::{CodeImage, UntrustedImage};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, Policy, Progress, RoleId, VM,
    VMConfig, Value,
};

/// Gives what labels carry, and decides as the bits of a number say, over and over.
struct Bits {
    bits: usize,
    decided: AtomicUsize,
}

const BITS: usize = 3;

impl EffectHandler for Bits {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(value_of(cx.label(label).payload, 7))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let at = self.decided.fetch_add(1, Ordering::Relaxed) % BITS;
        let branch = (self.bits >> at & 1) % branches.len();
        Ok(Picked { branch, value: value_of(cx.label(branches[branch].label).payload, 7) })
    }
}

/// What goes wrong in one run: a fault, or a role that goes round without a message.
fn mishap(image: &CodeImage, role: RoleId, bits: usize, policy: Policy) -> Option<String> {
    let config = VMConfig { policy, capacity: 1, quantum: 4, ..VMConfig::default() };
    let mut vm = VM::new(config);
    vm.load_choreography(image).expect("there is room");
    let handler = Bits { bits, decided: AtomicUsize::new(0) };
    let acted = |vm: &VM| vm.trace().iter().filter(|event| event.actor() == Some(role)).count();
    let mut before = 0;
    for _ in 0..2 {
        before = acted(&vm);
        match vm.run(&handler, 24) {
            Ok(Progress::OutOfFuel) => {}
            Ok(_) => return None,
            Err(error) => return Some(error.to_string()),
        }
    }
    (acted(&vm) == before).then(|| "it goes round without a message".to_owned())
}

fn first_mishap(image: &CodeImage, role: RoleId) -> Option<String> {
    let policies = [Policy::Cooperative, Policy::RoundRobin];
    let runs =
        policies.into_iter().flat_map(|policy| (0..1 << BITS).map(move |bits| (bits, policy)));
    runs.into_iter().find_map(|(bits, policy)| mishap(image, role, bits, policy))
}

/// An instruction without its tables.
#[derive(Clone, Copy)]
enum Line {
    Plain(Instr),
    /// A choice between what a state allows, or of one of it: where each branch leads, if it is there.
    Choose([Option<u32>; 2]),
    Offer([Option<u32>; 2]),
}

/// All lines that a program of so many instructions may have.
fn alphabet(image: &CodeImage, role: RoleId, length: u32, has_registers: bool) -> Vec<Line> {
    let names = image.names();
    let (via, next, reg) = (Via::OWN, Hop::NEXT, Reg(0));
    let mut plain = vec![Instr::Yield, Instr::Halt];
    plain.extend((0..=length).map(|target| Instr::Jmp { target: Pc(target) }));
    let slots =
        if has_registers { vec![Slot::HANDLER, Slot::reg(reg)] } else { vec![Slot::HANDLER] };
    for (label, peer) in
        names.labels().flat_map(|(label, _)| names.roles().map(move |(peer, _)| (label, peer)))
    {
        for &value in slots.iter().filter(|_| peer != role) {
            plain.push(Instr::Send { via, to: peer, value, label, next });
            plain.push(Instr::Recv { via, from: peer, value, label, next });
        }
    }
    if has_registers {
        plain.push(Instr::LoadImm { into: reg, kind: ImmKind::Uint, bits: 7 });
        plain.push(Instr::LoadImm { into: reg, kind: ImmKind::Bool, bits: 1 });
        plain.push(Instr::Mov { from: reg, to: Reg(1) });
        plain.push(Instr::Mov { from: Reg(1), to: reg });
    }
    let ways = || (0..=length).map(Some).chain([None]);
    let ways = ways().flat_map(|one| ways().map(move |other| [one, other]));
    let choices = ways.flat_map(|ways| [Line::Choose(ways), Line::Offer(ways)]);
    let has_choices = !has_registers && branches(&image.local_types[role]).is_some();
    let choices = choices.filter(|_| has_choices);
    plain.into_iter().map(Line::Plain).chain(choices).collect()
}

/// The branches of the first state of a local type that has two.
fn branches(local: &LocalTypeR) -> Option<[Branch; 2]> {
    let mut states = local.states().filter(|&state| local.exits(state).len() == 2);
    let exits: Vec<Branch> = local
        .exits(states.next()?)
        .map(|exit| Branch { peer: exit.action.peer, label: exit.action.label })
        .collect();
    exits.try_into().ok()
}

/// The image in which one role has a program of its own.
fn with_program(image: &CodeImage, role: RoleId, program: &[Line]) -> CodeImage {
    let named = |(name, local): (&str, &LocalTypeR)| (name.to_owned(), local.clone());
    let locals = image.local_types.iter().map(named).collect();
    let mut asm = Assembler::new(&locals, &image.global_type).expect("its projections");
    for (other, name) in image.names().roles() {
        let mut code = Vec::new();
        if other == role {
            for &line in program {
                code.push(instr(line, &image.local_types[role], &mut asm));
            }
        } else {
            for &instr in &image.programs[other] {
                code.push(copied(instr, image, &mut asm));
            }
        }
        asm.program(name, code).expect("a role");
    }
    asm.finish().expect("every role has a program")
}

fn instr(line: Line, local: &LocalTypeR, asm: &mut Assembler) -> Instr {
    let ways = match line {
        Line::Plain(instr) => return instr,
        Line::Choose(ways) | Line::Offer(ways) => ways,
    };
    let ways = branches(local).expect("there is a choice").into_iter().zip(ways);
    let ways = ways.filter_map(|(branch, target)| Some((branch, Pc(target?))));
    let (via, (set, targets)) = (Via::OWN, asm.branches(ways).expect("there is room"));
    match line {
        Line::Choose(_) => Instr::Choose { via, set, targets },
        _ => Instr::Offer { via, set, targets },
    }
}

/// An instruction of a compiled program, with its branches in the tables of an assembler.
fn copied(instr: Instr, image: &CodeImage, asm: &mut Assembler) -> Instr {
    let mut tables = |set, targets| {
        let branches = image.branches(set).iter().enumerate();
        let branches = branches.map(|(nth, &branch)| (branch, image.target(targets, nth)));
        asm.branches(branches.collect::<Vec<_>>()).expect("there is room")
    };
    match instr {
        Instr::Choose { via, set, targets } => {
            let (set, targets) = tables(set, targets);
            Instr::Choose { via, set, targets }
        }
        Instr::Offer { via, set, targets } => {
            let (set, targets) = tables(set, targets);
            Instr::Offer { via, set, targets }
        }
        other => other,
    }
}

/// Every program of up to so many instructions, for one role, next to compiled programs for the others.
fn all_programs(text: &str, role: &str, length: u32, has_registers: bool) {
    let payload = |label: &str| if label == "x" && has_registers { "u64" } else { "()" };
    let image = try_image(&with_payloads(&protocol(text), payload)).expect("it projects");
    let role = image.names().find_role(role).expect("a role");
    let (mut right, mut wrong) = (0, 0);
    for length in 1..=length {
        let lines = alphabet(&image, role, length, has_registers);
        let mut program = vec![0; length as usize];
        loop {
            let written: Vec<Line> = program.iter().map(|&line| lines[line]).collect();
            let written = with_program(&image, role, &written);
            let verdict = UntrustedImage::from(&written).validate();
            match (first_mishap(&written, role), &verdict) {
                (None, Ok(valid)) => {
                    assert!(valid.is_verified());
                    assert_eq!(first_mishap(valid, role), None, "{text}\n{valid}");
                    right += 1;
                }
                (Some(_), Err(_)) => wrong += 1,
                (mishap, verdict) => panic!("{text}\n{written}\n{mishap:?}\n{verdict:?}"),
            }
            if !count_up(&mut program, lines.len()) {
                break;
            }
        }
    }
    println!("{text} {role}: {right} right, {wrong} wrong");
    assert!(right > 0 && wrong > 100, "{text}: {right} are right, {wrong} are wrong");
}

/// The next number in a base; nothing after the last.
fn count_up(digits: &mut [usize], base: usize) -> bool {
    for digit in digits {
        *digit += 1;
        if *digit < base {
            return true;
        }
        *digit = 0;
    }
    false
}

#[test]
fn programs_that_send_and_receive() {
    all_programs("A→B:x. B→A:y. end", "A", 3, false);
    all_programs("A→B:x. B→A:y. end", "B", 3, false);
    all_programs("μt. A→B:x. t", "A", 3, false);
}

#[test]
fn programs_that_choose() {
    all_programs("μt. A→{B:x. t; B:y. end}", "A", 2, false);
}

#[test]
fn programs_that_offer() {
    all_programs("μt. A→{B:x. t; B:y. end}", "B", 2, false);
}

#[test]
fn programs_that_may_end_untold() {
    all_programs("A→{B:x. A→C:z. end; B:y. end}", "C", 3, false);
}

#[test]
fn programs_with_registers() {
    all_programs("A→B:x. end", "A", 3, true);
    all_programs("A→B:x. end", "B", 3, true);
    all_programs("A→B:x. B→A:x. end", "B", 3, true);
}
