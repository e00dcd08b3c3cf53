//! Ping-pong with numbers.

use telltale_vm::loader::CodeImage;
use telltale_vm::{HandlerResult, SessionHost, choreography};

use super::Payload;
use crate::tally::{Counter, Player};

choreography! {
    pub protocol PingPong(Alice, Bob) {
        loop {
            Alice -> Bob: Ping(u64);
            Bob -> Alice: Pong(u64);
        }
    }
}

impl Payload for u64 {
    type Effects = Counter;

    fn of(number: u64) -> Self {
        number
    }

    fn number(&self) -> u64 {
        *self
    }

    fn image() -> &'static CodeImage {
        &ping_pong::IMAGE
    }

    fn open(host: &mut impl SessionHost) {
        ping_pong::open_detached(host, Player::default(), Player::default()).expect("room");
    }
}

impl ping_pong::Alice for Player {
    fn ping(&mut self) -> HandlerResult<u64> {
        Ok(self.take())
    }

    fn on_pong(&mut self, pong: u64) -> HandlerResult<()> {
        self.add(pong);
        Ok(())
    }
}

impl ping_pong::Bob for Player {
    fn on_ping(&mut self, ping: u64) -> HandlerResult<()> {
        self.add(ping);
        Ok(())
    }

    fn pong(&mut self) -> HandlerResult<u64> {
        Ok(self.take())
    }
}
