//! Services over the engine in memory.

#![cfg(feature = "services")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pollster::block_on;
use serde::{Deserialize, Serialize};
use telltale_net::engine::memory::{Faults, Memory};
use telltale_net::engine::{Claim, Ending, Engine, EngineError};
use telltale_net::{Server, ServerConfig, Service, SessionKey, Start, Step, Ticket};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerError, HandlerResult, choreography};

choreography! {
    #[serde]
    protocol Purchase(Customer, Shop, Warehouse) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Buy(String);
            Shop -> Warehouse: Send(String);
            Warehouse -> Customer: Parcel(String);
        } or {
            Customer -> Shop, Warehouse: Leave;
        }
    }
}

use purchase::{Answer, Roles};

/// How sessions have ended for which role, and what the world outside was asked for.
#[derive(Clone, Default)]
struct World(Arc<Mutex<BTreeMap<String, String>>>);

impl World {
    fn note(&self, what: String, how: String) {
        self.0.lock().expect("nobody panics").insert(what, how);
    }

    fn notes(&self) -> BTreeMap<String, String> {
        self.0.lock().expect("nobody panics").clone()
    }
}

#[derive(Serialize, Deserialize, Default)]
struct Buyer {
    price: u64,
    parcel: Option<String>,
}

struct Customer(Buyer);

impl purchase::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<String> {
        Ok("tea".to_owned())
    }
    fn on_price(&mut self, price: u64) -> HandlerResult<()> {
        self.0.price = price;
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<Answer> {
        Ok(if self.0.price < 30 { Answer::Buy("12 High Street".to_owned()) } else { Answer::Leave })
    }
    fn on_parcel(&mut self, parcel: String) -> HandlerResult<()> {
        self.0.parcel = Some(parcel);
        Ok(())
    }
}

/// Customers who remember what they were told.
struct Customers(World);

impl Service for Customers {
    type Roles = Roles<Customer, Elsewhere, Elsewhere>;
    type State = Buyer;

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &'static str {
        "Customer"
    }
    fn restore(&self, _: &Step, state: Option<Buyer>) -> Self::Roles {
        let customer = Customer(state.unwrap_or_default());
        Roles { customer, shop: Elsewhere, warehouse: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> Buyer {
        let Buyer { price, ref parcel } = roles.customer.0;
        Buyer { price, parcel: parcel.clone() }
    }
    fn ended(&self, step: &Step, roles: Self::Roles, ending: Option<&Ending>) {
        let how = ending.map_or(format!("{:?}", roles.customer.0.parcel), Ending::to_string);
        self.0.note(format!("{} {}", step.session(), step.role()), how);
    }
}

struct Shop {
    step: Step,
    what: Option<String>,
    price: u64,
    /// How often it has still no answer.
    late: u32,
    world: World,
}

impl purchase::Shop for Shop {
    fn on_ask(&mut self, what: String) -> HandlerResult<()> {
        if what == "gold" {
            return Err("we only have tea".into());
        }
        self.what = Some(what);
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        if self.late > 0 {
            self.late -= 1;
            self.step.ask_again_after(Duration::from_secs(5));
            return Err(HandlerError::pending());
        }
        Ok(self.price)
    }
    fn on_buy(&mut self, _: String) -> HandlerResult<()> {
        self.world.note(self.step.idempotency_key("charge"), "charged".to_owned());
        Ok(())
    }
    fn send(&mut self) -> HandlerResult<String> {
        self.what.clone().ok_or_else(|| "nobody has asked for anything".into())
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Shops {
    world: World,
    price: u64,
    late: u32,
}

impl Service for Shops {
    type Roles = Roles<Elsewhere, Shop, Elsewhere>;
    type State = (Option<String>, u32);

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &'static str {
        "Shop"
    }
    fn restore(&self, step: &Step, state: Option<Self::State>) -> Self::Roles {
        let (what, late) = state.unwrap_or((None, self.late));
        let (step, world, price) = (step.clone(), self.world.clone(), self.price);
        let shop = Shop { step, what, price, late, world };
        Roles { customer: Elsewhere, shop, warehouse: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> Self::State {
        (roles.shop.what.clone(), roles.shop.late)
    }
    fn ended(&self, step: &Step, _: Self::Roles, ending: Option<&Ending>) {
        let how = ending.map_or("done".to_owned(), Ending::to_string);
        self.world.note(format!("{} {}", step.session(), step.role()), how);
    }
}

struct Warehouse(Option<String>);

impl purchase::Warehouse for Warehouse {
    fn on_send(&mut self, what: String) -> HandlerResult<()> {
        self.0 = Some(what);
        Ok(())
    }
    fn parcel(&mut self) -> HandlerResult<String> {
        Ok(format!("a box of {}", self.0.as_deref().unwrap_or("nothing")))
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Warehouses;

impl Service for Warehouses {
    type Roles = Roles<Elsewhere, Elsewhere, Warehouse>;
    type State = Option<String>;

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &'static str {
        "Warehouse"
    }
    fn restore(&self, _: &Step, state: Option<Self::State>) -> Self::Roles {
        Roles { customer: Elsewhere, shop: Elsewhere, warehouse: Warehouse(state.flatten()) }
    }
    fn save(&self, roles: &Self::Roles) -> Self::State {
        roles.warehouse.0.clone()
    }
}

fn all(engine: &Memory, world: &World, price: u64, late: u32) -> Server<Memory> {
    Server::new(engine.clone())
        .serve(Customers(world.clone()))
        .serve(Shops { world: world.clone(), price, late })
        .serve(Warehouses)
}

/// Does steps until there is nothing to do.
fn work(server: &Server<Memory>) {
    while block_on(server.step()).expect("this engine makes no faults") {}
}

fn start(engine: &Memory, key: &str) {
    block_on(Start::of(&purchase::IMAGE).called(key).on(engine)).expect("the name is free");
}

fn ending(engine: &Memory, key: &str) -> Option<Ending> {
    // Where answers are lost, somebody hears one at last.
    let mut asked = std::iter::repeat_with(|| block_on(engine.ending(&SessionKey::from(key))));
    asked.find_map(Result::ok).expect("it is asked for ever")
}

/// A time that a test sets.
fn with_time() -> (Memory, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&seconds);
    let now = move || Duration::from_secs(read.load(Ordering::Relaxed));
    (Memory::with_time(0, Faults::default(), now), seconds)
}

#[test]
fn services_play_a_session_to_its_end() {
    let (engine, world) = (Memory::new(), World::default());
    let server = all(&engine, &world, 20, 0);
    start(&engine, "order");
    work(&server);
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
    let notes = world.notes();
    assert_eq!(notes["order Customer"], "Some(\"a box of tea\")");
    assert_eq!(notes["order Shop"], "done");
    assert_eq!((engine.messages(), engine.open_sessions()), (0, 0));
    assert_eq!(engine.forget_ended(), 1);
    start(&engine, "order");
}

#[test]
fn each_step_can_be_in_another_process() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    // A new server has nothing in memory.
    while block_on(all(&engine, &world, 20, 0).step()).expect("this engine makes no faults") {}
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
    assert_eq!(world.notes()["order Customer"], "Some(\"a box of tea\")");
}

#[test]
fn services_in_several_processes_wait_for_each_other() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    let shops =
        Server::new(engine.clone()).serve(Shops { world: world.clone(), price: 99, late: 0 });
    work(&shops);
    let others = Server::new(engine.clone()).serve(Customers(world.clone())).serve(Warehouses);
    work(&others);
    assert_eq!(ending(&engine, "order"), None);
    work(&shops);
    work(&others);
    assert_eq!(ending(&engine, "order"), None, "the shop has not heard that the customer left");
    work(&shops);
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
}

#[test]
fn whoever_has_no_answer_is_asked_again() {
    let ((engine, seconds), world) = (with_time(), World::default());
    let server = all(&engine, &world, 20, 2);
    start(&engine, "order");
    for _ in 0..2 {
        work(&server);
        assert_eq!(ending(&engine, "order"), None);
        seconds.fetch_add(4, Ordering::Relaxed);
        work(&server);
        assert_eq!(ending(&engine, "order"), None, "five seconds are not over");
        seconds.fetch_add(1, Ordering::Relaxed);
    }
    work(&server);
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
}

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
fn a_seat_with_a_ticket_is_for_nobody_else() {
    let (engine, world) = (Memory::new(), World::default());
    let server = all(&engine, &world, 20, 0);
    let starts = [(); 2].map(|()| Start::of(&purchase::IMAGE).with_ticket_for("Customer"));
    for start in &starts {
        block_on(start.on(&engine)).expect("the name is new");
    }
    let [key, other] = starts.each_ref().map(|start| start.key().clone());
    assert_ne!(key, other);
    let [tickets, foreign] = starts.each_ref().map(Start::tickets);
    let sent = tickets[0].to_text();
    let ticket = Ticket::from_text(&sent).expect("it was just written");
    assert_eq!(ticket, tickets[0]);
    assert_eq!(Ticket::from_text(&sent[1..]), None);
    work(&server);
    assert_eq!(block_on(engine.ending(&key)).expect("it is there"), None);
    let seated = Server::new(engine.clone()).sit(&ticket, Customers(world.clone()));
    work(&seated);
    work(&server);
    work(&seated);
    assert_eq!(block_on(engine.ending(&key)).expect("it is there"), None, "no warehouse yet");
    work(&server);
    work(&seated);
    assert_eq!(block_on(engine.ending(&key)).expect("it is there"), Some(Ending::Complete));
    // A ticket for another session does not help.
    let wanted = telltale_net::engine::Wanted::Seat {
        session: key.clone(),
        role: foreign[0].role(),
        ticket: foreign[0].hash(),
    };
    let refused = block_on(engine.claim(&wanted)).expect_err("it is another session's");
    assert!(matches!(refused, EngineError::NoSeat { .. }), "{refused}");
}

/// What goes wrong in a session ends it for everybody, and names the role.
#[test]
fn an_error_names_its_role() {
    struct Greedy;
    impl purchase::Customer for Greedy {
        fn ask(&mut self) -> HandlerResult<String> {
            Ok("gold".to_owned())
        }
        fn on_price(&mut self, _: u64) -> HandlerResult<()> {
            Ok(())
        }
        fn answer(&mut self) -> HandlerResult<Answer> {
            Ok(Answer::Leave)
        }
        fn on_parcel(&mut self, _: String) -> HandlerResult<()> {
            Ok(())
        }
    }
    struct GreedyOnes;
    impl Service for GreedyOnes {
        type Roles = Roles<Greedy, Elsewhere, Elsewhere>;
        type State = ();
        fn image(&self) -> &CodeImage {
            &purchase::IMAGE
        }
        fn role(&self) -> &'static str {
            "Customer"
        }
        fn restore(&self, _: &Step, _: Option<()>) -> Self::Roles {
            Roles { customer: Greedy, shop: Elsewhere, warehouse: Elsewhere }
        }
        fn save(&self, _: &Self::Roles) {}
    }
    let (engine, world) = (Memory::new(), World::default());
    let server = Server::new(engine.clone())
        .serve(GreedyOnes)
        .serve(Shops { world, price: 20, late: 0 })
        .serve(Warehouses);
    start(&engine, "order");
    work(&server);
    let fault = ending(&engine, "order").expect("the shop has no gold").to_string();
    assert_eq!(fault, "`Shop` at `recv Customer?Ask(String)`: we only have tea");
}

/// A process that dies in each attempt takes its session with it, not all the others.
#[test]
fn a_step_that_ends_its_process_ends_its_session() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    let wanted = telltale_net::engine::Wanted::Served(
        [(purchase::IMAGE.hash(), telltale_vm::RoleId(1))].into(),
    );
    for _ in 0..ServerConfig::default().attempts {
        drop(block_on(engine.claim(&wanted)).expect("no faults").expect("it has not begun"));
    }
    let server = all(&engine, &world, 20, 0);
    work(&server);
    let expected = "`Shop`: its step was begun 5 times, and never done";
    assert_eq!(ending(&engine, "order").expect("it is over").to_string(), expected);
}

#[test]
fn a_service_that_plays_more_than_its_role_is_told() {
    struct Both;
    impl Service for Both {
        type Roles = Roles<Customer, Elsewhere, Warehouse>;
        type State = ();
        fn image(&self) -> &CodeImage {
            &purchase::IMAGE
        }
        fn role(&self) -> &'static str {
            "Customer"
        }
        fn restore(&self, _: &Step, _: Option<()>) -> Self::Roles {
            let customer = Customer(Buyer::default());
            Roles { customer, shop: Elsewhere, warehouse: Warehouse(None) }
        }
        fn save(&self, _: &Self::Roles) {}
    }
    let engine = Memory::new();
    start(&engine, "order");
    work(&Server::new(engine.clone()).serve(Both));
    let expected = "`Customer`: its service plays `Warehouse` as well: expected `Elsewhere`";
    assert_eq!(ending(&engine, "order").expect("it is over").to_string(), expected);
}

#[test]
fn a_server_runs_until_it_is_stopped_and_is_woken_by_changes() {
    let (engine, world) = (Memory::new(), World::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build();
    let runtime = runtime.expect("threads can be had");
    runtime.block_on(async {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        // Nobody polls in this test.
        let poll = ServerConfig { poll: Duration::from_secs(3_600), ..ServerConfig::default() };
        let server = Server::with(engine.clone(), poll)
            .serve(Customers(world.clone()))
            .serve(Shops { world: world.clone(), price: 20, late: 0 })
            .serve(Warehouses);
        let running = tokio::spawn(async move {
            server.run(tokio::time::sleep, async { drop(stopped.await) }).await
        });
        for nth in 0..100 {
            let started =
                Start::of(&purchase::IMAGE).called(format!("order {nth}")).on(&engine).await;
            started.expect("the name is free");
        }
        while engine.open_sessions() > 0 {
            engine.changed().await;
        }
        stop.send(()).expect("it runs");
        running.await.expect("it does not panic").expect("no faults");
    });
    assert_eq!(engine.forget_ended(), 100);
}

/// Whatever is lost, stolen or not heard of, and whoever dies: every session ends as it would have.
#[test]
fn faults_change_nothing() {
    for seed in 0..300 {
        let world = World::default();
        let engine = Memory::with_faults(seed, Faults::ALL);
        let keys: Vec<String> = (0..3).map(|nth| format!("{seed}-{nth}")).collect();
        for key in &keys {
            // Whoever does not hear asks again, and is told that it is there.
            while let Err(error) =
                block_on(Start::of(&purchase::IMAGE).called(key.as_str()).on(&engine))
            {
                match error {
                    EngineError::Lost(_) => {}
                    EngineError::SessionExists(_) => break,
                    error => panic!("{error}"),
                }
            }
        }
        let config = ServerConfig { attempts: 1_000, ..ServerConfig::default() };
        let new = || {
            Server::with(engine.clone(), config.clone())
                .serve(Customers(world.clone()))
                .serve(Shops { world: world.clone(), price: 20 + seed % 2 * 20, late: 0 })
                .serve(Warehouses)
        };
        let mut servers = [new(), new()];
        for turn in 0_usize.. {
            assert!(turn < 10_000, "seed {seed}: the sessions do not end");
            match block_on(servers[turn % 2].step()) {
                // Nothing to do, or nothing that is not claimed.
                Ok(_) => {}
                // The process dies.
                Err(EngineError::Lost(_)) => servers[turn % 2] = new(),
                Err(error) => panic!("seed {seed}: {error}"),
            }
            if engine.open_sessions() == 0 {
                break;
            }
        }
        for key in &keys {
            assert_eq!(ending(&engine, key), Some(Ending::Complete), "seed {seed}");
            let parcel = if seed % 2 == 0 { "Some(\"a box of tea\")" } else { "None" };
            assert_eq!(world.notes()[&format!("{key} Customer")], parcel, "seed {seed}");
            let charged = world.notes().into_iter();
            let charged = charged
                .filter(|(name, how)| name.starts_with(&format!("{key}/")) && how == "charged");
            assert_eq!(
                charged.count(),
                usize::from(seed % 2 == 0),
                "seed {seed}: one name for one charge"
            );
        }
        assert_eq!(engine.messages(), 0, "seed {seed}");
    }
}

choreography! {
    #[serde]
    protocol Both(Ann, Ben) {
        par {
            loop {
                choice Talk at Ann { Ann -> Ben: Say(u64); } or { Ann -> Ben: Silence; break; }
            }
        } and {
            loop {
                choice Reply at Ben { Ben -> Ann: Tell(u64); } or { Ben -> Ann: Quiet; break; }
            }
        }
    }
}

/// Says so many numbers and adds up what it hears.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Chatty {
    said: u64,
    heard: u64,
}

impl both::Ann for Chatty {
    fn talk(&mut self) -> HandlerResult<both::Talk> {
        self.said += 1;
        Ok(if self.said <= 100 { both::Talk::Say(self.said) } else { both::Talk::Silence })
    }
    fn on_tell(&mut self, number: u64) -> HandlerResult<()> {
        self.heard += number;
        Ok(())
    }
    fn on_quiet(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl both::Ben for Chatty {
    fn reply(&mut self) -> HandlerResult<both::Reply> {
        self.said += 1;
        Ok(if self.said <= 100 { both::Reply::Tell(self.said) } else { both::Reply::Quiet })
    }
    fn on_say(&mut self, number: u64) -> HandlerResult<()> {
        self.heard += number;
        Ok(())
    }
    fn on_silence(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Anns(World);
struct Bens(World);

impl Service for Anns {
    type Roles = both::Roles<Chatty, Elsewhere>;
    type State = Chatty;
    fn image(&self) -> &CodeImage {
        &both::IMAGE
    }
    fn role(&self) -> &'static str {
        "Ann"
    }
    fn restore(&self, _: &Step, state: Option<Chatty>) -> Self::Roles {
        both::Roles { ann: state.unwrap_or_default(), ben: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> Chatty {
        roles.ann
    }
    fn ended(&self, step: &Step, roles: Self::Roles, _: Option<&Ending>) {
        self.0.note(step.role().to_owned(), roles.ann.heard.to_string());
    }
}

impl Service for Bens {
    type Roles = both::Roles<Elsewhere, Chatty>;
    type State = Chatty;
    fn image(&self) -> &CodeImage {
        &both::IMAGE
    }
    fn role(&self) -> &'static str {
        "Ben"
    }
    fn restore(&self, _: &Step, state: Option<Chatty>) -> Self::Roles {
        both::Roles { ann: Elsewhere, ben: state.unwrap_or_default() }
    }
    fn save(&self, roles: &Self::Roles) -> Chatty {
        roles.ben
    }
    fn ended(&self, step: &Step, roles: Self::Roles, _: Option<&Ending>) {
        self.0.note(step.role().to_owned(), roles.ben.heard.to_string());
    }
}

/// More is said than a channel holds, in both directions at once.
#[test]
fn roles_that_do_several_things_at_once_are_served() {
    for seed in 0..20 {
        let (engine, world) = (Memory::with_faults(seed, Faults::ALL), World::default());
        let start = Start::of(&both::IMAGE).called("talk");
        while let Err(EngineError::Lost(_)) = block_on(start.on(&engine)) {}
        let config = ServerConfig { attempts: u32::MAX, messages: 7, ..ServerConfig::default() };
        let new = || {
            let server = Server::with(engine.clone(), config.clone());
            server.serve(Anns(world.clone())).serve(Bens(world.clone()))
        };
        let mut server = new();
        for turn in 0.. {
            assert!(turn < 10_000, "seed {seed}: it does not end");
            if let Err(error) = block_on(server.step()) {
                assert!(matches!(error, EngineError::Lost(_)), "seed {seed}: {error}");
                server = new();
            }
            if engine.open_sessions() == 0 {
                break;
            }
        }
        assert_eq!(ending(&engine, "talk"), Some(Ending::Complete), "seed {seed}");
        let heard = world.notes();
        assert_eq!((heard["Ann"].as_str(), heard["Ben"].as_str()), ("5050", "5050"), "seed {seed}");
    }
}

#[test]
fn whoever_has_gone_wrong_is_told_as_well() {
    struct Broke(Shops);
    impl Service for Broke {
        type Roles = Roles<Elsewhere, Shop, Elsewhere>;
        type State = (Option<String>, u32);
        fn image(&self) -> &CodeImage {
            &purchase::IMAGE
        }
        fn role(&self) -> &'static str {
            "Shop"
        }
        fn restore(&self, step: &Step, state: Option<Self::State>) -> Self::Roles {
            let mut roles = self.0.restore(step, state);
            // It has something to send, and nobody has asked.
            roles.shop.late = u32::MAX;
            roles
        }
        fn save(&self, _: &Self::Roles) -> Self::State {
            panic!("the disk is full")
        }
        fn ended(&self, step: &Step, roles: Self::Roles, ending: Option<&Ending>) {
            self.0.ended(step, roles, ending);
        }
    }
    struct Misers;
    struct Miser;
    impl purchase::Customer for Miser {
        fn ask(&mut self) -> HandlerResult<String> {
            Err("nothing is worth it".into())
        }
        fn on_price(&mut self, _: u64) -> HandlerResult<()> {
            Ok(())
        }
        fn answer(&mut self) -> HandlerResult<Answer> {
            Ok(Answer::Leave)
        }
        fn on_parcel(&mut self, _: String) -> HandlerResult<()> {
            Ok(())
        }
    }
    impl Service for Misers {
        type Roles = Roles<Miser, Elsewhere, Elsewhere>;
        type State = ();
        fn image(&self) -> &CodeImage {
            &purchase::IMAGE
        }
        fn role(&self) -> &'static str {
            "Customer"
        }
        fn restore(&self, _: &Step, _: Option<()>) -> Self::Roles {
            Roles { customer: Miser, shop: Elsewhere, warehouse: Elsewhere }
        }
        fn save(&self, _: &Self::Roles) {}
        fn ended(&self, _: &Step, _: Self::Roles, ending: Option<&Ending>) {
            assert!(matches!(ending, Some(Ending::Faulted { .. })), "{ending:?}");
            // That changes nothing.
            panic!("it is told and does not like it");
        }
    }
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    let shops = Shops { world: world.clone(), price: 20, late: 0 };
    work(&Server::new(engine.clone()).serve(Broke(shops)));
    let fault = ending(&engine, "order").expect("it cannot be saved").to_string();
    assert_eq!(fault, "`Shop`: its service panicked");
    start(&engine, "another");
    work(&Server::new(engine.clone()).serve(Misers));
    let fault = ending(&engine, "another").expect("the customer gives up").to_string();
    assert_eq!(fault, "`Customer` at `send Shop!Ask(String)`: nothing is worth it");
}

/// What is committed after the end has not happened, and whoever did it is told how it has ended.
#[test]
fn a_step_into_a_session_that_has_ended_has_not_happened() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    work(&Server::new(engine.clone()).serve(Customers(world.clone())));
    let wanted = telltale_net::engine::Wanted::Served(
        [(purchase::IMAGE.hash(), telltale_vm::RoleId(1))].into(),
    );
    let claim = block_on(engine.claim(&wanted)).expect("no faults").expect("it has not begun");
    block_on(engine.cancel(&SessionKey::from("order"), "enough")).expect("it is there");
    let done = telltale_net::engine::Done {
        state: Vec::new(),
        taken: Vec::new(),
        sent: Vec::new(),
        status: telltale_net::engine::PartStatus::Done,
    };
    let late = block_on(claim.commit(done)).expect_err("it has ended");
    assert!(matches!(late, EngineError::Fenced), "{late}");
    work(&all(&engine, &world, 20, 0));
    assert_eq!(world.notes()["order Customer"], "it was cancelled: enough");
    assert_eq!(engine.forget_ended(), 1, "nobody else had begun");
}

/// Whoever asks for very long is asked at no time, and nothing breaks.
#[test]
fn times_without_end_are_times() {
    let engine = Memory::new();
    let long = Duration::MAX;
    let start = Start::of(&purchase::IMAGE).called("order").within(long).idle_for(long);
    block_on(start.on(&engine)).expect("the name is free");
    work(&all(&engine, &World::default(), 20, 0));
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
}

/// Sessions with much to do do not hold up others.
#[test]
fn who_has_waited_longest_is_first() {
    let (engine, world) = (Memory::new(), World::default());
    for key in ["a", "b"] {
        block_on(Start::of(&both::IMAGE).called(key).on(&engine)).expect("the name is free");
    }
    let config = ServerConfig { messages: 1, ..ServerConfig::default() };
    let server = Server::with(engine.clone(), config).serve(Anns(world.clone())).serve(Bens(world));
    let mut steps = 0;
    while engine.open_sessions() == 2 {
        block_on(server.step()).expect("this engine makes no faults");
        steps += 1;
    }
    let mut rest = 0;
    while engine.open_sessions() == 1 {
        block_on(server.step()).expect("this engine makes no faults");
        rest += 1;
    }
    assert!(rest <= 2, "{rest} steps after {steps}");
}

/// A server with nothing to do sleeps, and can be stopped in a thread of its own.
#[test]
fn a_server_sleeps_when_there_is_nothing_to_do() {
    let sleeps = AtomicU64::new(0);
    let (engine, world) = (Memory::new(), World::default());
    let server = all(&engine, &world, 20, 0);
    start(&engine, "order");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a thread can be had");
    runtime.block_on(async {
        let sleep = |_| {
            sleeps.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5))
        };
        let stop = tokio::time::sleep(Duration::from_millis(100));
        server.run(sleep, stop).await.expect("this engine makes no faults");
    });
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
    assert!(sleeps.load(Ordering::Relaxed) <= 30, "it slept {sleeps:?} times");
}

/// What JSON has no word for is an error when it is written, and not when somebody needs it.
#[test]
fn a_state_that_cannot_be_read_again_is_not_written() {
    struct Vague;
    impl Service for Vague {
        type Roles = Roles<Customer, Elsewhere, Elsewhere>;
        type State = Option<Option<u64>>;
        fn image(&self) -> &CodeImage {
            &purchase::IMAGE
        }
        fn role(&self) -> &'static str {
            "Customer"
        }
        fn restore(&self, _: &Step, _: Option<Self::State>) -> Self::Roles {
            Roles { customer: Customer(Buyer::default()), shop: Elsewhere, warehouse: Elsewhere }
        }
        fn save(&self, _: &Self::Roles) -> Self::State {
            Some(None)
        }
    }
    let engine = Memory::new();
    start(&engine, "order");
    work(&Server::new(engine.clone()).serve(Vague));
    let fault = ending(&engine, "order").expect("it cannot be saved").to_string();
    assert!(fault.starts_with("`Customer`: it cannot be written down: "), "{fault}");
}
