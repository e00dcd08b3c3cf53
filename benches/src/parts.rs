//! Sessions that are played from outside of their VM: in two VMs, each of which plays one of the two roles, messages are taken
//! out of one and delivered to the other; in one VM, both roles are driven by calls. Beside them, the same session in one VM.

use std::hint::black_box;

use clap::ValueEnum;
use telltale_vm::outside::{Outgoing, Seat};
use telltale_vm::{
    ByHandler, Driven, EffectHandler, Elsewhere, LabelId, Outcome, Policy, Recording, RoleId,
    SessionId, VM, VMConfig, Value, choreography,
};

use crate::contender::Contender;
use crate::tally::{Counter, Tally};

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
    /// In one VM, and both roles are driven by calls, as async code does
    Driven,
}

/// Exchanges messages in one thread, with one handler for both roles.
pub fn contender(exchange: Exchange, place: Place) -> Box<dyn Contender> {
    let handler = Counter::default();
    let policy = match place {
        Place::OnScript | Place::TwoParts | Place::Driven => Policy::Cooperative,
        Place::OffScript => Policy::RoundRobin,
    };
    if matches!(place, Place::TwoParts) {
        let parts = openers(exchange).map(|open| Part::open(open, policy));
        return Box::new(Parts { parts, outgoing: Vec::new(), handler });
    }
    if matches!(place, Place::Driven) {
        return Box::new(ByCalls::open(exchange));
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

/// Both roles of a session in one VM, driven by calls. After each, it is asked who was woken and what has ended, as a host does.
struct ByCalls {
    vm: VM,
    session: SessionId,
    exchange: Exchange,
    /// What each role has sent and received.
    tallies: [Tally; 2],
    sent: u64,
    woken: Vec<Seat>,
    ended: Vec<(SessionId, Outcome)>,
}

impl ByCalls {
    fn open(exchange: Exchange) -> Self {
        let mut vm = vm(Policy::Cooperative);
        let session = match exchange {
            Exchange::PingPong => {
                ping_pong::Roles { alice: Driven, bob: Driven }.open_detached(&mut vm)
            }
            Exchange::Stream => {
                stream::Roles { source: Driven, sink: Driven }.open_detached(&mut vm)
            }
        };
        let session = opened(session);
        let (tallies, sent) = ([Tally::default(); 2], 0);
        Self { vm, session, exchange, tallies, sent, woken: Vec::new(), ended: Vec::new() }
    }

    /// A role sends a message to the other, if there is room.
    fn send(&mut self, role: usize, label: u16) -> bool {
        let number = Value::Uint(self.tallies[role].peek());
        let seat = self.seat(role);
        let back = self.vm.driven_send(seat, RoleId(1 - seat.role.0), LabelId(label), number);
        let is_sent = back.expect("it may").is_none();
        if is_sent {
            self.tallies[role].take();
            self.sent += 1;
        }
        self.look_around();
        is_sent
    }

    /// A role receives a message, if one has come.
    fn receive(&mut self, role: usize) -> bool {
        let received = self.vm.driven_receive(self.seat(role)).expect("it may");
        let has_come = received.is_some();
        if let Some(received) = received {
            let Value::Uint(number) = received.value else { unreachable!("it is a number") };
            self.tallies[role].add(number);
        }
        self.look_around();
        has_come
    }

    fn seat(&self, role: usize) -> Seat {
        Seat { session: self.session, role: RoleId(role as u8), lane: 0 }
    }

    fn look_around(&mut self) {
        self.vm.take_woken(&mut self.woken);
        self.woken.clear();
        self.vm.take_ended(&mut self.ended);
        assert!(self.ended.is_empty(), "it does not end");
    }

    /// Each role acts until it waits, as a task does.
    fn lap(&mut self) {
        match self.exchange {
            Exchange::PingPong => {
                for (role, label) in [(0, 0), (1, 1)] {
                    assert!(self.send(role, label), "there is room");
                    assert!(!self.receive(role), "nothing has come yet");
                    assert!(self.receive(1 - role), "it has come");
                }
            }
            Exchange::Stream => {
                while self.send(0, 0) {}
                while self.receive(1) {}
            }
        }
    }
}

impl Contender for ByCalls {
    fn exchange(&mut self, messages: u64) {
        let target = self.sent + messages;
        while self.sent < target {
            self.lap();
        }
    }

    fn sent(&self) -> u64 {
        self.sent
    }

    fn handicap(&self) -> u64 {
        16
    }

    fn end(self: Box<Self>) {
        let [first, other] = self.tallies;
        (first.audit() + other.audit()).check("driven roles", 0);
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
