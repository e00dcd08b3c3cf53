//! What it costs to write sessions down and to resume them.

use std::hint::black_box;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use telltale_vm::snapshot::Snapshot;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, Recording,
    RoleId, VM, VMConfig, Value,
};

use crate::measure::{Effort, median, per};
use crate::table::{Table, grouped, number};
use crate::workload::{PingPong, Ring10, Workload};

pub fn print(effort: Effort) {
    println!("snapshots: nanoseconds per session, of so many sessions that wait in the middle");
    println!(
        "  Taken: `VM::snapshot`. Written: `to_bytes`, with its checksum. Read: `from_bytes`. Resumed: `resume`, with all checks."
    );
    println!(
        "  Plain: as much data in structs of its own, written and read by the same format, without a checksum."
    );
    let mut table = Table::new([
        "",
        "sessions",
        "taken",
        "written",
        "read",
        "resumed",
        "bytes",
        "plain written",
        "plain read",
        "bytes",
    ]);
    for sessions in effort.either([1_000, 10_000, 100_000], [10, 20, 40]) {
        row::<PingPong>(&mut table, "ping-pong", effort, sessions);
    }
    for sessions in effort.either([1_000, 10_000, 100_000], [10, 20, 40]) {
        row::<Ring10>(&mut table, "ring-10", effort, sessions);
    }
    table.print();
}

fn row<W: Workload>(table: &mut Table, name: &str, effort: Effort, sessions: usize) {
    let vm = waiting::<W>(sessions);
    let plain: Vec<Plain> = (0..sessions as u64).map(|number| Plain::of::<W>(number)).collect();
    let mut costs: [Vec<f64>; 6] = Default::default();
    let (mut size, mut plain_size) = (0, 0);
    for _ in 0..effort.samples.min(7) {
        let mut timed = Timed { costs: costs.iter_mut(), sessions };
        let snapshot = timed.call(|| vm.snapshot().expect("payloads are numbers"));
        let bytes = timed.call(|| snapshot.to_bytes());
        let read = timed.call(|| Snapshot::from_bytes(&bytes).expect("they are ours"));
        let resumed = timed.call(|| read.resume([W::image()]).expect("they fit"));
        assert_eq!(resumed.open_sessions(), sessions, "sessions are missing");
        let plain_bytes = timed.call(|| postcard::to_allocvec(&plain).expect("there is room"));
        let again: Vec<Plain> =
            timed.call(|| postcard::from_bytes(&plain_bytes).expect("they are ours"));
        black_box(again);
        (size, plain_size) = (bytes.len(), plain_bytes.len());
    }
    let [taken, written, read, resumed, plain_written, plain_read] =
        costs.map(|costs| number(median(costs)));
    let each = |size: usize| number(size as f64 / sessions as f64);
    let cells = [taken, written, read, resumed, each(size), plain_written, plain_read];
    let cells = cells.into_iter().chain([each(plain_size)]);
    table.row(name, [grouped(sessions as f64)].into_iter().chain(cells));
}

/// Puts down what calls cost, one after the other.
struct Timed<'a> {
    costs: std::slice::IterMut<'a, Vec<f64>>,
    sessions: usize,
}

impl Timed<'_> {
    fn call<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = call();
        let cost = per(start.elapsed(), self.sessions as u64);
        self.costs.next().expect("there is a place for each call").push(cost);
        result
    }
}

/// Sessions of which each has a message on its way, and waits for its handler.
fn waiting<W: Workload>(sessions: usize) -> VM {
    let mut vm = VM::new(VMConfig { recording: Recording::Off, ..VMConfig::default() });
    for _ in 0..sessions {
        vm.load_choreography(W::image()).expect("room");
    }
    vm.run(&SendsOnly, usize::MAX).expect("no faults");
    vm
}

/// Sends at once, and takes nothing yet.
struct SendsOnly;

impl EffectHandler for SendsOnly {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Uint(cx.seed()))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Err(HandlerError::pending())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::pending())
    }
}

/// What there is to know of such a session.
#[derive(Serialize, Deserialize)]
struct Plain {
    number: u64,
    roles: Vec<(u32, u64, u8)>,
    messages: Vec<(u8, u8, u16, u64)>,
}

impl Plain {
    fn of<W: Workload>(number: u64) -> Self {
        let roles = W::image().names().role_count() as u32;
        let roles = (0..roles).map(|role| (role, 1, 1)).collect();
        Self { number, roles, messages: vec![(0, 1, 0, number << 40)] }
    }
}
