//! Whatever holds a value when a session ends drops it, once; and a value that panics when it is dropped
//! harms nobody.

mod giver;
mod objects;
mod places;

use std::panic::{AssertUnwindSafe, catch_unwind};

use giver::{Giver, WhenTold};
use places::{Held, PLACES};
use telltale_conformance::by_hand::moody::Moody;
use telltale_conformance::by_hand::parts::GAME;
use telltale_vm::{SessionStatus, VM, VMError};

/// How a session ends in which values are held.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It is cancelled.
    Cancel,
    /// It is closed.
    Close,
    /// Everybody goes on, and whoever is told something fails.
    Fault,
    /// Everybody goes on, and whoever is told something fails with an error that holds a value.
    Error,
    /// Everybody goes on, and whoever is told something panics with a value.
    Panic,
    /// Everybody goes on to the end.
    GoOn,
    /// Its machine is dropped.
    DropMachine,
}

const ENDS: [End; 7] =
    [End::Cancel, End::Close, End::Fault, End::Error, End::Panic, End::GoOn, End::DropMachine];

#[test]
fn every_value_is_dropped_once() {
    let failures = failures(false);
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn no_panic_of_a_value_leaves_the_machine() {
    let failures = failures(true);
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn failures(are_bombs: bool) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, place) in PLACES {
        for end in ENDS {
            let giver = Giver::new(are_bombs);
            let (census, errors) = (giver.census.clone(), giver.errors.clone());
            let done = catch_unwind(AssertUnwindSafe(|| ended(place(giver), end)));
            let wrong = match done {
                Err(_) => Err("a panic leaves the machine".to_owned()),
                Ok(done) => done,
            };
            // Without the machine nothing is left, even where it has panicked.
            let left = census.alive() + errors.alive();
            let wrong = wrong.err().or_else(|| (left != 0).then(|| format!("{left} are left")));
            failures.extend(wrong.map(|wrong| format!("{name}, {end:?}: {wrong}")));
        }
    }
    failures
}

/// Ends a session, looks whether it has dropped everything and whether the machine is as good as before.
fn ended(held: Held, end: End) -> Result<(), String> {
    let Held { mut vm, session, mut giver } = held;
    match end {
        End::Cancel => unless_stale(vm.cancel(session, "enough"))?,
        End::Close => unless_stale(vm.close(session))?,
        End::Fault => giver.when_told = WhenTold::Fail,
        End::Error => giver.when_told = WhenTold::FailWithValue,
        End::Panic => giver.when_told = WhenTold::Panic,
        End::GoOn => {}
        End::DropMachine => {
            drop(vm);
            return Ok(());
        }
    }
    let census = giver.census.clone();
    finish(&mut vm, giver);
    if vm.open_sessions() > 0 {
        return Err(format!("it goes on: {vm}"));
    }
    if census.alive() != 0 {
        return Err(format!("{} are left when it has ended", census.alive()));
    }
    let game = vm.load_choreography(&GAME).map_err(|error| error.to_string())?;
    vm.run(&Moody::calm(1), 100).map_err(|error| error.to_string())?;
    match vm.status(game) {
        Ok(SessionStatus::Closed) => Ok(()),
        status => Err(format!("the next session is {status:?}")),
    }
}

/// Gives everybody what they wait for. The handler and what it knows are gone afterwards.
fn finish(vm: &mut VM, mut giver: Giver) {
    giver.calm_down();
    for role in ["A", "B", "Guest0", "Guest1"] {
        vm.resume(role);
    }
    for _ in 0..10 {
        drop(vm.run(&giver, 100));
        let waiting = vm.coroutines().map(|role| (role.session_id(), role.role().to_owned()));
        let waiting: Vec<_> = waiting.collect();
        for (session, role) in waiting {
            drop(vm.wake(session, &role));
        }
        let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
        for session in sessions {
            for message in vm.take_deferred(session).unwrap_or_default() {
                drop(vm.inject(session, giver::harmless(message)));
            }
        }
    }
}

/// A session may have ended before it is ended.
fn unless_stale(done: Result<(), VMError>) -> Result<(), String> {
    match done {
        Ok(()) | Err(VMError::StaleSession { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
