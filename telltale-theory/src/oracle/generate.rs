//! Random protocols, each from a seed.

use telltale_types::{GlobalExit, GlobalType, Label, LabelId, Names, RoleId, StateId};

/// A generator of random numbers (`SplitMix64`: Steele, Lea and Flood, *Fast splittable
/// pseudorandom number generators*, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % bound as u64) as usize
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// What random protocols look like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many roles at most; at least two.
    pub roles: usize,
    /// How many states that send at most.
    pub states: usize,
    /// How many exits a state has at most.
    pub exits: usize,
    /// How many labels there are.
    pub labels: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { roles: 5, states: 8, exits: 3, labels: 4 }
    }
}

/// A random protocol: choices with different receivers, loops, shared continuations.
pub fn generate(seed: u64, shape: Shape) -> GlobalType {
    let mut rng = Rng::new(seed);
    let roles = 2 + rng.below(shape.roles - 1);
    let states = 1 + rng.below(shape.states);
    let labels = 1 + rng.below(shape.labels);
    let mut table: Vec<Vec<GlobalExit>> = Vec::new();
    for state in 0..states {
        table.push(exits(&mut rng, state, (roles, states, labels), shape.exits));
    }
    table.push(Vec::new());

    let names = Names::new(
        (0..roles).map(|role| char::from(b'A' + role as u8).to_string()),
        (0..labels).map(|label| Label::new(format!("m{label}"))),
    );
    let global = names.and_then(|names| GlobalType::new(names, reachable(&table)));
    global.unwrap_or_else(|error| panic!("seed {seed} gives no protocol: {error}"))
}

fn exits(
    rng: &mut Rng,
    state: usize,
    (roles, states, labels): (usize, usize, usize),
    most: usize,
) -> Vec<GlobalExit> {
    let sender = rng.below(roles);
    let mut exits: Vec<GlobalExit> = Vec::new();
    for _ in 0..=rng.below(most).min(rng.below(most)) {
        let receiver = (sender + 1 + rng.below(roles - 1)) % roles;
        // Mostly onwards, and mostly not far; sometimes back.
        let target = match rng.below(6) {
            0 => rng.below(states + 1),
            1 => states,
            far => (state + 1 + rng.below(far)).min(states),
        };
        let exit = GlobalExit {
            sender: RoleId::at(sender),
            receiver: RoleId::at(receiver),
            label: LabelId::at(rng.below(labels)),
            target: StateId::at(target),
        };
        let begin = |exit: &GlobalExit| (exit.receiver, exit.label);
        if !exits.iter().any(|other| begin(other) == begin(&exit)) {
            exits.push(exit);
        }
    }
    exits
}

/// The states that can be reached, numbered in the order in which they are.
fn reachable(table: &[Vec<GlobalExit>]) -> Vec<Vec<GlobalExit>> {
    let mut number = vec![None; table.len()];
    number[0] = Some(0);
    let mut order = vec![0];
    let mut at = 0;
    while let Some(&state) = order.get(at) {
        for exit in &table[state] {
            let target = exit.target.index();
            if number[target].is_none() {
                number[target] = Some(order.len());
                order.push(target);
            }
        }
        at += 1;
    }
    let renumber = |exit: &GlobalExit| {
        let target = number[exit.target.index()].map_or(StateId::START, StateId::at);
        GlobalExit { target, ..*exit }
    };
    order.iter().map(|&state| table[state].iter().map(renumber).collect()).collect()
}
