//! How many instructions a message takes, counted by `valgrind`.

mod profile;

use std::cmp::Ordering::Equal;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::process::Command;

use clap::ValueEnum;

use self::profile::Parts;
use super::D2;
use crate::churn::due;
use crate::crowd::{Crowd, MANY as MANY_ROLES, Order, Shape};
use crate::off_script::OffScript;
use crate::parts::{self, Place};
use crate::table::{Table, goal, none};
use crate::ways::{Exchange, Way};

/// How many instructions a message may take.
const LIMITS: [(Exchange, Way, Length, f64); 10] = [
    (Exchange::PingPong, Way::Handler, Long, 55.0),
    (Exchange::Stream, Way::Handler, Long, 55.0),
    (Exchange::Choice, Way::Handler, Long, 90.0),
    (Exchange::Structs, Way::Handler, Long, 260.0),
    (Exchange::PingPong, Way::Roles, Long, 60.0),
    (Exchange::Stream, Way::Roles, Long, 60.0),
    (Exchange::Choice, Way::Roles, Long, 75.0),
    (Exchange::Structs, Way::Roles, Long, 60.0),
    (Exchange::PingPong, Way::Handler, Short, 90.0),
    (Exchange::PingPong, Way::Roles, Short, 115.0),
];

/// How many a message of ping-pong may take off the script.
const OFF_LIMITS: [(OffScript, f64); 19] = [
    (OffScript::RoundRobin, 1_160.0),
    (OffScript::RoundRobinTraced, 1_450.0),
    (OffScript::ProgressAware, 105.0),
    (OffScript::Random, 105.0),
    (OffScript::QuantumOne, 1_080.0),
    (OffScript::Faulting, 55.0),
    (OffScript::Growing, 55.0),
    (OffScript::Latest, 55.0),
    (OffScript::Network, 160.0),
    (OffScript::Sink, 235.0),
    (OffScript::Steps, 75.0),
    (OffScript::OneStep, 1_400.0),
    (OffScript::Late, 1_550.0),
    (OffScript::ByHand, 55.0),
    (OffScript::Guarded, 2_650.0),
    (OffScript::Endpoints, 3_300.0),
    (OffScript::Alternating, 80.0),
    (OffScript::Lanes, 60.0),
    (OffScript::Names, 430.0),
];

/// How many more a message of ping-pong may take when everything is recorded.
const TRACE_LIMIT: f64 = 50.0;

/// How many a message may take between few roles.
const CROWD_LIMITS: [(Shape, Order, f64); 4] = [
    (Shape::Ring, Order::RoundRobin, 1_180.0),
    (Shape::Ring, Order::ProgressAware, 105.0),
    (Shape::Gather, Order::RoundRobin, 1_280.0),
    (Shape::Gather, Order::ProgressAware, 610.0),
];

/// How many times as many a message may take between very many roles as between few. Which roles are ready is a
/// bit for each of them, so that one word of bits costs less than several; and a slice under `ProgressAware` looks at every
/// role once.
const MANY_LIMIT: f64 = 1.6;

/// How many a message may take where roles are played from outside of the VM, by whom they are counted as well.
const OUTSIDE_LIMITS: [(parts::Exchange, Place, f64); 4] = [
    (parts::Exchange::PingPong, Place::Driven, 850.0),
    (parts::Exchange::Stream, Place::Driven, 850.0),
    (parts::Exchange::PingPong, Place::TwoParts, 3_100.0),
    (parts::Exchange::Stream, Place::TwoParts, 1_700.0),
];

/// How many a message may take where sessions come and go.
const CHURN_LIMIT: f64 = 450.0;

/// Counted as well, to see what the limits stand beside.
const OTHERS: [(Exchange, Way, Length); 8] = [
    (Exchange::Ring10, Way::Handler, Long),
    (Exchange::PingPong, Way::D2, Long),
    (Exchange::PingPong, Way::Objects, Long),
    (Exchange::Stream, Way::D2, Long),
    (Exchange::Choice, Way::D2, Long),
    (Exchange::Structs, Way::D2, Long),
    (Exchange::PingPong, Way::D2, Short),
    (Exchange::PingPong, Way::Objects, Short),
];

/// How long visits are.
#[derive(Clone, Copy, PartialEq)]
enum Length {
    Long,
    Short,
}
use Length::{Long, Short};

/// So many messages; what they differ by has no start in it.
const FEW: u64 = 20_000;
const MANY: u64 = 120_000;

/// Prints instructions per message.
///
/// # Errors
///
/// When `valgrind` cannot be run, and, if limits are checked, when one of them is passed.
pub fn run(is_checked: bool) -> Result<(), String> {
    let mut table = Table::new(["", "by", "instructions", "limit"]);
    let mut passed = Vec::new();
    let mut limited = |what: &str, by: &str, count: f64, most: f64| {
        if count > most {
            passed.push(format!("{what}, {by}: {count:.0} where {most} is the limit"));
        }
        table.row(what, [by.to_owned(), whole(count), goal(count, most, whole)]);
    };
    for (exchange, way, length, most) in LIMITS {
        let count = per_message(exchange, way, length)?;
        limited(&title(exchange, length), &way.name(), count, most);
    }
    let [plain, traced] =
        [Way::Handler, Way::Trace].map(|way| per_message(Exchange::PingPong, way, Long));
    limited("ping-pong", "more for a full trace", traced? - plain?, TRACE_LIMIT);
    for (way, most) in OFF_LIMITS {
        let count = off_script_per_message(way, false)?;
        limited("ping-pong  off its script", &way.name(), count, most);
    }
    for (shape, order, most) in CROWD_LIMITS {
        let [few, many] = [shape.few(), MANY_ROLES].map(|roles| Crowd { shape, order, roles });
        let by = |crowd: Crowd| format!("{} roles", crowd.roles);
        let count = crowd_per_message(few)?;
        limited(&few.name(), &by(few), count, most);
        limited(&many.name(), &by(many), crowd_per_message(many)?, count * MANY_LIMIT);
    }
    for (exchange, place, most) in OUTSIDE_LIMITS {
        limited(&named(exchange), &named(place), outside_per_message(exchange, place)?, most);
    }
    limited("churn", "roles", churn_per_message(false)?, CHURN_LIMIT);
    for (exchange, way, length) in OTHERS {
        let count = per_message(exchange, way, length)?;
        table.row(title(exchange, length), [way.name(), whole(count), none()]);
    }
    for way in [OffScript::Late, OffScript::Names] {
        let count = off_script_per_message(way, true)?;
        table.row("ping-pong  by hand", [way.name(), whole(count), none()]);
    }
    table.row("churn", ["objects".to_owned(), whole(churn_per_message(true)?), none()]);
    println!("instructions: per one-way message, one session");
    println!("  In short visits: a hundred sessions, each of which is visited for two messages.");
    println!(
        "  Churn: a thousand sessions of three protocols, visited for four messages; opening and ending counts."
    );
    println!("{D2}");
    table.print();
    print_parts()?;
    if is_checked && !passed.is_empty() {
        return Err(format!("too many instructions per message: {}", passed.join("; ")));
    }
    Ok(())
}

fn title(exchange: Exchange, length: Length) -> String {
    exchange.name() + if length == Short { "  in short visits" } else { "" }
}

fn whole(count: f64) -> String {
    format!("{count:.0}")
}

/// Prints where the instructions of a message of ping-pong stand.
fn print_parts() -> Result<(), String> {
    println!(
        "parts: the same for a message of ping-pong with a handler, by source file of `telltale-vm`"
    );
    let mut table = Table::new(["", "instructions", "in short visits"]);
    let long = parts_of_a_message(Long)?;
    let short = parts_of_a_message(Short)?;
    let mut parts: Vec<(&String, f64, f64)> = short
        .iter()
        .map(|(part, &short)| (part, long.get(part).copied().unwrap_or(0.0), short))
        .filter(|&(_, long, short)| long >= 0.5 || short >= 0.5)
        .collect();
    parts.sort_by(|one, other| (other.1, other.2).partial_cmp(&(one.1, one.2)).unwrap_or(Equal));
    for (part, long, short) in parts {
        table.row(part, [whole(long), whole(short)]);
    }
    table.print();
    Ok(())
}

fn parts_of_a_message(visits: Length) -> Result<BTreeMap<String, f64>, String> {
    let profiles =
        [FEW, MANY].map(|messages| profile(Exchange::PingPong, Way::Handler, visits, messages));
    let [few, many] = profiles;
    let (few, many) = (few?, many?);
    let per_message = |(part, count): (&String, &u64)| {
        let start = few.get(part).copied().unwrap_or(0);
        (part.clone(), count.saturating_sub(start) as f64 / (MANY - FEW) as f64)
    };
    Ok(many.iter().map(per_message).collect())
}

fn per_message(exchange: Exchange, way: Way, visits: Length) -> Result<f64, String> {
    difference([FEW, MANY].map(|messages| profile(exchange, way, visits, messages)), MANY - FEW)
}

/// So many fewer messages, since each takes many more instructions.
fn off_script_per_message(way: OffScript, by_hand: bool) -> Result<f64, String> {
    let (few, many) = (FEW / 10, MANY / 10);
    let count = |messages: u64| {
        let mut arguments = vec!["run-off".to_owned(), way.name(), messages.to_string()];
        arguments.extend(by_hand.then(|| "--by-hand".to_owned()));
        count_run(&arguments)
    };
    difference([few, many].map(count), many - few)
}

fn outside_per_message(exchange: parts::Exchange, place: Place) -> Result<f64, String> {
    let (few, many) = (FEW / 10, MANY / 10);
    let count = |messages: u64| {
        let arguments = ["run-parts", &named(exchange), &named(place), &messages.to_string()];
        count_run(&arguments.map(str::to_owned))
    };
    difference([few, many].map(count), many - few)
}

/// The name on the command line.
fn named(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// After all channels are as full as they get.
fn crowd_per_message(crowd: Crowd) -> Result<f64, String> {
    let count = |messages: u64| {
        let mut arguments = vec!["run-crowd".to_owned()];
        arguments.extend(crowd.arguments());
        arguments.push(messages.to_string());
        count_run(&arguments)
    };
    difference([FEW, 2 * FEW].map(count), FEW)
}

/// Opening and ending counts.
fn churn_per_message(by_hand: bool) -> Result<f64, String> {
    let (few, many) = (FEW, 2 * FEW);
    let count = |sessions: u64| {
        let mut arguments = vec!["run-churn".to_owned(), sessions.to_string(), "1000".to_owned()];
        arguments.extend(by_hand.then(|| "--by-hand".to_owned()));
        count_run(&arguments)
    };
    difference([few, many].map(count), due(many).messages - due(few).messages)
}

fn difference(counts: [Result<Parts, String>; 2], messages: u64) -> Result<f64, String> {
    let [few, many] = counts.map(|parts| parts.map(|parts| parts.values().sum::<u64>()));
    Ok((many? - few?) as f64 / messages as f64)
}

fn profile(exchange: Exchange, way: Way, visits: Length, messages: u64) -> Result<Parts, String> {
    let mut arguments = vec!["run".to_owned(), exchange.name(), way.name(), messages.to_string()];
    arguments.extend((visits == Short).then(|| "--short-visits".to_owned()));
    count_run(&arguments)
}

/// The instructions of a whole run of this program.
fn count_run(arguments: &[String]) -> Result<Parts, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let file = std::env::temp_dir().join(format!("telltale-callgrind-{}", std::process::id()));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args(arguments)
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                "`valgrind` is not installed; it counts the instructions".to_owned()
            }
            _ => format!("`valgrind` cannot be run: {error}"),
        })?;
    let report = String::from_utf8_lossy(&output.stderr);
    let profile = std::fs::read_to_string(&file);
    let _ = std::fs::remove_file(&file);
    match profile {
        Ok(profile) if output.status.success() => Ok(profile::read(&profile)),
        _ => Err(format!("`valgrind` has counted nothing:\n{report}")),
    }
}
