//! Two tasks that talk to each other: through endpoints on a host, and through the channels of others.

use std::future::Future;

use telltale_net::{Host, HostConfig};
use telltale_vm::choreography;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::tally::{Audit, Tally};

choreography! {
    #[endpoints]
    pub protocol PingPong(Alice, Bob) {
        loop {
            Alice -> Bob: Ping(u64);
            Bob -> Alice: Pong(u64);
        }
    }

    #[endpoints]
    pub protocol Stream(Source, Sink) {
        loop {
            Source -> Sink: Item(u64);
        }
    }
}

use ping_pong::{alice, bob};
use stream::{sink, source};

/// How many messages a channel holds.
const CAPACITY: u16 = 64;

/// Exchanges so many messages, from opening whatever they go through to the end.
pub type Exchange = Box<dyn FnMut(u64) -> Audit>;

/// Where tasks run.
#[derive(Clone, Copy, Debug)]
pub enum Threads {
    One,
    Two,
}

impl Threads {
    fn runtime(self) -> Runtime {
        match self {
            Self::One => Builder::new_current_thread().build(),
            Self::Two => Builder::new_multi_thread().worker_threads(2).build(),
        }
        .expect("a runtime")
    }
}

/// Two tasks, which give what they have done and what they held.
async fn both<A: Send + 'static, B: Send + 'static>(
    first: impl Future<Output = (Tally, A)> + Send + 'static,
    second: impl Future<Output = (Tally, B)> + Send + 'static,
) -> (Tally, Tally) {
    let first: JoinHandle<_> = tokio::spawn(first);
    let second = tokio::spawn(second);
    let ((first, a), (second, b)) =
        (first.await.expect("no panic"), second.await.expect("no panic"));
    // What they held is let go of when both are done: endpoints would cancel their session.
    drop((a, b));
    (first, second)
}

fn host() -> Host {
    let default = HostConfig::default();
    let vm = telltale_vm::VMConfig { capacity: CAPACITY, ..default.vm };
    Host::with(HostConfig { vm, ..default })
}

pub fn endpoints_ping_pong(threads: Threads) -> Exchange {
    let (runtime, host) = (threads.runtime(), host());
    Box::new(move |messages| {
        let laps = messages / 2;
        let roles = ping_pong::endpoints(&host).expect("there is room");
        let (alice, bob) = runtime.block_on(both(ping(roles.alice, laps), pong(roles.bob, laps)));
        alice.audit() + bob.audit()
    })
}

async fn ping(mut me: alice::Ping, laps: u64) -> (Tally, alice::Ping) {
    let mut tally = Tally::default();
    for _ in 0..laps {
        let sent = me.ping(tally.take()).await.expect("nobody gives up");
        let (number, next) = sent.pong().await.expect("nobody gives up");
        tally.add(number);
        me = next;
    }
    (tally, me)
}

async fn pong(mut me: bob::Ping, laps: u64) -> (Tally, bob::Ping) {
    let mut tally = Tally::default();
    for _ in 0..laps {
        let (number, next) = me.ping().await.expect("nobody gives up");
        tally.add(number);
        me = next.pong(tally.take()).await.expect("nobody gives up");
    }
    (tally, me)
}

pub fn endpoints_stream(threads: Threads) -> Exchange {
    let (runtime, host) = (threads.runtime(), host());
    Box::new(move |messages| {
        let roles = stream::endpoints(&host).expect("there is room");
        let (sent, received) =
            runtime.block_on(both(pour(roles.source, messages), drain(roles.sink, messages)));
        Audit { sum: received.audit().sum, ..sent.audit() }
    })
}

async fn pour(mut me: source::Item, items: u64) -> (Tally, source::Item) {
    let mut tally = Tally::default();
    for _ in 0..items {
        me = me.item(tally.take()).await.expect("nobody gives up");
    }
    (tally, me)
}

async fn drain(mut me: sink::Item, items: u64) -> (Tally, sink::Item) {
    let mut tally = Tally::default();
    for _ in 0..items {
        let (number, next) = me.item().await.expect("nobody gives up");
        tally.add(number);
        me = next;
    }
    (tally, me)
}

/// A channel, as both have them.
macro_rules! channels {
    ($ping_pong:ident, $stream:ident, $channel:expr) => {
        pub fn $ping_pong(threads: Threads) -> Exchange {
            let runtime = threads.runtime();
            Box::new(move |messages| {
                let laps = messages / 2;
                #[allow(unused_mut)]
                let ((to_bob, mut from_alice), (to_alice, mut from_bob)) = ($channel, $channel);
                let alice = async move {
                    let mut tally = Tally::default();
                    for _ in 0..laps {
                        to_bob.send(tally.take()).await.expect("it is open");
                        tally.add(from_bob.recv().await.expect("it is open"));
                    }
                    (tally, to_bob)
                };
                let bob = async move {
                    let mut tally = Tally::default();
                    for _ in 0..laps {
                        tally.add(from_alice.recv().await.expect("it is open"));
                        to_alice.send(tally.take()).await.expect("it is open");
                    }
                    (tally, to_alice)
                };
                let (alice, bob) = runtime.block_on(both(alice, bob));
                alice.audit() + bob.audit()
            })
        }

        pub fn $stream(threads: Threads) -> Exchange {
            let runtime = threads.runtime();
            Box::new(move |messages| {
                #[allow(unused_mut)]
                let (to, mut from) = $channel;
                let source = async move {
                    let mut tally = Tally::default();
                    for _ in 0..messages {
                        to.send(tally.take()).await.expect("it is open");
                    }
                    (tally, to)
                };
                let sink = async move {
                    let mut tally = Tally::default();
                    for _ in 0..messages {
                        tally.add(from.recv().await.expect("it is open"));
                    }
                    (tally, ())
                };
                let (sent, received) = runtime.block_on(both(source, sink));
                Audit { sum: received.audit().sum, ..sent.audit() }
            })
        }
    };
}

channels!(tokio_ping_pong, tokio_stream, mpsc::channel::<u64>(CAPACITY.into()));
channels!(kanal_ping_pong, kanal_stream, kanal::bounded_async::<u64>(CAPACITY.into()));

/// Sessions on one host, with two endpoints each.
pub struct Many {
    host: Host,
    pairs: Vec<(alice::Ping, bob::Ping)>,
}

impl Many {
    pub fn open(sessions: usize) -> Self {
        let host = host();
        let mut pairs = Vec::with_capacity(sessions);
        for _ in 0..sessions {
            let roles = ping_pong::endpoints(&host).expect("there is room");
            pairs.push((roles.alice, roles.bob));
        }
        Self { host, pairs }
    }

    /// Two tasks for each session play so many rounds; then all is over.
    pub fn play(self, threads: Threads, laps: u64) {
        let Self { host, pairs } = self;
        threads.runtime().block_on(async {
            let sessions: Vec<_> = pairs
                .into_iter()
                .map(|(alice, bob)| tokio::spawn(both(ping(alice, laps), pong(bob, laps))))
                .collect();
            for session in sessions {
                session.await.expect("no panic");
            }
        });
        assert_eq!(host.open_sessions(), 0);
    }
}
