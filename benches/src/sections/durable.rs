//! What a durable step costs.

use std::time::Duration;

use crate::durable::{Load, Servers};
use crate::measure::Effort;
use crate::table::{Table, goal, goal_at_least, none, number, times};

/// Which part of the steps by hand is to be reached in batches.
const LEAST: f64 = 0.5;
/// How many times as long as a transaction by hand a single step may take.
const MOST: f64 = 1.5;

pub fn print(effort: Effort) {
    println!("durable: steps a second of parts in PostgreSQL, and of the same rows by hand");
    let Some(servers) = Servers::start() else {
        println!("  skipped: PostgreSQL is not installed\n");
        return;
    };
    let mut table = Table::new(["", "ours", "by hand", "ours/by hand", "goal"]);
    let time = effort.either(Duration::from_secs(5), Duration::from_millis(200));
    let many = effort.either(2_000, 20);
    let loads = [
        ("one at a time, one connection", Load { sessions: 1, connections: 1, batch: 1 }),
        ("one at a time, eight connections", Load { sessions: many, connections: 8, batch: 1 }),
        ("batches of 100, one connection", Load { sessions: many, connections: 1, batch: 100 }),
        ("batches of 100, four connections", Load { sessions: many, connections: 4, batch: 100 }),
    ];
    for (name, load) in loads {
        let (mut ours, mut by_hand) = (servers.ours(load), servers.by_hand(load));
        let mut rates = [0.0; 2];
        for _ in 0..effort.either(2, 1) {
            rates[0] += servers.steps_per_second(&mut ours, load, time);
            rates[1] += servers.steps_per_second(&mut by_hand, load, time);
        }
        let ratio = rates[0] / rates[1];
        let rates = rates.map(|rate| rate / f64::from(effort.either(2, 1)));
        let judged = match load {
            Load { batch: 1, connections: 1, .. } => goal(1.0 / ratio, MOST, times),
            Load { batch: 1, .. } => none(),
            _ => goal_at_least(ratio, LEAST, times),
        };
        table.row(name, rates.map(number).into_iter().chain([times(ratio), judged]));
    }
    table.print();
}
