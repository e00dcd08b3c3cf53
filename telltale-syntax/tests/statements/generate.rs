//! Random protocols, in which branches often begin with other choices.

use std::fmt;

use super::Random;

/// The last runs the others. The first two roles are those of every protocol.
pub(crate) struct Program {
    pub(crate) protocols: Vec<Block>,
}

pub(crate) type Block = Vec<Statement>;

pub(crate) enum Statement {
    Message { sender: usize, receivers: Vec<usize>, label: usize },
    Choice { chooser: usize, branches: Vec<Block> },
    Loop { number: usize, body: Block },
    Break(usize),
    Continue(usize),
    Do { callee: usize, roles: [usize; 2] },
}

const ROLES: [&str; 3] = ["A", "B", "C"];

pub(crate) fn protocols(random: &mut Random) -> Program {
    let callees = random.below(3);
    let mut protocols = Vec::new();
    let mut writer =
        Writer { random, labels: 0, loops: 0, open: Vec::new(), ends: Vec::new(), roles: 2 };
    for _ in 0..callees {
        let body = writer.block(3, true);
        writer.ends.push(body.iter().all(|statement| writer.falls(statement)));
        protocols.push(body);
    }
    writer.roles = 3;
    let greeting = Statement::Message { sender: 0, receivers: vec![1, 2], label: 0 };
    let mut main = writer.block(4, false);
    main.insert(0, greeting);
    protocols.push(main);
    Program { protocols }
}

struct Writer<'r> {
    random: &'r mut Random,
    /// How many were used.
    labels: usize,
    loops: usize,
    /// The loops around what is written.
    open: Vec<usize>,
    /// Of the protocols that can be run, which come to their end.
    ends: Vec<bool>,
    roles: usize,
}

fn has_break(block: &Block, loop_number: usize) -> bool {
    block.iter().any(|statement| match statement {
        Statement::Break(number) => *number == loop_number,
        Statement::Choice { branches, .. } => {
            branches.iter().any(|branch| has_break(branch, loop_number))
        }
        Statement::Loop { body, .. } => has_break(body, loop_number),
        _ => false,
    })
}

impl Writer<'_> {
    /// Whether what stands behind a statement is reached.
    fn falls(&self, statement: &Statement) -> bool {
        match statement {
            Statement::Message { .. } => true,
            Statement::Choice { branches, .. } => {
                branches.iter().any(|branch| branch.iter().all(|step| self.falls(step)))
            }
            Statement::Loop { number, body } => has_break(body, *number),
            Statement::Break(_) | Statement::Continue(_) => false,
            Statement::Do { callee, .. } => self.ends[*callee],
        }
    }

    fn block(&mut self, depth: usize, is_branch: bool) -> Block {
        let mut block = Vec::new();
        for at in 0..=self.random.below(3) {
            let is_first = is_branch && at == 0;
            let statement = self.statement(depth, is_first);
            let comes_to_its_end = self.falls(&statement);
            block.push(statement);
            if !comes_to_its_end {
                break;
            }
        }
        block
    }

    fn statement(&mut self, depth: usize, is_first: bool) -> Statement {
        let nested = if is_first { 35 } else { 20 };
        let jumps = if is_first { 3 } else { 12 };
        match self.random.below(100) {
            at if at < nested && depth > 0 => self.choice(depth),
            at if at < nested + 12 && depth > 0 => self.looping(depth),
            at if at < nested + 12 + jumps && !self.open.is_empty() => self.jump(),
            at if at < nested + 20 + jumps && !self.ends.is_empty() => {
                let other = if self.roles == 3 { 1 + self.random.below(2) } else { 1 };
                Statement::Do { callee: self.random.below(self.ends.len()), roles: [0, other] }
            }
            _ => self.message(is_first),
        }
    }

    fn choice(&mut self, depth: usize) -> Statement {
        let chooser = usize::from(self.random.chance(1));
        let count = 2 + self.random.below(2);
        let branches = (0..count).map(|_| self.block(depth - 1, true)).collect();
        Statement::Choice { chooser, branches }
    }

    fn looping(&mut self, depth: usize) -> Statement {
        self.loops += 1;
        let number = self.loops;
        self.open.push(number);
        let mut body = self.block(depth - 1, true);
        self.open.pop();
        if self.random.chance(30) && body.iter().all(|last| self.falls(last)) {
            body.push(Statement::Break(number));
        }
        Statement::Loop { number, body }
    }

    fn jump(&mut self) -> Statement {
        let number = self.open[self.random.below(self.open.len())];
        if self.random.chance(70) { Statement::Break(number) } else { Statement::Continue(number) }
    }

    fn message(&mut self, is_first: bool) -> Statement {
        let label = if self.labels > 0 && self.random.chance(3) {
            self.random.below(self.labels) + 1
        } else {
            self.labels += 1;
            self.labels
        };
        let is_foreign = self.random.chance(if is_first { 1 } else { 12 });
        if is_foreign {
            return Statement::Message { sender: 1, receivers: vec![0], label };
        }
        let receivers = match self.random.below(3) {
            0 if self.roles == 3 => vec![2],
            1 if self.roles == 3 && self.random.chance(30) => vec![1, 2],
            _ => vec![1],
        };
        Statement::Message { sender: 0, receivers, label }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, body) in self.protocols.iter().enumerate() {
            let is_main = at + 1 == self.protocols.len();
            let roles = if is_main { &ROLES[..] } else { &ROLES[..2] };
            writeln!(f, "protocol P{at}({}) {{", roles.join(", "))?;
            write_block(f, body)?;
            writeln!(f, "}}")?;
        }
        Ok(())
    }
}

fn write_block(f: &mut fmt::Formatter<'_>, block: &Block) -> fmt::Result {
    for statement in block {
        match statement {
            Statement::Message { sender, receivers, label } => {
                let receivers: Vec<&str> = receivers.iter().map(|&role| ROLES[role]).collect();
                writeln!(f, "{} -> {}: M{label};", ROLES[*sender], receivers.join(", "))?;
            }
            Statement::Choice { chooser, branches } => {
                writeln!(f, "choice at {} {{", ROLES[*chooser])?;
                for (at, branch) in branches.iter().enumerate() {
                    if at > 0 {
                        writeln!(f, "}} or {{")?;
                    }
                    write_block(f, branch)?;
                }
                writeln!(f, "}}")?;
            }
            Statement::Loop { number, body } => {
                writeln!(f, "'l{number}: loop {{")?;
                write_block(f, body)?;
                writeln!(f, "}}")?;
            }
            Statement::Break(number) => writeln!(f, "break 'l{number};")?,
            Statement::Continue(number) => writeln!(f, "continue 'l{number};")?,
            Statement::Do { callee, roles } => {
                writeln!(f, "do P{callee}({}, {});", ROLES[roles[0]], ROLES[roles[1]])?;
            }
        }
    }
    Ok(())
}
