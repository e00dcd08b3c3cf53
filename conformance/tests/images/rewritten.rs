//! Programs that do what compiled ones do, written otherwise: they validate, and play the same.

use std::collections::BTreeMap;

use telltale_bytecode::{Assembler, Branch, Hop, ImmKind, Instr, Pc, Reg, Via};
use telltale_conformance::play::{Setting, agree, settings, with_handler};
use telltale_theory::oracle::Rng;
use telltale_types::{LocalTypeR, RoleId};
use telltale_vm::loader::{CodeImage, UntrustedImage};

use crate::altered::Tally;
use crate::corpus;

/// An instruction whose targets are those of the compiled program.
enum Line {
    Plain(Instr),
    Then(Instr, Pc),
    Jump(Pc),
    Choice(Instr, Vec<(Branch, Pc)>),
}

/// The compiled program of a role in another order, with things in between that change nothing.
fn rewritten(image: &CodeImage, role: RoleId, rng: &mut Rng, asm: &mut Assembler) -> Vec<Instr> {
    let code = &image.programs[role];
    let mut order: Vec<usize> = (0..code.len()).collect();
    (1..code.len()).for_each(|at| order.swap(at, rng.below(at + 1)));
    let mut lines = vec![Line::Jump(Pc(0))];
    let mut places = vec![0; code.len()];
    for at in order {
        places[at] = lines.len();
        for _ in 0..rng.below(3) {
            lines.push(Line::Plain(idle(rng)));
        }
        lines.push(line(image, code[at], Pc(at as u32)));
    }
    let new = |old: Pc| Pc(places[old.index()] as u32);
    let write = |(at, line)| write(line, Pc(at as u32), new, asm);
    lines.into_iter().enumerate().map(write).collect()
}

fn idle(rng: &mut Rng) -> Instr {
    let (into, bits) = (Reg(rng.below(3) as u8), rng.below(9) as u32);
    match rng.below(3) {
        0 => Instr::Yield,
        1 => Instr::LoadImm { into, kind: ImmKind::Bool, bits },
        _ => Instr::LoadImm { into, kind: ImmKind::Uint, bits },
    }
}

fn line(image: &CodeImage, instr: Instr, at: Pc) -> Line {
    match instr {
        Instr::Send { next, .. } | Instr::Recv { next, .. } => Line::Then(instr, next.from(at)),
        Instr::Jmp { target } => Line::Jump(target),
        Instr::Choose { set, targets, .. } | Instr::Offer { set, targets, .. } => {
            let branches = image.branches(set).iter().enumerate();
            let branches = branches.map(|(nth, &branch)| (branch, image.target(targets, nth)));
            Line::Choice(instr, branches.collect())
        }
        other => Line::Plain(other),
    }
}

fn write(line: Line, at: Pc, new: impl Fn(Pc) -> Pc, asm: &mut Assembler) -> Instr {
    let hop = |target| Hop::between(at, new(target)).expect("programs of the corpus are short");
    match line {
        Line::Plain(instr) => instr,
        Line::Jump(target) => Instr::Jmp { target: new(target) },
        Line::Then(Instr::Send { via, to, value, label, .. }, target) => {
            Instr::Send { via, to, value, label, next: hop(target) }
        }
        Line::Then(Instr::Recv { via, from, value, label, .. }, target) => {
            Instr::Recv { via, from, value, label, next: hop(target) }
        }
        Line::Choice(instr, branches) => {
            let branches = branches.into_iter().map(|(branch, target)| (branch, new(target)));
            let (set, targets) = asm.branches(branches).expect("there is room");
            match instr {
                Instr::Choose { via, .. } => Instr::Choose { via, set, targets },
                _ => Instr::Offer { via: Via::OWN, set, targets },
            }
        }
        Line::Then(other, _) => other,
    }
}

/// The image with programs that are written otherwise; nothing if a role does several things at once.
fn image(of: &CodeImage, rng: &mut Rng) -> Option<CodeImage> {
    let named = |(name, local): (&str, &LocalTypeR)| (name.to_owned(), local.clone());
    let locals: BTreeMap<String, LocalTypeR> = of.local_types.iter().map(named).collect();
    let mut asm = Assembler::new(&locals, &of.global_type).ok()?;
    for (role, name) in of.names().roles() {
        let code = rewritten(of, role, rng, &mut asm);
        asm.program(name, code).expect("a role");
    }
    Some(asm.finish().expect("every role has a program"))
}

#[test]
fn what_is_written_otherwise_validates_and_plays_the_same() {
    let mut rng = Rng::new(11);
    let few: Vec<Setting> = settings().into_iter().step_by(5).collect();
    let mut tally = Tally::default();
    for (name, compiled) in corpus().iter().filter(|(_, image)| !image.is_by_hand()) {
        let Some(written) = image(compiled, &mut rng) else { continue };
        let valid = UntrustedImage::from(&written).validate();
        let valid = valid.unwrap_or_else(|error| panic!("{name}: {error}\n{written}"));
        assert!(valid.is_verified() && valid.hash() == written.hash());
        for setting in &few {
            let (one, other) =
                (with_handler(compiled, setting, 2), with_handler(&valid, setting, 2));
            agree(compiled, &one, &other, name);
        }
        // One instruction in the place of another is a mistake, or not.
        for _ in 0..20 {
            let mut json = serde_json::to_value(&written).expect("JSON");
            let role = rng.below(written.names().role_count());
            let program = json["roles"][role]["program"].as_array_mut().expect("lines");
            let (at, from) = (rng.below(program.len()), rng.below(program.len()));
            program[at] = program[from].clone();
            let altered = serde_json::from_value(json).expect("lines of an image");
            tally.count(name, compiled, Ok(altered));
        }
    }
    assert!(tally.right > 20 && tally.wrong > 100, "{tally:?}");
}
