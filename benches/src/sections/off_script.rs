//! What a message costs where something keeps its session off its script.

use clap::ValueEnum;

use super::D2;
use crate::contender::{Contender, Visits};
use crate::measure::{self, Effort};
use crate::off_script::OffScript;
use crate::table::{Table, number, times};
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
    let mut table = Table::new(["", "ns", "/D2"]);
    table.row("D2", [number(d2), times(1.0)]);
    table.row("on the script", [number(script), times(script / d2)]);
    for (way, &cost) in OffScript::value_variants().iter().zip(off) {
        table.row(way.name(), [number(cost), times(cost / d2)]);
    }
    table.print();
}
