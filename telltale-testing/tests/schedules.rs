//! One scenario in every order of turns.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use support::{Shop, purchase, roles};
use telltale_testing::{Random, Schedule, Schedules, Script, TestVM, for_every_schedule};
use telltale_vm::{ByHandler, HandlerResult, NoHandler, Policy, Progress, VMConfig};

fn teapot() -> Script {
    Script::new()
        .send("Customer", "Ask", "a teapot")
        .expect("Customer", "Price", 25)
        .choose("Customer", "Buy", "Rose Street 7")
        .expect("Warehouse", "Pack", "a teapot for Rose Street 7")
        .send("Warehouse", "Parcel", 4711)
        .expect("Customer", "Parcel", 4711)
}

#[test]
fn all_of_them_are_different() {
    let schedules: Vec<Schedule> = Schedules::new().iter().collect();
    for (at, one) in schedules.iter().enumerate() {
        assert!(!schedules[..at].contains(one), "{one}");
    }
    for policy in Policy::ALL {
        assert!(schedules.iter().any(|schedule| schedule.policy == policy));
    }
}

#[test]
fn scripts_objects_and_random_peers_do_the_same_everywhere() {
    let shop = Schedules::new().compare_traces().check(|vm| {
        let (script, random) = (teapot(), Random::new(7));
        let one = roles().open(vm)?;
        vm.run(&script)?;
        script.finish()?;
        let others = [roles().open(vm)?, roles().open(vm)?];
        assert_eq!(vm.run(&random)?, Progress::Complete);
        for session in others {
            session.into_roles(vm)?;
        }
        Ok(one.into_roles(vm)?.shop)
    });
    let address = "Rose Street 7".to_owned();
    let expected = Shop { asked_for: "a teapot".to_owned(), address };
    assert_eq!(shop.expect("every order is the same"), expected);
}

/// Two customers of one shop, who draw numbers from one box.
struct Customer {
    tickets: Arc<AtomicU32>,
    ticket: u32,
}

impl purchase::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<String> {
        self.ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        Ok("a teapot".to_owned())
    }
    fn on_price(&mut self, _: u64) -> HandlerResult<()> {
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<purchase::Answer> {
        Ok(purchase::Answer::Leave)
    }
    fn on_parcel(&mut self, _: u32) -> HandlerResult<()> {
        Ok(())
    }
}

fn tickets(vm: &mut TestVM) -> Result<Vec<u32>, Box<dyn std::error::Error>> {
    let tickets = Arc::new(AtomicU32::new(0));
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let customer = Customer { tickets: tickets.clone(), ticket: 0 };
        let roles = purchase::Roles { customer, shop: Shop::default(), warehouse: ByHandler };
        sessions.push(roles.open(vm)?);
    }
    vm.run(&Script::new())?;
    let mut drawn = Vec::new();
    for session in sessions {
        drawn.push(session.into_roles(vm)?.customer.ticket);
    }
    Ok(drawn)
}

#[test]
fn what_depends_on_the_order_is_found_and_replayed() {
    let failure = Schedules::new().check(tickets).expect_err("they share a box");
    let first =
        "Schedule { policy: Policy::Cooperative, quantum: 1, capacity: 1, turns: None, seed: 0 }";
    let text = failure.to_string();
    assert!(text.starts_with("under Schedule { policy: Policy::Random, "), "{text}");
    assert!(failure.reason().ends_with(&format!("and [0, 1, 2] under {first}")), "{text}");
    assert_eq!(format!("{failure:?}"), text);

    // What is printed is Rust.
    let (_, replay) = text.split_once("\n  replay it with ").expect("it can be replayed");
    let fields = replay.strip_prefix("Schedules::only(Schedule { policy: Policy::Random, ");
    let fields = fields.and_then(|fields| fields.strip_suffix(" })")).expect("a schedule");
    let mut schedule = Schedule { policy: Policy::Random, ..Schedule::default() };
    for field in fields.split(", ") {
        match field.split_once(": ").expect("a name and a value") {
            ("quantum", number) => schedule.quantum = number.parse().expect("a number"),
            ("capacity", number) => schedule.capacity = number.parse().expect("a number"),
            ("seed", number) => schedule.seed = number.parse().expect("a number"),
            ("turns", "None") => schedule.turns = None,
            ("turns", some) => {
                let number = some.strip_prefix("Some(").and_then(|some| some.strip_suffix(")"));
                schedule.turns = number.map(|number| number.parse().expect("a number"));
            }
            field => panic!("{field:?} is no field"),
        }
    }
    let replayed = Schedules::only(schedule).check(tickets).expect("it gives something");
    assert!(failure.reason().starts_with(&format!("the result is {replayed:?}, ")), "{text}");
}

#[test]
fn traces_that_differ_are_a_failure() {
    let mut runs = 0;
    let differs = Schedules::new().compare_traces().check(|vm| {
        runs += 1;
        let session = roles().open(vm)?;
        let script = Script::new().send("Customer", "Ask", "tea");
        let script = match runs {
            3 => script.choose("Customer", "Leave", ()),
            _ => script.choose("Customer", "Buy", "Rose Street 7").send("Warehouse", "Parcel", 1),
        };
        vm.run(&script)?;
        session.into_roles(vm)?;
        Ok(())
    });
    let failure = differs.expect_err("the third customer leaves");
    assert_eq!(runs, 3);
    assert!(
        failure.reason().starts_with("the trace is `#0 Customer chose Shop:Leave`, time "),
        "{failure}"
    );
}

#[test]
fn errors_and_panics_name_the_schedule() {
    let fails = Schedules::new()
        .check(|vm| if vm.config().capacity == 2 { Err("too small".into()) } else { Ok(()) });
    let text = fails.expect_err("one capacity is 2").to_string();
    let schedule =
        "Schedule { policy: Policy::Cooperative, quantum: 1, capacity: 2, turns: None, seed: 0 }";
    assert_eq!(
        text,
        format!("under {schedule}: too small\n  replay it with Schedules::only({schedule})")
    );
    let panicked = std::panic::catch_unwind(|| {
        for_every_schedule(|vm| {
            assert_eq!(vm.schedule().turns, None, "no turns");
            Ok(())
        });
    });
    let panic = panicked.expect_err("some schedules have turns");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.starts_with("under Schedule { policy: Policy::Cooperative, quantum: 1, capacity: 1, turns: Some(1), seed: 0 }: a panic: "), "{text}");
}

#[test]
fn the_rest_of_the_configuration_is_that_of_the_test() {
    let config = VMConfig { max_sessions: 1, ..VMConfig::default() };
    let refused = Schedules::new().seeds(0).config(config).check(|vm| {
        roles().open(vm)?.id();
        Ok(roles().open(vm).is_err())
    });
    assert!(refused.expect("it is the same everywhere"));
}

#[test]
fn sessions_that_fault_are_reported_by_turns_and_by_rounds() {
    for_every_schedule(|vm| {
        roles().open_detached(vm)?;
        let other = roles().open(vm)?;
        let faulted = vm.run(&NoHandler);
        assert!(faulted.is_err(), "{faulted:?}");
        assert!(other.into_roles(vm).is_err());
        Ok(vm.open_sessions())
    });
}
