//! What it costs to open a session.

use std::hint::black_box;
use std::time::Instant;

use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, Progress,
    Recording, RoleId, SessionId, VM, VMConfig, Value,
};

use super::D2;
use crate::count;
use crate::measure::{self, Effort, median, per};
use crate::table::{Table, goal, grouped, none, number};
use crate::workload::{PingPong, Ring10, Workload};

/// Nanoseconds in memory that is new to the VM.
const FRESH_GOAL: f64 = 100.0;
/// Nanoseconds in memory of a session that has ended.
const REUSED_GOAL: f64 = 25.0;
const ALLOCATIONS_GOAL: f64 = 1.0;

pub fn print(effort: Effort) {
    println!("opening: nanoseconds to open a session of a static image, with so many open");
    println!(
        "  Fresh: in memory that is new to the VM. Reused: after as many sessions have ended."
    );
    println!("{D2}");
    let mut table = Table::new([
        "",
        "open",
        "fresh",
        "goal",
        "reused",
        "goal",
        "allocations",
        "goal",
        "D2 constructed",
    ]);
    let batch = effort.either(20_000, 100);
    for open in effort.either([0, 10_000, 1_000_000], [0, 100, 1_000]) {
        row::<PingPong>(&mut table, "ping-pong", effort, open, batch);
    }
    // A million of rings would take a gigabyte.
    for open in effort.either([0, 10_000, 100_000], [0, 100, 1_000]) {
        row::<Ring10>(&mut table, "ring-10", effort, open, batch);
    }
    table.print();
}

fn row<W: Workload>(table: &mut Table, name: &str, effort: Effort, open: usize, batch: usize) {
    let (mut fresh, mut reused, mut allocations) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.samples {
        let mut vm = with_open::<W>(open);
        let before = count::calls();
        let mut sessions = Vec::with_capacity(batch);
        fresh.push(open_batch::<W>(&mut vm, batch, |session| sessions.push(session)));
        allocations.push((count::calls() - before) as f64 / batch as f64);
        settle(&mut vm);
        for session in sessions {
            vm.cancel(session, "measured").expect("it is open");
        }
        reused.push(open_batch::<W>(&mut vm, batch, |_| ()));
        assert_eq!(vm.open_sessions(), open.max(1) + batch, "sessions are missing");
    }
    let by_hand = measure::by_turns(&mut [&mut || construct::<W>(batch)], effort.samples)[0];
    let [fresh, reused, allocations] = [fresh, reused, allocations].map(median);
    table.row(
        name,
        [
            grouped(open as f64),
            number(fresh),
            goal(fresh, FRESH_GOAL, number),
            number(reused),
            goal(reused, REUSED_GOAL, number),
            number(allocations),
            goal(allocations, ALLOCATIONS_GOAL, number),
            if open == 0 { number(by_hand) } else { none() },
        ],
    );
}

/// A VM that has linked the image and in which so many sessions are open and wait.
fn with_open<W: Workload>(open: usize) -> VM {
    let mut vm = VM::new(VMConfig { recording: Recording::Off, ..VMConfig::default() });
    for _ in 0..open.max(1) {
        vm.load_choreography(W::image()).expect("room");
    }
    settle(&mut vm);
    vm
}

/// Lets every session come to where it waits for the host.
fn settle(vm: &mut VM) {
    vm.run(&Later, usize::MAX).expect("no faults");
    assert_eq!(vm.progress(), Progress::Waiting);
}

/// Has no answer yet.
struct Later;

impl EffectHandler for Later {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Err(HandlerError::pending())
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Err(HandlerError::pending())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::pending())
    }
}

fn open_batch<W: Workload>(vm: &mut VM, batch: usize, mut keep: impl FnMut(SessionId)) -> f64 {
    let image = W::image();
    let start = Instant::now();
    for _ in 0..batch {
        keep(vm.load_choreography(image).expect("room"));
    }
    per(start.elapsed(), batch as u64)
}

/// What it costs to make the structs of the version by hand.
fn construct<W: Workload>(batch: usize) -> f64 {
    let mut sessions: Vec<W::Typed> = Vec::with_capacity(batch);
    let start = Instant::now();
    sessions.extend((0..batch).map(|_| W::Typed::default()));
    let time = start.elapsed();
    black_box(&sessions);
    per(time, batch as u64)
}
