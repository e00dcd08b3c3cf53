//! Every workload in every way, by name.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use telltale_vm::loader::CodeImage;
use telltale_vm::{Recording, ThreadedVM, VM};

use crate::contender::{Contender, Visits, objects, plain, plain_on_threads, typed};
use crate::ours::{WithHandler, WithRoles};
use crate::peers::{ancestor, kanal, rumpsteak, tokio};
use crate::workload::{self, Workload};

/// What is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Exchange {
    /// Two roles, one message on its way
    PingPong,
    /// The same with structs of four words
    Structs,
    /// The same with texts
    Texts,
    /// One role sends whenever there is room
    Stream,
    /// Three roles in a ring
    #[value(name = "ring-3")]
    Ring3,
    /// Ten roles in a ring
    #[value(name = "ring-10")]
    Ring10,
    /// One of eight messages, again and again
    Choice,
    /// Four workers get a task and answer
    Fan,
}

/// Who exchanges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// State machines by hand, queues of numbers
    D1,
    /// The same on two threads
    #[value(name = "d1-threads")]
    D1Threads,
    /// State machines by hand, an enum of messages and a handler behind `&dyn` that may fail
    D2,
    /// The same with a boxed object for each role
    Objects,
    /// The VM with a handler
    Handler,
    /// The VM with a handler, recording everything
    Trace,
    /// The VM with generated role objects
    Roles,
    /// The VM with threads, but with one thread
    Worker,
    /// The VM with threads, two of them
    Workers,
    /// Channels
    Kanal,
    /// Tasks and channels
    Tokio,
    /// Session types in the types of Rust
    Rumpsteak,
    /// The VM that this design comes from
    Ancestor,
}

impl Exchange {
    /// The name on the command line, which tables use as well.
    pub fn name(self) -> String {
        name(self)
    }

    pub fn image(self) -> &'static CodeImage {
        match self {
            Self::PingPong => <workload::PingPong>::image(),
            Self::Structs => workload::PingPong::<workload::Move>::image(),
            Self::Texts => workload::PingPong::<String>::image(),
            Self::Stream => workload::Stream::image(),
            Self::Ring3 => workload::Ring3::image(),
            Self::Ring10 => workload::Ring10::image(),
            Self::Choice => workload::Choice::image(),
            Self::Fan => workload::Fan::image(),
        }
    }

    /// How many messages come and go until every role is where it was.
    pub fn lap(self) -> u64 {
        match self {
            Self::PingPong => <workload::PingPong>::LAP,
            Self::Structs => workload::PingPong::<workload::Move>::LAP,
            Self::Texts => workload::PingPong::<String>::LAP,
            Self::Stream => workload::Stream::LAP,
            Self::Ring3 => workload::Ring3::LAP,
            Self::Ring10 => workload::Ring10::LAP,
            Self::Choice => workload::Choice::LAP,
            Self::Fan => workload::Fan::LAP,
        }
    }

    /// This exchange in one of the ways; peers have not all of them, and some have only one session.
    pub fn by(self, way: Way, visits: Visits) -> Option<Box<dyn Contender>> {
        match self {
            Self::PingPong => ours::<workload::PingPong>(way, visits),
            Self::Structs => ours::<workload::PingPong<workload::Move>>(way, visits),
            Self::Texts => ours::<workload::PingPong<String>>(way, visits),
            Self::Stream => ours::<workload::Stream>(way, visits),
            Self::Ring3 => ours::<workload::Ring3>(way, visits),
            Self::Ring10 => ours::<workload::Ring10>(way, visits),
            Self::Choice => ours::<workload::Choice>(way, visits),
            Self::Fan => ours::<workload::Fan>(way, visits),
        }
        .or_else(|| self.by_peer(way, visits.sessions))
    }

    fn by_peer(self, way: Way, sessions: usize) -> Option<Box<dyn Contender>> {
        Some(match (way, self) {
            (Way::Ancestor, Self::PingPong) => ancestor::ring(2, sessions),
            (Way::Ancestor, Self::Ring3) => ancestor::ring(3, sessions),
            (Way::Ancestor, Self::Ring10) => ancestor::ring(10, sessions),
            _ if sessions > 1 => return None,
            (Way::Ancestor, Self::Stream) => ancestor::stream(),
            (Way::Ancestor, Self::Choice) => ancestor::choice(),
            (Way::Kanal, Self::PingPong) => kanal::ring(2),
            (Way::Kanal, Self::Stream) => kanal::stream(),
            (Way::Kanal, Self::Ring3) => kanal::ring(3),
            (Way::Kanal, Self::Ring10) => kanal::ring(10),
            (Way::Tokio, Self::PingPong) => tokio::ring(2),
            (Way::Tokio, Self::Stream) => tokio::stream(),
            (Way::Tokio, Self::Ring3) => tokio::ring(3),
            (Way::Tokio, Self::Ring10) => tokio::ring(10),
            (Way::Rumpsteak, Self::PingPong) => rumpsteak::ping_pong(),
            (Way::Rumpsteak, Self::Stream) => rumpsteak::stream(),
            (Way::Rumpsteak, Self::Ring3) => rumpsteak::ring_3(),
            _ => return None,
        })
    }
}

fn ours<W: Workload>(way: Way, visits: Visits) -> Option<Box<dyn Contender>> {
    Some(match way {
        Way::D1 => plain::<W>(visits),
        Way::D1Threads => plain_on_threads::<W>(visits, 2),
        Way::D2 => typed::<W>(visits),
        Way::Objects => objects::<W>(visits),
        Way::Handler => Box::new(WithHandler::<W>::new(visits, Recording::Off)),
        Way::Trace => Box::new(WithHandler::<W>::new(visits, Recording::Full)),
        Way::Roles => Box::new(WithRoles::<W, VM>::new(visits)),
        Way::Worker => Box::new(WithRoles::<W, ThreadedVM>::on_threads(visits, NonZeroUsize::MIN)),
        Way::Workers => Box::new(WithRoles::<W, ThreadedVM>::on_threads(
            visits,
            NonZeroUsize::MIN.saturating_add(1),
        )),
        Way::Kanal | Way::Tokio | Way::Rumpsteak | Way::Ancestor => return None,
    })
}

impl Way {
    /// The name on the command line, which tables use as well.
    pub fn name(self) -> String {
        name(self)
    }
}

fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
