//! What a message costs in one session, in every way.

use super::D2;
use crate::contender::{Contender, Visits};
use crate::measure::{self, Effort};
use crate::table::{Table, goal, none, number, times};
use crate::ways::{Exchange, Way};

/// How many times D2 the handler may cost; what is no scalar is boxed for it, and nobody has set a goal.
const GOALS: [(Exchange, Option<f64>); 8] = [
    (Exchange::PingPong, Some(1.0)),
    (Exchange::Stream, Some(1.1)),
    (Exchange::Ring3, Some(1.0)),
    (Exchange::Ring10, Some(1.0)),
    (Exchange::Choice, Some(1.0)),
    (Exchange::Fan, Some(1.0)),
    (Exchange::Structs, None),
    (Exchange::Texts, None),
];

/// How many times D2 role objects may cost.
const ROLES_GOAL: f64 = 1.1;

const OURS: [Way; 5] = [Way::D1, Way::D2, Way::Handler, Way::Objects, Way::Roles];
const PEERS: [Way; 4] = [Way::Kanal, Way::Tokio, Way::Rumpsteak, Way::Ancestor];

pub fn print(effort: Effort) {
    let mut ours = Table::new([
        "",
        "D1",
        "D2",
        "handler",
        "/D2",
        "goal",
        "role objects",
        "/D2",
        "goal",
        "D2 objects",
        "roles/objects",
    ]);
    let mut theirs = Table::new(["", "handler", "kanal", "tokio", "rumpsteak", "ancestor"]);
    for (exchange, most) in GOALS {
        let peers = PEERS.map(|way| exchange.by(way, Visits::one_session()));
        let has_peer = peers.each_ref().map(Option::is_some);
        let mut contenders: Vec<Box<dyn Contender>> =
            OURS.iter().filter_map(|&way| exchange.by(way, Visits::one_session())).collect();
        contenders.extend(peers.into_iter().flatten());
        let costs = measure::messages(contenders, effort.messages, effort.samples);
        let (&[d1, d2, handler, objects, roles], peers) =
            costs.split_first_chunk().expect("five of ours");
        ours.row(
            exchange.name(),
            [
                number(d1),
                number(d2),
                number(handler),
                times(handler / d2),
                most.map_or_else(none, |most| goal(handler / d2, most, times)),
                number(roles),
                times(roles / d2),
                goal(roles / d2, ROLES_GOAL, times),
                number(objects),
                times(roles / objects),
            ],
        );
        let mut peers = peers.iter();
        let cells = has_peer.map(|has_peer| match has_peer.then(|| peers.next()).flatten() {
            Some(cost) => format!("{} ({})", number(*cost), times(cost / handler)),
            None => none(),
        });
        theirs.row(exchange.name(), std::iter::once(number(handler)).chain(cells));
    }
    println!("messages: nanoseconds per one-way message, one session, and ratios");
    println!(
        "  The payload is a u64; in `structs` and `texts` it is a struct of four words and a text of ten"
    );
    println!("  letters, which each message makes anew.");
    println!("{D2}");
    println!(
        "  D1 is by hand with queues of numbers; D2 objects has a boxed object for each role."
    );
    ours.print();
    println!(
        "peers: the same beside channels, session types and the ancestor of this VM; (so many times the handler)"
    );
    theirs.print();
}
