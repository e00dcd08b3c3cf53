//! What a message between two tasks costs: through endpoints on a host, and through the channels of others.

use std::time::Instant;

use crate::count;
use crate::measure::{self, Effort, per};
use crate::table::{Table, goal, grouped, number, times};
use crate::tasks::{self, Exchange, Many, Threads};

/// How many times the cost of a pair of tokio's channels ping-pong may have, and a stream that of one channel.
const PING_PONG: f64 = 0.85;
const STREAM: f64 = 0.8;

pub fn print(effort: Effort) {
    println!(
        "tasks: nanoseconds per message between two tasks of a tokio runtime, on one thread and on two;"
    );
    println!("  through endpoints on a host, and through channels of tokio and kanal.");
    let mut table = Table::new(["", "threads", "endpoints", "tokio", "kanal", "of tokio", "goal"]);
    for (threads, number_of) in [(Threads::One, "1"), (Threads::Two, "2")] {
        let ping_pong = [
            tasks::endpoints_ping_pong(threads),
            tasks::tokio_ping_pong(threads),
            tasks::kanal_ping_pong(threads),
        ];
        table.row("ping-pong", row(effort, number_of, ping_pong, PING_PONG));
        let stream = [
            tasks::endpoints_stream(threads),
            tasks::tokio_stream(threads),
            tasks::kanal_stream(threads),
        ];
        table.row("stream", row(effort, number_of, stream, STREAM));
    }
    table.print();
    many(effort);
}

fn row(effort: Effort, threads: &str, ways: [Exchange; 3], most: f64) -> Vec<String> {
    let mut samplers = ways.map(|mut exchange| {
        move || {
            let start = Instant::now();
            let audit = exchange(effort.messages);
            let cost = per(start.elapsed(), audit.sent);
            audit.check("a pair of tasks", 0);
            cost
        }
    });
    let [ours, tokio, kanal] = &mut samplers;
    let costs = measure::by_turns(&mut [ours, tokio, kanal], effort.samples.min(9));
    let &[ours, tokio, kanal] = &costs[..] else { unreachable!("three samplers") };
    let ratio = ours / tokio;
    vec![
        threads.to_owned(),
        number(ours),
        number(tokio),
        number(kanal),
        times(ratio),
        goal(ratio, most, times),
    ]
}

/// Many sessions on one host.
fn many(effort: Effort) {
    println!(
        "sessions of two endpoints on one host: bytes per endpoint, and nanoseconds per message when all play"
    );
    let mut table = Table::new(["sessions", "bytes", "opening", "on one thread", "on two"]);
    let (sessions, laps) = (effort.either(10_000, 100), 20);
    let messages = 2 * laps * sessions as u64;
    let before = count::bytes();
    let start = Instant::now();
    let many = Many::open(sessions);
    let opening = per(start.elapsed(), sessions as u64);
    let bytes = (count::bytes() - before) as f64 / (2 * sessions) as f64;
    let play = |many: Many, threads| {
        let start = Instant::now();
        many.play(threads, laps);
        per(start.elapsed(), messages)
    };
    let (one, two) = (play(many, Threads::One), play(Many::open(sessions), Threads::Two));
    table
        .row(grouped(sessions as f64), [grouped(bytes), number(opening), number(one), number(two)]);
    table.print();
}
