//! What the messages of ping-pong carry: a number, or something that has one.

use std::marker::PhantomData;

use telltale_vm::generated::SessionHost;
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, RoleId, Value,
    pack,
};

use crate::tally::Counter;

pub trait Payload: Send + 'static {
    fn of(number: u64) -> Self;
    fn number(&self) -> u64;
    /// The protocol with this payload.
    fn image() -> &'static CodeImage;
    /// Opens a session with role objects.
    fn open(host: &mut impl SessionHost);
}

/// Four words, none of which is a value of the VM's own.
#[derive(Clone, Copy)]
pub struct Move {
    number: u64,
    from: (u32, u32),
    to: (u32, u32),
    seconds: f64,
}

/// The protocol and its role objects for a payload.
macro_rules! carried {
    ($module:ident: $payload:ty, $of:expr, $number:expr) => {
        mod $module {
            use telltale_vm::generated::SessionHost;
            use telltale_vm::loader::CodeImage;
            use telltale_vm::{HandlerResult, choreography};

            use super::Payload;
            use crate::tally::Player;

            choreography! {
                pub protocol PingPong(Alice, Bob) {
                    loop {
                        Alice -> Bob: Ping($payload);
                        Bob -> Alice: Pong($payload);
                    }
                }
            }

            impl Payload for $payload {
                fn of(number: u64) -> Self {
                    let of: fn(u64) -> Self = $of;
                    of(number)
                }

                fn number(&self) -> u64 {
                    let number: fn(&Self) -> u64 = $number;
                    number(self)
                }

                fn image() -> &'static CodeImage {
                    &ping_pong::IMAGE
                }

                fn open(host: &mut impl SessionHost) {
                    let [alice, bob] = [Player::default(), Player::default()];
                    ping_pong::Roles { alice, bob }.open_detached(host).expect("room");
                }
            }

            impl ping_pong::Alice for Player {
                fn ping(&mut self) -> HandlerResult<$payload> {
                    Ok(Payload::of(self.take()))
                }

                fn on_pong(&mut self, pong: $payload) -> HandlerResult<()> {
                    self.add(pong.number());
                    Ok(())
                }
            }

            impl ping_pong::Bob for Player {
                fn on_ping(&mut self, ping: $payload) -> HandlerResult<()> {
                    self.add(ping.number());
                    Ok(())
                }

                fn pong(&mut self) -> HandlerResult<$payload> {
                    Ok(Payload::of(self.take()))
                }
            }
        }
    };
}

carried!(numbers: u64, |number| number, |number| *number);

carried!(
    structs: super::Move,
    |number| super::Move { number, from: (1, 2), to: (3, 4), seconds: 0.5 },
    |&super::Move { number, from, to, seconds }| {
        number + u64::from(from.0 + from.1 + to.0 + to.1 - 10) + (seconds - 0.5) as u64
    }
);

carried!(
    texts: String,
    |number| {
        let mut text = String::with_capacity(24);
        // A letter for seven bits.
        text.extend((0..64).step_by(7).map(|bit| char::from((number >> bit) as u8 & 127)));
        // Where giver and taker are compiled together, nothing but the number would be left of it.
        std::hint::black_box(text)
    },
    |text| text.bytes().rev().fold(0, |number, letter| number << 7 | u64::from(letter))
);

/// The handler of the VM, which plays both roles of all sessions.
pub struct Carrying<P> {
    counter: Counter,
    payload: PhantomData<fn() -> P>,
}

impl<P> Default for Carrying<P> {
    fn default() -> Self {
        Self { counter: Counter::default(), payload: PhantomData }
    }
}

impl<P> AsRef<Counter> for Carrying<P> {
    fn as_ref(&self) -> &Counter {
        &self.counter
    }
}

impl<P: Payload> EffectHandler for Carrying<P> {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(pack(P::of(self.counter.take())))
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.counter.add(cx.unpack::<P>(label, value)?.number());
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::msg("there is nothing to choose"))
    }
}
