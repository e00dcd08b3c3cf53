//! How much longer the compiler takes: `cargo check` of generated crates after their source was touched.

use std::fmt::Write;

use crate::generated::Workspace;
use crate::measure::{self, Effort};
use crate::table::{Table, goal, grouped, none, times};

/// Milliseconds over an empty crate, for one small protocol.
const ONE_GOAL: f64 = 60.0;
/// How many times as long as with one protocol, with ten of them.
const TEN_GOAL: f64 = 2.0;
/// How many times what a protocol takes over nothing, with endpoints.
const ENDPOINTS_GOAL: f64 = 2.0;
/// The name of a crate with endpoints is that of the same one without, and this.
const WITH_ENDPOINTS: &str = "_async";

/// A crate that is generated.
struct Crate {
    name: &'static str,
    /// What is in it.
    what: &'static str,
    items: fn() -> String,
}

const CRATES: [Crate; 9] = [
    Crate { name: "empty", what: "nothing", items: String::new },
    Crate { name: "one", what: "two_buyer", items: || choreography(&two_buyer(0)) },
    Crate {
        name: "one_async",
        what: "two_buyer with endpoints",
        items: || choreography(&format!("#[endpoints] {}", two_buyer(0))),
    },
    Crate {
        name: "long",
        what: "300 statements, 300 labels",
        items: || choreography(&long(300, 300)),
    },
    Crate {
        name: "long_async",
        what: "the same with endpoints",
        items: || choreography(&format!("#[endpoints] {}", long(300, 300))),
    },
    Crate { name: "ten", what: "10 protocols like it", items: || choreography(&many(10)) },
    Crate { name: "hundred", what: "100 protocols like it", items: || choreography(&many(100)) },
    Crate {
        name: "few_labels",
        what: "2,000 statements, 10 labels",
        items: || choreography(&long(2_000, 10)),
    },
    Crate {
        name: "many_labels",
        what: "2,000 statements, 2,000 labels",
        items: || choreography(&long(2_000, 2_000)),
    },
];

pub fn print(effort: Effort) {
    let crates = &CRATES[..effort.either(CRATES.len(), 3)];
    let sources: Vec<(&str, String)> =
        crates.iter().map(|one| (one.name, source(&(one.items)()))).collect();
    let workspace = Workspace::create("compile", &sources);
    // Dependencies are checked here, once for all.
    for one in crates {
        workspace.check(one.name);
    }
    let check = |one: &Crate| {
        workspace.touch(one.name);
        workspace.check(one.name)
    };
    let mut checks: Vec<_> = crates.iter().map(|one| move || check(one)).collect();
    let mut samplers: Vec<&mut dyn FnMut() -> f64> =
        checks.iter_mut().map(|check| check as &mut dyn FnMut() -> f64).collect();
    let costs = measure::by_turns(&mut samplers, effort.samples.min(3));
    let over: Vec<f64> = costs.iter().map(|cost| cost - costs[0]).collect();

    println!(
        "compile: milliseconds of `cargo check` after a touch, and bytes of source that are generated"
    );
    let mut table = Table::new(["", "check", "over nothing", "/two_buyer", "goal", "generated"]);
    for (at, one) in crates.iter().enumerate() {
        let without = one.name.strip_suffix(WITH_ENDPOINTS);
        let without = crates.iter().position(|other| Some(other.name) == without);
        table.row(
            one.what,
            [
                format!("{:.0}", costs[at]),
                format!("{:.0}", over[at]),
                times(costs[at] / costs[1]),
                match one.name {
                    "one" => goal(over[at], ONE_GOAL, |ms| format!("{ms:.0} ms")),
                    "ten" => goal(costs[at] / costs[1], TEN_GOAL, times),
                    _ => without.map_or_else(none, |without| {
                        goal(over[at] / over[without], ENDPOINTS_GOAL, times)
                    }),
                },
                grouped(workspace.expanded(one.name) as f64),
            ],
        );
    }
    table.print();
}

fn source(items: &str) -> String {
    format!("#![allow(dead_code)]\n\n{items}\nfn main() {{}}\n")
}

fn choreography(protocols: &str) -> String {
    format!("telltale_vm::choreography! {{\n{protocols}}}\n")
}

fn many(count: usize) -> String {
    (0..count).map(two_buyer).collect()
}

/// The protocol of the corpus under another name.
fn two_buyer(nth: usize) -> String {
    const TEXT: &str = include_str!("../../../conformance/corpus/two_buyer.tell");
    let (_, protocol) = TEXT.split_once("protocol TwoBuyer").expect("it is the protocol's name");
    format!("pub protocol TwoBuyer{nth}{protocol}\n")
}

fn long(statements: usize, labels: usize) -> String {
    let mut text = "pub protocol Long(Alice, Bob) {\n".to_owned();
    for nth in 0..statements {
        let (from, to) = if nth % 2 == 0 { ("Alice", "Bob") } else { ("Bob", "Alice") };
        let _ = writeln!(text, "{from} -> {to}: M{}(u64);", nth % labels);
    }
    text + "}\n"
}
