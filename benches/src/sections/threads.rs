//! What two threads are worth.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use telltale_vm::{NoHandler, Progress, Recording, ThreadedVM, VMConfig};

use crate::contender::Visits;
use crate::measure::{self, Effort, per};
use crate::table::{Table, goal, goal_at_least, grouped, none, number, times};
use crate::tally::Counter;
use crate::ways::{Exchange, Way};
use crate::workload::load::{self, Load};

/// How many times as fast two threads are as one, with even sessions.
const EVEN: f64 = 1.9;
/// The same with uneven ones.
const UNEVEN: f64 = 1.8;
/// The same with sessions that are hardly more than opened and closed, which one thread does.
const LIGHT: f64 = 1.5;
/// How many microseconds a run may take that has next to nothing to do.
const SMALL_RUN: f64 = 5.0;

/// A sample has so many times the messages of others, since waking a thread takes its time.
const MORE: u64 = 50;

pub fn print(effort: Effort) {
    exchanges(effort);
    loads(effort);
    small_runs(effort);
}

fn exchanges(effort: Effort) {
    println!(
        "threads: nanoseconds per message among so many sessions on one thread and on two, and how"
    );
    println!(
        "  many times as fast that is; long visits. D1, by hand, shows what two threads are worth on"
    );
    println!("  this machine; `ThreadedVM` has role objects.");
    let mut table = Table::new([
        "",
        "sessions",
        "D1",
        "two threads",
        "faster",
        "one of ours",
        "two of ours",
        "faster",
        "goal",
    ]);
    for (exchange, sessions) in
        [(Exchange::PingPong, 100), (Exchange::PingPong, 10_000), (Exchange::Ring10, 1_000)]
    {
        let visits = Visits { sessions, messages: 32 };
        let ways = [Way::D1, Way::D1Threads, Way::Worker, Way::Workers];
        let contenders = ways.into_iter().filter_map(|way| exchange.by(way, visits));
        let messages = effort.messages * effort.either(MORE, 1);
        let costs = measure::messages(contenders.collect(), messages, effort.samples.min(9));
        let &[d1, d1_threads, worker, workers] = &costs[..] else {
            unreachable!("every workload has these ways")
        };
        table.row(
            exchange.name(),
            [
                grouped(sessions as f64),
                number(d1),
                number(d1_threads),
                times(d1 / d1_threads),
                number(worker),
                number(workers),
                times(worker / workers),
                goal_at_least(worker / workers, EVEN, times),
            ],
        );
    }
    table.print();
}

/// Sessions from their opening to their end, however uneven they are.
fn loads(effort: Effort) {
    println!(
        "loads: milliseconds from opening to end, on one thread and on two. By hand: the same work without"
    );
    println!("  sessions, in two shares that are exactly even. The light sessions only count.");
    let mut table =
        Table::new(["", "by hand", "two", "faster", "one thread", "two", "faster", "goal"]);
    let sessions = effort.either(4_000, 40);
    let loads = [
        ("even", Load::even(sessions, 100), EVEN),
        ("half of all in one session", Load::half_in_one(sessions, 50), UNEVEN),
        ("long and short by turns", Load::by_turns(sessions, 10, 190), UNEVEN),
    ];
    for (name, load, least) in loads {
        let by_hand = |threads| {
            let start = Instant::now();
            load.by_hand(threads);
            milliseconds(start.elapsed())
        };
        let costs = measure::by_turns(
            &mut [&mut || by_hand(1), &mut || by_hand(2), &mut || with_work(&load, 1), &mut || {
                with_work(&load, 2)
            }],
            effort.samples,
        );
        let [hand, hands, one, two] = costs[..] else { unreachable!("four samplers") };
        let faster = one / two;
        table.row(
            name,
            [
                number(hand),
                number(hands),
                times(hand / hands),
                number(one),
                number(two),
                times(faster),
                goal_at_least(faster, least, times),
            ],
        );
    }
    let sessions = effort.either(100_000, 100);
    let (mut one, mut two) = (vm(1), vm(2));
    let costs = measure::by_turns(
        &mut [&mut || light(&mut one, sessions), &mut || light(&mut two, sessions)],
        effort.samples,
    );
    let [one, two] = costs[..] else { unreachable!("two samplers") };
    table.row(
        format!("{} light sessions", grouped(sessions as f64)),
        [none(), none(), none(), number(one), number(two), times(one / two)]
            .into_iter()
            .chain([goal_at_least(one / two, LIGHT, times)]),
    );
    table.print();
}

/// A run of one round, in which a few sessions act or none does.
fn small_runs(effort: Effort) {
    println!("small runs: microseconds per `run(_, 1)` of two threads");
    let mut table = Table::new(["sessions that can act", "time", "goal"]);
    for sessions in [0, 1, 16] {
        let mut vm = vm(2);
        let counter = Counter::default();
        (0..sessions).for_each(|_| _ = vm.load_choreography(Exchange::PingPong.image()));
        let runs = effort.either(20_000, 20);
        let sample = || {
            let start = Instant::now();
            (0..runs).for_each(|_| _ = vm.run(&counter, 1).expect("no faults"));
            per(start.elapsed(), runs) / 1_000.0
        };
        let [cost] = measure::by_turns(&mut [&mut { sample }], effort.samples)[..] else {
            unreachable!("one sampler")
        };
        table.row(grouped(sessions as f64), [number(cost), goal(cost, SMALL_RUN, number)]);
    }
    table.print();
}

fn vm(threads: usize) -> ThreadedVM {
    let config = VMConfig { recording: Recording::Off, ..VMConfig::default() };
    ThreadedVM::new(config, NonZeroUsize::new(threads).expect("at least one"))
}

fn with_work(load: &Load, threads: usize) -> f64 {
    // The number of a session says how much it has to do, and starts anew with the machine.
    let mut vm = vm(threads);
    let start = Instant::now();
    load.0.iter().for_each(|_| _ = vm.load_choreography(load::image()).expect("room"));
    assert_eq!(vm.run(load, usize::MAX).expect("no faults"), Progress::Complete);
    milliseconds(start.elapsed())
}

fn light(vm: &mut ThreadedVM, sessions: usize) -> f64 {
    let start = Instant::now();
    (0..sessions).for_each(|_| load::open_light(vm));
    assert_eq!(vm.run(&NoHandler, usize::MAX).expect("no faults"), Progress::Complete);
    milliseconds(start.elapsed())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
