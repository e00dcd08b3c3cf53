//! Random protocols with parallel parts, each from a seed.

use telltale_types::{
    GlobalExit, GlobalState, GlobalType, Label, LabelId, Names, Par, RoleId, StateId,
};

use super::generate::{Rng, Shape};

/// How deep parallel parts stand in each other at most.
const DEPTH: usize = 2;

/// A random protocol with parallel parts: in loops, branches and arms, with and without roles that
/// the arms share, some with arms that are never over. A shape says how many states each lane has.
pub fn generate_parallel(seed: u64, shape: Shape) -> GlobalType {
    let mut rng = Rng::new(seed);
    let roles = 2 + rng.below(shape.roles - 1);
    let labels = 1 + rng.below(shape.labels);
    let names = Names::new(
        (0..roles).map(|role| char::from(b'A' + role as u8).to_string()),
        (0..labels).map(|label| Label::new(format!("m{label}"))),
    );
    let names = names.unwrap_or_else(|error| panic!("seed {seed} gives no names: {error}"));
    // Something may follow an arm that may never be over; then another is tried.
    loop {
        let often = [rng.below(roles), rng.below(roles)];
        let tells = rng.once_in(2);
        let table = Vec::new();
        let mut draft = Draft { rng: &mut rng, roles, labels, shape, often, tells, table };
        draft.lane(0, false, &GlobalState::Exits(Vec::new()));
        let global = GlobalType::new(names.clone(), reachable(&draft.table)).ok();
        if let Some(global) = global.filter(|global| global.lanes().len() > 1) {
            return global;
        }
    }
}

struct Draft<'r> {
    rng: &'r mut Rng,
    roles: usize,
    labels: usize,
    shape: Shape,
    /// Who speaks to whom most of the time, so that arms share them.
    often: [usize; 2],
    /// Whether others are told what was chosen; then more is accepted.
    tells: bool,
    table: Vec<GlobalState>,
}

/// The states of a lane.
#[derive(Clone, Copy)]
struct Lane {
    first: usize,
    end: usize,
    endless: bool,
}

impl Draft<'_> {
    /// Adds a lane; gives its first state.
    fn lane(&mut self, depth: usize, endless: bool, end: &GlobalState) -> StateId {
        let most = if depth == 0 { self.shape.states } else { self.shape.states.div_ceil(2) };
        let states = 1 + self.rng.below(most);
        let first = self.table.len();
        let lane = Lane { first, end: first + states, endless };
        self.table.extend(vec![end.clone(); states + 1]);
        let mut after_par = false;
        for at in first..lane.end {
            // What is sent in the second of two may arrive while somebody is still in the first.
            let par = depth < DEPTH && self.rng.once_in(if after_par { 2 } else { 3 + depth });
            after_par = par;
            self.table[at] =
                if par { self.par(at, lane, depth) } else { self.exits(at, lane).into() };
        }
        StateId::at(first)
    }

    fn par(&mut self, at: usize, lane: Lane, depth: usize) -> GlobalState {
        let endless = self.rng.once_in(5);
        let arms = 2 + usize::from(self.rng.once_in(6));
        let arm = |nth| {
            // At least one arm has a message, or going round it might be nothing.
            if nth > 0 && self.rng.once_in(20) {
                self.table.push(GlobalState::ArmEnd);
                return StateId::at(self.table.len() - 1);
            }
            let endless = endless && self.rng.below(3) > 0;
            self.lane(depth + 1, endless, &GlobalState::ArmEnd)
        };
        let arms = (0..arms).map(arm).collect();
        let next = if endless { StateId::at(lane.end) } else { self.target(at, lane) };
        GlobalState::Par(Par { arms, next })
    }

    fn exits(&mut self, at: usize, lane: Lane) -> Vec<GlobalExit> {
        let often = self.rng.once_in(2);
        let sender = if often { self.often[0] } else { self.rng.below(self.roles) };
        let mut exits: Vec<GlobalExit> = Vec::new();
        for _ in 0..=self.rng.below(self.shape.exits) {
            let other = (sender + 1 + self.rng.below(self.roles - 1)) % self.roles;
            let often = often && self.often[1] != sender && !self.rng.once_in(4);
            let receiver = if often { self.often[1] } else { other };
            let exit = GlobalExit {
                sender: RoleId::at(sender),
                receiver: RoleId::at(receiver),
                label: LabelId::at(self.rng.below(self.labels)),
                target: self.target(at, lane),
            };
            let begin = |exit: &GlobalExit| (exit.receiver, exit.label);
            if !exits.iter().any(|other| begin(other) == begin(&exit)) {
                exits.push(exit);
            }
        }
        if exits.len() > 1 && self.tells {
            for (nth, exit) in exits.iter_mut().enumerate() {
                exit.target = self.told(nth, *exit);
            }
        }
        exits
    }

    /// Has those who took part in a choice tell most of the others, before it goes on.
    fn told(&mut self, nth: usize, exit: GlobalExit) -> StateId {
        let both = [exit.sender, exit.receiver];
        let mut target = exit.target;
        let first = self.rng.below(self.roles);
        for role in (0..self.roles).map(|role| RoleId::at((first + role) % self.roles)) {
            if both.contains(&role) || self.rng.once_in(6) {
                continue;
            }
            let sender = both[usize::from(self.rng.once_in(3))];
            let label = LabelId::at((nth + usize::from(self.rng.once_in(10))) % self.labels);
            self.table.push(vec![GlobalExit { sender, receiver: role, label, target }].into());
            target = StateId::at(self.table.len() - 1);
        }
        target
    }

    /// Mostly onwards, and mostly not far; sometimes back.
    fn target(&mut self, at: usize, Lane { first, end, endless }: Lane) -> StateId {
        let target = match self.rng.below(6) {
            0 => first + self.rng.below(end - first + 1),
            1 => end,
            far => (at + 1 + self.rng.below(far)).min(end),
        };
        StateId::at(if target == end && endless { first } else { target })
    }
}

/// The states that can be reached, numbered in the order in which they are.
pub(super) fn reachable(table: &[GlobalState]) -> Vec<GlobalState> {
    let mut number = vec![None; table.len()];
    number[0] = Some(StateId::START);
    let mut order = vec![0];
    let mut at = 0;
    while let Some(&state) = order.get(at) {
        for target in targets(&mut table[state].clone()) {
            if number[target.index()].is_none() {
                number[target.index()] = Some(StateId::at(order.len()));
                order.push(target.index());
            }
        }
        at += 1;
    }
    let renumbered = |&state: &usize| {
        let mut state = table[state].clone();
        for target in targets(&mut state) {
            *target = number[target.index()].expect("every target was come to");
        }
        state
    };
    order.iter().map(renumbered).collect()
}

/// Where a state leads.
fn targets(state: &mut GlobalState) -> Vec<&mut StateId> {
    match state {
        GlobalState::Exits(exits) => exits.iter_mut().map(|exit| &mut exit.target).collect(),
        GlobalState::Par(par) => par.arms.iter_mut().chain([&mut par.next]).collect(),
        GlobalState::ArmEnd => Vec::new(),
    }
}
