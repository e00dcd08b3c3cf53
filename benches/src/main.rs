//! What a message costs on the VM, beside state machines written by hand.
//!
//! `cargo run --release` prints a table of medians and ratios. With `--quick` the numbers mean little,
//! but everything has run.

mod count;
mod hand;
mod measure;
mod ours;

use hand::{Handler, Plain, Typed};
use measure::{Contender, medians};
use telltale_vm::{Recording, VM};

#[global_allocator]
static ALLOCATOR: count::Counting = count::Counting;

impl Handler for ours::Counter {
    #[inline(never)]
    fn ping(&self) -> u64 {
        self.take()
    }

    #[inline(never)]
    fn on_ping(&self, ping: u64) {
        self.add(ping);
    }

    #[inline(never)]
    fn pong(&self) -> u64 {
        self.take()
    }

    #[inline(never)]
    fn on_pong(&self, pong: u64) {
        self.add(pong);
    }
}

fn main() {
    if let Some(mode) = std::env::args().nth(1).filter(|a| a.starts_with("count")) {
        let image = ours::image();
        let handler = ours::Counter::default();
        let n = 1_000_000u64;
        if mode == "count-d2" {
            let mut t = Typed::new();
            let h: &dyn Handler = std::hint::black_box(&handler);
            for _ in 0..n / 2 { t.round(h); }
        } else {
            let mut vm = ours::vm(&image, 1, Recording::Off, 64);
            run(&mut vm, &handler, n);
        }
        return;
    }
    let quick = std::env::args().any(|arg| arg == "--quick");
    let messages = if quick { 20_000 } else { 4_000_000 };
    println!("ping-pong, payload u64: nanoseconds per message (median of 15), ratio to D2");
    println!("{:>10} {:>10} {:>10} {:>14} {:>14}", "sessions", "D1", "D2", "VM, no trace", "VM, quantum 4");
    let most = if quick { 10_000 } else { 1_000_000 };
    for sessions in [1, 10_000, 1_000_000].into_iter().filter(|&n| n <= most) {
        ping_pong(sessions, messages.max(sessions as u64 * 4));
    }
    traced(messages.min(400_000));
    costs();
}

fn ping_pong(sessions: usize, messages: u64) {
    let image = ours::image();
    let handler = ours::Counter::default();
    let mut plain: Vec<Plain> = (0..sessions).map(|_| Plain::new()).collect();
    let mut typed: Vec<Typed> = (0..sessions).map(|_| Typed::new()).collect();
    let mut vm = ours::vm(&image, sessions, Recording::Off, 64);
    let mut short = ours::vm(&image, sessions, Recording::Off, 4);
    let rounds = |messages: u64| messages.div_ceil(2 * sessions as u64);
    let mut contenders = [
        Contender {
            name: "D1",
            exchange: Box::new(|messages| {
                for _ in 0..rounds(messages) {
                    plain.iter_mut().for_each(Plain::round);
                }
                std::hint::black_box(plain[0].sum());
                rounds(messages) * 2 * sessions as u64
            }),
        },
        Contender {
            name: "D2",
            exchange: Box::new(|messages| {
                // As in a program whose handler is not known where the state machine is compiled.
                let handler: &dyn Handler = std::hint::black_box(&handler);
                for _ in 0..rounds(messages) {
                    typed.iter_mut().for_each(|pair| pair.round(handler));
                }
                rounds(messages) * 2 * sessions as u64
            }),
        },
        Contender { name: "VM", exchange: Box::new(|n| run(&mut vm, &handler, n)) },
        Contender { name: "VM 4", exchange: Box::new(|n| run(&mut short, &handler, n)) },
    ];
    let costs = medians(&mut contenders, messages);
    let cell = |at: usize| format!("{:.1} ({:.2})", costs[at], costs[at] / costs[1]);
    println!("{sessions:>10} {:>10.1} {:>10.1} {:>14} {:>14}", costs[0], costs[1], cell(2), cell(3));
}

/// Runs about so many messages; an instruction is half of one.
fn run(vm: &mut VM, handler: &ours::Counter, messages: u64) -> u64 {
    let per_round = vm.open_sessions() as u64 * u64::from(vm.config().quantum) / 2;
    let start = handler.next.load(std::sync::atomic::Ordering::Relaxed);
    vm.run(handler, messages.div_ceil(per_round) as usize).expect("no faults");
    handler.next.load(std::sync::atomic::Ordering::Relaxed) - start
}

fn traced(messages: u64) {
    let image = ours::image();
    let handler = ours::Counter::default();
    let mut contenders = [Recording::Off, Recording::Full].map(|recording| Contender {
        name: "VM",
        exchange: Box::new({
            let (image, handler) = (&image, &handler);
            move |n| run(&mut ours::vm(image, 1, recording, 64), handler, n)
        }),
    });
    let costs = medians(&mut contenders, messages);
    println!("full trace: {:.1} ns on top of {:.1}", costs[1] - costs[0], costs[0]);
}

fn costs() {
    let image = ours::image();
    let handler = ours::Counter::default();
    let before = count::bytes();
    let sessions = 100_000;
    let mut vm = ours::vm(&image, sessions, Recording::Off, 64);
    println!("bytes per session: {:.0}", (count::bytes() - before) as f64 / sessions as f64);
    run(&mut vm, &handler, 1_000);
    let before = count::calls();
    let messages = run(&mut vm, &handler, 1_000_000);
    println!("allocations per message: {}", (count::calls() - before) as f64 / messages as f64);
    println!("image: {} bytes", image.size());
}
