//! Messages that are lost or late.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use support::{Shop, purchase, roles};
use telltale_testing::{Fate, Random, Schedules, Script, delay_each_message, lose_each_message};
use telltale_vm::{
    Branch, ByHandler, Context, EffectHandler, HandlerResult, LabelId, Network, NoHandler,
    ObsEvent, Observed, Picked, RoleId, SendDecision, Value,
};

fn teapot() -> Script {
    Script::new()
        .send("Customer", "Ask", "a teapot")
        .choose("Customer", "Buy", "Rose Street 7")
        .send("Warehouse", "Parcel", 4711)
}

#[test]
fn without_a_message_somebody_waits() {
    let runs = lose_each_message(|vm| {
        let session = roles().open(vm)?;
        vm.run(&teapot())?;
        session.into_roles(vm).map_err(Into::into)
    });
    let lines: Vec<String> = runs.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "without message 0 from `Customer` to `Shop`, `Ask`, in session #0: session #0 is stuck: \
             `Customer` waits for `Shop`, `Shop` waits for `Customer`, `Warehouse` waits for `Shop`",
            "without message 0 from `Shop` to `Customer`, `Price`, in session #0: session #0 is stuck: \
             `Customer` waits for `Shop`, `Shop` waits for `Customer`, `Warehouse` waits for `Shop`",
            "without message 1 from `Customer` to `Shop`, `Buy`, in session #0: session #0 is stuck: \
             `Customer` waits for `Warehouse`, `Shop` waits for `Customer`, `Warehouse` waits for `Shop`",
            "without message 0 from `Shop` to `Warehouse`, `Pack`, in session #0: session #0 is stuck: \
             `Customer` waits for `Warehouse`, `Warehouse` waits for `Shop`",
            "without message 0 from `Warehouse` to `Customer`, `Parcel`, in session #0: session #0 is stuck: \
             `Customer` waits for `Warehouse`",
        ]
    );
    for run in &runs {
        assert!(run.panic().is_none() && run.result().is_err() && run.fates().len() == 1);
        assert!(run.message().nth <= 1 && matches!(run.fate(), Fate::Stuck(_)));
    }
}

#[test]
fn other_sessions_do_not_mind() {
    let runs = lose_each_message(|vm| {
        let sessions = [roles().open(vm)?, roles().open(vm)?];
        vm.run(&Random::new(5))?;
        Ok(sessions.map(|session| session.into_roles(vm).is_ok()))
    });
    assert!(runs.len() >= 8);
    for run in runs {
        let lost = usize::try_from(run.message().session.ordinal()).expect("two sessions");
        let complete = run.result().expect("the scenario gives both");
        assert!(!complete[lost] && complete[1 - lost], "{run}");
        assert!(run.fates().values().any(|fate| *fate == Fate::Complete));
    }
}

/// A warehouse in which one session finds what another has left there.
struct Stock {
    parcels: Arc<AtomicU32>,
    adds: bool,
}

impl purchase::Warehouse for Stock {
    fn on_pack(&mut self, _: String) -> HandlerResult<()> {
        self.parcels.fetch_add(u32::from(self.adds), Ordering::Relaxed);
        Ok(())
    }
    fn parcel(&mut self) -> HandlerResult<u32> {
        let parcels = self.parcels.load(Ordering::Relaxed);
        assert!(parcels > 0, "there was a parcel yesterday");
        Ok(parcels)
    }
    fn on_rest(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[test]
fn what_waits_or_was_cancelled_is_told_from_what_is_stuck() {
    let runs = lose_each_message(|vm| {
        let session = roles().open(vm)?;
        let other = roles().open_detached(vm)?;
        vm.pause("Warehouse");
        vm.run(&teapot())?;
        vm.cancel(other, "enough")?;
        Ok(session.id())
    });
    assert!(!runs.is_empty());
    for run in &runs {
        let session = *run.result().expect("nothing goes wrong");
        let Fate::Waits(state) = &run.fates()[&session] else { panic!("{run}") };
        assert!(state.ends_with("`Warehouse` is paused"), "{run}");
        assert!(run.fates().values().any(|fate| *fate == Fate::Cancelled));
    }
}

#[test]
fn a_role_that_panics_is_noticed() {
    let runs = lose_each_message(|vm| {
        let parcels = Arc::new(AtomicU32::new(0));
        let mut are_complete = [false; 2];
        for (is_complete, adds) in are_complete.iter_mut().zip([true, false]) {
            let warehouse = Stock { parcels: parcels.clone(), adds };
            let roles = purchase::Roles { customer: ByHandler, shop: Shop::default(), warehouse };
            let session = roles.open(vm)?;
            let script = Script::new().send("Customer", "Ask", "a teapot").choose(
                "Customer",
                "Buy",
                "Rose Street 7",
            );
            vm.run(&script)?;
            *is_complete = session.into_roles(vm).is_ok();
        }
        Ok(are_complete)
    });
    assert_eq!(runs.len(), 10);
    for (nth, run) in runs.iter().enumerate() {
        // If the first warehouse has nothing to pack, the second one has nothing to send.
        let panic = (nth < 4).then_some("there was a parcel yesterday");
        assert_eq!(run.panic(), panic, "{run}");
        assert_eq!(*run.result().expect("both are given"), [nth >= 5, nth == 4], "{run}");
    }
}

#[test]
fn scenarios_that_fail_by_themselves_are_refused() {
    let failed = |scenario: fn() -> Result<(), Box<dyn std::error::Error>>| {
        let panic = std::panic::catch_unwind(|| drop(lose_each_message(|_| scenario())));
        let panic = panic.expect_err("it fails");
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    assert_eq!(failed(|| Err("no tea".into())), "when every message arrives: no tea");
    assert_eq!(failed(|| panic!("no cake")), "when every message arrives: a panic: no cake");
}

#[test]
fn a_scenario_that_panics_without_a_message_says_without_which() {
    let panic = std::panic::catch_unwind(|| {
        drop(lose_each_message(|vm| {
            let session = roles().open(vm)?;
            vm.run(&teapot())?;
            assert!(session.into_roles(vm).is_ok(), "not complete");
            Ok(())
        }));
    });
    let panic = panic.expect_err("it fails");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert_eq!(
        *text,
        "without message 0 from `Customer` to `Shop`, `Ask`, in session #0: a panic: not complete"
    );
}

#[test]
fn late_messages_change_nothing() {
    let shops = delay_each_message(|vm| {
        let sessions = [roles().open(vm)?, roles().open(vm)?, roles().open(vm)?];
        vm.run(&Random::new(2))?;
        let mut shops = Vec::new();
        for session in sessions {
            shops.push(session.into_roles(vm)?.shop);
        }
        Ok(shops)
    });
    assert_eq!(shops.len(), 3);
    let seed = std::panic::catch_unwind(|| {
        let mut runs = 0;
        delay_each_message(|vm| {
            runs += 1;
            roles().open_detached(vm)?;
            vm.run(&teapot())?;
            Ok(runs == 3)
        })
    });
    let panic = seed.expect_err("the third run is different");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert_eq!(
        *text,
        "when message 0 from `Shop` to `Customer`, `Price`, in session #0 is late: the result is true, and not false"
    );
}

/// What is sent after a late message does not overtake it, and channels are as small as they are.
#[test]
fn late_messages_keep_their_place() {
    mod stream {
        telltale_vm::choreography! {
            pub protocol Stream(Source, Sink) {
                Source -> Sink: First(u8);
                Source -> Sink: Second(u8);
                Source -> Sink: Third(u8);
                Sink -> Source: Done;
            }
        }
    }
    let script = || {
        Script::new()
            .send("Source", "First", 1)
            .send("Source", "Second", 2)
            .send("Source", "Third", 3)
            .expect("Sink", "First", 1)
            .expect("Sink", "Second", 2)
            .expect("Sink", "Third", 3)
            .send("Sink", "Done", ())
    };
    for schedule in Schedules::new().iter() {
        let mut deferred = Vec::new();
        schedule.delay_each_message(|vm| {
            let script = script();
            stream::stream::Roles { source: ByHandler, sink: ByHandler }.open_detached(vm)?;
            vm.run(&script)?;
            let is_deferred = |event: &ObsEvent| matches!(event.what, Observed::Deferred { .. });
            deferred.push(vm.trace().iter().filter(|event| is_deferred(event)).count());
            Ok(script.finish()?)
        });
        assert_eq!(deferred, [0, 3, 2, 1, 1], "{schedule}");
    }
}

/// The network of a handler comes first.
#[test]
fn a_network_of_its_own_is_asked_as_well() {
    struct Lossy(Script);
    impl EffectHandler for Lossy {
        fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
            EffectHandler::send(&self.0, cx, to, label)
        }
        fn receive(
            &self,
            cx: &Context<'_>,
            from: RoleId,
            label: LabelId,
            value: Value,
        ) -> HandlerResult<()> {
            self.0.receive(cx, from, label, value)
        }
        fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
            EffectHandler::choose(&self.0, cx, branches)
        }
        fn network(&self) -> Option<&dyn Network> {
            Some(self)
        }
    }
    impl Network for Lossy {
        fn decide(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> SendDecision {
            match cx.label(label).name {
                "Pack" => SendDecision::Drop,
                _ => SendDecision::Deliver,
            }
        }
    }
    let runs = lose_each_message(|vm| {
        let session = roles().open(vm)?;
        vm.run(&Lossy(teapot()))?;
        assert!(session.into_roles(vm).is_err());
        Ok(vm.run(&NoHandler)?)
    });
    let labels: Vec<&str> = runs.iter().map(|run| run.message().label.as_str()).collect();
    assert_eq!(labels, ["Ask", "Price", "Buy"]);
}
