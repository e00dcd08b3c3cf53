//! A choice in a loop: one role picks one of eight messages, again and again.

use std::collections::VecDeque;

use telltale_vm::generated::SessionHost;
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, RoleId, Value,
    choreography,
};

use super::{CAPACITY, Failure, Objects, Plain, Typed, Workload};
use crate::tally::{Audit, Counter, Player, Tally};

choreography! {
    pub protocol EightWays(Chooser, Listener) {
        loop {
            choice Way at Chooser {
                Chooser -> Listener: A(u64);
            } or {
                Chooser -> Listener: B(u64);
            } or {
                Chooser -> Listener: C(u64);
            } or {
                Chooser -> Listener: D(u64);
            } or {
                Chooser -> Listener: E(u64);
            } or {
                Chooser -> Listener: F(u64);
            } or {
                Chooser -> Listener: G(u64);
            } or {
                Chooser -> Listener: H(u64);
            }
        }
    }
}

pub struct Choice;

impl Workload for Choice {
    const LAP: u64 = CAPACITY as u64;
    const ON_THEIR_WAY: u64 = CAPACITY as u64;

    type Plain = Ways;
    type Handler = dyn Handler;
    type Typed = TypedWays;
    type Objects = ObjectWays;
    type Effects = Labelled;

    fn handler(counter: &Counter) -> &Self::Handler {
        counter
    }

    fn image() -> &'static CodeImage {
        &eight_ways::IMAGE
    }

    fn open(host: &mut impl SessionHost) {
        eight_ways::Roles { chooser: Player::default(), listener: Player::default() }
            .open_detached(host)
            .expect("room");
    }

    fn settled(audit: Audit) -> Audit {
        // The right branch for a number clears the three lowest bits of it; no other one does.
        assert_eq!(audit.sum % 8, 0, "a branch did what is another one's: {audit:?}");
        Audit { due: audit.due - audit.low, ..audit }
    }
}

/// D1.
pub struct Ways {
    messages: VecDeque<(u8, u64)>,
    chooser: Tally,
    listener: Tally,
}

impl Default for Ways {
    fn default() -> Self {
        let messages = VecDeque::with_capacity(CAPACITY);
        Self { messages, chooser: Tally::default(), listener: Tally::default() }
    }
}

impl Plain for Ways {
    fn lap(&mut self) {
        while self.messages.len() < CAPACITY {
            let number = self.chooser.take();
            self.messages.push_back(((number % 8) as u8, number));
        }
        while let Some((way, number)) = self.messages.pop_front() {
            self.listener.add(number ^ u64::from(way));
        }
    }

    fn audit(&self) -> Audit {
        Audit { sum: self.listener.audit().sum, ..self.chooser.audit() }
    }
}

/// D2.
#[derive(Default)]
pub struct TypedWays(Machine);

impl Typed<dyn Handler> for TypedWays {
    #[inline(never)]
    fn lap(&mut self, mut handler: &dyn Handler) -> Result<(), Failure> {
        self.0.lap(&mut handler)
    }
}

/// D2 with objects.
#[derive(Default)]
pub struct ObjectWays(Machine, RoleObjects);

impl Objects for ObjectWays {
    #[inline(never)]
    fn lap(&mut self) -> Result<(), Failure> {
        self.0.lap(&mut self.1)
    }
}

/// What travels, and what the chooser picks.
pub enum Way {
    A(u64),
    B(u64),
    C(u64),
    D(u64),
    E(u64),
    F(u64),
    G(u64),
    H(u64),
}

#[derive(Clone, Copy)]
enum ChooserState {
    Choose,
}

#[derive(Clone, Copy)]
enum ListenerState {
    Await,
}

struct Machine {
    messages: VecDeque<Way>,
    chooser: ChooserState,
    listener: ListenerState,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            messages: VecDeque::with_capacity(CAPACITY),
            chooser: ChooserState::Choose,
            listener: ListenerState::Await,
        }
    }
}

impl Machine {
    #[inline(always)]
    fn lap(&mut self, host: &mut impl Host) -> Result<(), Failure> {
        while self.step_chooser(host)? {}
        while self.step_listener(host)? {}
        Ok(())
    }

    #[inline(always)]
    fn step_chooser(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        match self.chooser {
            ChooserState::Choose if self.messages.len() < CAPACITY => {
                self.messages.push_back(host.way()?);
                Ok(true)
            }
            ChooserState::Choose => Ok(false),
        }
    }

    #[inline(always)]
    fn step_listener(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        match self.listener {
            ListenerState::Await => match self.messages.pop_front() {
                Some(way) => {
                    host.on_way(way)?;
                    Ok(true)
                }
                None => Ok(false),
            },
        }
    }
}

/// Where the state machine's payloads come from and go to.
trait Host {
    fn way(&mut self) -> Result<Way, Failure>;
    fn on_way(&mut self, way: Way) -> Result<(), Failure>;
}

/// Calls the method that belongs to a message.
macro_rules! dispatch {
    ($way:expr, $host:expr, $listener:ident) => {
        match $way {
            Way::A(number) => $listener::on_a($host, number),
            Way::B(number) => $listener::on_b($host, number),
            Way::C(number) => $listener::on_c($host, number),
            Way::D(number) => $listener::on_d($host, number),
            Way::E(number) => $listener::on_e($host, number),
            Way::F(number) => $listener::on_f($host, number),
            Way::G(number) => $listener::on_g($host, number),
            Way::H(number) => $listener::on_h($host, number),
        }
    };
}

/// Picks the branches by turns.
macro_rules! by_turns {
    ($way:ident, $number:expr) => {{
        let number = $number;
        match number % 8 {
            0 => $way::A(number),
            1 => $way::B(number),
            2 => $way::C(number),
            3 => $way::D(number),
            4 => $way::E(number),
            5 => $way::F(number),
            6 => $way::G(number),
            _ => $way::H(number),
        }
    }};
}

/// Everybody who listens does something else with each of the messages, so that no branches are one.
macro_rules! listeners {
    ($($on:ident $way:literal)*) => {
        /// Plays both roles of all sessions.
        pub trait Handler {
            fn way(&self) -> Result<Way, Failure>;
            $(fn $on(&self, number: u64) -> Result<(), Failure>;)*
        }

        trait Listener {
            $(fn $on(&mut self, number: u64) -> Result<(), Failure>;)*
        }

        impl Handler for Counter {
            fn way(&self) -> Result<Way, Failure> {
                Ok(by_turns!(Way, self.take()))
            }

            $(fn $on(&self, number: u64) -> Result<(), Failure> {
                self.add(number ^ $way);
                Ok(())
            })*
        }

        impl Listener for Player {
            $(fn $on(&mut self, number: u64) -> Result<(), Failure> {
                self.add(number ^ $way);
                Ok(())
            })*
        }

        impl eight_ways::Listener for Player {
            $(fn $on(&mut self, number: u64) -> HandlerResult<()> {
                self.add(number ^ $way);
                Ok(())
            })*
        }
    };
}

listeners! { on_a 0 on_b 1 on_c 2 on_d 3 on_e 4 on_f 5 on_g 6 on_h 7 }

trait Chooser {
    fn way(&mut self) -> Result<Way, Failure>;
}

impl Chooser for Player {
    fn way(&mut self) -> Result<Way, Failure> {
        Ok(by_turns!(Way, self.take()))
    }
}

impl eight_ways::Chooser for Player {
    fn way(&mut self) -> HandlerResult<eight_ways::Way> {
        use eight_ways::Way;
        Ok(by_turns!(Way, self.take()))
    }
}

/// The handler of the SessionHost, which knows what to do by the label.
pub struct Labelled {
    counter: Counter,
    /// The number of the way, for each label.
    ways: [u64; 8],
}

impl Default for Labelled {
    fn default() -> Self {
        let names = Choice::image().names();
        let mut ways = [0; 8];
        for (way, name) in (0..).zip(["A", "B", "C", "D", "E", "F", "G", "H"]) {
            ways[names.find_label(name).expect("a label").index()] = way;
        }
        Self { counter: Counter::default(), ways }
    }
}

impl AsRef<Counter> for Labelled {
    fn as_ref(&self) -> &Counter {
        &self.counter
    }
}

impl EffectHandler for Labelled {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.counter.send(cx, to, label)
    }

    fn receive(
        &self,
        _: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let Value::Uint(number) = value else { return Err(HandlerError::msg("not a number")) };
        self.counter.add(number ^ self.ways[label.index()]);
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.counter.choose(cx, branches)
    }
}

struct RoleObjects {
    chooser: Box<dyn Chooser>,
    listener: Box<dyn Listener>,
}

impl Default for RoleObjects {
    fn default() -> Self {
        Self { chooser: Box::new(Player::default()), listener: Box::new(Player::default()) }
    }
}

impl Host for &dyn Handler {
    fn way(&mut self) -> Result<Way, Failure> {
        Handler::way(*self)
    }

    fn on_way(&mut self, way: Way) -> Result<(), Failure> {
        dispatch!(way, *self, Handler)
    }
}

impl Host for RoleObjects {
    fn way(&mut self) -> Result<Way, Failure> {
        self.chooser.way()
    }

    fn on_way(&mut self, way: Way) -> Result<(), Failure> {
        dispatch!(way, &mut *self.listener, Listener)
    }
}
