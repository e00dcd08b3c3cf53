//! The verifier of programs: abstract execution.
//!
//! A program is followed from its start together with the local type of its role, as a verifier of bytecode does
//! (X. Leroy, "Java bytecode verification", JAR 2003). What is followed are *configurations*: an instruction, the state of
//! the local type that the role has come to, and what its registers hold. Nothing is merged where control meets, so the
//! answer is exact: a program is refused only if it can go wrong, or never comes to its next message. It is the work
//! that is bounded instead.

mod holds;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use telltale_types::{Action, Direction, LabelId, LocalState, LocalTypeR, RoleId, StateId};

pub(crate) use self::holds::Effects;
use self::holds::Holds;
use crate::clip::clipped;
use crate::operand::number;
use crate::typestate::{self, NotAllowed};
use crate::{Branch, Image, ImmKind, Instr, Pc, SetId, Slot, TargetsId, Via};

/// What is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// That a role does what its local type allows, whatever its registers hold and whatever becomes of other sessions.
    Protocol,
    /// That nothing can go wrong.
    Everything,
}

/// Why a program is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An instruction that is wrong, what the role may do there, and what it does.
    Misstep(Pc, String, String),
    /// From this instruction on, the program goes round without a message.
    Silent(Pc),
    /// It would take too long to find out.
    Limit,
}

/// For each instruction of a program, whether the role may rest there: nothing if that depends on how it came there.
type Rests = Vec<Option<bool>>;

/// Whether a role may rest at each instruction of an image, counted over all programs, if every program keeps to its local
/// type wherever control can come, and that answer is the same however a role has come there.
///
/// Of programs that would take too long to follow it is not known.
#[doc(hidden)]
pub fn rests(image: &Image) -> Option<Box<[bool]>> {
    let code = image.programs.code().len();
    let mut steps = (1 << 22) + (1 << 10) * code;
    let mut rests = Vec::with_capacity(code);
    for role in (0..image.names().role_count()).map(RoleId::at) {
        let effects = &mut Effects::default();
        let of_role = follow(image, role, Scope::Protocol, effects, &mut steps).ok()?;
        for rest in of_role {
            rests.push(rest?);
        }
    }
    Some(rests.into())
}

/// Follows the program of a role.
///
/// `steps` is how much work may still be done: for a configuration about as many steps as it has bytes, and for a choice
/// as many as there are pairs of its branches and of what may happen.
pub(crate) fn follow(
    image: &Image,
    role: RoleId,
    scope: Scope,
    effects: &mut Effects,
    steps: &mut usize,
) -> Result<Rests, Failure> {
    let registers = if scope == Scope::Everything { image.registers() } else { 0 };
    let mut walk = Walk {
        image,
        local: &image.local_types[role],
        code: &image.programs[role],
        scope,
        effects,
        configs: Vec::new(),
        known: HashMap::new(),
        falls_to: Vec::new(),
        steps,
    };
    walk.enter(Pc(0), StateId::START, &vec![Holds::Nothing; registers])?;
    while let Some(config) = walk.configs.get(walk.falls_to.len()).cloned() {
        let falls_to = walk.execute(config)?;
        walk.falls_to.push(falls_to);
    }
    if scope == Scope::Everything {
        walk.refuse_silent_cycles()?;
    }
    Ok(walk.rests())
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Config {
    pc: Pc,
    state: StateId,
    registers: Box<[Holds]>,
}

/// A configuration, by the order in which they were found.
type ConfigId = u32;

struct Walk<'a> {
    image: &'a Image,
    local: &'a LocalTypeR,
    code: &'a [Instr],
    scope: Scope,
    effects: &'a mut Effects,
    configs: Vec<Config>,
    known: HashMap<Config, ConfigId>,
    /// For each configuration that was followed, the one behind it if no message is between them.
    falls_to: Vec<Option<ConfigId>>,
    steps: &'a mut usize,
}

impl Walk<'_> {
    fn enter(&mut self, pc: Pc, state: StateId, registers: &[Holds]) -> Result<ConfigId, Failure> {
        let next = number(self.configs.len());
        match self.known.entry(Config { pc, state, registers: registers.into() }) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(new) => {
                let size = size_of::<Config>() + size_of_val(registers);
                *self.steps = self.steps.checked_sub(size).ok_or(Failure::Limit)?;
                self.configs.push(new.key().clone());
                Ok(*new.insert(next))
            }
        }
    }

    /// Enters what is behind a configuration.
    fn execute(&mut self, config: Config) -> Result<Option<ConfigId>, Failure> {
        let Config { pc, state, mut registers } = config;
        let Some(&instr) = self.code.get(pc.index()) else {
            let expected = typestate::expected(self.local, state);
            return Err(misstep(pc, expected, "a program without instructions"));
        };
        match instr {
            _ if is_elsewhere(instr) => {
                self.elsewhere(pc, instr, state, &registers)?;
                Ok(None)
            }
            Instr::Send { .. }
            | Instr::Recv { .. }
            | Instr::Choose { .. }
            | Instr::Offer { .. } => {
                self.exchange(pc, instr, state, &mut registers)?;
                Ok(None)
            }
            Instr::Halt if self.local.state(state) == LocalState::END => Ok(None),
            Instr::Halt | Instr::Fork { .. } | Instr::Join => {
                let expected = typestate::expected(self.local, state);
                Err(misstep(pc, expected, format!("`{}`", clipped(self.image.show(instr)))))
            }
            _silent => {
                if self.scope == Scope::Everything {
                    self.register_op(pc, instr, &mut registers)?;
                }
                self.go(pc, behind(pc, instr), state, &registers).map(Some)
            }
        }
    }

    /// An instruction that sends or receives in the role's own session.
    fn exchange(
        &mut self,
        pc: Pc,
        instr: Instr,
        state: StateId,
        registers: &mut [Holds],
    ) -> Result<(), Failure> {
        match instr {
            Instr::Send { to: peer, value, label, next, .. } => {
                let target =
                    self.allowed(pc, Direction::Send, state, &[Branch { peer, label }])?[0];
                self.take_payload(pc, value, label, registers)?;
                self.go(pc, next.from(pc), target, registers).map(drop)
            }
            Instr::Recv { from: peer, value, label, next, .. } => {
                let branch = Branch { peer, label };
                let target = self.allowed(pc, Direction::Receive, state, &[branch])?[0];
                put(registers, value, Holds::Payload(label));
                self.go(pc, next.from(pc), target, registers).map(drop)
            }
            Instr::Choose { set, targets, .. } => {
                let states =
                    self.allowed(pc, Direction::Send, state, branches(self.image, pc, set)?)?;
                self.go_each(pc, targets, &states, registers)
            }
            Instr::Offer { set, targets, .. } => {
                let states =
                    self.allowed(pc, Direction::Receive, state, branches(self.image, pc, set)?)?;
                self.go_each(pc, targets, &states, registers)
            }
            _ => Ok(()),
        }
    }

    /// An instruction that concerns another session.
    fn elsewhere(
        &mut self,
        pc: Pc,
        instr: Instr,
        state: StateId,
        registers: &[Holds],
    ) -> Result<(), Failure> {
        if self.scope == Scope::Everything {
            // Where a role takes part in several sessions, each of them can be right and all of them wait for each other.
            let expected = "an instruction on the role's own session";
            return Err(misstep(pc, expected, format!("`{}`", clipped(self.image.show(instr)))));
        }
        match instr {
            Instr::Choose { set, targets, .. } | Instr::Offer { set, targets, .. } => {
                let states = vec![state; branches(self.image, pc, set)?.len()];
                self.go_each(pc, targets, &states, registers)
            }
            _ => self.go(pc, behind(pc, instr), state, registers).map(drop),
        }
    }

    /// An instruction without a message, if its operands are there.
    fn register_op(
        &mut self,
        pc: Pc,
        instr: Instr,
        registers: &mut [Holds],
    ) -> Result<(), Failure> {
        match instr {
            Instr::LoadImm { kind: ImmKind::Char, bits, .. } if char::from_u32(bits).is_none() => {
                Err(misstep(pc, "a character", format!("the number {bits}")))
            }
            Instr::LoadImm { into, kind, bits } => {
                put(registers, Slot::reg(into), Holds::Scalar(kind, bits));
                Ok(())
            }
            Instr::Mov { from, to } => {
                let taken = self.take(pc, Slot::reg(from), registers)?;
                put(registers, Slot::reg(to), taken);
                Ok(())
            }
            Instr::Invoke { effect, argument, result, .. } => {
                if self.image.effect(effect).is_none() {
                    return Err(misstep(
                        pc,
                        "an effect of the image",
                        format!("number {}", effect.0),
                    ));
                }
                if argument != Slot::HANDLER {
                    self.take(pc, argument, registers)?;
                }
                put(registers, result, Holds::Effect(effect));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take(&self, pc: Pc, slot: Slot, registers: &mut [Holds]) -> Result<Holds, Failure> {
        let Some((reg, register)) = register(registers, slot) else { return Ok(Holds::Nothing) };
        let taken = register.take(self.image.names());
        taken.map_err(|found| misstep(pc, format!("a value in r{reg}"), found))
    }

    fn take_payload(
        &mut self,
        pc: Pc,
        slot: Slot,
        label: LabelId,
        registers: &mut [Holds],
    ) -> Result<(), Failure> {
        let Some((reg, register)) = register(registers, slot) else { return Ok(()) };
        let taken = register.take_for(label, self.image, self.effects);
        taken.map_err(|found| {
            let payload = self.image.names().label(label).payload;
            misstep(pc, format!("a `{payload}` in r{reg}"), found)
        })
    }

    /// The states behind branches, if the local type allows all of them and they are enough.
    fn allowed(
        &mut self,
        pc: Pc,
        direction: Direction,
        state: StateId,
        branches: &[Branch],
    ) -> Result<Vec<StateId>, Failure> {
        let pairs = branches.len() * self.local.exits(state).len();
        *self.steps = self.steps.checked_sub(pairs).ok_or(Failure::Limit)?;
        let fails = |NotAllowed { expected, found }| misstep(pc, expected, format!("`{found}`"));
        let target = |branch: &Branch| {
            let action = Action { direction, peer: branch.peer, label: branch.label };
            typestate::target(self.local, state, action)
        };
        let states = branches.iter().map(target).collect::<Result<Vec<_>, _>>().map_err(fails)?;
        if direction == Direction::Receive {
            typestate::takes_all(self.local, state, |wanted| branches.contains(&wanted))
                .map_err(fails)?;
        }
        Ok(states)
    }

    /// Control goes to another instruction of the program.
    fn go(
        &mut self,
        from: Pc,
        to: Pc,
        state: StateId,
        registers: &[Holds],
    ) -> Result<ConfigId, Failure> {
        if to.index() >= self.code.len() {
            let last = self.code.len() - 1;
            return Err(misstep(
                from,
                format!("a way to an instruction from 0 to {last}"),
                format!("one to {to}"),
            ));
        }
        self.enter(to, state, registers)
    }

    fn go_each(
        &mut self,
        from: Pc,
        targets: TargetsId,
        states: &[StateId],
        registers: &[Holds],
    ) -> Result<(), Failure> {
        for (nth, &state) in states.iter().enumerate() {
            let to = self.image.find_target(targets, nth);
            let nowhere = || misstep(from, format!("a way on for branch {nth}"), "none");
            self.go(from, to.ok_or_else(nowhere)?, state, registers)?;
        }
        Ok(())
    }

    /// A cycle of configurations without a message has no way out: only messages branch.
    fn refuse_silent_cycles(&self) -> Result<(), Failure> {
        // By configuration, the walk in which it was seen.
        let mut seen = vec![None; self.configs.len()];
        for start in 0..self.configs.len() {
            let mut at = Some(start);
            while let Some(config) = at {
                match seen[config].replace(start) {
                    Some(walk) if walk == start => {
                        return Err(Failure::Silent(self.configs[config].pc));
                    }
                    Some(_) => break,
                    None => at = self.falls_to[config].map(|next| next as usize),
                }
            }
        }
        Ok(())
    }

    fn rests(&self) -> Rests {
        let mut rests = vec![None; self.code.len()];
        for config in &self.configs {
            let may_rest = self.local.may_end(config.state);
            let rest = &mut rests[config.pc.index()];
            // Nobody is ever at a jump.
            let is_jump = matches!(self.code[config.pc.index()], Instr::Jmp { .. });
            *rest = match *rest {
                None => Some(Some(may_rest)),
                Some(known) if known == Some(may_rest) || is_jump => Some(known),
                Some(_) => Some(None),
            };
        }
        // Where control does not come, any answer will do.
        rests.into_iter().map(|rest| rest.unwrap_or(Some(false))).collect()
    }
}

/// The branches of a choice. There is at least one.
fn branches(image: &Image, pc: Pc, set: SetId) -> Result<&[Branch], Failure> {
    let branches = image.find_branches(set).unwrap_or_default();
    if branches.is_empty() { Err(misstep(pc, "branches", "none")) } else { Ok(branches) }
}

/// Where control goes from an instruction that does not branch.
fn behind(pc: Pc, instr: Instr) -> Pc {
    match instr {
        Instr::Send { next, .. } | Instr::Recv { next, .. } | Instr::Invoke { next, .. } => {
            next.from(pc)
        }
        Instr::Jmp { target } => target,
        _ => Pc(pc.0 + 1),
    }
}

/// Whether an instruction concerns another session.
fn is_elsewhere(instr: Instr) -> bool {
    match instr {
        Instr::Send { via, .. }
        | Instr::Recv { via, .. }
        | Instr::Choose { via, .. }
        | Instr::Offer { via, .. } => via != Via::OWN,
        Instr::Open { .. } | Instr::Close { .. } => true,
        _ => false,
    }
}

/// The register that a slot names. Where registers are of no interest there are none.
fn register(registers: &mut [Holds], slot: Slot) -> Option<(u8, &mut Holds)> {
    let reg = slot.as_reg()?;
    Some((reg.0, registers.get_mut(usize::from(reg.0))?))
}

fn put(registers: &mut [Holds], slot: Slot, holds: Holds) {
    if let Some((_, register)) = register(registers, slot) {
        *register = holds;
    }
}

fn misstep(pc: Pc, expected: impl Into<String>, found: impl Into<String>) -> Failure {
    Failure::Misstep(pc, expected.into(), found.into())
}

#[cfg(test)]
mod tests;
