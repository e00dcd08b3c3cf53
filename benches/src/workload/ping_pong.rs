//! Ping-pong: two roles, one message on its way.

mod hosts;
mod log;

use std::collections::VecDeque;

use telltale_vm::loader::CodeImage;
use telltale_vm::{HandlerResult, VM, choreography};

use self::hosts::{Cast, Host};
use self::log::{Log, What};
use super::{Failure, Objects, Plain, Typed, Workload};
use crate::tally::{Audit, Counter, Player, Tally};

pub use self::hosts::Handler;
pub use self::log::Logbook;

choreography! {
    pub protocol PingPong(Alice, Bob) {
        loop {
            Alice -> Bob: Ping(u64);
            Bob -> Alice: Pong(u64);
        }
    }
}

pub struct PingPong;

impl Workload for PingPong {
    const LAP: u64 = 2;
    const ON_THEIR_WAY: u64 = 1;

    type Plain = Pair;
    type Handler = dyn Handler;
    type Typed = TypedPair;
    type Objects = ObjectPair;
    type Effects = Counter;

    fn handler(counter: &Counter) -> &Self::Handler {
        counter
    }

    fn image() -> &'static CodeImage {
        &ping_pong::IMAGE
    }

    fn open(vm: &mut VM) {
        ping_pong::open_detached(vm, Player::default(), Player::default()).expect("room");
    }
}

/// D1.
pub struct Pair {
    to_bob: VecDeque<u64>,
    to_alice: VecDeque<u64>,
    alice_sends: bool,
    alice: Tally,
    bob: Tally,
}

impl Default for Pair {
    fn default() -> Self {
        Self {
            to_bob: VecDeque::with_capacity(4),
            to_alice: VecDeque::with_capacity(4),
            alice_sends: true,
            alice: Tally::default(),
            bob: Tally::default(),
        }
    }
}

impl Plain for Pair {
    fn lap(&mut self) {
        if self.alice_sends {
            self.to_bob.push_back(self.alice.take());
            self.alice_sends = false;
        }
        if let Some(ping) = self.to_bob.pop_front() {
            self.bob.add(ping);
            self.to_alice.push_back(self.bob.take());
        }
        if let Some(pong) = self.to_alice.pop_front() {
            self.alice.add(pong);
            self.alice_sends = true;
        }
    }

    fn audit(&self) -> Audit {
        self.alice.audit() + self.bob.audit()
    }
}

/// D2.
#[derive(Default)]
pub struct TypedPair(Machine);

impl Typed<dyn Handler> for TypedPair {
    #[inline(never)]
    fn lap(&mut self, mut handler: &dyn Handler) -> Result<(), Failure> {
        self.0.lap(&mut handler, &mut ())
    }
}

impl TypedPair {
    /// A lap that is written down in a log.
    #[inline(never)]
    pub fn logged_lap(
        &mut self,
        mut handler: &dyn Handler,
        log: &mut Logbook,
    ) -> Result<(), Failure> {
        self.0.lap(&mut handler, log)
    }
}

/// D2 with objects.
#[derive(Default)]
pub struct ObjectPair(Machine, Cast);

impl Objects for ObjectPair {
    #[inline(never)]
    fn lap(&mut self) -> Result<(), Failure> {
        self.0.lap(&mut self.1, &mut ())
    }
}

/// What travels.
enum Message {
    Ping(u64),
    Pong(u64),
}

#[derive(Clone, Copy)]
enum AliceState {
    SendPing,
    AwaitPong,
}

#[derive(Clone, Copy)]
enum BobState {
    AwaitPing,
    SendPong,
}

struct Machine {
    to_bob: VecDeque<Message>,
    to_alice: VecDeque<Message>,
    alice: AliceState,
    bob: BobState,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            to_bob: VecDeque::with_capacity(4),
            to_alice: VecDeque::with_capacity(4),
            alice: AliceState::SendPing,
            bob: BobState::AwaitPing,
        }
    }
}

impl Machine {
    #[inline(always)]
    fn lap(&mut self, host: &mut impl Host, log: &mut impl Log) -> Result<(), Failure> {
        while self.step_alice(host, log)? {}
        while self.step_bob(host, log)? {}
        Ok(())
    }

    #[inline(always)]
    fn step_alice(&mut self, host: &mut impl Host, log: &mut impl Log) -> Result<bool, Failure> {
        match self.alice {
            AliceState::SendPing => {
                self.to_bob.push_back(Message::Ping(host.ping()?));
                log.note(What::SentPing);
                self.alice = AliceState::AwaitPong;
                Ok(true)
            }
            AliceState::AwaitPong => match self.to_alice.pop_front() {
                Some(Message::Pong(pong)) => {
                    host.on_pong(pong)?;
                    log.note(What::ReceivedPong);
                    self.alice = AliceState::SendPing;
                    Ok(true)
                }
                Some(Message::Ping(_)) => unreachable!("Bob sends pongs"),
                None => Ok(false),
            },
        }
    }

    #[inline(always)]
    fn step_bob(&mut self, host: &mut impl Host, log: &mut impl Log) -> Result<bool, Failure> {
        match self.bob {
            BobState::AwaitPing => match self.to_bob.pop_front() {
                Some(Message::Ping(ping)) => {
                    host.on_ping(ping)?;
                    log.note(What::ReceivedPing);
                    self.bob = BobState::SendPong;
                    Ok(true)
                }
                Some(Message::Pong(_)) => unreachable!("Alice sends pings"),
                None => Ok(false),
            },
            BobState::SendPong => {
                self.to_alice.push_back(Message::Pong(host.pong()?));
                log.note(What::SentPong);
                self.bob = BobState::AwaitPing;
                Ok(true)
            }
        }
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
