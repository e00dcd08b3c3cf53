//! A one-way stream: one role sends whenever there is room.

use std::collections::VecDeque;

use telltale_vm::generated::SessionHost;
use telltale_vm::loader::CodeImage;
use telltale_vm::{HandlerResult, choreography};

use super::{CAPACITY, Failure, Objects, Plain, Typed, Workload};
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
    type Effects = Counter;

    fn handler(counter: &Counter) -> &Self::Handler {
        counter
    }

    fn image() -> &'static CodeImage {
        &flow::IMAGE
    }

    fn open(host: &mut impl SessionHost) {
        flow::Roles { source: Player::default(), sink: Player::default() }
            .open_detached(host)
            .expect("room");
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
    fn lap(&mut self, mut handler: &dyn Handler) -> Result<(), Failure> {
        self.0.lap(&mut handler)
    }
}

/// D2 with objects.
#[derive(Default)]
pub struct ObjectFlow(Machine, RoleObjects);

impl Objects for ObjectFlow {
    #[inline(never)]
    fn lap(&mut self) -> Result<(), Failure> {
        self.0.lap(&mut self.1)
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
    fn lap(&mut self, host: &mut impl Host) -> Result<(), Failure> {
        while self.step_source(host)? {}
        while self.step_sink(host)? {}
        Ok(())
    }

    #[inline(always)]
    fn step_source(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        match self.source {
            SourceState::SendItem if self.items.len() < CAPACITY => {
                self.items.push_back(Message::Item(host.item()?));
                Ok(true)
            }
            SourceState::SendItem => Ok(false),
        }
    }

    #[inline(always)]
    fn step_sink(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        match self.sink {
            SinkState::AwaitItem => match self.items.pop_front() {
                Some(Message::Item(item)) => {
                    host.on_item(item)?;
                    Ok(true)
                }
                None => Ok(false),
            },
        }
    }
}

/// Where the state machine's payloads come from and go to.
trait Host {
    fn item(&mut self) -> Result<u64, Failure>;
    fn on_item(&mut self, item: u64) -> Result<(), Failure>;
}

/// Plays both roles of all sessions.
pub trait Handler {
    fn item(&self) -> Result<u64, Failure>;
    fn on_item(&self, item: u64) -> Result<(), Failure>;
}

impl Handler for Counter {
    fn item(&self) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_item(&self, item: u64) -> Result<(), Failure> {
        self.add(item);
        Ok(())
    }
}

impl Host for &dyn Handler {
    fn item(&mut self) -> Result<u64, Failure> {
        Handler::item(*self)
    }

    fn on_item(&mut self, item: u64) -> Result<(), Failure> {
        Handler::on_item(*self, item)
    }
}

trait Source {
    fn item(&mut self) -> Result<u64, Failure>;
}

trait Sink {
    fn on_item(&mut self, item: u64) -> Result<(), Failure>;
}

struct RoleObjects {
    source: Box<dyn Source>,
    sink: Box<dyn Sink>,
}

impl Default for RoleObjects {
    fn default() -> Self {
        Self { source: Box::new(Player::default()), sink: Box::new(Player::default()) }
    }
}

impl Source for Player {
    fn item(&mut self) -> Result<u64, Failure> {
        Ok(self.take())
    }
}

impl Sink for Player {
    fn on_item(&mut self, item: u64) -> Result<(), Failure> {
        self.add(item);
        Ok(())
    }
}

impl Host for RoleObjects {
    fn item(&mut self) -> Result<u64, Failure> {
        self.source.item()
    }

    fn on_item(&mut self, item: u64) -> Result<(), Failure> {
        self.sink.on_item(item)
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
