//! Programs that mostly know what they do: they follow the type of their role, and on the way they open
//! sessions, play in them and hand their endpoints on.

use telltale_bytecode::{Branch, Hop, ImmKind, ImportId, Instr, Pc, Reg, Slot, Via};
use telltale_theory::oracle::Rng;
use telltale_types::{Direction, LabelId, LocalExit, LocalTypeR, RoleId, StateId};
use telltale_vm::loader::CodeImage;

use super::leaving;
use super::parts::{MOVES, PARTS};
use super::program::{EFFECT, Line, Programs, import, import_of_image};
use super::wild::{self, REGISTERS};

/// Programs for a random protocol: written along its types, or compiled, and often with a mistake. They can
/// open sessions of the programs that are there before them.
pub fn programs(rng: &mut Rng, before: &[Programs]) -> Programs {
    let part = if rng.once_in(2) { rng.below(PARTS.len()) } else { MOVES[rng.below(MOVES.len())] };
    let mut programs = if rng.once_in(6) {
        Programs::compiled(part)
    } else {
        let image = &PARTS[part];
        let locals = image.local_types.iter();
        let roles = locals.map(|(_, local)| Writer::new(rng, image, local, before).program());
        Programs { part, roles: roles.collect() }
    };
    if rng.once_in(8) {
        programs = leaving::programs(rng);
    }
    if rng.once_in(3) {
        spoil(rng, &mut programs);
    }
    programs
}

/// Puts something without sense in place of one instruction, or more.
fn spoil(rng: &mut Rng, programs: &mut Programs) {
    if programs.roles.is_empty() {
        return;
    }
    for _ in 0..=rng.below(3) {
        let role = rng.below(programs.roles.len());
        let code = &mut programs.roles[role];
        if !code.is_empty() {
            let at = rng.below(code.len());
            code[at] = wild::line(rng, code.len());
        }
    }
}

/// What a register holds, if all goes well.
#[derive(Clone, Copy, PartialEq)]
enum Guess {
    Nothing,
    Scalar,
    Seat { part: usize, role: RoleId, state: StateId },
}

/// An instruction whose successors are states of the local type, or what comes next in the block.
enum Draft {
    Line(Line),
    Then(Instr, StateId),
    Choice(Direction, Vec<(Branch, StateId)>),
}

struct Writer<'a> {
    rng: &'a mut Rng,
    image: &'a CodeImage,
    local: &'a LocalTypeR,
    before: &'a [Programs],
    guesses: [Guess; REGISTERS],
    block: Vec<Draft>,
}

impl<'a> Writer<'a> {
    fn new(
        rng: &'a mut Rng,
        image: &'a CodeImage,
        local: &'a LocalTypeR,
        before: &'a [Programs],
    ) -> Self {
        let guesses = [Guess::Nothing; REGISTERS];
        Self { rng, image, local, before, guesses, block: Vec::new() }
    }

    /// A block for each state, one behind the other.
    fn program(mut self) -> Vec<Line> {
        // The program has all registers from here on.
        self.plain(Instr::LoadImm { into: Reg(REGISTERS as u8 - 1), kind: ImmKind::Uint, bits: 7 });
        let mut blocks = Vec::new();
        for state in self.local.states() {
            for _ in 0..self.rng.below(4) {
                self.aside();
            }
            self.follow(state);
            blocks.push(std::mem::take(&mut self.block));
        }
        resolve(blocks)
    }

    /// What the local type says.
    fn follow(&mut self, state: StateId) {
        let exits: Vec<LocalExit> = self.local.exits(state).collect();
        let Some(first) = exits.first() else { return self.plain(Instr::Halt) };
        let direction = first.action.direction;
        if exits.len() > 1 && !self.rng.once_in(6) {
            let branches = exits.iter().map(|exit| (branch(*exit), exit.target)).collect();
            return self.block.push(Draft::Choice(direction, branches));
        }
        let exit = exits[self.rng.below(exits.len())];
        let value = self.payload(self.image, direction, exit.action.label);
        self.block.push(Draft::Then(message(Via::OWN, exit, value), exit.target));
    }

    /// Something that the own protocol does not speak of.
    fn aside(&mut self) {
        match self.rng.below(16) {
            0..3 => self.open(),
            3..9 => self.act(),
            9 | 10 => {
                let endpoint = self.seat().map_or_else(|| wild::reg(self.rng), |(reg, _)| reg);
                self.guesses[usize::from(endpoint.0)] = Guess::Nothing;
                self.plain(Instr::Close { endpoint });
            }
            11 => self.mov(),
            12 => {
                let instr = wild::immediate(self.rng);
                self.plain(instr);
            }
            13 => self.invoke(),
            14 => self.plain(Instr::Yield),
            _ => {
                let line = wild::line(self.rng, 12);
                if self.rng.once_in(3) {
                    self.block.push(Draft::Line(line));
                }
            }
        }
    }

    fn open(&mut self) {
        let (part, import) = self.opened();
        let roles = PARTS[part].names().role_count();
        let first = self.rng.below(REGISTERS - roles);
        for role in 0..roles {
            let seat = Guess::Seat { part, role: RoleId::at(role), state: StateId::START };
            self.guesses[first + role] = seat;
        }
        self.plain(Instr::Open { import, first: Reg(first as u8) });
        // Often the session is played for a while.
        for _ in 0..self.rng.below(4) {
            self.act();
        }
    }

    /// A part to open, or an image of such a part.
    fn opened(&mut self) -> (usize, ImportId) {
        if !self.before.is_empty() && self.rng.once_in(5) {
            let image = self.rng.below(self.before.len());
            return (self.before[image].part, import_of_image(image));
        }
        let part = self.rng.below(PARTS.len());
        (part, import(part))
    }

    /// Does what the role of an endpoint may do next.
    fn act(&mut self) {
        let Some((reg, (part, role, state))) = self.seat() else { return };
        let image = &PARTS[part];
        let exits: Vec<LocalExit> = image.local_types[role].exits(state).collect();
        let Some(first) = exits.first() else {
            self.guesses[usize::from(reg.0)] = Guess::Nothing;
            return self.plain(Instr::Close { endpoint: reg });
        };
        let direction = first.action.direction;
        let exit = exits[self.rng.below(exits.len())];
        self.guesses[usize::from(reg.0)] = Guess::Seat { part, role, state: exit.target };
        if self.rng.once_in(4) {
            let next = Pc(0);
            let branches = exits.iter().map(|exit| (branch(*exit), next)).collect();
            let via = Via::reg(reg);
            self.block.push(Draft::Line(match direction {
                Direction::Send => Line::Choose(via, branches),
                Direction::Receive => Line::Offer(via, branches),
            }));
            return;
        }
        let value = self.payload(image, direction, exit.action.label);
        self.plain(message(Via::reg(reg), exit, value));
    }

    /// Where the payload of a message comes from or goes to. Endpoints go where they can.
    fn payload(&mut self, image: &CodeImage, direction: Direction, label: LabelId) -> Slot {
        let takes_all = ["Any", "Endpoint"].contains(&image.names().label(label).payload);
        if !takes_all || self.rng.once_in(4) {
            return if self.rng.once_in(8) { wild::slot(self.rng) } else { Slot::HANDLER };
        }
        match (direction, self.seat()) {
            (Direction::Send, Some((reg, _))) => {
                self.guesses[usize::from(reg.0)] = Guess::Nothing;
                Slot::reg(reg)
            }
            (Direction::Send, None) => wild::slot(self.rng),
            (Direction::Receive, _) => {
                let reg = wild::reg(self.rng);
                self.guesses[usize::from(reg.0)] = self.somebodys_seat();
                Slot::reg(reg)
            }
        }
    }

    /// What a received endpoint may be.
    fn somebodys_seat(&mut self) -> Guess {
        let part = self.rng.below(PARTS.len());
        match PARTS[part].names().role_count() {
            0 => Guess::Nothing,
            count => {
                let role = RoleId::at(self.rng.below(count));
                Guess::Seat { part, role, state: StateId::START }
            }
        }
    }

    fn mov(&mut self) {
        let (from, to) = (self.seat().map_or(Reg(0), |(reg, _)| reg), wild::reg(self.rng));
        self.guesses[usize::from(to.0)] = self.guesses[usize::from(from.0)];
        self.guesses[usize::from(from.0)] = Guess::Nothing;
        self.plain(Instr::Mov { from, to });
    }

    fn invoke(&mut self) {
        let (argument, result) = (wild::slot(self.rng), wild::slot(self.rng));
        if let Some(reg) = result.as_reg() {
            self.guesses[usize::from(reg.0)] = Guess::Scalar;
        }
        self.plain(Instr::Invoke { effect: EFFECT, argument, result, next: Hop::NEXT });
    }

    /// A register that holds an endpoint, if all goes well.
    fn seat(&mut self) -> Option<(Reg, (usize, RoleId, StateId))> {
        let first = self.rng.below(REGISTERS);
        let mut registers = (0..REGISTERS).map(|at| (first + at) % REGISTERS);
        registers.find_map(|at| match self.guesses[at] {
            Guess::Seat { part, role, state } => Some((Reg(at as u8), (part, role, state))),
            _ => None,
        })
    }

    fn plain(&mut self, instr: Instr) {
        self.block.push(Draft::Line(Line::Plain(instr)));
    }
}

fn branch(exit: LocalExit) -> Branch {
    Branch { peer: exit.action.peer, label: exit.action.label }
}

fn message(via: Via, exit: LocalExit, value: Slot) -> Instr {
    let (peer, label, next) = (exit.action.peer, exit.action.label, Hop::NEXT);
    match exit.action.direction {
        Direction::Send => Instr::Send { via, to: peer, value, label, next },
        Direction::Receive => Instr::Recv { via, from: peer, value, label, next },
    }
}

/// Puts blocks one behind the other, and places for states.
fn resolve(blocks: Vec<Vec<Draft>>) -> Vec<Line> {
    let mut starts = vec![0];
    for block in &blocks {
        starts.push(starts[starts.len() - 1] + block.len());
    }
    let start = |state: StateId| Pc(starts[state.index()] as u32);
    let all = blocks.into_iter().flatten().enumerate();
    let line = |(at, draft)| {
        let here = Pc(at as u32);
        let placed = |branches: Vec<(Branch, StateId)>| {
            branches.into_iter().map(|(branch, state)| (branch, start(state))).collect()
        };
        match draft {
            // Through an endpoint, all branches lead to the next line.
            Draft::Line(Line::Offer(via, branches)) if via != Via::OWN => {
                Line::Offer(via, behind(branches, here))
            }
            Draft::Line(Line::Choose(via, branches)) if via != Via::OWN => {
                Line::Choose(via, behind(branches, here))
            }
            Draft::Line(line) => line,
            Draft::Then(instr, state) => Line::Plain(with_next(instr, here, start(state))),
            Draft::Choice(Direction::Send, branches) => Line::Choose(Via::OWN, placed(branches)),
            Draft::Choice(Direction::Receive, branches) => Line::Offer(Via::OWN, placed(branches)),
        }
    };
    all.map(line).collect()
}

fn behind(branches: Vec<(Branch, Pc)>, here: Pc) -> Vec<(Branch, Pc)> {
    branches.into_iter().map(|(branch, _)| (branch, Pc(here.0 + 1))).collect()
}

fn with_next(instr: Instr, from: Pc, target: Pc) -> Instr {
    let next = Hop::between(from, target).expect("programs are short");
    match instr {
        Instr::Send { via, to, value, label, .. } => Instr::Send { via, to, value, label, next },
        Instr::Recv { via, from, value, label, .. } => {
            Instr::Recv { via, from, value, label, next }
        }
        other => other,
    }
}
