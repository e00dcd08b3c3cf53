//! What role objects have left to do, what was postponed, and who goes on with it: nobody waits for ever.

mod support;

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use telltale_net::{Host, HostConfig};
use telltale_vm::{
    Driven, HandlerError, HandlerResult, Observed, Recording, SessionError, SessionId, VMConfig,
    VMError, choreography,
};

use support::Tasks;

choreography! {
    /// Two objects have much to do between what one endpoint sends and what the other one receives.
    #[endpoints]
    pub protocol Long(Starter, Waiter, Worker, Peer) {
        Starter -> Worker: Go(u64);
        loop {
            choice Turn at Worker {
                Worker -> Peer: Ping;
                Peer -> Worker: Pong;
            } or {
                Worker -> Peer: Stop;
                Worker -> Waiter: Done(u64);
                break;
            }
        }
    }

    /// The same, and only the end is waited for.
    #[endpoints]
    pub protocol Alone(Starter, Worker, Peer) {
        Starter -> Worker: Go(u64);
        loop {
            choice Turn at Worker {
                Worker -> Peer: Ping;
                Peer -> Worker: Pong;
            } or {
                Worker -> Peer: Stop;
                break;
            }
        }
    }

    #[endpoints]
    pub protocol Ask(Client, Server) {
        Client -> Server: Question(u32);
        Server -> Client: Answer(u32);
    }
}

use long::{Turn, starter, waiter};

#[derive(Debug, Default)]
struct Worker {
    left: u64,
    turns: u64,
}

impl long::Worker for Worker {
    fn on_go(&mut self, turns: u64) -> HandlerResult<()> {
        (self.left, self.turns) = (turns, turns);
        Ok(())
    }
    fn turn(&mut self) -> HandlerResult<Turn> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(Turn::Stop) };
        self.left = left;
        Ok(Turn::Ping)
    }
    fn on_pong(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn done(&mut self) -> HandlerResult<u64> {
        Ok(self.turns)
    }
}

impl alone::Worker for Worker {
    fn on_go(&mut self, turns: u64) -> HandlerResult<()> {
        long::Worker::on_go(self, turns)
    }
    fn turn(&mut self) -> HandlerResult<alone::Turn> {
        Ok(match long::Worker::turn(self)? {
            Turn::Ping => alone::Turn::Ping,
            Turn::Stop => alone::Turn::Stop,
        })
    }
    fn on_pong(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Peer;

macro_rules! peers {
    ($($protocol:ident)*) => {$(
        impl $protocol::Peer for Peer {
            fn on_ping(&mut self) -> HandlerResult<()> {
                Ok(())
            }
            fn on_stop(&mut self) -> HandlerResult<()> {
                Ok(())
            }
        }
    )*};
}
peers!(long alone);

/// Many times what fits into one call.
const MUCH: u64 = 20_000;

fn one_machine() -> Host {
    Host::with(HostConfig { shards: 1, ..HostConfig::default() })
}

type Opened = long::Opened<long::Roles<Driven, Driven, Worker, Peer>>;

fn open_long(host: &Host) -> (Opened, starter::Go, waiter::Done) {
    let roles =
        long::Roles { starter: Driven, waiter: Driven, worker: Worker::default(), peer: Peer };
    let mut opened = roles.open_on(host).expect("there is room");
    let starter = opened.starter().expect("nobody has it yet");
    let waiter = opened.waiter().expect("nobody has it yet");
    (opened, starter, waiter)
}

async fn start(me: starter::Go) {
    me.go(MUCH).await.expect("it is on its way").close();
}

async fn wait(me: waiter::Done) -> Result<u64, SessionError> {
    let (turns, me) = me.done().await?;
    me.close();
    Ok(turns)
}

/// Whoever waits already is woken for what a call has left undone, in whatever order tasks run.
#[test]
fn who_waits_goes_on_with_what_is_left() {
    for seed in 0..20 {
        let host = one_machine();
        let (opened, starter, waiter) = open_long(&host);
        let (_opened, heard) = (opened, RefCell::new(None));
        let mut tasks = Tasks::default();
        tasks.add("Waiter", async { *heard.borrow_mut() = Some(wait(waiter).await) });
        tasks.add("Starter", start(starter));
        tasks.run(seed);
        drop(tasks);
        assert_eq!(heard.into_inner(), Some(Ok(MUCH)));
    }
}

/// As well as whoever waits for the role objects only.
#[test]
fn who_waits_for_the_end_goes_on_with_what_is_left() {
    let host = one_machine();
    let roles = alone::Roles { starter: Driven, worker: Worker::default(), peer: Peer };
    let mut opened = roles.open_on(&host).expect("there is room");
    let starter = opened.starter().expect("nobody has it yet");
    let mut tasks = Tasks::default();
    tasks.add("whoever wants the objects", async {
        let roles = opened.into_roles().await.expect("it is complete");
        assert_eq!((roles.worker.left, roles.worker.turns), (0, MUCH));
    });
    tasks.add("Starter", async {
        starter.go(MUCH).await.expect("it is on its way").close();
    });
    tasks.run(2);
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// One that was woken for it and then waits no more, but keeps its endpoint, has not taken the work with it.
#[test]
fn work_is_not_lost_with_one_who_waits_no_more() {
    let host = one_machine();
    let (_first, starter, mut bored) = open_long(&host);
    // Another session, in which somebody waits as well.
    let (_second, other, waiter) = open_long(&host);
    let heard = RefCell::new(None);
    let mut tasks = Tasks::default();
    tasks.add("Waiter", async { *heard.borrow_mut() = Some(wait(waiter).await) });
    tasks.add("bored", async {
        start(other).await;
        start(starter).await;
        // It goes on with the work, is to be called again, and is not.
        assert!(poll_once(pin!(bored.ready())).is_pending());
    });
    tasks.run(1);
    drop(tasks);
    assert_eq!(heard.into_inner(), Some(Ok(MUCH)));
}

/// Has no answer until it is told that there is one.
#[derive(Debug)]
struct Late {
    is_there: Arc<AtomicBool>,
}

impl ask::Server for Late {
    fn on_question(&mut self, _: u32) -> HandlerResult<()> {
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<u32> {
        if self.is_there.load(Ordering::Relaxed) { Ok(7) } else { Err(HandlerError::pending()) }
    }
}

#[test]
fn an_object_without_an_answer_is_woken() {
    let host = Host::new();
    let is_there = Arc::new(AtomicBool::new(false));
    let server = Late { is_there: is_there.clone() };
    let mut opened = ask::Roles { client: Driven, server }.open_on(&host).expect("there is room");
    let (id, me) = (opened.id(), opened.client().expect("nobody has it yet"));
    let refused = host.wake(id, "Server").expect_err("it has not been asked");
    assert!(matches!(refused, VMError::NotPending { .. }), "{refused}");
    let answer = thread::spawn(|| {
        pollster::block_on(async {
            let (answer, me) = me.question(1).await?.answer().await?;
            me.close();
            Ok::<_, SessionError>(answer)
        })
    });
    // As an answer that comes from elsewhere would.
    is_there.store(true, Ordering::Relaxed);
    while !answer.is_finished() {
        let _not_asked_yet = host.wake(id, "Server");
        thread::yield_now();
    }
    assert_eq!(answer.join().expect("it has an answer"), Ok(7));
    assert!(host.wake(id, "Server").is_err(), "the session has ended");
    assert!(pollster::block_on(opened.into_roles()).is_ok());
    let foreign = Host::new().cancel(id, "it is none of its sessions").expect_err("it is not");
    assert!(matches!(foreign, VMError::ForeignSession { .. }), "{foreign}");
}

/// A session whose object never answers is ended by whoever runs the host.
#[test]
fn a_session_is_cancelled_from_outside() {
    let host = Host::new();
    let server = Late { is_there: Arc::default() };
    let mut opened = ask::Roles { client: Driven, server }.open_on(&host).expect("there is room");
    let (id, me) = (opened.id(), opened.client().expect("nobody has it yet"));
    let me = pollster::block_on(me.question(1)).expect("it is on its way");
    let mut answer = pin!(me.answer());
    assert!(poll_once(answer.as_mut()).is_pending());
    host.cancel(id, "we are closing").expect("it runs");
    let error = pollster::block_on(answer).expect_err("there is none");
    assert_eq!(error.to_string(), "the session was cancelled: we are closing");
    let error = pollster::block_on(opened.into_roles()).expect_err("it was cancelled");
    assert!(error.into_roles().is_some());
}

/// Does something when it is asked.
struct Doing<F>(F);

impl<F: FnMut() + Send> ask::Server for Doing<F> {
    fn on_question(&mut self, _: u32) -> HandlerResult<()> {
        (self.0)();
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<u32> {
        Ok(7)
    }
}

/// Plays a session in which the server does something when it is asked.
fn play_with(host: &Host, server: impl ask::Server + 'static) -> Result<u32, SessionError> {
    let mut opened = ask::Roles { client: Driven, server }.open_on(host).expect("there is room");
    let me = opened.client().expect("nobody has it yet");
    pollster::block_on(async {
        let (answer, me) = me.question(1).await?.answer().await?;
        me.close();
        Ok(answer)
    })
}

/// Role objects may ask their host, and are told the truth.
#[test]
fn a_role_object_asks_its_host() {
    let (host, told) = (one_machine(), Arc::new(Mutex::new(Vec::new())));
    let other = ask::endpoints(&host).expect("there is room");
    let late = Late { is_there: Arc::new(AtomicBool::new(false)) };
    let is_there = late.is_there.clone();
    let mut pending =
        ask::Roles { client: Driven, server: late }.open_on(&host).expect("there is room");
    let id = pending.id();
    let me = pending.client().expect("nobody has it yet");
    let me = pollster::block_on(me.question(1)).expect("it is on its way");
    let mut waits = Some(
        ask::Roles { client: Driven, server: Late { is_there: Arc::default() } }
            .open_on(&host)
            .expect("there is room"),
    );
    let (asked, heard) = (host.clone(), told.clone());
    let server = Doing(move || {
        let mut told = heard.lock().expect("nobody has panicked");
        told.push(asked.open_sessions().to_string());
        told.push(asked.trace().expect_err("its machine is busy").to_string());
        if let Some(opened) = waits.take() {
            let error =
                pollster::block_on(opened.into_roles()).expect_err("it would wait for itself");
            told.push(error.to_string());
        }
        is_there.store(true, Ordering::Relaxed);
        asked.wake(id, "Server").expect("it is woken later");
    });
    assert_eq!(play_with(&host, server), Ok(7));
    let told = told.lock().expect("nobody has panicked");
    assert_eq!(told[0], "4");
    assert!(told[1].starts_with("all machines of the host are busy"), "{}", told[1]);
    assert!(told[2].contains("a method of a role object has awaited"), "{}", told[2]);
    let (answer, me) = pollster::block_on(me.answer()).expect("it has been woken");
    me.close();
    assert_eq!(answer, 7);
    drop(other);
    assert_eq!(host.open_sessions(), 0);
}

/// Of two reasons, the first counts.
#[test]
fn what_is_postponed_is_done_in_its_order() {
    let host = one_machine();
    let (opened, starter, waiter) = open_long(&host);
    let (id, mut starter, asked) = (opened.id(), Some(starter), host.clone());
    let server = Doing(move || {
        drop(starter.take());
        asked.cancel(id, "that was the second reason").expect("it happens later, or not at all");
    });
    assert_eq!(play_with(&host, server), Ok(7));
    let error = pollster::block_on(wait(waiter)).expect_err("it was cancelled");
    assert_eq!(error.to_string(), "the session was cancelled: `starter::Go` was dropped");
}

/// Answers, and holds something.
struct Holds<T>(T);

impl<T: Send + 'static> ask::Server for Holds<T> {
    fn on_question(&mut self, _: u32) -> HandlerResult<()> {
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<u32> {
        Ok(7)
    }
}

/// Each object holds the endpoint of a session whose object holds the next one.
#[test]
fn a_long_chain_of_objects_and_endpoints_is_dropped() {
    let host = one_machine();
    let mut chain: Option<Box<dyn Any + Send>> = None;
    for _ in 0..20_000 {
        let roles = ask::Roles { client: Driven, server: Holds(chain.take()) };
        let mut opened = roles.open_on(&host).expect("there is room");
        chain = Some(Box::new(opened.client().expect("nobody has it yet")));
    }
    assert_eq!(host.open_sessions(), 20_000);
    drop(chain);
    assert_eq!(host.open_sessions(), 0);
}

/// Panics when it is dropped.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("it was dropped");
    }
}

/// What is to be done beside an object whose destructor panics is done all the same.
#[test]
fn a_destructor_that_panics_keeps_nobody_waiting() {
    let host = one_machine();
    let (_first, starter, waiter) = open_long(&host);
    let roles = ask::Roles { client: Driven, server: Holds(Bomb) };
    let mut opened = roles.open_on(&host).expect("there is room");
    let mut me = opened.client();
    drop(opened);
    let heard = RefCell::new(None);
    let mut tasks = Tasks::default();
    tasks.add("Waiter", async { *heard.borrow_mut() = Some(wait(waiter).await) });
    tasks.add("Starter", async {
        start(starter).await;
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(me.take())));
        assert!(dropped.is_err(), "whoever drops an object hears of it");
    });
    tasks.run(1);
    drop(tasks);
    assert_eq!(heard.into_inner(), Some(Ok(MUCH)));
    assert_eq!(host.open_sessions(), 0);
}

/// A session is opened wherever there is room.
#[test]
fn a_full_machine_is_passed_over() {
    let vm = VMConfig { max_sessions: 1, ..HostConfig::default().vm };
    let host = Host::with(HostConfig { shards: 4, vm });
    let kept: Vec<_> = (0..4)
        .map(|nth| {
            let kept = ask::endpoints(&host).expect("there is room");
            if nth == 1 {
                // The counter goes on, and comes back to machines that are full.
                drop(ask::endpoints(&host).expect("there is room"));
            }
            kept
        })
        .collect();
    let error = ask::endpoints(&host).expect_err("all are full");
    assert!(matches!(error, VMError::TooManySessions { limit: 1 }), "{error}");
    assert_eq!(host.open_sessions(), 4);
    drop(kept);
    assert_eq!(host.open_sessions(), 0);
}

#[test]
fn what_is_recorded_can_be_read() {
    let vm = VMConfig { recording: Recording::Full, ..HostConfig::default().vm };
    let host = Host::with(HostConfig { shards: 2, vm });
    let mut ids = Vec::<SessionId>::new();
    for _ in 0..2 {
        let roles = ask::Roles { client: Driven, server: Doing(|| {}) };
        let mut opened = roles.open_on(&host).expect("there is room");
        ids.push(opened.id());
        let me = opened.client().expect("nobody has it yet");
        pollster::block_on(async {
            let (_, me) = me.question(1).await?.answer().await?;
            me.close();
            Ok::<(), SessionError>(())
        })
        .expect("nobody gives up");
    }
    let trace = host.trace().expect("no role object asks");
    for id in ids {
        let of_session = trace.iter().filter(|event| event.session == id);
        let what: Vec<&Observed> = of_session.map(|event| &event.what).collect();
        assert_eq!(what.first(), Some(&&Observed::Opened));
        assert_eq!(what.last(), Some(&&Observed::Closed));
    }
}
