//! How sessions end, and who is told.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pollster::block_on;
use serde::{Deserialize, Serialize};
use telltale_net::engine::memory::{Memory, MemoryClaim};
use telltale_net::engine::{
    Done, Ending, Engine, EngineError, Envelope, EnvelopeId, PartStatus, Wanted,
};
use telltale_net::{Server, ServerConfig, Service, SessionKey, Start, Step};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, LabelId, RoleId, choreography};

use super::purchase::{
    Customer, Customers, Odd, Roles, Shops, Warehouse, Warehouses, World, all, ending, purchase,
    start, who_wants, with_time, work,
};

#[test]
fn everyone_is_told_how_a_session_has_ended() {
    let (engine, world) = (Memory::new(), World::default());
    let server = all(&engine, &world, 20, u32::MAX);
    start(&engine, "order");
    work(&server);
    for reason in ["enough", "too late"] {
        block_on(engine.cancel(&SessionKey::from("order"), reason)).expect("it is there");
    }
    work(&server);
    let cancelled = Ending::Cancelled { reason: "enough".to_owned() };
    assert_eq!(ending(&engine, "order"), Some(cancelled));
    for role in ["Customer", "Shop"] {
        assert_eq!(world.notes()[&format!("order {role}")], "it was cancelled: enough");
    }
    assert_eq!(engine.forget_ended(), 1, "all parts are done");
}

/// A part that has not begun.
fn claim(engine: &Memory, wanted: &Wanted) -> MemoryClaim {
    block_on(engine.claim(wanted, 1)).expect("no faults").pop().expect("it has not begun")
}

/// What is committed after the end has not happened, and whoever did it is told how it has ended.
#[test]
fn a_step_into_a_session_that_has_ended_has_not_happened() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    work(&Server::new(engine.clone()).serve(Customers(world.clone())));
    let wanted = Wanted::Served([(purchase::IMAGE.hash(), RoleId(1))].into());
    let claim = claim(&engine, &wanted);
    block_on(engine.cancel(&SessionKey::from("order"), "enough")).expect("it is there");
    let late = block_on(engine.commit(vec![(claim, Done::of(PartStatus::Done))]));
    assert!(matches!(late[..], [Err(EngineError::Fenced)]), "{late:?}");
    work(&all(&engine, &world, 20, 0));
    assert_eq!(world.notes()["order Customer"], "it was cancelled: enough");
    assert_eq!(engine.forget_ended(), 1, "nobody else had begun");
}

#[test]
fn a_message_that_cannot_be_read_names_its_sender() {
    for (from, told) in [(0, "`Customer`"), (9, "role 9")] {
        let engine = Memory::new();
        start(&engine, "order");
        let wanted = Wanted::Served([(purchase::IMAGE.hash(), RoleId(0))].into());
        let id = EnvelopeId { from: RoleId(from), lane: 0, number: 0 };
        let payload = b"tea".to_vec();
        let sent = vec![Envelope { to: RoleId(1), id, label: LabelId(0), payload }];
        let done = Done { sent, ..Done::of(PartStatus::Waits) };
        let committed = block_on(engine.commit(vec![(claim(&engine, &wanted), done)]));
        assert!(matches!(committed[..], [Ok(())]), "{committed:?}");
        work(&all(&engine, &World::default(), 20, 0));
        let fault = ending(&engine, "order").expect("it is no JSON").to_string();
        let expected = format!("`Shop`: a message from {told}: `Ask(String)` cannot be read: ");
        assert!(fault.starts_with(&expected), "{fault}");
    }
}

/// What goes wrong in a session ends it for everybody, and names the role.
#[test]
fn an_error_names_its_role() {
    let (engine, world) = (Memory::new(), World::default());
    let greedy =
        Odd { role: "Customer", roles: |_| who_wants(Ok("gold")), state: || (), ended: |_| {} };
    let server = Server::new(engine.clone())
        .serve(greedy)
        .serve(Shops { world, price: 20, late: 0 })
        .serve(Warehouses);
    start(&engine, "order");
    work(&server);
    let fault = ending(&engine, "order").expect("the shop has no gold").to_string();
    assert_eq!(fault, "`Shop` at `recv Customer?Ask(String)`: we only have tea");
}

#[test]
fn whoever_has_gone_wrong_is_told_as_well() {
    let engine = Memory::new();
    start(&engine, "order");
    let unsaved: Odd<_, (Option<String>, u32)> = Odd {
        role: "Shop",
        roles: |step| {
            Shops { world: World::default(), price: 20, late: u32::MAX }.restore(step, None)
        },
        state: || panic!("the disk is full"),
        ended: |_| {},
    };
    work(&Server::new(engine.clone()).serve(unsaved));
    let fault = ending(&engine, "order").expect("it cannot be saved").to_string();
    assert_eq!(fault, "`Shop`: its service panicked");
    start(&engine, "another");
    let miser = Odd {
        role: "Customer",
        roles: |_| who_wants(Err("nothing is worth it")),
        state: || (),
        ended: |ending| {
            assert!(matches!(ending, Some(Ending::Faulted { .. })), "{ending:?}");
            // That changes nothing.
            panic!("it is told and does not like it");
        },
    };
    work(&Server::new(engine.clone()).serve(miser));
    let fault = ending(&engine, "another").expect("the customer gives up").to_string();
    assert_eq!(fault, "`Customer` at `send Shop!Ask(String)`: nothing is worth it");
}

/// Customers whose sessions are cancelled by others while they are in the step in which they give up.
struct Hesitant(Memory, World);

impl Service for Hesitant {
    type Roles = <Customers as Service>::Roles;
    type State = <Customers as Service>::State;

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &'static str {
        "Customer"
    }
    fn restore(&self, step: &Step, _: Option<Self::State>) -> Self::Roles {
        block_on(self.0.cancel(step.session(), "enough")).expect("it is there");
        who_wants(Err("nothing is worth it"))
    }
    fn save(&self, roles: &Self::Roles) -> Self::State {
        Customers(self.1.clone()).save(roles)
    }
    fn ended(&self, step: &Step, roles: Self::Roles, ending: Option<&Ending>) {
        Customers(self.1.clone()).ended(step, roles, ending);
    }
}

/// A step that was not written down has not happened, so nobody hears how its part has ended in it.
#[test]
fn an_object_is_told_of_what_is_written_down() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    work(&Server::new(engine.clone()).serve(Hesitant(engine.clone(), world.clone())));
    let cancelled = Ending::Cancelled { reason: "enough".to_owned() };
    assert_eq!(ending(&engine, "order"), Some(cancelled));
    assert_eq!(world.notes().len(), 0, "{:?}", world.notes());
}

/// A process that dies in each attempt takes its session with it, not all the others.
#[test]
fn a_step_that_ends_its_process_ends_its_session() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    let wanted = Wanted::Served([(purchase::IMAGE.hash(), RoleId(1))].into());
    for _ in 0..ServerConfig::default().attempts {
        drop(claim(&engine, &wanted));
    }
    let server = all(&engine, &world, 20, 0);
    work(&server);
    let expected = "`Shop`: its step was begun 5 times, and never done";
    assert_eq!(ending(&engine, "order").expect("it is over").to_string(), expected);
}

#[test]
fn a_service_that_plays_more_than_its_role_is_told() {
    let both = Odd {
        role: "Customer",
        roles: |_| {
            let customer = Customer::wants(Ok("tea"));
            Roles { customer, shop: Elsewhere, warehouse: Warehouse(None) }
        },
        state: || (),
        ended: |_| {},
    };
    let engine = Memory::new();
    start(&engine, "order");
    work(&Server::new(engine.clone()).serve(both));
    let expected = "`Customer`: its service plays `Warehouse` as well: expected `Elsewhere`";
    assert_eq!(ending(&engine, "order").expect("it is over").to_string(), expected);
}

/// What JSON has no word for is an error when it is written, and not when somebody needs it.
#[test]
fn a_state_that_cannot_be_read_again_is_not_written() {
    let vague: Odd<_, Option<Option<u64>>> = Odd {
        role: "Customer",
        roles: |_| who_wants(Ok("tea")),
        state: || Some(None),
        ended: |_| {},
    };
    let engine = Memory::new();
    start(&engine, "order");
    work(&Server::new(engine.clone()).serve(vague));
    let fault = ending(&engine, "order").expect("it cannot be saved").to_string();
    assert!(fault.starts_with("`Customer`: it cannot be written down: "), "{fault}");
}

/// Lists in lists.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct Nest(Vec<Self>);

impl Nest {
    fn deep(levels: usize) -> Self {
        (1..levels).fold(Self::default(), |inner, _| Self(vec![inner]))
    }
}

choreography! {
    #[serde]
    protocol Nested(Bird, Tree) {
        Bird -> Tree: Build(crate::services::ends::Nest);
        Tree -> Bird: Stands;
    }
}

/// How deep its nest is, and how deep what is written down of it.
struct Bird(usize, usize);

impl nested::Bird for Bird {
    fn build(&mut self) -> HandlerResult<Nest> {
        Ok(Nest::deep(self.0))
    }
    fn on_stands(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl Service for Bird {
    type Roles = nested::Roles<Self, Elsewhere>;
    type State = Nest;

    fn image(&self) -> &CodeImage {
        &nested::IMAGE
    }
    fn role(&self) -> &'static str {
        "Bird"
    }
    fn restore(&self, _: &Step, _: Option<Nest>) -> Self::Roles {
        nested::Roles { bird: Self(self.0, self.1), tree: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> Nest {
        Nest::deep(roles.bird.1)
    }
}

struct Tree;

impl nested::Tree for Tree {
    fn on_build(&mut self, _: Nest) -> HandlerResult<()> {
        Ok(())
    }
    fn stands(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl Service for Tree {
    type Roles = nested::Roles<Elsewhere, Self>;
    type State = ();

    fn image(&self) -> &CodeImage {
        &nested::IMAGE
    }
    fn role(&self) -> &'static str {
        "Tree"
    }
    fn restore(&self, _: &Step, _: Option<()>) -> Self::Roles {
        nested::Roles { bird: Elsewhere, tree: Self }
    }
    fn save(&self, _: &Self::Roles) {}
}

/// What is nested deeper than it can be read is an error of whoever writes it, at once.
#[test]
fn what_is_nested_too_deep_is_not_written() {
    for payload in [1, 126, 127, 128, 129, 1_000] {
        for state in [1, 126, 127, 128, 129, 1_000] {
            let engine = Memory::new();
            block_on(Start::of(&nested::IMAGE).called("nest").on(&engine)).expect("it is free");
            // Nothing is kept in memory.
            let config = ServerConfig { cached: 0, ..ServerConfig::default() };
            work(&Server::with(engine.clone(), config).serve(Bird(payload, state)).serve(Tree));
            let ended = ending(&engine, "nest").expect("it is over").to_string();
            let expected = match (payload, state) {
                (128.., _) => {
                    "`Bird`: `Build(crate::services::ends::Nest)` cannot be read: recursion"
                }
                (_, 128..) => "`Bird`: it cannot be written down: recursion limit",
                _ => "it is complete",
            };
            assert!(ended.starts_with(expected), "payload {payload}, state {state}: {ended}");
        }
    }
}

#[test]
fn time_that_is_over_says_who_was_waited_for() {
    let ((engine, seconds), world) = (with_time(), World::default());
    let server = Server::new(engine.clone()).serve(Customers(world.clone())).serve(Warehouses);
    let idle = Start::of(&purchase::IMAGE).called("idle").idle_for(Duration::from_secs(30));
    block_on(idle.on(&engine)).expect("the name is free");
    let slow = Start::of(&purchase::IMAGE).called("slow").within(Duration::from_secs(60));
    block_on(slow.on(&engine)).expect("the name is free");
    work(&server);
    seconds.store(30, Ordering::Relaxed);
    work(&server);
    let expected = "its time is over (30s in which nothing happened); not done: `Customer`; \
        `Shop`, which nobody has played; `Warehouse`";
    assert_eq!(ending(&engine, "idle").expect("its time is over").to_string(), expected);
    assert_eq!(world.notes()["idle Customer"], expected);
    assert_eq!(ending(&engine, "slow"), None);
    seconds.store(60, Ordering::Relaxed);
    let late = ending(&engine, "slow").expect("its time is over").to_string();
    assert!(late.starts_with("its time is over (60s in all)"), "{late}");
}

#[test]
fn whoever_cancels_after_the_time_is_too_late() {
    let (engine, seconds) = with_time();
    let start = Start::of(&purchase::IMAGE).called("order").within(Duration::from_secs(60));
    block_on(start.on(&engine)).expect("the name is free");
    seconds.store(60, Ordering::Relaxed);
    block_on(engine.cancel(start.key(), "enough")).expect("it is there");
    assert!(matches!(ending(&engine, "order"), Some(Ending::Late { .. })));
}
