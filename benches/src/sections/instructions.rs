//! How many instructions a message takes, counted by `valgrind`.

mod parts;

use std::cmp::Ordering::Equal;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::process::Command;

use self::parts::Parts;
use super::D2;
use crate::table::{Table, goal, none};
use crate::ways::{Exchange, Way};

/// How many instructions a message may take.
const LIMITS: [(Exchange, Way, f64); 7] = [
    (Exchange::PingPong, Way::Handler, 95.0),
    (Exchange::Stream, Way::Handler, 95.0),
    (Exchange::Choice, Way::Handler, 145.0),
    (Exchange::PingPong, Way::Roles, 65.0),
    (Exchange::Stream, Way::Roles, 60.0),
    (Exchange::Choice, Way::Roles, 80.0),
    (Exchange::Structs, Way::Roles, 65.0),
];

/// How many more a message of ping-pong may take when everything is recorded.
const TRACE_LIMIT: f64 = 45.0;

/// Counted as well, to see what the limits stand beside.
const OTHERS: [(Exchange, Way); 7] = [
    (Exchange::PingPong, Way::D2),
    (Exchange::PingPong, Way::Objects),
    (Exchange::Stream, Way::D2),
    (Exchange::Choice, Way::D2),
    (Exchange::Structs, Way::D2),
    (Exchange::Structs, Way::Handler),
    (Exchange::Ring10, Way::Handler),
];

/// Counted in visits of two messages, too.
const SHORT: [Way; 4] = [Way::Handler, Way::Roles, Way::D2, Way::Objects];

/// How long visits are.
#[derive(Clone, Copy, PartialEq)]
enum Visits {
    Long,
    Short,
}

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
    let mut limited = |exchange: Exchange, by: &str, count: f64, most: f64| {
        if count > most {
            passed.push(format!("{}, {by}: {count:.0} where {most} is the limit", exchange.name()));
        }
        table.row(exchange.name(), [by.to_owned(), whole(count), goal(count, most, whole)]);
    };
    let mut ping_pong = 0.0;
    for (exchange, way, most) in LIMITS {
        let count = per_message(exchange, way, Visits::Long)?;
        if (exchange, way) == (Exchange::PingPong, Way::Handler) {
            ping_pong = count;
        }
        limited(exchange, &way.name(), count, most);
    }
    let traced = per_message(Exchange::PingPong, Way::Trace, Visits::Long)?;
    limited(Exchange::PingPong, "more for a full trace", traced - ping_pong, TRACE_LIMIT);
    for (exchange, way) in OTHERS {
        table.row(
            exchange.name(),
            [way.name(), whole(per_message(exchange, way, Visits::Long)?), none()],
        );
    }
    for way in SHORT {
        let count = per_message(Exchange::PingPong, way, Visits::Short)?;
        table.row("ping-pong  in short visits", [way.name(), whole(count), none()]);
    }
    println!("instructions: per one-way message, one session");
    println!("  In short visits: a hundred sessions, each of which is visited for two messages.");
    println!("{D2}");
    table.print();
    print_parts()?;
    if is_checked && !passed.is_empty() {
        return Err(format!("too many instructions per message: {}", passed.join("; ")));
    }
    Ok(())
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
    let long = parts_of_a_message(Visits::Long)?;
    let short = parts_of_a_message(Visits::Short)?;
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

fn parts_of_a_message(visits: Visits) -> Result<BTreeMap<String, f64>, String> {
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

fn per_message(exchange: Exchange, way: Way, visits: Visits) -> Result<f64, String> {
    let counts = [FEW, MANY].map(|messages| profile(exchange, way, visits, messages));
    let [few, many] = counts.map(|parts| parts.map(|parts| parts.values().sum::<u64>()));
    Ok((many? - few?) as f64 / (MANY - FEW) as f64)
}

/// The instructions of a whole run of this program.
fn profile(exchange: Exchange, way: Way, visits: Visits, messages: u64) -> Result<Parts, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let file = std::env::temp_dir().join(format!("telltale-callgrind-{}", std::process::id()));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args(["run", &exchange.name(), &way.name(), &messages.to_string()])
        .args((visits == Visits::Short).then_some("--short-visits"))
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
        Ok(profile) if output.status.success() => Ok(parts::read(&profile)),
        _ => Err(format!("`valgrind` has counted nothing:\n{report}")),
    }
}
