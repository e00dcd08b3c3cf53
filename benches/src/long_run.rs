//! Very many sessions in one VM, with everything turned on: events go to a sink, a network delivers, role objects and a
//! handler play, answers are late, and channels are small. What was sent has arrived, and memory does not grow.

mod order;

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use telltale_vm::simulation::Observed;
use telltale_vm::{
    ChannelConfig, ChannelMode, Progress, Recording, SessionId, VM, VMConfig, WhenFull,
};

use self::order::{Clerk, due};
use crate::table::{Table, grouped, none, number};

/// How many sessions are alive at a time.
const ALIVE: usize = 10_000;

/// How often the state is written down.
const ROWS: u64 = 10;

/// How many times as large as after the first row the memory may be in the end.
const GROWTH: f64 = 1.1;

/// What was done, as all who take part have seen it.
#[derive(Default)]
struct Ledger {
    /// How many messages roles have received, and the sum of what they carried.
    messages: AtomicU64,
    sum: AtomicU64,
    /// How many messages the network was asked about.
    decided: AtomicU64,
    /// What the sink was told.
    sent: AtomicU64,
    received: AtomicU64,
    closed: AtomicU64,
    events: AtomicU64,
    /// How many answers were late.
    late: AtomicU64,
}

/// The VM is in one thread.
fn add(number: &AtomicU64, more: u64) {
    number.store(number.load(Relaxed) + more, Relaxed);
}

/// Runs so many sessions and prints what it took.
///
/// # Errors
///
/// When memory grows.
///
/// # Panics
///
/// When something was lost, or done twice.
pub fn run(sessions: u64) -> Result<(), String> {
    let start = Instant::now();
    let mut run = Run::new();
    let mut table = Table::new(["sessions", "messages", "seconds", "messages/s", "peak, MB"]);
    let mut peaks = Vec::new();
    for row in 1..=ROWS {
        run.open_until(sessions * row / ROWS);
        if row == ROWS {
            run.finish();
        }
        let (messages, seconds) =
            (run.ledger.messages.load(Relaxed) as f64, start.elapsed().as_secs_f64());
        let peak = peak();
        table.row(
            grouped(run.opened as f64),
            [
                grouped(messages),
                number(seconds),
                number(messages / seconds),
                peak.map_or_else(none, |peak| number(peak / 1e6)),
            ],
        );
        peaks.extend(peak);
    }
    run.check();
    println!(
        "long run: sessions of three roles in one VM, {} alive at a time",
        grouped(ALIVE as f64)
    );
    println!(
        "  A third has role objects, a third a handler, and a third both. Every event goes to a sink, a network"
    );
    println!("  is asked about every message, channels hold two, and some answers are late.");
    table.print();
    let [events, late] =
        [&run.ledger.events, &run.ledger.late].map(|number| grouped(number.load(Relaxed) as f64));
    println!("  {events} events, {late} late answers; all messages have arrived\n");
    match peaks[..] {
        [first, .., last] if last > first * GROWTH => Err(format!(
            "memory grows: from {} MB to {} MB",
            number(first / 1e6),
            number(last / 1e6)
        )),
        _ => Ok(()),
    }
}

/// A VM and what is known of its sessions.
struct Run {
    vm: VM,
    handler: Clerk,
    ledger: Arc<Ledger>,
    opened: u64,
    /// Sessions with a role object that will be late.
    late: HashMap<u64, SessionId>,
}

impl Run {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::default());
        let mut vm = VM::new(config());
        let seen = Arc::clone(&ledger);
        vm.record_to(move |event| {
            add(&seen.events, 1);
            match event.what {
                Observed::Sent { .. } => add(&seen.sent, 1),
                Observed::Received { .. } => add(&seen.received, 1),
                Observed::Closed => add(&seen.closed, 1),
                _ => {}
            }
        });
        let handler = Clerk::new(Arc::clone(&ledger));
        Self { vm, handler, ledger, opened: 0, late: HashMap::new() }
    }

    /// Whenever sessions end, others are opened, until there were so many.
    fn open_until(&mut self, sessions: u64) {
        while self.opened < sessions {
            while self.opened < sessions && self.vm.open_sessions() < ALIVE {
                self.open();
            }
            self.act();
        }
    }

    /// Until all have ended.
    fn finish(&mut self) {
        while self.vm.open_sessions() > 0 {
            self.act();
        }
        assert_eq!(self.vm.progress(), Progress::Complete);
    }

    fn act(&mut self) {
        self.vm.run(&self.handler, 1).expect("no faults");
        self.wake();
    }

    fn open(&mut self) {
        let nth = self.opened;
        let session = order::open(&mut self.vm, nth, &self.ledger);
        assert_eq!(session.ordinal(), nth, "sessions are numbered as they are opened");
        if order::is_late(nth) {
            self.late.insert(nth, session);
        }
        self.opened += 1;
    }

    /// The answers that were late are there now.
    fn wake(&mut self) {
        for session in self.handler.take_waiting() {
            self.vm.wake(session, "Clerk").expect("its handler was late");
        }
        for nth in order::take_waiting() {
            let session = self.late.remove(&nth).expect("it is known who is late");
            self.vm.wake(session, "Store").expect("its object was late");
        }
    }

    fn check(&self) {
        let Ledger { messages, sum, decided, sent, received, closed, .. } = &*self.ledger;
        let of = |number: &AtomicU64| number.load(Relaxed);
        let due = due(self.opened);
        assert_eq!((of(messages), of(sum)), due, "what was received is what was sent");
        assert_eq!([of(decided), of(sent), of(received)], [due.0; 3], "each message was seen once");
        assert_eq!(of(closed), self.opened, "every session has ended");
        assert!(self.late.is_empty(), "nobody waits for an answer");
    }
}

fn config() -> VMConfig {
    let growing = ChannelConfig {
        from: "Clerk".to_owned(),
        to: "Store".to_owned(),
        capacity: 1,
        when_full: WhenFull::Resize,
        mode: ChannelMode::Fifo,
    };
    VMConfig {
        capacity: 2,
        channels: vec![growing],
        max_buffered: 8,
        max_sessions: ALIVE,
        max_coroutines: 3 * ALIVE,
        quantum: 16,
        recording: Recording::Full,
        ..VMConfig::default()
    }
}

/// The most memory that this process has had, in bytes, where the system says so.
fn peak() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}
