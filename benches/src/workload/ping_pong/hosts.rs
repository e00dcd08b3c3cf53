//! Where the state machine's payloads come from and go to: a handler for all sessions, or a boxed object for
//! each role.

use super::Payload;
use crate::tally::{Counter, Player};
use crate::workload::Failure;

/// What the state machine asks.
pub(super) trait Host<P> {
    fn ping(&mut self) -> Result<P, Failure>;
    fn on_ping(&mut self, ping: P) -> Result<(), Failure>;
    fn pong(&mut self) -> Result<P, Failure>;
    fn on_pong(&mut self, pong: P) -> Result<(), Failure>;
}

/// Plays both roles of all sessions.
pub trait Handler<P> {
    fn ping(&self) -> Result<P, Failure>;
    fn on_ping(&self, ping: P) -> Result<(), Failure>;
    fn pong(&self) -> Result<P, Failure>;
    fn on_pong(&self, pong: P) -> Result<(), Failure>;
}

impl<P: Payload> Handler<P> for Counter {
    fn ping(&self) -> Result<P, Failure> {
        Ok(P::of(self.take()))
    }

    fn on_ping(&self, ping: P) -> Result<(), Failure> {
        self.add(ping.number());
        Ok(())
    }

    fn pong(&self) -> Result<P, Failure> {
        Ok(P::of(self.take()))
    }

    fn on_pong(&self, pong: P) -> Result<(), Failure> {
        self.add(pong.number());
        Ok(())
    }
}

impl<P> Host<P> for &dyn Handler<P> {
    fn ping(&mut self) -> Result<P, Failure> {
        Handler::ping(*self)
    }

    fn on_ping(&mut self, ping: P) -> Result<(), Failure> {
        Handler::on_ping(*self, ping)
    }

    fn pong(&mut self) -> Result<P, Failure> {
        Handler::pong(*self)
    }

    fn on_pong(&mut self, pong: P) -> Result<(), Failure> {
        Handler::on_pong(*self, pong)
    }
}

trait Alice<P> {
    fn ping(&mut self) -> Result<P, Failure>;
    fn on_pong(&mut self, pong: P) -> Result<(), Failure>;
}

trait Bob<P> {
    fn on_ping(&mut self, ping: P) -> Result<(), Failure>;
    fn pong(&mut self) -> Result<P, Failure>;
}

/// A boxed object for each role.
pub(super) struct RoleObjects<P> {
    alice: Box<dyn Alice<P>>,
    bob: Box<dyn Bob<P>>,
}

impl<P: Payload> Default for RoleObjects<P> {
    fn default() -> Self {
        Self { alice: Box::new(Player::default()), bob: Box::new(Player::default()) }
    }
}

impl<P: Payload> Alice<P> for Player {
    fn ping(&mut self) -> Result<P, Failure> {
        Ok(P::of(self.take()))
    }

    fn on_pong(&mut self, pong: P) -> Result<(), Failure> {
        self.add(pong.number());
        Ok(())
    }
}

impl<P: Payload> Bob<P> for Player {
    fn on_ping(&mut self, ping: P) -> Result<(), Failure> {
        self.add(ping.number());
        Ok(())
    }

    fn pong(&mut self) -> Result<P, Failure> {
        Ok(P::of(self.take()))
    }
}

impl<P> Host<P> for RoleObjects<P> {
    fn ping(&mut self) -> Result<P, Failure> {
        self.alice.ping()
    }

    fn on_ping(&mut self, ping: P) -> Result<(), Failure> {
        self.bob.on_ping(ping)
    }

    fn pong(&mut self) -> Result<P, Failure> {
        self.bob.pong()
    }

    fn on_pong(&mut self, pong: P) -> Result<(), Failure> {
        self.alice.on_pong(pong)
    }
}
