//! How long large protocols take to check and to project.

use std::time::Instant;

use telltale_theory::oracle::{Build, LARGE};
use telltale_theory::{check, project_all};
use telltale_types::{GlobalTerm, GlobalType, Label};

use crate::measure::{self, Effort};
use crate::table::{Table, goal, number};

/// Milliseconds for 2,000 statements.
const GOAL: f64 = 100.0;

/// Protocols that are deep instead of long.
const DEEP: [(&str, Build); 2] = [
    ("500 choices, each inside of the one before", nested_choices),
    ("500 loops, each inside of the one before", nested_loops),
];

pub fn print(effort: Effort) {
    println!(
        "theory: milliseconds to check and to project protocols of about 2,000 statements, and of twice as many"
    );
    let mut table = Table::new([
        "",
        "exits",
        "verdict",
        "check",
        "goal",
        "project",
        "goal",
        "check, twice",
        "project, twice",
    ]);
    let builds = LARGE.iter().chain(&DEEP);
    for (name, build) in builds.take(effort.either(usize::MAX, 3)) {
        let global = build(1);
        let exits: usize = global.states().map(|state| global.exits(state).len()).sum();
        let verdict = if check(&global).is_ok() { "fine" } else { "refused" };
        assert_eq!(verdict == "refused", name.starts_with("wrong"), "{name}");
        let [checked, projected] = cost(&global, effort);
        let twice = cost(&build(2), effort);
        table.row(
            *name,
            [
                number(exits as f64),
                verdict.to_owned(),
                number(checked),
                goal(checked, GOAL, number),
                number(projected),
                goal(projected, GOAL, number),
                number(twice[0]),
                number(twice[1]),
            ],
        );
    }
    table.print();
}

/// The milliseconds of checking and of projecting.
fn cost(global: &GlobalType, effort: Effort) -> [f64; 2] {
    let costs = measure::by_turns(
        &mut [&mut || milliseconds(|| check(global)), &mut || milliseconds(|| project_all(global))],
        effort.samples.min(3),
    );
    [costs[0], costs[1]]
}

fn milliseconds<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    let result = work();
    let time = start.elapsed();
    drop(result);
    time.as_secs_f64() * 1e3
}

fn nested_choices(scale: usize) -> GlobalType {
    let out = || GlobalTerm::send("B", "A", Label::new("Out"), GlobalTerm::end());
    let nested = (0..500 * scale).fold(out(), |inside, _| {
        let inside = GlobalTerm::send("B", "A", Label::new("Yes"), inside);
        GlobalTerm::comm("A", "B", [(Label::new("Deeper"), inside), (Label::new("Stop"), out())])
    });
    nested.close().expect("a global type")
}

fn nested_loops(scale: usize) -> GlobalType {
    let last = GlobalTerm::send("A", "B", Label::new("Last"), GlobalTerm::end());
    let nested = (0..500 * scale).fold(last, |inside, depth| {
        let name = format!("t{depth}");
        let inside = GlobalTerm::send("B", "A", Label::new("Yes"), inside);
        let again = GlobalTerm::send("B", "A", Label::new("Again"), GlobalTerm::var(&name));
        let branches = [(Label::new("Deeper"), inside), (Label::new("Repeat"), again)];
        GlobalTerm::mu(&name, GlobalTerm::comm("A", "B", branches))
    });
    nested.close().expect("a global type")
}
