//! `rumpsteak`: session types in the types of Rust, on futures, in one thread.
//!
//! Its sessions end with a choice. Here they are left when enough has been exchanged, so that nobody has to
//! choose in every lap.

use futures::{executor, join};
use rumpsteak::role::{From, Role, Roles, To, ToFrom};
use rumpsteak::{End, Error, Label, Receive, Send, Session, State, try_session};

use super::Peer;
use crate::contender::Contender;
use crate::tally::{Audit, Tally};
use crate::workload::CAPACITY;

/// How a role ends that is left.
enum Exit {
    Left(Tally),
    Failed(Error),
}

impl<E: Into<Error>> std::convert::From<E> for Exit {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn tally(exit: Result<(), Exit>) -> Tally {
    match exit {
        Err(Exit::Left(tally)) => tally,
        Err(Exit::Failed(error)) => panic!("a session has failed: {error}"),
        Ok(()) => panic!("a session has ended"),
    }
}

type Ended<'r> = Result<((), End<'r>), Exit>;

/// A loop of a session type.
macro_rules! looping {
    ($name:ident, $role:ident, $body:ty) => {
        pub struct $name<'r>(State<'r, $role>);

        impl<'r> Session<'r, $role> for $name<'r> {
            fn from_state(state: State<'r, $role>) -> Self {
                Self(state)
            }
        }

        impl<'r> $name<'r> {
            fn lap(self) -> $body {
                self.0.into_session()
            }
        }
    };
}

pub fn ping_pong() -> Box<dyn Contender> {
    Peer::boxed("rumpsteak", |messages| {
        let laps = messages.div_ceil(2);
        let ping_pong::Roles(mut a, mut b) = ping_pong::Roles::default();
        let (alice, bob) = executor::block_on(async {
            join!(
                try_session(&mut a, |s| ping_pong::alice(s, laps)),
                try_session(&mut b, |s| ping_pong::bob(s, laps)),
            )
        });
        tally(alice).audit() + tally(bob).audit()
    })
}

mod ping_pong {
    use super::*;

    #[derive(Roles)]
    pub struct Roles(pub A, pub B);

    #[derive(Role)]
    #[message(Message)]
    pub struct A(#[route(B)] ToFrom<B>);

    #[derive(Role)]
    #[message(Message)]
    pub struct B(#[route(A)] ToFrom<A>);

    #[derive(Label)]
    pub enum Message {
        Ping(Ping),
        Pong(Pong),
    }

    pub struct Ping(u64);
    pub struct Pong(u64);

    looping!(Alice, A, Send<'r, A, B, Ping, Receive<'r, A, B, Pong, Self>>);
    looping!(Bob, B, Receive<'r, B, A, Ping, Send<'r, B, A, Pong, Self>>);

    pub async fn alice(mut session: Alice<'_>, laps: u64) -> Ended<'_> {
        let mut tally = Tally::default();
        for _ in 0..laps {
            let sent = session.lap().send(Ping(tally.take()))?;
            let (Pong(pong), next) = sent.receive().await?;
            tally.add(pong);
            session = next;
        }
        Err(Exit::Left(tally))
    }

    pub async fn bob(mut session: Bob<'_>, laps: u64) -> Ended<'_> {
        let mut tally = Tally::default();
        for _ in 0..laps {
            let (Ping(ping), next) = session.lap().receive().await?;
            tally.add(ping);
            session = next.send(Pong(tally.take()))?;
        }
        Err(Exit::Left(tally))
    }
}

pub fn stream() -> Box<dyn Contender> {
    Peer::boxed("rumpsteak", |messages| {
        let stream::Roles(mut a, mut b) = stream::Roles::default();
        let (source, sink) = executor::block_on(async {
            join!(
                try_session(&mut a, |s| stream::source(s, messages)),
                try_session(&mut b, |s| stream::sink(s, messages)),
            )
        });
        Audit { sum: tally(sink).audit().sum, ..tally(source).audit() }
    })
}

mod stream {
    use super::*;

    #[derive(Roles)]
    pub struct Roles(pub A, pub B);

    #[derive(Role)]
    #[message(Item)]
    pub struct A(#[route(B)] To<B>);

    #[derive(Role)]
    #[message(Item)]
    pub struct B(#[route(A)] From<A>);

    pub struct Item(u64);

    impl Label<Self> for Item {
        fn wrap(label: Self) -> Self {
            label
        }

        fn unwrap(self) -> Option<Self> {
            Some(self)
        }
    }

    looping!(Source, A, Send<'r, A, B, Item, Self>);
    looping!(Sink, B, Receive<'r, B, A, Item, Self>);

    pub async fn source(mut session: Source<'_>, messages: u64) -> Ended<'_> {
        let mut tally = Tally::default();
        for nth in 1..=messages {
            session = session.lap().send(Item(tally.take()))?;
            // Its channels have no bound; the others' have this one.
            if nth % CAPACITY as u64 == 0 {
                tokio::task::yield_now().await;
            }
        }
        Err(Exit::Left(tally))
    }

    pub async fn sink(mut session: Sink<'_>, messages: u64) -> Ended<'_> {
        let mut tally = Tally::default();
        for _ in 0..messages {
            let (Item(item), next) = session.lap().receive().await?;
            tally.add(item);
            session = next;
        }
        Err(Exit::Left(tally))
    }
}

pub fn ring_3() -> Box<dyn Contender> {
    Peer::boxed("rumpsteak", |messages| {
        let laps = messages.div_ceil(3);
        let ring::Roles(mut a, mut b, mut c) = ring::Roles::default();
        let (a, b, c) = executor::block_on(async {
            join!(
                try_session(&mut a, |s| ring::a(s, laps)),
                try_session(&mut b, |s| ring::b(s, laps)),
                try_session(&mut c, |s| ring::c(s, laps)),
            )
        });
        [a, b, c].into_iter().map(|exit| tally(exit).audit()).sum()
    })
}

mod ring {
    use super::*;

    #[derive(Roles)]
    pub struct Roles(pub A, pub B, pub C);

    #[derive(Role)]
    #[message(Hop)]
    pub struct A(#[route(B)] To<B>, #[route(C)] From<C>);

    #[derive(Role)]
    #[message(Hop)]
    pub struct B(#[route(A)] From<A>, #[route(C)] To<C>);

    #[derive(Role)]
    #[message(Hop)]
    pub struct C(#[route(A)] To<A>, #[route(B)] From<B>);

    pub struct Hop(u64);

    impl Label<Self> for Hop {
        fn wrap(label: Self) -> Self {
            label
        }

        fn unwrap(self) -> Option<Self> {
            Some(self)
        }
    }

    looping!(First, A, Send<'r, A, B, Hop, Receive<'r, A, C, Hop, Self>>);
    looping!(Second, B, Receive<'r, B, A, Hop, Send<'r, B, C, Hop, Self>>);
    looping!(Third, C, Receive<'r, C, B, Hop, Send<'r, C, A, Hop, Self>>);

    pub async fn a(mut session: First<'_>, laps: u64) -> Ended<'_> {
        let mut tally = Tally::default();
        for _ in 0..laps {
            let sent = session.lap().send(Hop(tally.take()))?;
            let (Hop(hop), next) = sent.receive().await?;
            tally.add(hop);
            session = next;
        }
        Err(Exit::Left(tally))
    }

    /// Both of the others receive, then send.
    macro_rules! passes_on {
        ($name:ident, $session:ident) => {
            pub async fn $name(mut session: $session<'_>, laps: u64) -> Ended<'_> {
                let mut tally = Tally::default();
                for _ in 0..laps {
                    let (Hop(hop), next) = session.lap().receive().await?;
                    tally.add(hop);
                    session = next.send(Hop(tally.take()))?;
                }
                Err(Exit::Left(tally))
            }
        };
    }

    passes_on!(b, Second);
    passes_on!(c, Third);
}
