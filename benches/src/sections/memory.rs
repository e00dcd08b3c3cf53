//! How much memory a session takes, and how often a message asks for some.

use crate::contender::{Contender, Visits};
use crate::count;
use crate::measure::Effort;
use crate::table::{Table, goal, grouped, none, number};
use crate::ways::{Exchange, Way};

/// How many bytes a session may take.
const GOALS: [(Exchange, f64); 2] = [(Exchange::PingPong, 128.0), (Exchange::Ring10, 1_024.0)];

pub fn print(effort: Effort) {
    println!(
        "memory: bytes per session after it has run, channels included, and allocations per message"
    );
    println!("  after the first thousand.");
    let columns = ["", "bytes", "goal", "allocations, handler", "goal", "role objects", "goal"];
    let mut table = Table::new(columns);
    for exchange in [
        Exchange::PingPong,
        Exchange::Structs,
        Exchange::Stream,
        Exchange::Ring3,
        Exchange::Ring10,
        Exchange::Choice,
        Exchange::Fan,
    ] {
        let bytes = bytes(exchange, effort.either(100_000, 1_000));
        let [handler, roles] =
            [Way::Handler, Way::Roles].map(|way| allocations(exchange, way, effort.messages));
        let most = GOALS.into_iter().find(|&(at, _)| at == exchange);
        table.row(
            exchange.name(),
            [
                grouped(bytes),
                most.map_or_else(none, |(_, most)| goal(bytes, most, grouped)),
                number(handler),
                goal(handler, 0.0, number),
                number(roles),
                goal(roles, 0.0, number),
            ],
        );
    }
    table.print();
}

fn opened(exchange: Exchange, way: Way, visits: Visits) -> Box<dyn Contender> {
    exchange.by(way, visits).expect("every workload has these ways")
}

fn bytes(exchange: Exchange, sessions: usize) -> f64 {
    let visits = Visits { sessions, messages: 32 };
    let before = count::bytes();
    let mut vm = opened(exchange, Way::Handler, visits);
    vm.exchange(2 * visits.messages * sessions as u64);
    (count::bytes() - before) as f64 / sessions as f64
}

fn allocations(exchange: Exchange, way: Way, messages: u64) -> f64 {
    let mut vm = opened(exchange, way, Visits::one_session());
    vm.exchange(1_000);
    let (calls, sent) = (count::calls(), vm.sent());
    vm.exchange(messages);
    (count::calls() - calls) as f64 / (vm.sent() - sent) as f64
}
