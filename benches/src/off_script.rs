//! Ping-pong with a handler where something keeps the session off its script: another policy, a network, a late answer,
//! a program written by hand.

mod by_hand;
mod handlers;
mod lanes;
mod programs;

use std::hint::black_box;

use clap::ValueEnum;
use telltale_vm::{
    ChannelMode, EffectHandler, Policy, Recording, SessionId, VM, VMConfig, WhenFull,
};

use self::handlers::{ByName, Delivering, Late};
use crate::contender::Contender;
use crate::tally::Counter;
use crate::workload::{PingPong, Ring3, Stream, Workload};

/// What keeps it off its script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OffScript {
    /// The policy gives every role one instruction
    RoundRobin,
    /// The same, and everything is recorded
    RoundRobinTraced,
    /// The policy prefers whom others wait for
    ProgressAware,
    /// Chance decides
    Random,
    /// A slice is one instruction
    QuantumOne,
    /// A channel holds one message, and a full one is a fault
    Faulting,
    /// A channel holds one message, and a full one grows
    Growing,
    /// Channels keep the latest value
    Latest,
    /// A network delivers every message
    Network,
    /// Every event goes to a sink
    Sink,
    /// A thousand turns in each call
    Steps,
    /// One turn in each call
    OneStep,
    /// Every answer is late, and its role is woken
    Late,
    /// The same programs, written by hand
    ByHand,
    /// Programs by hand that nobody can verify, so each instruction is guarded
    Guarded,
    /// One program plays both roles through endpoints
    Endpoints,
    /// The handler knows names, not numbers (on the script)
    Names,
    /// The same conversation twice at once, between the same two roles (on the script)
    Lanes,
    /// Sessions of three protocols, by turns, four messages in each visit
    Alternating,
}

/// How many sessions of each protocol alternate, and how many messages a visit has.
const ALTERNATING: (u64, u64) = (30, 4);

/// How the messages of a call are asked for.
#[derive(Clone, Copy)]
enum Drive {
    /// In rounds, each of which gives about so many messages.
    Rounds(u64),
    /// In turns, so many in a call.
    Turns(usize),
    /// A message for each role that is woken.
    Wakes,
}

impl OffScript {
    /// The name on the command line, which tables use as well.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// A session that exchanges messages so.
    pub fn contender(self) -> Box<dyn Contender> {
        let mut vm = VM::new(self.config());
        if self == Self::Sink {
            vm.record_to(|event| {
                black_box(event);
            });
        }
        let image = match self {
            Self::ByHand => programs::copied(),
            Self::Guarded => programs::unverified(),
            Self::Endpoints => programs::both_roles(&mut vm),
            Self::Lanes => lanes::twice_at_once().clone(),
            _ => <PingPong>::image().clone(),
        };
        let session = vm.load_choreography(&image).expect("room");
        if self == Self::Alternating {
            let images = [<Ring3>::image(), <Stream>::image(), &image];
            for image in (1..ALTERNATING.0 * 3).zip(images.into_iter().cycle()) {
                vm.load_choreography(image.1).expect("room");
            }
        }
        let drive = self.drive();
        match self {
            Self::Late => Box::new(Off { vm, session, drive, handler: Late::default() }),
            Self::Names => Box::new(Off { vm, session, drive, handler: ByName::default() }),
            Self::Network => Box::new(Off { vm, session, drive, handler: Delivering::default() }),
            _ => Box::new(Off { vm, session, drive, handler: Counter::default() }),
        }
    }

    /// By hand, where something does the same that is not D2.
    pub fn by_hand(self) -> Option<Box<dyn Contender>> {
        match self {
            Self::Late => Some(Box::new(by_hand::Late::new())),
            Self::Names => Some(Box::<by_hand::Names>::default()),
            _ => None,
        }
    }

    /// How many times as much as by hand a message may cost.
    pub fn goal(self) -> Option<f64> {
        Some(match self {
            Self::Growing => 1.0,
            Self::Lanes => 1.5,
            Self::Alternating => 1.0,
            Self::Sink => 1.5,
            Self::Network | Self::Faulting | Self::Latest | Self::Steps => 2.5,
            Self::RoundRobin | Self::ProgressAware => 3.0,
            Self::Late => 4.0,
            Self::Names => 1.5,
            Self::QuantumOne | Self::OneStep | Self::ByHand | Self::Guarded => 5.0,
            Self::Endpoints => 10.0,
            Self::RoundRobinTraced | Self::Random => return None,
        })
    }

    fn config(self) -> VMConfig {
        let config = VMConfig { recording: Recording::Off, ..VMConfig::default() };
        let full = |when_full| VMConfig { capacity: 1, when_full, ..config.clone() };
        match self {
            Self::RoundRobin => VMConfig { policy: Policy::RoundRobin, ..config },
            Self::RoundRobinTraced => {
                let (policy, recording) = (Policy::RoundRobin, Recording::Last(1 << 16));
                VMConfig { policy, recording, ..config }
            }
            Self::ProgressAware => VMConfig { policy: Policy::ProgressAware, ..config },
            Self::Random => VMConfig { policy: Policy::Random, ..config },
            Self::QuantumOne => VMConfig { quantum: 1, ..config },
            Self::Faulting => full(WhenFull::Error),
            Self::Growing => VMConfig { max_buffered: 64, ..full(WhenFull::Resize) },
            Self::Latest => VMConfig { mode: ChannelMode::LatestValue, ..config },
            Self::Sink => VMConfig { recording: Recording::Full, ..config },
            Self::Alternating => VMConfig { quantum: 2 * ALTERNATING.1 as u32, ..config },
            Self::Network
            | Self::Steps
            | Self::OneStep
            | Self::Late
            | Self::Names
            | Self::Lanes
            | Self::ByHand
            | Self::Guarded
            | Self::Endpoints => config,
        }
    }

    fn drive(self) -> Drive {
        match self {
            Self::Steps => Drive::Turns(1_000),
            Self::OneStep => Drive::Turns(1),
            Self::Late => Drive::Wakes,
            Self::RoundRobin | Self::RoundRobinTraced | Self::QuantumOne | Self::Endpoints => {
                Drive::Rounds(1)
            }
            Self::Alternating => Drive::Rounds(3 * ALTERNATING.0 * ALTERNATING.1),
            _ => Drive::Rounds(32),
        }
    }
}

/// A handler that counts.
trait Counting: EffectHandler {
    fn counter(&self) -> &Counter;
}

impl Counting for Counter {
    fn counter(&self) -> &Counter {
        self
    }
}

struct Off<H> {
    vm: VM,
    session: SessionId,
    drive: Drive,
    handler: H,
}

impl<H: Counting> Contender for Off<H> {
    fn exchange(&mut self, messages: u64) {
        let target = self.sent() + messages;
        if matches!(self.drive, Drive::Wakes) {
            // Until somebody has no answer.
            self.vm.run(black_box(&self.handler), 1).expect("no faults");
        }
        while self.sent() < target {
            let left = target - self.sent();
            let handler: &dyn EffectHandler = black_box(&self.handler);
            match self.drive {
                Drive::Rounds(messages) => {
                    let rounds = left.div_ceil(messages);
                    self.vm.run(handler, rounds as usize).expect("no faults");
                }
                Drive::Turns(turns) => {
                    self.vm.step_round(handler, turns).expect("no faults");
                }
                Drive::Wakes => {
                    // Whoever received last is the one who has no answer yet.
                    let role = if self.sent().is_multiple_of(2) { "Alice" } else { "Bob" };
                    self.vm.wake(self.session, role).expect("its answer is late");
                    self.vm.run(handler, 1).expect("no faults");
                }
            }
        }
    }

    fn sent(&self) -> u64 {
        self.handler.counter().sent()
    }

    fn handicap(&self) -> u64 {
        8
    }

    fn end(self: Box<Self>) {
        self.handler.counter().audit().check("a session off its script", 1);
    }
}
