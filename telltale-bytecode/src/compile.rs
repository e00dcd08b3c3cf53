//! Local type to program: every state becomes one instruction.
//!
//! States are laid out depth-first, so that most successors stand right behind. A `Jmp` is needed
//! only where a successor is further away than a [`Hop`] reaches.

use std::collections::BTreeMap;

use telltale_types::{Action, Coroutines, Direction, LaneId, Lanes, LocalTypeR, Par, StateId};

use crate::operand::number;
use crate::{Branch, CompileError, Hop, Instr, Pc, SetId, Slot, TargetsId, Via};

/// The branch sets and targets of an image while its programs are compiled.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    sets: BTreeMap<Vec<Branch>, SetId>,
    pub(crate) set_ends: Vec<u32>,
    pub(crate) branches: Vec<Branch>,
    pub(crate) targets: Vec<u32>,
}

/// The program of one role.
pub(crate) struct Program {
    pub(crate) code: Vec<Instr>,
    /// Where the role may stop although it could still receive something.
    pub(crate) rests: Vec<Pc>,
}

/// Compiles a local type, whose role and label ids are those of the image.
pub(crate) fn compile(local: &LocalTypeR, tables: &mut Tables) -> Result<Program, CompileError> {
    let layout = Layout::of(local);
    let coroutines = Coroutines::of(local);
    let lanes = local.lanes();
    let mut code = Vec::with_capacity(layout.len);
    for &state in &layout.order {
        let here = Pc::at(code.len());
        if let Some(par) = local.par(state) {
            let first = coroutines.number(lanes.of_state(par.arms[0]));
            code.push(fork(&par, first, &layout, tables));
            continue;
        }
        let exits: Vec<_> = local.exits(state).collect();
        match exits[..] {
            [] if lanes.of_state(state) != LaneId::OUTERMOST => code.push(Instr::Join),
            [] => code.push(Instr::Halt),
            [exit] => {
                let target = layout.place_of(exit.target);
                let next = Hop::between(here, target).unwrap_or(Hop::NEXT);
                code.push(exchange(exit.action, next));
                if layout.jump_behind(here) {
                    code.push(Instr::Jmp { target });
                }
            }
            _ => code.push(choice(local, state, &layout, tables)?),
        }
    }
    let rests = layout.order.iter().filter(|&&state| may_rest(local, &lanes, state));
    Ok(Program { rests: rests.map(|&state| layout.place_of(state)).collect(), code })
}

/// Whether a role may stop in a state although something may still come for it, or for one of the lanes that
/// begin there.
fn may_rest(local: &LocalTypeR, lanes: &Lanes, state: StateId) -> bool {
    let Some(par) = local.par(state) else {
        return local.may_end(state) && local.direction(state).is_some();
    };
    let is_last = local.exits(par.next).len() == 0 && local.par(par.next).is_none();
    let within = |lane: LaneId| {
        let mut around = lanes.path(lane);
        around.any(|(_, arm)| arm.par == state)
    };
    is_last
        && local.states().any(|inner| {
            within(lanes.of_state(inner))
                && local.may_end(inner)
                && local.direction(inner).is_some()
        })
}

fn fork(par: &Par, first: u8, layout: &Layout, tables: &mut Tables) -> Instr {
    let targets = TargetsId(number(tables.targets.len()));
    let places = par.arms.iter().chain([&par.next]).map(|&state| layout.place_of(state).0);
    tables.targets.extend(places);
    let count = u8::try_from(par.arms.len()).expect("coroutines are counted before");
    Instr::Fork { first, count, targets }
}

fn exchange(action: Action, next: Hop) -> Instr {
    let Action { direction, peer, label } = action;
    let (via, value) = (Via::OWN, Slot::HANDLER);
    match direction {
        Direction::Send => Instr::Send { via, to: peer, value, label, next },
        Direction::Receive => Instr::Recv { via, from: peer, value, label, next },
    }
}

fn choice(
    local: &LocalTypeR,
    state: StateId,
    layout: &Layout,
    tables: &mut Tables,
) -> Result<Instr, CompileError> {
    let mut exits: Vec<_> = local.exits(state).collect();
    exits.sort_unstable_by_key(|exit| (exit.action.label, exit.action.peer));
    let branch = |action: Action| Branch { peer: action.peer, label: action.label };
    let set = tables.set(exits.iter().map(|exit| branch(exit.action)).collect())?;
    let targets = TargetsId(number(tables.targets.len()));
    tables.targets.extend(exits.iter().map(|exit| layout.place_of(exit.target).0));
    Ok(match exits[0].action.direction {
        Direction::Send => Instr::Choose { via: Via::OWN, set, targets },
        Direction::Receive => Instr::Offer { via: Via::OWN, set, targets },
    })
}

impl Tables {
    /// The number of a set; equal sets have one.
    pub(crate) fn set(&mut self, branches: Vec<Branch>) -> Result<SetId, CompileError> {
        if let Some(&known) = self.sets.get(&branches) {
            return Ok(known);
        }
        let limit = usize::from(u16::MAX);
        // The image counts its sets in a number that is no larger than their ids.
        let set = match u16::try_from(self.sets.len()) {
            Ok(next) if next < u16::MAX => SetId(next),
            _ => return Err(CompileError::TooManyChoices { limit }),
        };
        self.branches.extend(&branches);
        self.set_ends.push(number(self.branches.len()));
        self.sets.insert(branches, set);
        Ok(set)
    }
}

#[cfg(feature = "serde")]
impl Tables {
    /// All sets, by their numbers.
    pub(crate) fn sets_in_order(&self) -> Vec<Vec<Branch>> {
        let mut sets = vec![Vec::new(); self.sets.len()];
        for (branches, set) in &self.sets {
            sets[usize::from(set.0)].clone_from(branches);
        }
        sets
    }
}

/// Where each state stands in the program.
pub(crate) struct Layout {
    order: Vec<StateId>,
    places: Vec<Pc>,
    /// The places that are followed by a `Jmp`.
    jumps: Vec<Pc>,
    len: usize,
}

impl Layout {
    pub(crate) fn of(local: &LocalTypeR) -> Self {
        let order = depth_first(local);
        let mut layout =
            Self { places: vec![Pc(0); order.len()], jumps: Vec::new(), len: 0, order };
        // Whether a hop reaches cannot be known before everything has its place, so in a
        // program that is longer than a hop every successor that is not next in order has a jump.
        let long = layout.order.len() > i16::MAX as usize / 2;
        for at in 0..layout.order.len() {
            let state = layout.order[at];
            layout.places[state.index()] = Pc::at(layout.len);
            let mut exits = local.exits(state);
            let falls_to = exits.next().filter(|_| exits.len() == 0).map(|exit| exit.target);
            if long && falls_to.is_some_and(|next| layout.order.get(at + 1) != Some(&next)) {
                layout.jumps.push(Pc::at(layout.len));
                layout.len += 1;
            }
            layout.len += 1;
        }
        layout
    }

    /// How many instructions there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn place_of(&self, state: StateId) -> Pc {
        self.places[state.index()]
    }

    fn jump_behind(&self, pc: Pc) -> bool {
        self.jumps.binary_search(&pc).is_ok()
    }
}

fn depth_first(local: &LocalTypeR) -> Vec<StateId> {
    let mut seen = vec![false; local.len()];
    let mut order = Vec::with_capacity(local.len());
    let mut stack = vec![StateId::START];
    while let Some(state) = stack.pop() {
        if !std::mem::replace(&mut seen[state.index()], true) {
            order.push(state);
            stack.extend(local.exits(state).rev().map(|exit| exit.target));
            let par = local.par(state).into_iter();
            stack.extend(
                par.flat_map(|par| [par.next].into_iter().chain(par.arms.into_iter().rev())),
            );
        }
    }
    order
}
