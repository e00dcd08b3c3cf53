//! Protocols of few roles and of very many under policies that mind whose turn it is: what a message costs must not depend on
//! how many roles there are.

mod by_hand;

use std::fmt::Write;
use std::hint::black_box;

use clap::ValueEnum;
use telltale_vm::loader::CodeImage;
use telltale_vm::{EffectHandler, Policy, Recording, VM, VMConfig};

use self::by_hand::{ByHand, TypedGather};
use crate::contender::Contender;
use crate::tally::Counter;
use crate::workload::CAPACITY;
use crate::workload::ring::TypedRing;

/// Very many roles.
pub const MANY: usize = 250;

/// Who talks to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// From role to role and back to the first one
    Ring,
    /// All send to the first one
    Gather,
}

impl Shape {
    /// Few roles. Of a gather with one sender, no channel would ever be full, and so nobody would wait for room.
    pub const fn few(self) -> usize {
        match self {
            Self::Ring => 2,
            Self::Gather => 3,
        }
    }
}

/// Who runs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// Every role executes one instruction
    RoundRobin,
    /// Those come first for whom others wait
    ProgressAware,
}

/// One session of a protocol of so many roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    pub shape: Shape,
    pub order: Order,
    pub roles: usize,
}

impl Crowd {
    /// All shapes in all orders, each with few roles and with many.
    pub fn pairs() -> impl Iterator<Item = [Self; 2]> {
        let orders = |shape| Order::value_variants().iter().map(move |&order| (shape, order));
        let kinds = Shape::value_variants().iter().flat_map(move |&shape| orders(shape));
        kinds.map(|(shape, order)| [shape.few(), MANY].map(|roles| Self { shape, order, roles }))
    }

    /// What tables call it.
    pub fn name(self) -> String {
        let Self { shape, order, .. } = self;
        format!("{}  {}", name(shape), name(order))
    }

    /// How it is named on the command line.
    pub fn arguments(self) -> [String; 3] {
        [name(self.shape), name(self.order), self.roles.to_string()]
    }

    /// The VM with a handler.
    pub fn contender(self) -> Box<dyn Contender> {
        let policy = match self.order {
            Order::RoundRobin => Policy::RoundRobin,
            Order::ProgressAware => Policy::ProgressAware,
        };
        let config = VMConfig { policy, recording: Recording::Off, ..VMConfig::default() };
        let mut vm = VM::new(config);
        vm.load_choreography(&self.image()).expect("room");
        Box::new(ByVm { vm, crowd: self, handler: Counter::default() })
    }

    /// The same by hand (D2), for few roles and for many.
    pub fn by_hand(self) -> Option<Box<dyn Contender>> {
        let on_their_way = self.on_their_way();
        Some(match (self.shape, self.roles) {
            (Shape::Ring, 2) => Box::new(ByHand::<TypedRing<2>>::new(2, on_their_way)),
            (Shape::Ring, MANY) => Box::new(ByHand::<TypedRing<MANY>>::new(MANY, on_their_way)),
            (Shape::Gather, 3) => Box::new(ByHand::<TypedGather<2>>::new(2, on_their_way)),
            (Shape::Gather, MANY) => {
                Box::new(ByHand::<TypedGather<{ MANY - 1 }>>::new(MANY - 1, on_their_way))
            }
            _ => return None,
        })
    }

    fn image(self) -> CodeImage {
        let analysis = telltale_syntax::analyse_str(&self.text());
        let projected = telltale_syntax::project(&analysis.protocols[0]).expect("it projects");
        CodeImage::from_local_types(&projected.locals, &projected.global)
    }

    fn text(self) -> String {
        let roles: Vec<String> = (0..self.roles).map(|role| format!("R{role}")).collect();
        let mut text = format!("protocol Crowd({}) {{\nloop {{\n", roles.join(", "));
        let mut message = |from: &str, to: &str| {
            let _ = writeln!(text, "{from} -> {to}: Hop(u64);");
        };
        match self.shape {
            Shape::Ring => {
                let next = roles.iter().cycle().skip(1);
                roles.iter().zip(next).for_each(|(from, to)| message(from, to));
            }
            Shape::Gather => roles[1..].iter().for_each(|from| message(from, &roles[0])),
        }
        text + "}\n}\n"
    }

    /// How many messages a round gives once its channels are as full as they get.
    fn messages_per_round(self) -> u64 {
        match self.order {
            Order::RoundRobin => 1,
            Order::ProgressAware => 32,
        }
    }

    /// How many messages can be on their way.
    fn on_their_way(self) -> u64 {
        match self.shape {
            Shape::Ring => 1,
            Shape::Gather => (CAPACITY * (self.roles - 1)) as u64,
        }
    }
}

fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

struct ByVm {
    vm: VM,
    crowd: Crowd,
    handler: Counter,
}

impl Contender for ByVm {
    fn exchange(&mut self, messages: u64) {
        let handler: &dyn EffectHandler = black_box(&self.handler);
        let target = self.handler.sent() + messages;
        while self.handler.sent() < target {
            let left = target - self.handler.sent();
            let rounds = left.div_ceil(self.crowd.messages_per_round());
            self.vm.run(handler, rounds as usize).expect("no faults");
        }
    }

    fn sent(&self) -> u64 {
        self.handler.sent()
    }

    fn handicap(&self) -> u64 {
        4
    }

    fn end(self: Box<Self>) {
        self.handler.audit().check("a crowd", self.crowd.on_their_way());
    }
}
