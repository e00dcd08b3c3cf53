//! Random choreographies as text, each from a seed.
//!
//! The build script compiles this file too, so it uses nothing of this crate.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::{env, mem};

use telltale_theory::oracle::Rng;

const ROLES: [&str; 5] = ["Ann", "Ben", "Cat", "Dan", "Eve"];

/// What labels carry, by turns.
const PAYLOADS: [&str; 9] = [
    "",
    "(u8)",
    "(bool)",
    "",
    "(u64)",
    "(String)",
    "(i32)",
    "(u16, char)",
    " { one: u8, two: f64 }",
];

/// What other protocols may do as a part.
const PART: &str = "protocol Part(P, Q) {\n    P -> Q: Ask(u32);\n    Q -> P: Answer(bool);\n}\n\n";

/// How many random protocols go through the macro: a hundred, or what `TELLTALE_RANDOM_PROTOCOLS` says.
///
/// # Panics
///
/// When that is no number.
pub fn random_protocols() -> usize {
    let given = env::var("TELLTALE_RANDOM_PROTOCOLS");
    given.map_or(100, |count| count.parse().expect("TELLTALE_RANDOM_PROTOCOLS is a number"))
}

/// A random choreography of one protocol, or of one and a part of it: choices, mostly told to everybody,
/// loops with and without an end, arms side by side. Not all of them are right.
pub fn choreography(seed: u64) -> String {
    let mut writer = Writer::new(seed, 14);
    let count = 2 + writer.rng.below(ROLES.len() - 1);
    let roles: Vec<usize> = (0..count).collect();
    writer.body(&roles);
    let Writer { mut rng, text, used, has_part, .. } = writer;

    let part = if has_part { PART } else { "" };
    let allowed = if rng.once_in(4) { "#[allow(silent_end)]\n" } else { "" };
    format!("{part}{allowed}{}", protocol(&format!("Random{seed}"), &used, &text))
}

/// A random choreography of two or three roles who do several things at once. Each arm has labels of its own.
pub fn at_once(seed: u64) -> String {
    let mut writer = Writer::new(seed, 12);
    let count = 2 + writer.rng.below(2);
    let roles: Vec<usize> = (0..count).collect();
    if writer.rng.once_in(2) {
        writer.message(&roles, 1);
    }
    writer.has_shared_arms = true;
    if writer.shared_arms(&roles, 1) {
        writer.statements(&roles, 1);
    }
    let Writer { text, used, .. } = writer;
    format!("#[allow(silent_end)]\n{}", protocol(&format!("AtOnce{seed}"), &used, &text))
}

/// Three protocols: `Whole` has two small arms side by side, `One` and `Other` are the arms.
pub fn arms(seed: u64) -> String {
    let mut writer = Writer::new(seed, 3);
    let falls = writer.statements(&[0, 1, 2], 1);
    let one = (mem::take(&mut writer.text), mem::take(&mut writer.used));
    // Two arms without end are two protocols.
    writer.left = if falls { 3 } else { 0 };
    writer.statements(&[3, 4], 1);
    let other = (writer.text, writer.used);

    let both = one.1.union(&other.1).copied().collect();
    let whole = format!("    par {{\n{}    }} and {{\n{}    }}\n", one.0, other.0);
    let protocols = [("Whole", whole, both), ("One", one.0, one.1), ("Other", other.0, other.1)];
    protocols.map(|(name, text, used)| protocol(name, &used, &text)).concat()
}

fn protocol(name: &str, used: &BTreeSet<usize>, text: &str) -> String {
    let roles: Vec<&str> = used.iter().map(|&role| ROLES[role]).collect();
    format!("protocol {name}({}) {{\n{text}}}\n", roles.join(", "))
}

/// Whether what follows is reached.
type Falls = bool;

struct Writer {
    rng: Rng,
    text: String,
    used: BTreeSet<usize>,
    /// The loops around, each with whether something breaks out of it.
    loops: Vec<(usize, bool)>,
    labels: usize,
    /// The first label that may be taken again.
    first_label: usize,
    names: usize,
    /// How many statements may still be written.
    left: usize,
    has_part: bool,
    /// Whether roles may do several things at once in what follows.
    has_shared_arms: bool,
}

impl Writer {
    fn new(seed: u64, left: usize) -> Self {
        let (text, used, loops) = (String::new(), BTreeSet::new(), Vec::new());
        let rng = Rng::new(seed);
        let (labels, first_label, names) = (0, 0, 0);
        let (has_part, has_shared_arms) = (false, false);
        Self { rng, text, used, loops, labels, first_label, names, left, has_part, has_shared_arms }
    }

    fn body(&mut self, roles: &[usize]) {
        if roles.len() >= 4 && self.rng.once_in(5) && !self.arms(roles) {
            return;
        }
        self.statements(roles, 1);
    }

    /// Two arms, the roles dealt out between them. An arm without end ends the protocol.
    fn arms(&mut self, roles: &[usize]) -> Falls {
        let (one, other) = roles.split_at(2);
        self.line(1, "par {");
        let falls = self.statements(one, 2);
        self.line(1, "} and {");
        // Two arms without end are two protocols.
        let left = self.left;
        self.left = if falls { left } else { 0 };
        let other_falls = self.statements(other, 2);
        self.left = left;
        self.line(1, "}");
        falls && other_falls
    }

    /// Two or three arms of the same roles. An arm without end ends the protocol, and no loop goes on from inside.
    fn shared_arms(&mut self, roles: &[usize], depth: usize) -> Falls {
        let around = mem::take(&mut self.loops);
        let mut falls = true;
        for arm in 0..2 + usize::from(self.rng.once_in(4)) {
            self.line(depth, if arm == 0 { "par {" } else { "} and {" });
            self.first_label = self.labels;
            falls &= self.statements(roles, depth + 1);
        }
        self.line(depth, "}");
        self.first_label = self.labels;
        self.loops = around;
        falls
    }

    /// Some statements, at least one.
    fn statements(&mut self, roles: &[usize], depth: usize) -> Falls {
        for _ in 0..=self.rng.below(3) {
            if !self.statement(roles, depth) {
                return false;
            }
        }
        true
    }

    fn statement(&mut self, roles: &[usize], depth: usize) -> Falls {
        let is_small = depth > 4 || self.left == 0;
        self.left = self.left.saturating_sub(1);
        match self.rng.below(if is_small { 1 } else { 8 }) {
            0..3 => {
                self.message(roles, depth);
                true
            }
            3 if !self.has_shared_arms && self.rng.once_in(3) => {
                self.part(roles, depth);
                true
            }
            4 if self.has_shared_arms && depth < 4 => self.shared_arms(roles, depth),
            3..6 => self.choice(roles, depth),
            _ => self.looping(roles, depth),
        }
    }

    fn message(&mut self, roles: &[usize], depth: usize) {
        let (sender, receiver) = self.pair(roles);
        let known = self.labels - self.first_label;
        let label = if known > 0 && self.rng.once_in(5) {
            self.first_label + self.rng.below(known)
        } else {
            self.new_label()
        };
        self.send(sender, receiver, label, depth);
    }

    fn part(&mut self, roles: &[usize], depth: usize) {
        let (one, other) = self.pair(roles);
        self.used.extend([one, other]);
        self.has_part = true;
        self.line(depth, &format!("do Part({}, {});", ROLES[one], ROLES[other]));
    }

    fn choice(&mut self, roles: &[usize], depth: usize) -> Falls {
        let (chooser, first) = self.pair(roles);
        let name = self.new_name();
        self.line(depth, &format!("choice C{name} at {} {{", ROLES[chooser]));
        let mut falls = false;
        for branch in 0..2 + self.rng.below(2) {
            if branch > 0 {
                self.line(depth, "} or {");
            }
            let is_other = self.rng.once_in(3);
            let receiver = if is_other { self.other(roles, chooser) } else { first };
            falls |= self.branch(roles, chooser, receiver, depth + 1);
        }
        self.line(depth, "}");
        falls
    }

    fn branch(&mut self, roles: &[usize], chooser: usize, receiver: usize, depth: usize) -> Falls {
        let label = self.new_label();
        self.send(chooser, receiver, label, depth);
        if !self.rng.once_in(3) {
            for &role in roles.iter().filter(|role| ![chooser, receiver].contains(role)) {
                let label = self.new_label();
                self.send(chooser, role, label, depth);
            }
        }
        if self.rng.once_in(2) && !self.statements(roles, depth) {
            return false;
        }
        if self.loops.is_empty() || self.rng.once_in(3) {
            return true;
        }
        let at = self.rng.below(self.loops.len());
        let breaks = !self.rng.once_in(4);
        self.loops[at].1 |= breaks;
        let (name, word) = (self.loops[at].0, if breaks { "break" } else { "continue" });
        self.line(depth, &format!("{word} 'l{name};"));
        false
    }

    fn looping(&mut self, roles: &[usize], depth: usize) -> Falls {
        let name = self.new_name();
        self.line(depth, &format!("'l{name}: loop {{"));
        self.loops.push((name, false));
        if self.rng.once_in(3) {
            self.message(roles, depth + 1);
        }
        if self.choice(roles, depth + 1) && self.rng.once_in(3) {
            self.statements(roles, depth + 1);
        }
        self.line(depth, "}");
        self.loops.pop().is_some_and(|(_, breaks)| breaks)
    }

    fn send(&mut self, sender: usize, receiver: usize, label: usize, depth: usize) {
        self.used.extend([sender, receiver]);
        let payload = PAYLOADS[label * 7 % PAYLOADS.len()];
        let (sender, receiver) = (ROLES[sender], ROLES[receiver]);
        self.line(depth, &format!("{sender} -> {receiver}: M{label}{payload};"));
    }

    fn pair(&mut self, roles: &[usize]) -> (usize, usize) {
        let one = roles[self.rng.below(roles.len())];
        (one, self.other(roles, one))
    }

    fn other(&mut self, roles: &[usize], than: usize) -> usize {
        let others: Vec<usize> = roles.iter().copied().filter(|role| *role != than).collect();
        others[self.rng.below(others.len())]
    }

    fn new_label(&mut self) -> usize {
        self.labels += 1;
        self.labels - 1
    }

    fn new_name(&mut self) -> usize {
        self.names += 1;
        self.names - 1
    }

    fn line(&mut self, depth: usize, line: &str) {
        let _ = writeln!(self.text, "{:1$}{line}", "", depth * 4);
    }
}
