//! What a message costs where something keeps its session off its script.

use clap::ValueEnum;

use super::D2;
use crate::contender::{Contender, Visits};
use crate::count;
use crate::measure::{self, Effort};
use crate::off_script::OffScript;
use crate::table::{Table, goal, none, number, times};
use crate::ways::{Exchange, Way};

pub fn print(effort: Effort) {
    println!(
        "off the script: nanoseconds per one-way message of ping-pong with a handler, one session"
    );
    println!("{D2}");
    println!(
        "  By hand stands D2, or where that does less, a state machine that does the same: for `late`, one"
    );
    println!(
        "  whose roles wait until they are woken; for `names`, one whose handler is told names."
    );
    let ways = OffScript::value_variants();
    let by = |way| Exchange::PingPong.by(way, Visits::one_session());
    let mut contenders: Vec<Box<dyn Contender>> =
        [Way::D2, Way::Handler].into_iter().filter_map(by).collect();
    contenders.extend(ways.iter().map(|way| way.contender()));
    contenders.extend(ways.iter().filter_map(|way| way.by_hand()));
    let costs = measure::messages(contenders, effort.messages, effort.samples);
    let (&[d2, script], others) = costs.split_first_chunk().expect("two that are on the script");
    let (off, by_hand) = others.split_at(ways.len());
    let mut by_hand = by_hand.iter().copied();
    let mut table = Table::new(["", "ns", "by hand", "/by hand", "goal", "allocations"]);
    let of_script = [number(script), number(d2), times(script / d2), none(), none()];
    table.row("on the script", of_script);
    for (way, &cost) in ways.iter().zip(off) {
        let by_hand = way.by_hand().and_then(|_| by_hand.next()).unwrap_or(d2);
        let (ratio, most) = (cost / by_hand, way.goal());
        let goal = most.map_or_else(none, |most| goal(ratio, most, times));
        let allocations = number(allocations(*way, effort.messages / 100));
        table.row(way.name(), [number(cost), number(by_hand), times(ratio), goal, allocations]);
    }
    table.print();
}

/// How often a message asks for memory, after the first thousand.
fn allocations(way: OffScript, messages: u64) -> f64 {
    let mut vm = way.contender();
    vm.exchange(1_000);
    let (calls, sent) = (count::calls(), vm.sent());
    vm.exchange(messages.max(100));
    (count::calls() - calls) as f64 / (vm.sent() - sent) as f64
}
