//! How much larger a program is that has a protocol.

use crate::generated::Workspace;
use crate::table::{Table, goal, none, number};

/// How many kilobytes a small protocol may add to a program.
const GOAL: f64 = 250.0;

/// The program of the README.
const PURCHASE: &str = include_str!("../../../examples/purchase.rs");

pub fn print() {
    let crates = [("nothing", "fn main() {}\n".to_owned()), ("purchase", PURCHASE.to_owned())];
    let workspace = Workspace::create("size", &crates);
    println!(
        "size: kilobytes of a program that is built with `--release`, without its symbols and with them"
    );
    let mut table = Table::new(["", "kB", "more", "goal", "with symbols", "more"]);
    let of = |name, symbols| workspace.size(name, symbols) as f64 / 1e3;
    let nothing = [false, true].map(|symbols| of("nothing", symbols));
    table.row("an empty `main`", [number(nothing[0]), none(), none(), number(nothing[1]), none()]);
    let purchase = [false, true].map(|symbols| of("purchase", symbols));
    let [more, more_with_symbols] = [0, 1].map(|at| purchase[at] - nothing[at]);
    table.row(
        "the example of the README",
        [
            number(purchase[0]),
            number(more),
            goal(more, GOAL, number),
            number(purchase[1]),
            number(more_with_symbols),
        ],
    );
    table.print();
}
