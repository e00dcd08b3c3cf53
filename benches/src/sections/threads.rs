//! What two threads are worth.

use crate::contender::Visits;
use crate::measure::{self, Effort};
use crate::table::{Table, goal_at_least, grouped, number, times};
use crate::ways::{Exchange, Way};

/// How many times as fast two workers are as one.
const GOAL: f64 = 1.8;

/// A sample has so many times the messages of others, since starting a thread takes its time.
const MORE: u64 = 50;

pub fn print(effort: Effort) {
    println!(
        "threads: nanoseconds per message among so many sessions on one thread and on two, and how"
    );
    println!(
        "  many times as fast that is; long visits. D1, by hand, shows what two threads are worth on"
    );
    println!("  this machine; `ThreadedVM` has role objects.");
    let mut table = Table::new([
        "",
        "sessions",
        "D1",
        "two threads",
        "faster",
        "one worker",
        "two workers",
        "faster",
        "goal",
    ]);
    for (exchange, sessions) in
        [(Exchange::PingPong, 100), (Exchange::PingPong, 10_000), (Exchange::Ring10, 1_000)]
    {
        let visits = Visits { sessions, messages: 32 };
        let ways = [Way::D1, Way::D1Threads, Way::Worker, Way::Workers];
        let contenders = ways.into_iter().filter_map(|way| exchange.by(way, visits));
        let messages = effort.messages * effort.either(MORE, 1);
        let costs = measure::messages(contenders.collect(), messages, effort.samples.min(9));
        let &[d1, d1_threads, worker, workers] = &costs[..] else {
            unreachable!("every workload has these ways")
        };
        table.row(
            exchange.name(),
            [
                grouped(sessions as f64),
                number(d1),
                number(d1_threads),
                times(d1 / d1_threads),
                number(worker),
                number(workers),
                times(worker / workers),
                goal_at_least(worker / workers, GOAL, times),
            ],
        );
    }
    table.print();
}
