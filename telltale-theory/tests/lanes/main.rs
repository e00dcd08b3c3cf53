//! Parallel parts whose arms share roles. By the definitions alone, what is accepted never
//! misbehaves, and nearly everything that is refused does; and the check is what the definitions say.
//!
//! `TELLTALE_PROTOCOLS=100000` looks at so many random protocols, `TELLTALE_SEED` says where to
//! begin, and `TELLTALE_SITUATIONS` how many situations of each are looked at.

mod checked;
mod golden;
mod meaning;
mod random;
mod renamed;

use std::collections::BTreeSet;

use telltale_theory::oracle::{Shape, erased, generate_parallel};
use telltale_theory::{Condition, Event};
use telltale_types::{GlobalExit, GlobalType, LocalTypeR, RoleId, StateId};

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Whether so many protocols are looked at that something can be said of all together.
fn are_many() -> bool {
    number("TELLTALE_PROTOCOLS", 1_000) >= 1_000
}

/// Calls a function with many protocols, and says which one it failed on.
fn for_protocols(count: u64, mut test: impl FnMut(&GlobalType)) {
    let first = number("TELLTALE_SEED", 0);
    for seed in first..first + number("TELLTALE_PROTOCOLS", count) {
        let global = generate_parallel(seed, shape(seed));
        let context = Context(seed, &global);
        test(&global);
        std::mem::forget(context);
    }
}

/// Few roles and few labels, so that much can be confused.
fn shape(seed: u64) -> Shape {
    match seed % 4 {
        0 => Shape { roles: 2, states: 3, exits: 3, labels: 2 },
        1 => Shape { roles: 4, states: 6, exits: 3, labels: 2 },
        2 => Shape { roles: 3, states: 8, exits: 3, labels: 2 },
        _ => Shape { roles: 3, states: 5, exits: 4, labels: 3 },
    }
}

/// Printed when a test panics.
struct Context<'a>(u64, &'a GlobalType);

impl Drop for Context<'_> {
    fn drop(&mut self) {
        eprintln!("TELLTALE_SEED={} is {}", self.0, self.1);
    }
}

/// What a protocol violates so that it cannot be accepted, whatever is allowed.
fn hard(violated: &BTreeSet<(RoleId, Condition)>) -> BTreeSet<(RoleId, Condition)> {
    violated.iter().copied().filter(|(_, what)| *what != Condition::SilentEnd).collect()
}

/// The local types of all roles, by the subset construction.
fn locals(global: &GlobalType) -> Option<Vec<LocalTypeR>> {
    global.names().roles().map(|(role, _)| erased(global, role)).collect()
}

fn exits(global: &GlobalType) -> impl Iterator<Item = (StateId, GlobalExit)> + Clone + '_ {
    global.states().flat_map(|state| global.exits(state).map(move |exit| (state, exit)))
}

/// Says what the two events of an exit are.
fn events(global: &GlobalType) -> impl Fn(StateId, GlobalExit) -> [Event; 2] + use<> {
    let lanes = global.lanes();
    let pairs = exits(global).map(|(state, exit)| (state, (exit.sender, exit.receiver)));
    let split = lanes.split(pairs);
    move |at, GlobalExit { sender, receiver, label, .. }| {
        let number = split.of(lanes.of_state(at), &(sender, receiver)).number;
        [Event::sent(sender, receiver, label), Event::received(sender, receiver, label)]
            .map(|event| event.in_lane(number))
    }
}

/// The roles that occur in the arm that begins in a state.
fn roles_of_arm(global: &GlobalType, arm: StateId) -> BTreeSet<RoleId> {
    let lanes = global.lanes();
    let arm = lanes.of_state(arm);
    let is_inside = |state| lanes.path(lanes.of_state(state)).any(|(lane, _)| lane == arm);
    let inside = exits(global).filter(|(state, _)| is_inside(*state));
    inside.flat_map(|(_, exit)| [exit.sender, exit.receiver]).collect()
}

fn written(global: &GlobalType, run: &[Event]) -> String {
    let events: Vec<String> = run.iter().map(|event| event.display(global.names())).collect();
    events.join("  ")
}
