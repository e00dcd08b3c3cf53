//! What a short session costs from its opening to its end.

use std::hint::black_box;
use std::time::Instant;

use telltale_vm::{EffectHandler, NoHandler, Progress, Recording, VM, VMConfig};

use super::D2;
use crate::count;
use crate::measure::{self, Effort, per};
use crate::table::{Table, goal, grouped, number, times};
use crate::workload::short::{Account, Books, Purchase, Scalar, Short, take_ledger};

pub fn print(effort: Effort) {
    println!(
        "mixes: nanoseconds per session that is opened, run to its end and closed, so many alive at a time"
    );
    println!("{D2}");
    println!("  It is constructed, run and dropped.");
    let mut table =
        Table::new(["", "alive", "D2", "handler", "/D2", "D2 objects", "role objects", "/objects"]);
    for alive in effort.either([1, 100, 10_000], [1, 10, 100]) {
        row::<Scalar>(&mut table, effort, alive);
    }
    for alive in effort.either([1, 100, 10_000], [1, 10, 100]) {
        row::<Purchase>(&mut table, effort, alive);
    }
    table.print();
    println!("machines: nanoseconds per session, one after the other, with role objects");
    println!("  D2 objects are boxed by hand. By default the last 65,536 events are recorded.");
    let mut table = Table::new([
        "",
        "D2 objects",
        "one VM",
        "/objects",
        "goal",
        "recorded",
        "/one VM",
        "goal",
        "a VM each",
        "/objects",
        "allocations",
    ]);
    machines::<Scalar>(&mut table, effort);
    machines::<Purchase>(&mut table, effort);
    table.print();
}

/// How many times as much as D2 a session may cost, and as one that is not recorded.
const GOALS: (f64, f64) = (1.3, 1.2);

/// One machine for all sessions, one that records, and one for each.
fn machines<S: Short>(table: &mut Table, effort: Effort) {
    let sessions = effort.either(40_000, 400);
    let (mut plain, mut default) = (vm(), VM::default());
    let costs = measure::by_turns(
        &mut [
            &mut || objects::<S>(sessions, 1),
            &mut || roles::<S>(&mut plain, sessions, 1),
            &mut || roles::<S>(&mut default, sessions, 1),
            &mut || a_vm_each::<S>(sessions),
        ],
        effort.samples,
    );
    let [objects, one, recorded, each] = costs[..] else { unreachable!("four samplers") };
    let calls = count::calls();
    a_vm_each::<S>(100);
    table.row(
        S::NAME,
        [
            number(objects),
            number(one),
            times(one / objects),
            goal(one / objects, GOALS.0, times),
            number(recorded),
            times(recorded / one),
            goal(recorded / one, GOALS.1, times),
            number(each),
            times(each / objects),
            number((count::calls() - calls) as f64 / 100.0),
        ],
    );
}

fn a_vm_each<S: Short>(sessions: u64) -> f64 {
    take_ledger();
    checked::<S>(sessions, || {
        for nth in 0..sessions {
            let mut vm = VM::default();
            S::open(&mut vm, nth);
            vm.run(&NoHandler, usize::MAX).expect("no faults");
        }
        take_ledger()
    })
}

fn row<S: Short>(table: &mut Table, effort: Effort, alive: usize) {
    let sessions = effort.either(40_000, 400);
    let turns = sessions / alive as u64;
    let (mut with_handler, mut with_roles) = (vm(), vm());
    let costs = measure::by_turns(
        &mut [
            &mut || typed::<S>(turns, alive),
            &mut || objects::<S>(turns, alive),
            &mut || handler::<S>(&mut with_handler, turns, alive),
            &mut || roles::<S>(&mut with_roles, turns, alive),
        ],
        effort.samples,
    );
    let [typed, objects, handler, roles] = costs[..] else { unreachable!("four samplers") };
    table.row(
        S::NAME,
        [
            grouped(alive as f64),
            number(typed),
            number(handler),
            times(handler / typed),
            number(objects),
            number(roles),
            times(roles / objects),
        ],
    );
}

fn vm() -> VM {
    VM::new(VMConfig { recording: Recording::Off, ..VMConfig::default() })
}

/// The cost of a session, and that all of them have done what they should.
fn checked<S: Short>(sessions: u64, run: impl FnOnce() -> Account) -> f64 {
    let start = Instant::now();
    let account = run();
    let cost = per(start.elapsed(), sessions);
    assert_eq!(account, S::due(sessions), "not what the sessions should have received");
    cost
}

fn typed<S: Short>(turns: u64, alive: usize) -> f64 {
    checked::<S>(turns * alive as u64, || {
        let books = Books::default();
        let handler = black_box(S::handler(&books));
        let mut sessions = Vec::with_capacity(alive);
        for _ in 0..turns {
            sessions.extend((0..alive).map(|_| S::Typed::default()));
            sessions
                .iter_mut()
                .try_for_each(|session| S::run_typed(session, handler))
                .expect("no failures");
            sessions.clear();
        }
        books.account()
    })
}

fn objects<S: Short>(turns: u64, alive: usize) -> f64 {
    take_ledger();
    checked::<S>(turns * alive as u64, || {
        let mut sessions = Vec::with_capacity(alive);
        for turn in 0..turns {
            let first = turn * alive as u64;
            sessions.extend((first..first + alive as u64).map(|nth| black_box(S::objects(nth))));
            sessions.iter_mut().try_for_each(S::run_objects).expect("no failures");
            sessions.clear();
        }
        take_ledger()
    })
}

fn handler<S: Short>(vm: &mut VM, turns: u64, alive: usize) -> f64 {
    checked::<S>(turns * alive as u64, || {
        let effects = S::Effects::default();
        let handler: &dyn EffectHandler = black_box(&effects);
        for _ in 0..turns {
            for _ in 0..alive {
                vm.load_choreography(S::image()).expect("room");
            }
            vm.run(handler, usize::MAX).expect("no faults");
        }
        assert_eq!(vm.progress(), Progress::Complete);
        effects.as_ref().account()
    })
}

fn roles<S: Short>(vm: &mut VM, turns: u64, alive: usize) -> f64 {
    take_ledger();
    checked::<S>(turns * alive as u64, || {
        for turn in 0..turns {
            let first = turn * alive as u64;
            (first..first + alive as u64).for_each(|nth| S::open(vm, nth));
            vm.run(&NoHandler, usize::MAX).expect("no faults");
        }
        assert_eq!(vm.progress(), Progress::Complete);
        take_ledger()
    })
}
