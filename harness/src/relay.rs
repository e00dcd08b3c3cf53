//! The protocol that is played: numbers go round three roles, each of which knows which one has to come.

use serde::{Deserialize, Serialize};
use telltale_net::{Service, Step};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, choreography};

use crate::services::services;

choreography! {
    #[serde]
    pub protocol Relay(Sender, Carrier, Receiver) {
        loop {
            choice Next at Sender {
                Sender -> Carrier: Item(u64);
                Carrier -> Receiver: Pass(u64);
                Receiver -> Sender: Sum(u64);
            } or {
                Sender -> Carrier: Finish;
                Carrier -> Receiver: Close(u64);
                break;
            }
        }
    }
}

/// How many numbers go round in a session.
pub const NUMBERS: u64 = 8;

/// How many messages a session has.
pub const MESSAGES: u64 = 3 * NUMBERS + 2;

/// What a role has come to. It is the same for all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    last: u64,
    sum: u64,
}

impl Counted {
    /// The number that comes next, and no other: one that is lost or comes twice ends the session.
    fn take(&mut self, number: u64) -> HandlerResult<()> {
        if number != self.last + 1 {
            return Err(format!("expected number {}, found {number}", self.last + 1).into());
        }
        self.last = number;
        self.sum += number;
        Ok(())
    }

    fn expect_sum(self, sum: u64) -> HandlerResult<()> {
        if sum == self.sum {
            Ok(())
        } else {
            Err(format!("expected {}, found {sum}", self.sum).into())
        }
    }
}

impl relay::Sender for Counted {
    fn next(&mut self) -> HandlerResult<relay::Next> {
        if self.last == NUMBERS {
            return Ok(relay::Next::Finish);
        }
        self.take(self.last + 1)?;
        Ok(relay::Next::Item(self.last))
    }
    fn on_sum(&mut self, sum: u64) -> HandlerResult<()> {
        self.expect_sum(sum)
    }
}

impl relay::Carrier for Counted {
    fn on_item(&mut self, number: u64) -> HandlerResult<()> {
        self.take(number)
    }
    fn pass(&mut self) -> HandlerResult<u64> {
        Ok(self.last)
    }
    fn on_finish(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn close(&mut self) -> HandlerResult<u64> {
        Ok(self.sum)
    }
}

impl relay::Receiver for Counted {
    fn on_pass(&mut self, number: u64) -> HandlerResult<()> {
        self.take(number)
    }
    fn sum(&mut self) -> HandlerResult<u64> {
        Ok(self.sum)
    }
    fn on_close(&mut self, sum: u64) -> HandlerResult<()> {
        self.expect_sum(sum)
    }
}

services!(relay, Counted);
