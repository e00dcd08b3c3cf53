//! What a message costs where sessions come and go.

use std::time::Instant;

use crate::churn::{ByHand, ByVm, Sessions, churn, due};
use crate::measure::{self, Effort, per};
use crate::table::{Table, goal, grouped, number, times};

/// How many times as much as by hand a message may cost where so many sessions are alive.
const GOAL: f64 = 1.0;

pub fn print(effort: Effort) {
    println!(
        "churn: nanoseconds per message among so many sessions of three protocols, with role objects; each visit has"
    );
    println!(
        "  four messages, and for each session that ends another is opened. By hand: state machines with a boxed"
    );
    println!(
        "  object for each role, an array for each protocol. Opening and ending is counted in."
    );
    let mut table = Table::new(["alive", "by hand", "role objects", "/by hand", "goal"]);
    for alive in effort.either([100, 5_000, 50_000], [10, 100, 1_000]) {
        let count = effort.either(150_000, 2_000);
        let (mut by_hand, mut by_vm) = (ByHand::default(), ByVm::default());
        let costs = measure::by_turns(
            &mut [&mut || cost(&mut by_hand, count, alive), &mut || cost(&mut by_vm, count, alive)],
            effort.samples,
        );
        let [by_hand, by_vm] = costs[..] else { unreachable!("two samplers") };
        let ratio = by_vm / by_hand;
        table.row(
            grouped(alive as f64),
            [number(by_hand), number(by_vm), times(ratio), goal(ratio, GOAL, times)],
        );
    }
    table.print();
}

fn cost(sessions: &mut dyn Sessions, count: u64, alive: usize) -> f64 {
    let start = Instant::now();
    let account = churn(sessions, count, alive);
    let time = start.elapsed();
    assert_eq!(account, due(count), "not what the sessions should have received");
    per(time, account.messages)
}
