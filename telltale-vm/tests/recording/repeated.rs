//! What was recorded happens again.

use telltale_bytecode::{Assembler, Hop, Instr, Reg, Slot, Via};
use telltale_theory::oracle::with_payloads;
use telltale_vm::recording::{Recorder, Replay};
use telltale_vm::{
    Branch, ByHandler, ChannelMode, Context, EffectHandler, HandlerError, HandlerResult, LabelId,
    NoHandler, Picked, Policy, Progress, RoleId, VM, VMConfig, Value, WhenFull,
};

use super::handlers::{CHAT, Moody, recorded_run, wake_all};
use super::purchase::{
    Customer, Shop, Store, events, purchase, read, recording, replayed, roles, text,
};
use crate::support::{self, Seeded};

#[test]
fn objects_repeat_what_was_recorded_and_so_does_nobody_at_all() {
    let text = recording();
    let then = read(&text);
    let mut vm = VM::new(then.config());
    roles(25).open_detached(&mut vm).expect("there is room");
    Replay::new(&then).run(&mut vm).expect("they have not changed");
    let of_objects = vm.trace();

    let mut vm = VM::new(then.config());
    vm.load_choreography(&purchase::IMAGE).expect("there is room");
    Replay::new(&then).run(&mut vm).expect("it is what was recorded");
    assert_eq!(vm.trace(), of_objects);

    // Some of them, with the others as they were then.
    let some = purchase::Roles {
        customer: ByHandler,
        shop: Shop { price: 25, amount: 0 },
        store: ByHandler,
    };
    let mut vm = VM::new(then.config());
    let session = some.open(&mut vm).expect("there is room");
    Replay::new(&then).run(&mut vm).expect("it is what was recorded");
    assert_eq!(vm.trace(), of_objects);
    assert_eq!(session.into_roles(&mut vm).expect("it is complete").shop.amount, 2);
}

#[test]
fn lateness_failures_and_panics_are_repeated() {
    let image = &support::image_of(CHAT, "String");
    for policy in Policy::ALL {
        let config = VMConfig { policy, capacity: 1, seed: 5, ..VMConfig::default() };
        for call in 0..12 {
            let moods = [
                Moody { late: vec![call, call + 1, call + 4], ..Moody::default() },
                Moody { fails: Some(call), ..Moody::default() },
                Moody { panics: Some(call), ..Moody::default() },
            ];
            for moody in moods {
                let (trace, text) = recorded_run(&config, image, &moody, wake_all);
                assert_eq!(
                    events(&replayed(image, &text)),
                    events(&trace),
                    "{policy:?} {call}\n{text}"
                );
            }
        }
    }
}

/// Late, in what it sends and in what it receives.
struct LateShop {
    shop: Shop,
    late: bool,
}

impl LateShop {
    fn mood(&mut self) -> HandlerResult<()> {
        self.late = !self.late;
        if self.late { Err(HandlerError::pending()) } else { Ok(()) }
    }
}

impl purchase::Shop for LateShop {
    fn on_ask(&mut self, what: String, amount: u8) -> HandlerResult<()> {
        purchase::Shop::on_ask(&mut self.shop, what, amount)?;
        self.late = false;
        Err(HandlerError::pending())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        self.mood()?;
        purchase::Shop::price(&mut self.shop)
    }
    fn on_buy(&mut self, _: (String, u32)) -> HandlerResult<()> {
        Ok(())
    }
    fn pack(&mut self) -> HandlerResult<Vec<String>> {
        self.mood()?;
        purchase::Shop::pack(&mut self.shop)
    }
    fn on_again(&mut self) -> HandlerResult<()> {
        Err(HandlerError::pending())
    }
}

#[test]
fn objects_may_be_late_where_they_were_not_and_the_other_way_round() {
    let late = || {
        let shop = LateShop { shop: Shop { price: 25, amount: 0 }, late: false };
        purchase::Roles { customer: Customer { asked: 0 }, shop, store: Store }
    };
    let in_time = recording();
    let recorder = Recorder::new(&NoHandler);
    let mut vm = VM::default();
    let session = late().open_detached(&mut vm).expect("there is room");
    while vm.run(&recorder, 100).is_ok_and(|progress| progress == Progress::Waiting) {
        vm.wake(session, "Shop").expect("it was late");
    }
    let with_lateness = text(recorder);
    assert_eq!(with_lateness.matches("\"pending\":true").count(), 6, "{with_lateness}");

    for text in [&in_time, &with_lateness] {
        let then = read(text);
        let mut vm = VM::default();
        late().open_detached(&mut vm).expect("there is room");
        Replay::new(&then).run(&mut vm).expect("the same, late");
        let mut vm = VM::default();
        roles(25).open_detached(&mut vm).expect("there is room");
        Replay::new(&then).run(&mut vm).expect("the same, in time");
        let mut vm = VM::default();
        vm.load_choreography(&purchase::IMAGE).expect("there is room");
        Replay::new(&then).run(&mut vm).expect("the same, as it was recorded");
    }
}

#[test]
fn what_a_network_did_is_repeated() {
    let image = &support::image_of(CHAT, "u64");
    for message in 0..8 {
        let config = VMConfig { seed: 9, ..VMConfig::default() };
        let loses = Moody { loses: Some(message), ..Moody::default() };
        let (trace, text) = recorded_run(&config, image, &loses, |_| false);
        assert_eq!(events(&replayed(image, &text)), events(&trace), "{text}");

        let defers = Moody { defers: Some(message), ..Moody::default() };
        let mut deferred = 0;
        let (trace, text) = recorded_run(&config, image, &defers, |vm| {
            let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
            let late: Vec<_> = sessions
                .into_iter()
                .flat_map(|session| {
                    let messages = vm.take_deferred(session).expect("it is running");
                    messages.into_iter().map(move |message| (session, message))
                })
                .collect();
            deferred += late.len();
            late.into_iter()
                .fold(false, |_, (session, message)| vm.inject(session, message).is_ok())
        });
        let again = replayed(image, &text);
        assert_eq!(again.len(), trace.len(), "{text}");
        assert!(deferred <= 1);
    }
}

#[test]
fn messages_that_are_lost_for_want_of_room_are_lost_again() {
    let image = support::image_of("A→B:a. A→B:a. A→B:a. A→C:go. C→B:go. B→A:b", "u64");
    for (when_full, mode) in [
        (WhenFull::Drop, ChannelMode::Fifo),
        (WhenFull::Block, ChannelMode::LatestValue),
        (WhenFull::Error, ChannelMode::Fifo),
    ] {
        let policy = Policy::RoundRobin;
        let config = VMConfig { capacity: 1, when_full, mode, policy, ..VMConfig::default() };
        let (trace, text) = recorded_run(&config, &image, &Moody::default(), |_| false);
        assert_eq!(replayed(&image, &text), trace, "{text}");
    }
}

#[test]
fn effects_are_repeated() {
    struct Clock(u64);
    impl EffectHandler for Clock {
        fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
            Err("what is sent is in a register".into())
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }
        fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
            Err("there is no choice".into())
        }
        fn invoke(
            &self,
            _: &Context<'_>,
            _: &str,
            argument: Option<&Value>,
        ) -> HandlerResult<Value> {
            let argument = argument.map_or(0, |argument| match argument {
                Value::Uint(number) => *number,
                _ => 0,
            });
            Ok(Value::Uint(self.0 + argument))
        }
    }
    let global = with_payloads(&support::protocol("A→B:time"), |_| "u64");
    let locals = telltale_theory::project_all(&global).expect("it projects").into_iter().collect();
    let mut asm = Assembler::new(&locals, &global).expect("they fit");
    let (b, time, clock) = (
        asm.role("B").expect("a role"),
        asm.label("time").expect("a label"),
        asm.effect("clock").expect("there is room"),
    );
    let (own, next) = (Slot::reg(Reg(0)), Hop::NEXT);
    let program = [
        Instr::Invoke { effect: clock, argument: Slot::HANDLER, result: own, next },
        Instr::Invoke { effect: clock, argument: own, result: own, next },
        Instr::Send { via: Via::OWN, to: b, value: own, label: time, next },
        Instr::Halt,
    ];
    asm.program("A", program).expect("it fits");
    let a = asm.role("A").expect("a role");
    let receives = Instr::Recv { via: Via::OWN, from: a, value: Slot::HANDLER, label: time, next };
    asm.program("B", [receives, Instr::Halt]).expect("it fits");
    let image = asm.finish().expect("it is whole");

    let recorder = Recorder::new(&Clock(40));
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    vm.run(&recorder, 10).expect("nobody faults");
    let text = text(recorder);
    assert_eq!(replayed(&image, &text), vm.trace(), "{text}");
    assert!(
        text.contains(r#""invokes":"clock","argument":{"uint":40},"payload":{"uint":80}"#),
        "{text}"
    );

    let then = read(&text);
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    let error = Replay::new(&then).with(&Clock(41)).run(&mut vm).expect_err("it is later");
    assert_eq!(
        error.to_string(),
        "session #0, line 4 of the recording: expected `A` to invoke `clock` and get {\"uint\":40}, \
         found it to invoke `clock` and get {\"uint\":41}"
    );
}

/// Panics with something that is no text.
struct Mute;

impl EffectHandler for Mute {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        std::panic::resume_unwind(Box::new(7))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        std::panic::resume_unwind(Box::new(7))
    }
}

#[test]
fn a_panic_without_a_text_is_the_same_fault_again() {
    for text in ["A→B:one", "A→{B:one; B:two}"] {
        let image = &support::image_of(text, "u64");
        let recorder = Recorder::new(&Mute);
        let mut vm = support::open(VMConfig::default(), image).0;
        vm.run(&recorder, 10).expect_err("it panics");
        let recording = self::text(recorder);
        assert_eq!(events(&replayed(image, &recording)), events(&vm.trace()));
    }
}

#[test]
fn one_session_of_many_can_be_replayed() {
    let recorder = Recorder::new(&NoHandler);
    let mut vm = VM::default();
    for price in [10, 25, 40] {
        roles(price).open_detached(&mut vm).expect("there is room");
    }
    vm.run(&recorder, 100).expect("they are complete");
    let then = read(&text(recorder));
    assert_eq!(then.sessions().collect::<Vec<_>>(), [0, 1, 2]);
    for (session, price) in [(0, 10), (1, 25), (2, 40)] {
        let mut vm = VM::default();
        roles(price).open_detached(&mut vm).expect("there is room");
        Replay::new(&then).of_session(session).run(&mut vm).expect("it is the same");
        let mut vm = VM::default();
        roles(price + 1).open_detached(&mut vm).expect("there is room");
        let error = Replay::new(&then).of_session(session).run(&mut vm);
        assert_eq!(error.expect_err("it is another").session(), session);
    }
    // All of them, of which one is missing, and one that is in no recording.
    let mut vm = VM::default();
    let _ = roles(10).open_detached(&mut vm).expect("there is room");
    let error = Replay::new(&then).run(&mut vm).expect_err("there were more");
    assert!(error.to_string().contains("found that nothing more happens"), "{error}");
    let mut vm = VM::default();
    let _ = roles(10).open_detached(&mut vm).expect("there is room");
    let error = Replay::new(&then).of_session(9).run(&mut vm).expect_err("there is no such");
    assert_eq!(error.to_string(), "session #9: expected a session that is in the recording");
}

#[cfg(feature = "multi-thread")]
#[test]
fn sessions_on_several_threads_are_recorded_side_by_side() {
    use telltale_vm::ThreadedVM;

    let image = &support::image_of(CHAT, "u64");
    let recorder = Recorder::new(&Seeded);
    let threads = std::num::NonZeroUsize::new(2).expect("it is not zero");
    let mut threaded = ThreadedVM::new(VMConfig { seed: 3, ..VMConfig::default() }, threads);
    for price in 0..40 {
        threaded.load_choreography(image).expect("there is room");
        roles(price).open_detached(&mut threaded).expect("there is room");
    }
    threaded.run(&recorder, 1_000).expect("nobody faults");
    let then = read(&text(recorder));
    assert_eq!(then.sessions().len(), 80);

    let mut vm = VM::default();
    for price in 0..40 {
        vm.load_choreography(image).expect("there is room");
        roles(price).open_detached(&mut vm).expect("there is room");
    }
    // The handler's roles as they were recorded, the objects as they are.
    Replay::new(&then).run(&mut vm).expect("it is what was recorded");
    assert_eq!(events(&vm.trace()), events(&threaded.trace()));
}
