//! Where the state machine's payloads come from and go to: a handler for all sessions, or a boxed object for
//! each role.

use crate::tally::{Counter, Player};

/// What the state machine asks.
pub(super) trait Host {
    fn ping(&mut self) -> u64;
    fn on_ping(&mut self, ping: u64);
    fn pong(&mut self) -> u64;
    fn on_pong(&mut self, pong: u64);
}

/// Plays both roles of all sessions.
pub trait Handler {
    fn ping(&self) -> u64;
    fn on_ping(&self, ping: u64);
    fn pong(&self) -> u64;
    fn on_pong(&self, pong: u64);
}

impl Handler for Counter {
    fn ping(&self) -> u64 {
        self.take()
    }

    fn on_ping(&self, ping: u64) {
        self.add(ping);
    }

    fn pong(&self) -> u64 {
        self.take()
    }

    fn on_pong(&self, pong: u64) {
        self.add(pong);
    }
}

impl Host for &dyn Handler {
    fn ping(&mut self) -> u64 {
        Handler::ping(*self)
    }

    fn on_ping(&mut self, ping: u64) {
        Handler::on_ping(*self, ping);
    }

    fn pong(&mut self) -> u64 {
        Handler::pong(*self)
    }

    fn on_pong(&mut self, pong: u64) {
        Handler::on_pong(*self, pong);
    }
}

trait Alice {
    fn ping(&mut self) -> u64;
    fn on_pong(&mut self, pong: u64);
}

trait Bob {
    fn on_ping(&mut self, ping: u64);
    fn pong(&mut self) -> u64;
}

/// A boxed object for each role.
pub(super) struct Cast {
    alice: Box<dyn Alice>,
    bob: Box<dyn Bob>,
}

impl Default for Cast {
    fn default() -> Self {
        Self { alice: Box::new(Player::default()), bob: Box::new(Player::default()) }
    }
}

impl Alice for Player {
    fn ping(&mut self) -> u64 {
        self.take()
    }

    fn on_pong(&mut self, pong: u64) {
        self.add(pong);
    }
}

impl Bob for Player {
    fn on_ping(&mut self, ping: u64) {
        self.add(ping);
    }

    fn pong(&mut self) -> u64 {
        self.take()
    }
}

impl Host for Cast {
    fn ping(&mut self) -> u64 {
        self.alice.ping()
    }

    fn on_ping(&mut self, ping: u64) {
        self.bob.on_ping(ping);
    }

    fn pong(&mut self) -> u64 {
        self.bob.pong()
    }

    fn on_pong(&mut self, pong: u64) {
        self.alice.on_pong(pong);
    }
}
