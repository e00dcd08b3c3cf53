//! What it costs to record everything.

use std::hint::black_box;
use std::time::Instant;

use telltale_vm::{EffectHandler, Recording};

use super::D2;
use crate::contender::Visits;
use crate::measure::{self, Effort, per};
use crate::ours;
use crate::table::{Table, goal, number};
use crate::tally::Counter;
use crate::workload::ping_pong::{Handler, Logbook, TypedPair};
use crate::workload::{PingPong, Typed, Workload};

/// How many nanoseconds recording may add to a message.
const GOAL: f64 = 8.0;

pub fn print(effort: Effort) {
    println!("trace: nanoseconds per message of ping-pong, one session, fresh for every sample");
    println!("{D2}");
    let messages = effort.messages;
    let costs = measure::by_turns(
        &mut [
            &mut || by_hand(messages, false),
            &mut || by_hand(messages, true),
            &mut || by_vm(messages, Recording::Off),
            &mut || by_vm(messages, Recording::Full),
        ],
        effort.samples,
    );
    let mut table = Table::new(["", "off", "on", "more", "goal"]);
    let [hand, hand_logged, vm, vm_traced] = costs[..] else { unreachable!("four samplers") };
    let more = hand_logged - hand;
    table.row("D2, a log", [number(hand), number(hand_logged), number(more)]);
    let more = vm_traced - vm;
    table.row(
        "handler, full trace",
        [number(vm), number(vm_traced), number(more), goal(more, GOAL, number)],
    );
    table.print();
}

fn by_hand(messages: u64, is_logged: bool) -> f64 {
    let counter = Counter::default();
    let handler: &dyn Handler<u64> = black_box(&counter);
    let mut pair = <TypedPair>::default();
    let mut log = Logbook::new(0);
    let laps = messages / <PingPong>::LAP;
    let start = Instant::now();
    let ran = if is_logged {
        (0..laps).try_for_each(|_| pair.logged_lap(handler, &mut log))
    } else {
        (0..laps).try_for_each(|_| pair.lap(handler))
    };
    let time = start.elapsed();
    ran.expect("no failures");
    if is_logged {
        let sent = counter.sent() as usize;
        // The last pong is on its way.
        assert_eq!(black_box(&log).counts(), (sent, sent - 1), "the log is not complete");
    }
    per(time, counter.sent())
}

fn by_vm(messages: u64, recording: Recording) -> f64 {
    let counter = Counter::default();
    let handler: &dyn EffectHandler = black_box(&counter);
    let visits = Visits::one_session();
    let mut vm = ours::vm(visits, recording);
    vm.load_choreography(<PingPong>::image()).expect("room");
    let start = Instant::now();
    vm.run(handler, visits.rounds_for(messages) as usize).expect("no faults");
    let time = start.elapsed();
    if recording == Recording::Full {
        let events = vm.trace().len() as u64;
        let effects: u64 = vm.coroutines().map(|coroutine| coroutine.effects()).sum();
        assert_eq!(events, effects + 1, "there is an event for the opening and for each effect");
    }
    per(time, counter.sent())
}
