//! Where the state machine's payloads come from and go to: a handler for all sessions, or a boxed object for
//! each role.

use crate::tally::{Counter, Player};
use crate::workload::Failure;

/// What the state machine asks.
pub(super) trait Host {
    fn ping(&mut self) -> Result<u64, Failure>;
    fn on_ping(&mut self, ping: u64) -> Result<(), Failure>;
    fn pong(&mut self) -> Result<u64, Failure>;
    fn on_pong(&mut self, pong: u64) -> Result<(), Failure>;
}

/// Plays both roles of all sessions.
pub trait Handler {
    fn ping(&self) -> Result<u64, Failure>;
    fn on_ping(&self, ping: u64) -> Result<(), Failure>;
    fn pong(&self) -> Result<u64, Failure>;
    fn on_pong(&self, pong: u64) -> Result<(), Failure>;
}

impl Handler for Counter {
    fn ping(&self) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_ping(&self, ping: u64) -> Result<(), Failure> {
        self.add(ping);
        Ok(())
    }

    fn pong(&self) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_pong(&self, pong: u64) -> Result<(), Failure> {
        self.add(pong);
        Ok(())
    }
}

impl Host for &dyn Handler {
    fn ping(&mut self) -> Result<u64, Failure> {
        Handler::ping(*self)
    }

    fn on_ping(&mut self, ping: u64) -> Result<(), Failure> {
        Handler::on_ping(*self, ping)
    }

    fn pong(&mut self) -> Result<u64, Failure> {
        Handler::pong(*self)
    }

    fn on_pong(&mut self, pong: u64) -> Result<(), Failure> {
        Handler::on_pong(*self, pong)
    }
}

trait Alice {
    fn ping(&mut self) -> Result<u64, Failure>;
    fn on_pong(&mut self, pong: u64) -> Result<(), Failure>;
}

trait Bob {
    fn on_ping(&mut self, ping: u64) -> Result<(), Failure>;
    fn pong(&mut self) -> Result<u64, Failure>;
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
    fn ping(&mut self) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_pong(&mut self, pong: u64) -> Result<(), Failure> {
        self.add(pong);
        Ok(())
    }
}

impl Bob for Player {
    fn on_ping(&mut self, ping: u64) -> Result<(), Failure> {
        self.add(ping);
        Ok(())
    }

    fn pong(&mut self) -> Result<u64, Failure> {
        Ok(self.take())
    }
}

impl Host for Cast {
    fn ping(&mut self) -> Result<u64, Failure> {
        self.alice.ping()
    }

    fn on_ping(&mut self, ping: u64) -> Result<(), Failure> {
        self.bob.on_ping(ping)
    }

    fn pong(&mut self) -> Result<u64, Failure> {
        self.bob.pong()
    }

    fn on_pong(&mut self, pong: u64) -> Result<(), Failure> {
        self.alice.on_pong(pong)
    }
}
