//! What is verified is what a walk over all pairs of instruction and state finds right.

use std::collections::{BTreeMap, BTreeSet};

use telltale_theory::oracle::{Shape, generate};
use telltale_types::{
    Action, Direction, GlobalTerm, GlobalType, Label, LabelId, LocalTypeR, RoleId, StateId,
};

use super::rests;
use crate::{Assembler, CodeImage, Hop, Instr, Pc, Reg, Slot, Via};

/// The image of a protocol, if it projects.
fn image(global: &GlobalType) -> Option<CodeImage> {
    let locals = telltale_theory::project_all(global).ok()?;
    Some(CodeImage::from_local_types(&locals.into_iter().collect(), global))
}

/// Numbers from a seed (G. Marsaglia, "Xorshift RNGs", 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// The programs of an image, as if somebody had written them, one of them perhaps with a mistake.
fn by_hand(image: &CodeImage, random: &mut Random) -> Option<CodeImage> {
    let names = image.names();
    let locals: BTreeMap<String, LocalTypeR> = names
        .roles()
        .map(|(role, name)| (name.to_owned(), image.local_types[role].clone()))
        .collect();
    let mut asm = Assembler::new(&locals, &image.global_type).ok()?;
    let changed = random.below(2 * names.role_count());
    for (role, name) in names.roles() {
        let mut code: Vec<Instr> = image.programs[role].to_vec();
        if role.index() == changed && !code.is_empty() {
            let (at, labels) = (random.below(code.len()), names.label_count());
            code[at] = another(code[at], random, labels);
        }
        asm.program(name, code).ok()?;
    }
    asm.finish().ok()
}

/// An instruction that does something else, or leads elsewhere.
fn another(instr: Instr, random: &mut Random, labels: usize) -> Instr {
    let hop = Hop([-3, -2, -1, 0, 1, 2, 3][random.below(7)]);
    let other = LabelId(random.below(labels) as u16);
    match instr {
        Instr::Send { via, to, value, label, next } => match random.below(3) {
            0 => Instr::Send { via, to, value, label: other, next },
            1 => Instr::Recv { via, from: to, value, label, next },
            _ => Instr::Send { via, to, value, label, next: hop },
        },
        Instr::Recv { via, from, value, label, next } => match random.below(2) {
            0 => Instr::Recv { via, from, value, label: other, next },
            _ => Instr::Recv { via, from, value, label, next: hop },
        },
        Instr::Halt => Instr::Jmp { target: Pc(random.below(4) as u32) },
        _ => Instr::Halt,
    }
}

/// How often one instruction is reached in one state; nothing if something goes wrong on the way.
fn walk(code: &[Instr], local: &LocalTypeR) -> Option<BTreeSet<(u32, StateId)>> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![(Pc(0), StateId::START)];
    while let Some((pc, state)) = todo.pop() {
        if !seen.insert((pc.0, state)) {
            continue;
        }
        let target = |direction, peer, label| {
            let action = Action { direction, peer, label };
            local.exits(state).find(|exit| exit.action == action).map(|exit| exit.target)
        };
        match *code.get(pc.index())? {
            Instr::Send { to, label, next, .. } => {
                todo.push((next.from(pc), target(Direction::Send, to, label)?));
            }
            Instr::Recv { from, label, next, .. } => {
                todo.push((next.from(pc), target(Direction::Receive, from, label)?));
            }
            Instr::Jmp { target } => todo.push((target, state)),
            Instr::Halt => (local.exits(state).len() == 0).then_some(())?,
            _ => return None,
        }
    }
    Some(seen)
}

/// Whether a role may end at an instruction in all states in which it comes there, or in none.
fn agrees(code: &[Instr], local: &LocalTypeR, seen: &BTreeSet<(u32, StateId)>) -> bool {
    let mut at = BTreeMap::new();
    let is_jump = |pc: u32| matches!(code[pc as usize], Instr::Jmp { .. });
    let mut others = seen.iter().filter(|(pc, _)| !is_jump(*pc));
    others.all(|&(pc, state)| {
        let may_end = local.may_end(state);
        *at.entry(pc).or_insert(may_end) == may_end
    })
}

#[test]
fn what_is_verified_is_right_wherever_control_comes() {
    let (mut verified, mut refused, mut random) = (0, 0, Random(7));
    for seed in 0..6_000 {
        let Some(image) = image(&generate(seed, Shape::default())) else { continue };
        let is_plain = |instr: &Instr| !matches!(instr, Instr::Choose { .. } | Instr::Offer { .. });
        if !image.programs.code().iter().all(is_plain) {
            continue;
        }
        let Some(written) = by_hand(&image, &mut random) else { continue };
        let is_right = (0..written.names().role_count()).map(RoleId::at).all(|role| {
            let code = &written.programs[role];
            let local = &written.local_types[role];
            walk(code, local).is_some_and(|seen| agrees(code, local, &seen))
        });
        assert_eq!(rests(&written).is_some(), is_right, "seed {seed}: {written}");
        if is_right { verified += 1 } else { refused += 1 }
    }
    assert!(verified > 200 && refused > 200, "{verified} are verified, {refused} are not");
}

/// Behind an instruction through an endpoint, control goes where that leads, not to the next instruction.
#[test]
fn instructions_through_endpoints_are_followed_where_they_lead() {
    let verified = [1, 2].map(|hop| {
        let term = GlobalTerm::send("A", "B", Label::new("x"), GlobalTerm::end());
        let image = image(&term.close().expect("it is closed")).expect("it projects");
        let named = |name: &str| {
            let role = image.names().find_role(name).expect("a role");
            (name.to_owned(), image.local_types[role].clone())
        };
        let locals = ["A", "B"].map(named).into();
        let mut asm = Assembler::new(&locals, &image.global_type).expect("its projections");
        let (own, value, label) = (Via::OWN, Slot::HANDLER, LabelId(0));
        let through = Via::reg(Reg(0));
        let code = [
            Instr::Send { via: through, to: RoleId(1), value, label, next: Hop(hop) },
            Instr::Send { via: own, to: RoleId(1), value, label, next: Hop(2) },
            // That is not for this role to do.
            Instr::Recv { via: own, from: RoleId(1), value, label, next: Hop::NEXT },
            Instr::Halt,
        ];
        asm.program("A", code).expect("a role");
        asm.program("B", image.programs[RoleId(1)].to_vec()).expect("a role");
        let by_hand = asm.finish().expect("every role has a program");
        rests(&by_hand).is_some()
    });
    assert_eq!(verified, [true, false]);
}
