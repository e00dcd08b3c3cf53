//! A one-way stream: one role sends whenever there is room.

use std::collections::VecDeque;

use telltale_vm::loader::CodeImage;
use telltale_vm::{HandlerResult, VM, choreography};

use super::{CAPACITY, Objects, Plain, Typed, Workload};
use crate::tally::{Audit, Counter, Player, Tally};

choreography! {
    pub protocol Flow(Source, Sink) {
        loop {
            Source -> Sink: Item(u64);
        }
    }
}

pub struct Stream;

impl Workload for Stream {
    const LAP: u64 = CAPACITY as u64;
    const ON_THEIR_WAY: u64 = CAPACITY as u64;

    type Plain = Flow;
    type Handler = dyn Handler;
    type Typed = TypedFlow;
    type Objects = ObjectFlow;

    fn handler(counter: &Counter) -> &Self::Handler {
        counter
    }

    fn image() -> &'static CodeImage {
        &flow::IMAGE
    }

    fn open(vm: &mut VM) {
        flow::open_detached(vm, Player::default(), Player::default()).expect("room");
    }
}

/// D1.
pub struct Flow {
    items: VecDeque<u64>,
    source: Tally,
    sink: Tally,
}

impl Default for Flow {
    fn default() -> Self {
        let items = VecDeque::with_capacity(CAPACITY);
        Self { items, source: Tally::default(), sink: Tally::default() }
    }
}

impl Plain for Flow {
    fn lap(&mut self) {
        while self.items.len() < CAPACITY {
            self.items.push_back(self.source.take());
        }
        while let Some(item) = self.items.pop_front() {
            self.sink.add(item);
        }
    }

    fn audit(&self) -> Audit {
        Audit { sum: self.sink.audit().sum, ..self.source.audit() }
    }
}

/// D2.
#[derive(Default)]
pub struct TypedFlow(Machine);

impl Typed<dyn Handler> for TypedFlow {
    #[inline(never)]
    fn lap(&mut self, mut handler: &dyn Handler) {
        self.0.lap(&mut handler);
    }
}

/// D2 with objects.
#[derive(Default)]
pub struct ObjectFlow(Machine, Cast);

impl Objects for ObjectFlow {
    #[inline(never)]
    fn lap(&mut self) {
        self.0.lap(&mut self.1);
    }
}

/// What travels.
enum Message {
    Item(u64),
}

struct Machine {
    items: VecDeque<Message>,
    source: SourceState,
    sink: SinkState,
}

#[derive(Clone, Copy)]
enum SourceState {
    SendItem,
}

#[derive(Clone, Copy)]
enum SinkState {
    AwaitItem,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            items: VecDeque::with_capacity(CAPACITY),
            source: SourceState::SendItem,
            sink: SinkState::AwaitItem,
        }
    }
}

impl Machine {
    #[inline(always)]
    fn lap(&mut self, host: &mut impl Host) {
        while self.step_source(host) {}
        while self.step_sink(host) {}
    }

    #[inline(always)]
    fn step_source(&mut self, host: &mut impl Host) -> bool {
        match self.source {
            SourceState::SendItem if self.items.len() < CAPACITY => {
                self.items.push_back(Message::Item(host.item()));
                true
            }
            SourceState::SendItem => false,
        }
    }

    #[inline(always)]
    fn step_sink(&mut self, host: &mut impl Host) -> bool {
        match self.sink {
            SinkState::AwaitItem => match self.items.pop_front() {
                Some(Message::Item(item)) => {
                    host.on_item(item);
                    true
                }
                None => false,
            },
        }
    }
}

/// Where the state machine's payloads come from and go to.
trait Host {
    fn item(&mut self) -> u64;
    fn on_item(&mut self, item: u64);
}

/// Plays both roles of all sessions.
pub trait Handler {
    fn item(&self) -> u64;
    fn on_item(&self, item: u64);
}

impl Handler for Counter {
    fn item(&self) -> u64 {
        self.take()
    }

    fn on_item(&self, item: u64) {
        self.add(item);
    }
}

impl Host for &dyn Handler {
    fn item(&mut self) -> u64 {
        Handler::item(*self)
    }

    fn on_item(&mut self, item: u64) {
        Handler::on_item(*self, item);
    }
}

trait Source {
    fn item(&mut self) -> u64;
}

trait Sink {
    fn on_item(&mut self, item: u64);
}

struct Cast {
    source: Box<dyn Source>,
    sink: Box<dyn Sink>,
}

impl Default for Cast {
    fn default() -> Self {
        Self { source: Box::new(Player::default()), sink: Box::new(Player::default()) }
    }
}

impl Source for Player {
    fn item(&mut self) -> u64 {
        self.take()
    }
}

impl Sink for Player {
    fn on_item(&mut self, item: u64) {
        self.add(item);
    }
}

impl Host for Cast {
    fn item(&mut self) -> u64 {
        self.source.item()
    }

    fn on_item(&mut self, item: u64) {
        self.sink.on_item(item);
    }
}

impl flow::Source for Player {
    fn item(&mut self) -> HandlerResult<u64> {
        Ok(self.take())
    }
}

impl flow::Sink for Player {
    fn on_item(&mut self, item: u64) -> HandlerResult<()> {
        self.add(item);
        Ok(())
    }
}
