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
    let mut table = Table::new(["", "sessions", "taken", "written", "read", "resumed", "bytes"]);
    let mut plain = Table::new([
        "", "sessions", "written", "read", "bytes", "as JSON", "read", "bytes", "copied",
    ]);
    for sessions in effort.either([1_000, 10_000, 100_000], [10, 20, 40]) {
        row::<PingPong>(&mut table, "ping-pong", effort, sessions);
        plain_row::<PingPong>(&mut plain, "ping-pong", effort, sessions);
    }
    for sessions in effort.either([1_000, 10_000, 100_000], [10, 20, 40]) {
        row::<Ring10>(&mut table, "ring-10", effort, sessions);
        plain_row::<Ring10>(&mut plain, "ring-10", effort, sessions);
    }
    table.print();
    println!(
        "plain: the same for as much data in structs that derive what serde needs, without a checksum"
    );
    println!(
        "  Written and read by `postcard`, which snapshots use as well, and as JSON by `serde_json`. Copied: the bytes of the"
    );
    println!("  snapshot, into memory that is new.");
    plain.print();
}

fn row<W: Workload>(table: &mut Table, name: &str, effort: Effort, sessions: usize) {
    let vm = waiting::<W>(sessions);
    let mut costs: [Vec<f64>; 4] = Default::default();
    let mut size = 0;
    for _ in 0..effort.samples.min(7) {
        let mut timed = Timed { costs: costs.iter_mut(), sessions };
        let snapshot = timed.call(|| vm.snapshot().expect("payloads are numbers"));
        let bytes = timed.call(|| snapshot.to_bytes());
        let read = timed.call(|| Snapshot::from_bytes(&bytes).expect("they are ours"));
        let resumed = timed.call(|| read.resume([W::image()]).expect("they fit"));
        assert_eq!(resumed.open_sessions(), sessions, "sessions are missing");
        size = bytes.len();
    }
    let costs = costs.map(|costs| number(median(costs)));
    let first = [grouped(sessions as f64)].into_iter();
    table.row(name, first.chain(costs).chain([each(size, sessions)]));
}

fn plain_row<W: Workload>(table: &mut Table, name: &str, effort: Effort, sessions: usize) {
    let snapshot = waiting::<W>(sessions).snapshot().expect("payloads are numbers").to_bytes();
    let plain: Vec<Plain> = (0..sessions as u64).map(|number| Plain::of::<W>(number)).collect();
    let mut costs: [Vec<f64>; 5] = Default::default();
    let (mut compact_size, mut json_size) = (0, 0);
    for _ in 0..effort.samples.min(7) {
        let mut timed = Timed { costs: costs.iter_mut(), sessions };
        let compact = timed.call(|| postcard::to_allocvec(&plain).expect("there is room"));
        let read = timed.call(|| postcard::from_bytes::<Vec<Plain>>(&compact));
        black_box(read.expect("they are ours"));
        let json = timed.call(|| serde_json::to_vec(&plain).expect("there is room"));
        let read = timed.call(|| serde_json::from_slice::<Vec<Plain>>(&json));
        black_box(read.expect("they are ours"));
        black_box(timed.call(|| black_box(&snapshot).clone()));
        (compact_size, json_size) = (compact.len(), json.len());
    }
    let [written, read, as_json, json_read, copied] = costs.map(|costs| number(median(costs)));
    let sizes = [compact_size, json_size].map(|size| each(size, sessions));
    let [compact_size, json_size] = sizes;
    let cells = [written, read, compact_size, as_json, json_read, json_size, copied];
    table.row(name, [grouped(sessions as f64)].into_iter().chain(cells));
}

/// What one of so many sessions has of it.
fn each(size: usize, sessions: usize) -> String {
    number(size as f64 / sessions as f64)
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
