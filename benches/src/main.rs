//! What a message costs on the VM, beside state machines written by hand.
//!
//! - `cargo run --release` prints medians and ratios.
//! - `cargo run --release -- --quick` does the same with so few messages that the numbers mean little,
//!   but everything has run.
//! - `cargo run --release -- --only vm` exchanges a million messages in one way and prints nothing, for
//!   `valgrind --tool=callgrind` and other profilers; `vm`, `roles`, `trace` and `d2` are the ways.

mod count;
mod hand;
mod measure;
mod ours;
mod roles;

use std::hint::black_box;

use hand::{Handler, Plain, Typed};
use measure::{Contender, medians};
use telltale_vm::{NoHandler, Recording, VM};

#[global_allocator]
static ALLOCATOR: count::Counting = count::Counting;

impl Handler for ours::Counter {
    fn ping(&self) -> u64 {
        self.take()
    }

    fn on_ping(&self, ping: u64) {
        self.add(ping);
    }

    fn pong(&self) -> u64 {
        self.take()
    }

    fn on_pong(&self, pong: u64) {
        self.add(pong);
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table(4_000_000, 1_000_000),
        ["--quick"] => table(20_000, 10_000),
        ["--only", way] => only(way, 1_000_000),
        _ => println!("usage: cargo run --release [-- --quick | --only vm|roles|trace|d2]"),
    }
}

fn table(messages: u64, most_sessions: usize) {
    println!("ping-pong, payload u64: nanoseconds per message (median of 15), ratio to D2");
    println!(
        "D1: written by hand, queues of numbers; D2: messages an enum, payloads from a `&dyn` handler\n"
    );
    let header = ["sessions", "D1", "D2", "handler", "handler, 4", "role objects"];
    println!(
        "{:>9} {:>8} {:>8} {:>15} {:>15} {:>15}",
        header[0], header[1], header[2], header[3], header[4], header[5]
    );
    for sessions in [1, 100, 10_000, 1_000_000].into_iter().filter(|&n| n <= most_sessions) {
        ping_pong(sessions, messages.max(sessions as u64 * 4));
    }
    println!();
    traced(messages.min(400_000));
    costs();
}

/// One row: `handler, 4` executes four instructions per visit of a session, the others 64.
fn ping_pong(sessions: usize, messages: u64) {
    let image = ours::image();
    let handler = ours::Counter::default();
    let mut plain: Vec<Plain> = (0..sessions).map(|_| Plain::new()).collect();
    let mut typed: Vec<Typed> = (0..sessions).map(|_| Typed::new()).collect();
    let mut vm = ours::vm(&image, sessions, Recording::Off, 64);
    let mut short = ours::vm(&image, sessions, Recording::Off, 4);
    let mut objects = roles::vm(sessions);
    let rounds = |messages: u64| messages.div_ceil(2 * sessions as u64);
    let mut contenders = [
        Contender::new(|messages| {
            for _ in 0..rounds(messages) {
                plain.iter_mut().for_each(Plain::round);
            }
            black_box(plain[0].sum());
            rounds(messages) * 2 * sessions as u64
        }),
        Contender::new(|messages| {
            // As in a program whose handler is not known where the state machine is compiled.
            let handler: &dyn Handler = black_box(&handler);
            for _ in 0..rounds(messages) {
                typed.iter_mut().for_each(|pair| pair.round(handler));
            }
            rounds(messages) * 2 * sessions as u64
        }),
        Contender::new(|messages| run(&mut vm, &handler, messages)),
        Contender::new(|messages| run(&mut short, &handler, messages)),
        Contender::new(|messages| run_roles(&mut objects, messages)),
    ];
    let costs = medians(&mut contenders, messages);
    let cell = |at: usize| format!("{:.1} ({:.2}×)", costs[at], costs[at] / costs[1]);
    println!(
        "{sessions:>9} {:>8.1} {:>8.1} {:>15} {:>15} {:>15}",
        costs[0],
        costs[1],
        cell(2),
        cell(3),
        cell(4)
    );
}

/// Runs about so many messages, each of which is two instructions; gives how many it were.
fn run(vm: &mut VM, handler: &ours::Counter, messages: u64) -> u64 {
    let before = handler.sent();
    vm.run(handler, rounds_for(vm, messages)).expect("no faults");
    handler.sent() - before
}

/// The same with role objects, which take no notes: every instruction of a round is executed.
fn run_roles(vm: &mut VM, messages: u64) -> u64 {
    let rounds = rounds_for(vm, messages);
    vm.run(&NoHandler, rounds).expect("no faults");
    rounds as u64 * per_round(vm)
}

fn rounds_for(vm: &VM, messages: u64) -> usize {
    messages.div_ceil(per_round(vm)) as usize
}

fn per_round(vm: &VM) -> u64 {
    vm.open_sessions() as u64 * u64::from(vm.config().quantum) / 2
}

fn traced(messages: u64) {
    let image = ours::image();
    let handler = ours::Counter::default();
    let mut contenders = [Recording::Off, Recording::Full].map(|recording| {
        let (image, handler) = (&image, &handler);
        Contender::new(move |n| run(&mut ours::vm(image, 1, recording, 64), handler, n))
    });
    let costs = medians(&mut contenders, messages);
    println!("full trace: {:.1} ns more per message", costs[1] - costs[0]);
}

fn costs() {
    let image = ours::image();
    let handler = ours::Counter::default();
    let before = count::bytes();
    let sessions = 100_000;
    let mut vm = ours::vm(&image, sessions, Recording::Off, 64);
    println!("memory: {:.0} bytes per session", (count::bytes() - before) as f64 / sessions as f64);
    run(&mut vm, &handler, 1_000);
    let before = count::calls();
    let messages = run(&mut vm, &handler, 1_000_000);
    println!("allocations: {} per message", (count::calls() - before) as f64 / messages as f64);
    println!("image: {} bytes", image.size());
}

fn only(way: &str, messages: u64) {
    let image = ours::image();
    let handler = ours::Counter::default();
    match way {
        "vm" => drop(run(&mut ours::vm(&image, 1, Recording::Off, 64), &handler, messages)),
        "trace" => drop(run(&mut ours::vm(&image, 1, Recording::Full, 64), &handler, messages)),
        "roles" => drop(run_roles(&mut roles::vm(1), messages)),
        "d2" => {
            let mut pair = Typed::new();
            let handler: &dyn Handler = black_box(&handler);
            (0..messages / 2).for_each(|_| pair.round(handler));
        }
        _ => println!("there is no way `{way}`; `vm`, `roles`, `trace` and `d2` are the ways"),
    }
}
