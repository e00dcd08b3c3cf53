//! What a message costs among many sessions, which are visited one after the other.

use super::D2;
use crate::contender::Visits;
use crate::measure::{self, Effort};
use crate::table::{Table, goal, grouped, none, number, times};
use crate::ways::{Exchange, Way};

/// How many times as many D2 pairs ping-pong may cost when visits are short.
const GOALS: [(usize, f64); 2] = [(10_000, 1.1), (1_000_000, 0.8)];

/// How many messages of the ancestor a sample has: it takes its time.
const ANCESTOR: u64 = 100;

pub fn print(effort: Effort) {
    println!(
        "sessions: nanoseconds per message among so many sessions, and ratios to D2 with the same visits"
    );
    println!(
        "  A long visit has 32 messages (64 instructions), a short one is one lap of the protocol: 2 messages"
    );
    println!("  of ping-pong (4 instructions), 10 of the ring.");
    println!("{D2}");
    let most = effort.either(1_000_000, 1_000);
    table(effort, Exchange::PingPong, most);
    table(effort, Exchange::Ring10, most.min(10_000));
    ancestor(effort);
}

fn table(effort: Effort, exchange: Exchange, most: usize) {
    let name = exchange.name();
    let mut table = Table::new([
        &name,
        "D1",
        "D2",
        "handler",
        "/D2",
        "D2 objects",
        "roles",
        "/objects",
        "D2 short",
        "handler short",
        "/D2",
        "goal",
    ]);
    for sessions in [1, 10, 100, 10_000, 1_000_000].into_iter().filter(|&sessions| sessions <= most)
    {
        let long = Visits { sessions, messages: 32 };
        let short = Visits { sessions, messages: exchange.lap() };
        let contenders = [
            (Way::D1, long),
            (Way::D2, long),
            (Way::Handler, long),
            (Way::Objects, long),
            (Way::Roles, long),
            (Way::D2, short),
            (Way::Handler, short),
        ];
        let contenders =
            contenders.into_iter().filter_map(|(way, visits)| exchange.by(way, visits));
        let samples = if sessions > 100_000 { effort.samples.min(3) } else { effort.samples };
        let costs = measure::messages(contenders.collect(), effort.messages, samples);
        let &[d1, d2, handler, objects, roles, d2_short, handler_short] = &costs[..] else {
            unreachable!("there are seven contenders")
        };
        let ratio = handler_short / d2_short;
        let goal = GOALS
            .into_iter()
            .find(|&(at, _)| at == sessions && exchange == Exchange::PingPong)
            .map_or_else(none, |(_, most)| goal(ratio, most, times));
        table.row(
            grouped(sessions as f64),
            [
                number(d1),
                number(d2),
                number(handler),
                times(handler / d2),
                number(objects),
                number(roles),
                times(roles / objects),
                number(d2_short),
                number(handler_short),
                times(ratio),
                goal,
            ],
        );
    }
    table.print();
}

fn ancestor(effort: Effort) {
    let sessions = effort.either(10_000, 10);
    let visits = Visits { sessions, messages: 2 };
    let contenders = [Way::Handler, Way::Ancestor];
    let contenders =
        contenders.into_iter().filter_map(|way| Exchange::PingPong.by(way, visits)).collect();
    let costs = measure::messages(contenders, ANCESTOR * 10_000, effort.samples.min(1));
    let sessions = grouped(sessions as f64);
    println!(
        "  ancestor, ping-pong among {sessions} sessions: {} ns per message, {} times the handler\n",
        number(costs[1]),
        number(costs[1] / costs[0])
    );
}
