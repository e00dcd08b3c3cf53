//! A session in two VMs, each of which plays one of its two roles: messages are taken out of one and delivered to the other.
//! Beside it, the same session in one VM.

use std::hint::black_box;

use clap::ValueEnum;
use telltale_vm::outside::Outgoing;
use telltale_vm::{
    ByHandler, EffectHandler, Elsewhere, Policy, Recording, SessionId, VM, VMConfig, choreography,
};

use crate::contender::Contender;
use crate::tally::Counter;

choreography! {
    pub protocol PingPong(Alice, Bob) {
        loop {
            Alice -> Bob: Ping(u64);
            Bob -> Alice: Pong(u64);
        }
    }

    pub protocol Stream(Source, Sink) {
        loop {
            Source -> Sink: Item(u64);
        }
    }
}

/// What is exchanged.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Exchange {
    /// A message at a time
    PingPong,
    /// A channel full of messages at a time
    Stream,
}

/// Where its session is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Place {
    /// In one VM, on its script
    OnScript,
    /// In one VM, off its script, since roles have turns of one instruction
    OffScript,
    /// In two VMs
    TwoParts,
}

/// Exchanges messages in one thread, with one handler for both roles.
pub fn contender(exchange: Exchange, place: Place) -> Box<dyn Contender> {
    let handler = Counter::default();
    let policy = match place {
        Place::OnScript | Place::TwoParts => Policy::Cooperative,
        Place::OffScript => Policy::RoundRobin,
    };
    if matches!(place, Place::TwoParts) {
        let parts = openers(exchange).map(|open| Part::open(open, policy));
        return Box::new(Parts { parts, outgoing: Vec::new(), handler });
    }
    let image = match exchange {
        Exchange::PingPong => &ping_pong::IMAGE,
        Exchange::Stream => &stream::IMAGE,
    };
    let mut vm = vm(policy);
    vm.load_choreography(image).expect("room");
    Box::new(Whole { vm, handler })
}

fn vm(policy: Policy) -> VM {
    VM::new(VMConfig { policy, recording: Recording::Off, ..VMConfig::default() })
}

/// Opens a part.
type Open = fn(&mut VM) -> SessionId;

/// Opens the part of the first role, and that of the second.
fn openers(exchange: Exchange) -> [Open; 2] {
    match exchange {
        Exchange::PingPong => [
            |vm| opened(ping_pong::Roles { alice: ByHandler, bob: Elsewhere }.open_detached(vm)),
            |vm| opened(ping_pong::Roles { alice: Elsewhere, bob: ByHandler }.open_detached(vm)),
        ],
        Exchange::Stream => [
            |vm| opened(stream::Roles { source: ByHandler, sink: Elsewhere }.open_detached(vm)),
            |vm| opened(stream::Roles { source: Elsewhere, sink: ByHandler }.open_detached(vm)),
        ],
    }
}

fn opened(session: Result<SessionId, telltale_vm::VMError>) -> SessionId {
    session.expect("room")
}

/// A role, where it is played.
struct Part {
    vm: VM,
    session: SessionId,
}

impl Part {
    fn open(open: Open, policy: Policy) -> Self {
        let mut vm = vm(policy);
        Self { session: open(&mut vm), vm }
    }
}

/// Both roles, and what is on its way between them.
struct Parts {
    parts: [Part; 2],
    outgoing: Vec<Outgoing>,
    handler: Counter,
}

impl Contender for Parts {
    fn exchange(&mut self, messages: u64) {
        let target = self.sent() + messages;
        while self.sent() < target {
            let handler: &dyn EffectHandler = black_box(&self.handler);
            for part in &mut self.parts {
                for incoming in self.outgoing.drain(..) {
                    part.vm.deliver(part.session, incoming).expect("everything was received");
                }
                part.vm.run(handler, usize::MAX).expect("no faults");
                part.vm.take_outgoing(part.session, &mut self.outgoing).expect("it is its own");
            }
        }
    }

    fn sent(&self) -> u64 {
        self.handler.sent()
    }

    fn handicap(&self) -> u64 {
        64
    }

    fn end(self: Box<Self>) {
        // What was taken out last was not delivered.
        self.handler.audit().check("two parts", self.outgoing.len() as u64);
    }
}

/// The same in one VM.
struct Whole {
    vm: VM,
    handler: Counter,
}

impl Contender for Whole {
    fn exchange(&mut self, messages: u64) {
        let target = self.sent() + messages;
        while self.sent() < target {
            let handler: &dyn EffectHandler = black_box(&self.handler);
            self.vm.run(handler, messages.div_ceil(32) as usize).expect("no faults");
        }
    }

    fn sent(&self) -> u64 {
        self.handler.sent()
    }

    fn handicap(&self) -> u64 {
        64
    }

    fn end(self: Box<Self>) {
        let most = u64::from(self.vm.config().capacity);
        self.handler.audit().check("a session in one VM", most);
    }
}
