//! How much memory a session takes, and how often a message asks for some.

use telltale_vm::{Recording, VM};

use crate::contender::Visits;
use crate::count;
use crate::measure::Effort;
use crate::ours;
use crate::table::{Table, goal, grouped, none, number};
use crate::tally::Counter;
use crate::ways::Exchange;

/// How many bytes a session may take.
const GOALS: [(Exchange, f64); 2] = [(Exchange::PingPong, 128.0), (Exchange::Ring10, 1_024.0)];

pub fn print(effort: Effort) {
    println!(
        "memory: bytes per session after it has run, channels included, and allocations per message"
    );
    println!("  after the first thousand; the VM with a handler.");
    let mut table = Table::new(["", "bytes", "goal", "allocations", "goal"]);
    for exchange in [
        Exchange::PingPong,
        Exchange::Stream,
        Exchange::Ring3,
        Exchange::Ring10,
        Exchange::Choice,
        Exchange::Fan,
    ] {
        let bytes = bytes(exchange, effort.either(100_000, 1_000));
        let allocations = allocations(exchange, effort.messages);
        let most = GOALS.into_iter().find(|&(at, _)| at == exchange);
        table.row(
            exchange.name(),
            [
                grouped(bytes),
                most.map_or_else(none, |(_, most)| goal(bytes, most, grouped)),
                number(allocations),
                goal(allocations, 0.0, number),
            ],
        );
    }
    table.print();
}

fn opened(exchange: Exchange, visits: Visits) -> VM {
    let mut vm = ours::vm(visits, Recording::Off);
    for _ in 0..visits.sessions {
        vm.load_choreography(exchange.image()).expect("room");
    }
    vm
}

fn bytes(exchange: Exchange, sessions: usize) -> f64 {
    let before = count::bytes();
    let mut vm = opened(exchange, Visits { sessions, messages: 32 });
    vm.run(&Counter::default(), 2).expect("no faults");
    (count::bytes() - before) as f64 / sessions as f64
}

fn allocations(exchange: Exchange, messages: u64) -> f64 {
    let visits = Visits::one_session();
    let (mut vm, counter) = (opened(exchange, visits), Counter::default());
    vm.run(&counter, visits.rounds_for(1_000) as usize).expect("no faults");
    let (calls, sent) = (count::calls(), counter.sent());
    vm.run(&counter, visits.rounds_for(messages) as usize).expect("no faults");
    (count::calls() - calls) as f64 / (counter.sent() - sent) as f64
}
