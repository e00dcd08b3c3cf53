//! What a message costs where roles are played from outside: between two parts of a session, and between driven roles.

use crate::measure::{self, Effort};
use crate::parts::{Exchange, Place, contender};
use crate::table::{Table, goal, number, times};

/// How many times the cost off the script a message between two parts may have.
const MOST: f64 = 1.5;

pub fn print(effort: Effort) {
    println!(
        "parts: nanoseconds per one-way message with a handler, of a session in one VM, in two, and by calls"
    );
    println!(
        "  Off its script: under `RoundRobin`. In two parts: taken out of one VM and delivered to the other, in"
    );
    println!(
        "  one thread; in ping-pong one message at a time, in the stream 64. Driven: both roles by calls, each of"
    );
    println!("  which is asked what has come of it.");
    let mut table = Table::new([
        "",
        "on its script",
        "off its script",
        "in two parts",
        "/off",
        "goal",
        "driven",
    ]);
    for (name, exchange) in [("ping-pong", Exchange::PingPong), ("stream", Exchange::Stream)] {
        let places = [Place::OnScript, Place::OffScript, Place::TwoParts, Place::Driven];
        let contenders = places.map(|place| contender(exchange, place)).into();
        let costs = measure::messages(contenders, effort.messages, effort.samples);
        let &[on, off, parts, driven] = &costs[..] else { unreachable!("four contenders") };
        let ratio = parts / off;
        let cells = [number(on), number(off), number(parts), times(ratio)];
        table.row(name, cells.into_iter().chain([goal(ratio, MOST, times), number(driven)]));
    }
    table.print();
}
