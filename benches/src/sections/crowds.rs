//! What a message costs off the script where there are few roles, and where there are very many.

use super::D2;
use crate::crowd::{Crowd, MANY};
use crate::measure::{self, Effort};
use crate::table::{Table, number, times};

pub fn print(effort: Effort) {
    println!(
        "crowds: nanoseconds per one-way message under policies that mind whose turn it is, one session of"
    );
    println!("  few roles and one of {MANY}");
    println!(
        "  Few are two in a ring; in a gather, in which all send to the first one, they are three."
    );
    println!("{D2}");
    let mut table = Table::new(["", "D2, few", "D2, 250", "few", "/D2", "250", "/D2", "/few"]);
    for [few, many] in Crowd::pairs() {
        let by_hand = [few, many].into_iter().filter_map(Crowd::by_hand);
        let contenders = by_hand.chain([few, many].map(Crowd::contender));
        let costs = measure::messages(contenders.collect(), effort.messages, effort.samples);
        let [d2_few, d2_many, few_roles, many_roles] = costs[..] else {
            unreachable!("four contenders")
        };
        table.row(
            few.name(),
            [
                number(d2_few),
                number(d2_many),
                number(few_roles),
                times(few_roles / d2_few),
                number(many_roles),
                times(many_roles / d2_many),
                times(many_roles / few_roles),
            ],
        );
    }
    table.print();
}
