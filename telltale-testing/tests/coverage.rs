//! What tests have exercised of a protocol, and how that is said.

use std::error::Error;

use telltale_testing::{Coverage, CoverageError, Random, Schedule, Script, lose_each_message};
use telltale_vm::{ByHandler, ChannelMode, Recording, VM, VMConfig, choreography};

choreography! {
    /// A guest orders, and the bar serves or is out of it.
    pub protocol Coffee(Guest, Bar) {
        Guest -> Bar: Order(String);
        choice Answer at Bar {
            Bar -> Guest: Serve(u32);
        } or {
            Bar -> Guest: SoldOut;
        }
    }

    /// As many cups as somebody wants, while something else is paid for.
    pub protocol Evening(Guest, Bar) {
        par {
            loop { choice Pour at Bar { Bar -> Guest: Cup(u32); } or { Bar -> Guest: Closed; break; } }
        } and {
            Guest -> Bar: Pay(u32);
        }
    }

    /// The roles and messages of `Coffee`.
    pub protocol Last(Guest, Bar) {
        Guest -> Bar: Order(String);
        Bar -> Guest: Serve(u32);
        Bar -> Guest: SoldOut;
    }

    /// Nobody ever stops.
    pub protocol Clock(Clock, Hand) {
        loop { Clock -> Hand: Tick; }
    }
}

const FILE: &str = "tests/coverage.rs";

fn served(branch: &str) -> Script {
    let script = Script::new().send("Guest", "Order", "tea");
    if branch == "Serve" {
        script.choose("Bar", "Serve", 3)
    } else {
        script.choose("Bar", branch, ())
    }
}

fn serve(coverage: &mut Coverage, branch: &str) -> Result<(), Box<dyn Error>> {
    let mut vm = Schedule::default().vm();
    coffee::Roles { guest: ByHandler, bar: ByHandler }.open_detached(&mut vm)?;
    vm.run(&served(branch))?;
    Ok(coverage.see(&vm)?)
}

#[test]
fn what_is_missing_is_named_with_its_line() -> Result<(), Box<dyn Error>> {
    let mut coverage = Coverage::of(&coffee::IMAGE).written_in(FILE)?;
    assert_eq!(
        coverage.demand_of("Bar").expect_err("something is wrong").to_string(),
        "not all of the protocol in `tests/coverage.rs` was exercised\n  \
           Bar: 0 of 3 actions\n    \
             never `Guest?Order(String)`, line 11\n    \
             never `Guest!Serve(u32)`, line 13\n    \
             never `Guest!SoldOut`, line 15\n    \
             never came to its end"
    );
    serve(&mut coverage, "Serve")?;
    assert_eq!(
        coverage.demand().expect_err("something is wrong").to_string(),
        "not all of the protocol in `tests/coverage.rs` was exercised\n  \
           Guest: 2 of 3 actions\n    \
             never `Bar?SoldOut`, line 15\n  \
           Bar: 2 of 3 actions\n    \
             never `Guest!SoldOut`, line 15"
    );
    assert!(coverage.svg("Bar")?.contains("dash"));
    serve(&mut coverage, "SoldOut")?;
    coverage.demand()?;
    assert_eq!(coverage.to_string(), "  Guest: 3 of 3 actions\n  Bar: 3 of 3 actions\n");
    Ok(())
}

/// Arms that run side by side are followed apart, in any order.
#[test]
fn several_things_at_once() -> Result<(), Box<dyn Error>> {
    let mut coverage = Coverage::of(&evening::IMAGE);
    for seed in 0..20 {
        let mut vm = Schedule { capacity: 1, seed, ..Schedule::default() }.vm();
        evening::Roles { guest: ByHandler, bar: ByHandler }.open_detached(&mut vm)?;
        vm.run(&Random::new(seed))?;
        coverage.see(&vm)?;
    }
    coverage.demand()?;
    Ok(())
}

/// Who has sent a message that was lost has sent it, and only the receiver has missed something.
#[test]
fn messages_that_are_lost_were_sent() {
    let mut coverage = Coverage::of(&coffee::IMAGE);
    let mut errors = Vec::new();
    let _ = lose_each_message(|vm| {
        let _session = coffee::Roles { guest: ByHandler, bar: ByHandler }.open(vm)?;
        vm.run(&served("Serve"))?;
        errors.extend(coverage.see(vm).err());
        Ok(())
    });
    assert_eq!(errors, []);
    let counts: Vec<Vec<u64>> = coverage
        .roles()
        .iter()
        .map(|role| role.actions.iter().map(|action| action.count).collect())
        .collect();
    // Three runs: nothing is lost, the order, what is served.
    assert_eq!(counts, [[3, 1, 0], [2, 2, 0]]);
    let ends: Vec<_> = coverage.roles().iter().map(|role| role.ended).collect();
    assert_eq!(ends, [Some(1), Some(2)]);
}

/// Where there is no end, none is demanded.
#[test]
fn a_part_without_an_end() -> Result<(), Box<dyn Error>> {
    let mut vm = Schedule::default().vm();
    clock::Roles { clock: ByHandler, hand: ByHandler }.open_detached(&mut vm)?;
    let mut coverage = Coverage::of(&clock::IMAGE);
    // The clock gives up after some time.
    let _ = vm.run(&Random::new(0).limit(100));
    coverage.see(&vm)?;
    coverage.demand()?;
    assert_eq!(coverage.roles()[0].ended, None);
    Ok(())
}

/// Sessions of other protocols are not counted, and such that could be taken for sessions of this one are an error.
#[test]
fn other_protocols() -> Result<(), Box<dyn Error>> {
    let mut vm = Schedule::default().vm();
    clock::Roles { clock: ByHandler, hand: ByHandler }.open_detached(&mut vm)?;
    let _ = vm.run(&Random::new(0).limit(10));
    let mut coverage = Coverage::of(&coffee::IMAGE);
    coverage.see(&vm)?;
    assert!(coverage.roles().iter().all(|role| role.actions.iter().all(|one| one.count == 0)));

    last::Roles { guest: ByHandler, bar: ByHandler }.open_detached(&mut vm)?;
    vm.run(&Random::new(0))?;
    let error = coverage.see(&vm).expect_err("something is wrong").to_string();
    assert_eq!(
        error,
        "a session in this VM is not of this protocol: event 3: `Guest!SoldOut` does not fit; nothing more was expected"
    );
    Ok(())
}

#[test]
fn what_cannot_be_said() -> Result<(), Box<dyn Error>> {
    let mut coverage = Coverage::of(&coffee::IMAGE);
    let vm = VM::new(VMConfig { recording: Recording::Off, ..VMConfig::default() });
    assert_eq!(coverage.see(&vm), Err(CoverageError::Forgotten));

    let mut vm = VM::new(VMConfig { recording: Recording::Last(2), ..VMConfig::default() });
    coffee::Roles { guest: ByHandler, bar: ByHandler }.open_detached(&mut vm)?;
    vm.run(&served("Serve"), 1_000)?;
    assert_eq!(coverage.see(&vm), Err(CoverageError::Forgotten));

    let vm = VM::new(VMConfig { mode: ChannelMode::LatestValue, ..VMConfig::default() });
    assert_eq!(coverage.see(&vm), Err(CoverageError::Replaced));

    let error = coverage.svg("Cook").expect_err("something is wrong").to_string();
    assert_eq!(error, "there is no role `Cook`; there is `Guest`, `Bar`");
    let error = coverage.written_in("tests/replay.rs").expect_err("something is wrong").to_string();
    assert_eq!(error, "no protocol in `tests/replay.rs` is the one that runs");
    let error = Coverage::of(&coffee::IMAGE)
        .written_in("tests/no.rs")
        .expect_err("something is wrong")
        .to_string();
    assert!(error.starts_with("`tests/no.rs` cannot be read: "), "{error}");
    Ok(())
}
