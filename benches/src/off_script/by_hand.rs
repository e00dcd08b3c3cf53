//! State machines by hand that do the same where D2 does less.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;

use crate::contender::Contender;
use crate::tally::Counter;
use crate::workload::ping_pong::{LateHandler, LatePairs, NamedHandler, Role, TypedPair};
use crate::workload::{Failure, PingPong, Workload};

/// Has no answer the first time it is asked for a payload.
#[derive(Default)]
struct Later {
    counter: Counter,
    was_asked: AtomicBool,
}

impl Later {
    fn number(&self) -> Poll<u64> {
        let was_asked = self.was_asked.load(Relaxed);
        self.was_asked.store(!was_asked, Relaxed);
        if was_asked { Poll::Ready(self.counter.take()) } else { Poll::Pending }
    }
}

impl LateHandler for Later {
    fn ping(&self) -> Result<Poll<u64>, Failure> {
        Ok(self.number())
    }

    fn on_ping(&self, ping: u64) -> Result<(), Failure> {
        self.counter.add(ping);
        Ok(())
    }

    fn pong(&self) -> Result<Poll<u64>, Failure> {
        Ok(self.number())
    }

    fn on_pong(&self, pong: u64) -> Result<(), Failure> {
        self.counter.add(pong);
        Ok(())
    }
}

/// Every answer is late, and its role is woken.
pub(super) struct Late {
    pairs: LatePairs,
    session: usize,
    handler: Later,
}

impl Late {
    pub(super) fn new() -> Self {
        let mut pairs = LatePairs::default();
        let session = pairs.open();
        Self { pairs, session, handler: Later::default() }
    }
}

impl Contender for Late {
    fn exchange(&mut self, messages: u64) {
        let handler: &dyn LateHandler = black_box(&self.handler);
        self.pairs.run(handler).expect("no failures");
        for _ in 0..messages {
            // Whoever received last is the one who has no answer yet.
            let role =
                if self.handler.counter.sent().is_multiple_of(2) { Role::Alice } else { Role::Bob };
            assert!(self.pairs.wake(self.session, role), "its answer is late");
            self.pairs.run(handler).expect("no failures");
        }
    }

    fn sent(&self) -> u64 {
        self.handler.counter.sent()
    }

    fn end(self: Box<Self>) {
        self.handler.counter.audit().check("late answers by hand", 1);
    }
}

fn is_known(role: &str, peer: &str, label: &str) -> bool {
    matches!(
        (role, peer, label),
        ("Alice", "Bob", "Ping" | "Pong") | ("Bob", "Alice", "Ping" | "Pong")
    )
}

#[cold]
fn unknown() -> Failure {
    Box::new("no such message".into())
}

impl NamedHandler for Counter {
    fn send(&self, role: &str, to: &str, label: &str) -> Result<u64, Failure> {
        if is_known(role, to, label) { Ok(self.take()) } else { Err(unknown()) }
    }

    fn receive(&self, role: &str, from: &str, label: &str, number: u64) -> Result<(), Failure> {
        if !is_known(role, from, label) {
            return Err(unknown());
        }
        self.add(number);
        Ok(())
    }
}

/// The handler knows names.
#[derive(Default)]
pub(super) struct Names {
    pair: TypedPair,
    handler: Counter,
}

impl Contender for Names {
    fn exchange(&mut self, messages: u64) {
        let handler: &dyn NamedHandler = black_box(&self.handler);
        for _ in 0..messages.div_ceil(<PingPong>::LAP) {
            self.pair.named_lap(handler).expect("no failures");
        }
    }

    fn sent(&self) -> u64 {
        self.handler.sent()
    }

    fn end(self: Box<Self>) {
        self.handler.audit().check("names by hand", 1);
    }
}
