//! Ping-pong as state machines written by hand: the bar.

use std::collections::VecDeque;

/// The plainest version: a queue of numbers in each direction (D1).
pub struct Plain {
    to_bob: VecDeque<u64>,
    to_alice: VecDeque<u64>,
    alice_sends: bool,
    next: u64,
    sum: u64,
}

impl Plain {
    pub fn new() -> Self {
        Self {
            to_bob: VecDeque::with_capacity(4),
            to_alice: VecDeque::with_capacity(4),
            alice_sends: true,
            next: 0,
            sum: 0,
        }
    }

    /// Each role acts until it has to wait; two messages.
    pub fn round(&mut self) {
        if self.alice_sends {
            self.to_bob.push_back(self.next);
            self.next += 1;
            self.alice_sends = false;
        }
        if let Some(ping) = self.to_bob.pop_front() {
            self.to_alice.push_back(ping + 1);
        }
        if let Some(pong) = self.to_alice.pop_front() {
            self.sum = self.sum.wrapping_add(pong);
            self.alice_sends = true;
        }
    }

    pub fn sum(&self) -> u64 {
        self.sum
    }
}

/// What the roles of [`Typed`] compute.
pub trait Handler {
    fn ping(&self) -> u64;
    fn on_ping(&self, ping: u64);
    fn pong(&self) -> u64;
    fn on_pong(&self, pong: u64);
}

/// The messages that travel.
pub enum Message {
    Ping(u64),
    Pong(u64),
}

#[derive(Clone, Copy)]
enum Alice {
    SendPing,
    AwaitPong,
}

#[derive(Clone, Copy)]
enum Bob {
    AwaitPing,
    SendPong,
}

/// The version that corresponds to a VM with a handler: messages are an enum, payloads come from a
/// `&dyn` handler (D2).
pub struct Typed {
    to_bob: VecDeque<Message>,
    to_alice: VecDeque<Message>,
    alice: Alice,
    bob: Bob,
}

impl Typed {
    pub fn new() -> Self {
        Self {
            to_bob: VecDeque::with_capacity(4),
            to_alice: VecDeque::with_capacity(4),
            alice: Alice::SendPing,
            bob: Bob::AwaitPing,
        }
    }

    /// Each role acts until it has to wait; gives how many instructions were executed.
    #[inline(never)]
    pub fn round(&mut self, handler: &dyn Handler) {
        while self.step_alice(handler) {}
        while self.step_bob(handler) {}
    }

    fn step_alice(&mut self, handler: &dyn Handler) -> bool {
        match self.alice {
            Alice::SendPing => {
                self.to_bob.push_back(Message::Ping(handler.ping()));
                self.alice = Alice::AwaitPong;
                true
            }
            Alice::AwaitPong => match self.to_alice.pop_front() {
                Some(Message::Pong(pong)) => {
                    handler.on_pong(pong);
                    self.alice = Alice::SendPing;
                    true
                }
                Some(Message::Ping(_)) => unreachable!("Bob sends pongs"),
                None => false,
            },
        }
    }

    fn step_bob(&mut self, handler: &dyn Handler) -> bool {
        match self.bob {
            Bob::AwaitPing => match self.to_bob.pop_front() {
                Some(Message::Ping(ping)) => {
                    handler.on_ping(ping);
                    self.bob = Bob::SendPong;
                    true
                }
                Some(Message::Pong(_)) => unreachable!("Alice sends pings"),
                None => false,
            },
            Bob::SendPong => {
                self.to_alice.push_back(Message::Pong(handler.pong()));
                self.bob = Bob::AwaitPing;
                true
            }
        }
    }
}
