//! When parts act: at once, later, in their turn, and when a server is woken.

use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use pollster::block_on;
use telltale_net::engine::memory::Memory;
use telltale_net::engine::{Ending, Engine};
use telltale_net::{Server, ServerConfig, Service, Start, Step};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerError, HandlerResult, choreography};

use super::faults::{Anns, Bens, both};
use super::purchase::{
    Customers, Odd, Roles, Shops, Warehouse, Warehouses, World, all, ending, purchase, start,
    with_time, work,
};

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

/// Whoever is slow leaves parts to others.
#[test]
fn slow_steps_come_alone() {
    let engine = Memory::new();
    for nth in 0..40 {
        start(&engine, &format!("order {nth}"));
    }
    let slow: Odd<_, ()> = Odd {
        role: "Warehouse",
        roles: |_| {
            std::thread::sleep(Duration::from_millis(6));
            Roles { customer: Elsewhere, shop: Elsewhere, warehouse: Warehouse(None) }
        },
        state: || (),
        ended: |_| {},
    };
    let server = Server::new(engine.clone()).serve(slow);
    let mut steps = 0;
    while block_on(server.step()).expect("this engine makes no faults") {
        steps += 1;
    }
    assert_eq!(steps, 40, "two of them take more than ten milliseconds");
}

/// Whoever is fast takes many at once, as many as it may.
#[test]
fn fast_steps_are_done_together() {
    let engine = Memory::new();
    for nth in 0..1_000 {
        start(&engine, &format!("order {nth}"));
    }
    let server = Server::new(engine.clone()).serve(Warehouses);
    let mut steps = 0;
    while block_on(server.step()).expect("this engine makes no faults") {
        steps += 1;
    }
    assert!(steps < 500, "{steps} batches for 1,000 parts");
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

choreography! {
    #[serde]
    protocol Slow(Asker, Other) {
        Asker -> Other: Answer;
    }
}

struct Asker(Step);

impl slow::Asker for Asker {
    /// The session is called by the seconds in which there may be an answer.
    fn answer(&mut self) -> HandlerResult<()> {
        let seconds = self.0.session().as_str().parse().map_err(|_| "it is called otherwise")?;
        self.0.ask_again_after(Duration::from_secs(seconds));
        Err(HandlerError::pending())
    }
}

struct Askers;

impl Service for Askers {
    type Roles = slow::Roles<Asker, Elsewhere>;
    type State = ();

    fn image(&self) -> &CodeImage {
        &slow::IMAGE
    }
    fn role(&self) -> &'static str {
        "Asker"
    }
    fn restore(&self, step: &Step, _: Option<()>) -> Self::Roles {
        slow::Roles { asker: Asker(step.clone()), other: Elsewhere }
    }
    fn save(&self, _: &Self::Roles) {}
}

/// How long a server with an asker for each name sleeps, where `wakes` says of each sleep whether it comes to its end; otherwise
/// something changes in it. It never polls.
fn sleeps(engine: &Memory, names: &[&str], wakes: &[bool]) -> Vec<Duration> {
    for name in names {
        block_on(Start::of(&slow::IMAGE).called(*name).on(engine)).expect("the name is free");
    }
    let sleeps = Mutex::new(Vec::new());
    let sleep = |time: Duration| {
        let mut sleeps = sleeps.lock().expect("nobody panics");
        let comes_to_its_end = wakes.get(sleeps.len()).copied().unwrap_or(false);
        sleeps.push(time);
        if !comes_to_its_end {
            start(engine, &format!("change {}", sleeps.len()));
        }
        poll_fn(move |_| if comes_to_its_end { Poll::Ready(()) } else { Poll::Pending })
    };
    let stop = poll_fn(|_| {
        let is_over = sleeps.lock().expect("nobody panics").len() > wakes.len();
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    });
    let config = ServerConfig { poll: Duration::MAX, ..ServerConfig::default() };
    let server = Server::with(engine.clone(), config).serve(Askers);
    block_on(server.run(sleep, stop)).expect("this engine makes no faults");
    sleeps.into_inner().expect("nobody panics")
}

/// Whoever is woken before the time still knows when it is.
#[test]
fn a_change_does_not_put_off_whoever_asked_for_a_time() {
    let slept =
        sleeps(&Memory::new(), &["1000", "2000", "3000"], &[false, true, false, true, true]);
    for (slept, seconds) in slept.iter().zip([1_000, 1_000, 2_000, 2_000, 3_000]) {
        assert!((seconds - 100..=seconds).contains(&slept.as_secs()), "{slept:?} of {seconds} s");
    }
    assert_eq!(slept[5], Duration::MAX, "all have been asked");
}
