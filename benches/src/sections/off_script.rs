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
    let by = |way| Exchange::PingPong.by(way, Visits::one_session());
    let mut contenders: Vec<Box<dyn Contender>> =
        [Way::D2, Way::Handler].into_iter().filter_map(by).collect();
    contenders.extend(OffScript::value_variants().iter().map(|off| off.contender()));
    let costs = measure::messages(contenders, effort.messages, effort.samples);
    let (&[d2, script], off) = costs.split_first_chunk().expect("two that are on the script");
    let mut table = Table::new(["", "ns", "/D2", "goal", "allocations"]);
    table.row("D2", [number(d2), times(1.0), none(), none()]);
    table.row("on the script", [number(script), times(script / d2), none(), none()]);
    for (way, &cost) in OffScript::value_variants().iter().zip(off) {
        let (ratio, most) = (cost / d2, way.goal());
        let goal = most.map_or_else(none, |most| goal(ratio, most, times));
        let allocations = number(allocations(*way, effort.messages / 100));
        table.row(way.name(), [number(cost), times(ratio), goal, allocations]);
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
