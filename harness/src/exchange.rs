//! The other protocol that is played: two roles send numbers to each other at once, in a lane each, and a third one carries the sums home.

use serde::{Deserialize, Serialize};
use telltale_net::{Service, Step};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, choreography};

use crate::services::services;

choreography! {
    #[serde]
    pub protocol Exchange(Sender, Carrier, Receiver) {
        par {
            loop {
                choice Talk at Sender {
                    Sender -> Receiver: Say(u64);
                } or {
                    Sender -> Receiver: Silence;
                    break;
                }
            }
        } and {
            loop {
                choice Reply at Receiver {
                    Receiver -> Sender: Tell(u64);
                } or {
                    Receiver -> Sender: Quiet;
                    break;
                }
            }
        }
        Receiver -> Carrier: Total(u64);
        Carrier -> Sender: Sum(u64);
    }
}

/// How many numbers are sent in each lane.
pub const NUMBERS: u64 = 8;

/// How many messages a session has.
pub const MESSAGES: u64 = 2 * (NUMBERS + 1) + 2;

/// What the numbers of a lane come to.
const SUM: u64 = NUMBERS * (NUMBERS + 1) / 2;

/// What a role has come to. It is the same for all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talked {
    said: u64,
    heard: u64,
    sum: u64,
}

impl Talked {
    /// The next number, if there is one.
    fn say(&mut self) -> Option<u64> {
        self.said += 1;
        (self.said <= NUMBERS).then_some(self.said)
    }

    /// The number that comes next, and no other.
    fn hear(&mut self, number: u64) -> HandlerResult<()> {
        if number != self.heard + 1 {
            return Err(format!("expected number {}, found {number}", self.heard + 1).into());
        }
        self.heard = number;
        self.sum += number;
        Ok(())
    }

    fn expect_all(self) -> HandlerResult<()> {
        expect(self.heard, NUMBERS)
    }
}

fn expect(found: u64, expected: u64) -> HandlerResult<()> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("expected {expected}, found {found}").into())
    }
}

impl exchange::Sender for Talked {
    fn talk(&mut self) -> HandlerResult<exchange::Talk> {
        Ok(self.say().map_or(exchange::Talk::Silence, exchange::Talk::Say))
    }
    fn on_tell(&mut self, number: u64) -> HandlerResult<()> {
        self.hear(number)
    }
    fn on_quiet(&mut self) -> HandlerResult<()> {
        self.expect_all()
    }
    fn on_sum(&mut self, sum: u64) -> HandlerResult<()> {
        expect(sum, self.sum)
    }
}

impl exchange::Carrier for Talked {
    fn on_total(&mut self, total: u64) -> HandlerResult<()> {
        self.sum = total;
        expect(total, SUM)
    }
    fn sum(&mut self) -> HandlerResult<u64> {
        Ok(self.sum)
    }
}

impl exchange::Receiver for Talked {
    fn on_say(&mut self, number: u64) -> HandlerResult<()> {
        self.hear(number)
    }
    fn on_silence(&mut self) -> HandlerResult<()> {
        self.expect_all()
    }
    fn reply(&mut self) -> HandlerResult<exchange::Reply> {
        Ok(self.say().map_or(exchange::Reply::Quiet, exchange::Reply::Tell))
    }
    fn total(&mut self) -> HandlerResult<u64> {
        Ok(self.sum)
    }
}

services!(exchange, Talked);
