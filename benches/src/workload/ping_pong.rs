//! Ping-pong: two roles, one message on its way.

mod hosts;
mod late;
mod log;
mod named;
mod payloads;

use std::collections::VecDeque;
use std::marker::PhantomData;

use telltale_vm::generated::SessionHost;
use telltale_vm::loader::CodeImage;

use self::hosts::{Host, RoleObjects};
use self::log::{Log, What};
use self::payloads::Carrying;
use super::{Failure, Objects, Plain, Typed, Workload};
use crate::tally::{Audit, Counter, Tally};

pub use self::hosts::Handler;
pub use self::late::{LateHandler, LatePairs, Role};
pub use self::log::Logbook;
pub use self::named::NamedHandler;
pub use self::payloads::{Move, Payload};

pub struct PingPong<P = u64>(PhantomData<P>);

impl<P: Payload> Workload for PingPong<P> {
    const LAP: u64 = 2;
    const ON_THEIR_WAY: u64 = 1;

    type Plain = Pair<P>;
    type Handler = dyn Handler<P>;
    type Typed = TypedPair<P>;
    type Objects = ObjectPair<P>;
    type Effects = Carrying<P>;

    fn handler(counter: &Counter) -> &Self::Handler {
        counter
    }

    fn image() -> &'static CodeImage {
        P::image()
    }

    fn open(host: &mut impl SessionHost) {
        P::open(host);
    }
}

/// D1.
pub struct Pair<P> {
    to_bob: VecDeque<P>,
    to_alice: VecDeque<P>,
    alice_sends: bool,
    alice: Tally,
    bob: Tally,
}

impl<P> Default for Pair<P> {
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

impl<P: Payload> Plain for Pair<P> {
    fn lap(&mut self) {
        if self.alice_sends {
            self.to_bob.push_back(P::of(self.alice.take()));
            self.alice_sends = false;
        }
        if let Some(ping) = self.to_bob.pop_front() {
            self.bob.add(ping.number());
            self.to_alice.push_back(P::of(self.bob.take()));
        }
        if let Some(pong) = self.to_alice.pop_front() {
            self.alice.add(pong.number());
            self.alice_sends = true;
        }
    }

    fn audit(&self) -> Audit {
        self.alice.audit() + self.bob.audit()
    }
}

/// D2.
pub struct TypedPair<P = u64>(Machine<P>);

impl<P> Default for TypedPair<P> {
    fn default() -> Self {
        Self(Machine::default())
    }
}

impl<P> Typed<dyn Handler<P>> for TypedPair<P> {
    #[inline(never)]
    fn lap(&mut self, mut handler: &dyn Handler<P>) -> Result<(), Failure> {
        self.0.lap(&mut handler, &mut ())
    }
}

impl<P> TypedPair<P> {
    /// A lap that is written down in a log.
    #[inline(never)]
    pub fn logged_lap(
        &mut self,
        mut handler: &dyn Handler<P>,
        log: &mut Logbook,
    ) -> Result<(), Failure> {
        self.0.lap(&mut handler, log)
    }
}

impl TypedPair {
    /// A lap with a handler that is told names.
    #[inline(never)]
    pub fn named_lap(&mut self, mut handler: &dyn NamedHandler) -> Result<(), Failure> {
        self.0.lap(&mut handler, &mut ())
    }
}

/// D2 with objects.
pub struct ObjectPair<P>(Machine<P>, RoleObjects<P>);

impl<P: Payload> Default for ObjectPair<P> {
    fn default() -> Self {
        Self(Machine::default(), RoleObjects::default())
    }
}

impl<P: Payload> Objects for ObjectPair<P> {
    #[inline(never)]
    fn lap(&mut self) -> Result<(), Failure> {
        self.0.lap(&mut self.1, &mut ())
    }
}

/// What travels.
enum Message<P> {
    Ping(P),
    Pong(P),
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

struct Machine<P> {
    to_bob: VecDeque<Message<P>>,
    to_alice: VecDeque<Message<P>>,
    alice: AliceState,
    bob: BobState,
}

impl<P> Default for Machine<P> {
    fn default() -> Self {
        Self {
            to_bob: VecDeque::with_capacity(4),
            to_alice: VecDeque::with_capacity(4),
            alice: AliceState::SendPing,
            bob: BobState::AwaitPing,
        }
    }
}

impl<P> Machine<P> {
    #[inline(always)]
    fn lap(&mut self, host: &mut impl Host<P>, log: &mut impl Log) -> Result<(), Failure> {
        while self.step_alice(host, log)? {}
        while self.step_bob(host, log)? {}
        Ok(())
    }

    #[inline(always)]
    fn step_alice(&mut self, host: &mut impl Host<P>, log: &mut impl Log) -> Result<bool, Failure> {
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
    fn step_bob(&mut self, host: &mut impl Host<P>, log: &mut impl Log) -> Result<bool, Failure> {
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
