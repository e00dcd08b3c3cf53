//! Ping-pong with structs: four words, none of which is a value of the VM's own.

use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, RoleId,
    SessionHost, Value, choreography,
};

use super::Payload;
use crate::tally::{Counter, Player};

/// What travels.
#[derive(Clone, Copy)]
pub struct Move {
    number: u64,
    from: (u32, u32),
    to: (u32, u32),
    seconds: f64,
}

choreography! {
    pub protocol PingPong(Alice, Bob) {
        loop {
            Alice -> Bob: Ping(Move);
            Bob -> Alice: Pong(Move);
        }
    }
}

impl Payload for Move {
    type Effects = Moves;

    fn of(number: u64) -> Self {
        Self { number, from: (1, 2), to: (3, 4), seconds: 0.5 }
    }

    fn number(&self) -> u64 {
        let Self { number, from, to, seconds } = *self;
        number + u64::from(from.0 + from.1 + to.0 + to.1 - 10) + (seconds - 0.5) as u64
    }

    fn image() -> &'static CodeImage {
        &ping_pong::IMAGE
    }

    fn open(host: &mut impl SessionHost) {
        ping_pong::open_detached(host, Player::default(), Player::default()).expect("room");
    }
}

impl ping_pong::Alice for Player {
    fn ping(&mut self) -> HandlerResult<Move> {
        Ok(Move::of(self.take()))
    }

    fn on_pong(&mut self, pong: Move) -> HandlerResult<()> {
        self.add(pong.number());
        Ok(())
    }
}

impl ping_pong::Bob for Player {
    fn on_ping(&mut self, ping: Move) -> HandlerResult<()> {
        self.add(ping.number());
        Ok(())
    }

    fn pong(&mut self) -> HandlerResult<Move> {
        Ok(Move::of(self.take()))
    }
}

/// The handler of the VM.
#[derive(Default)]
pub struct Moves(Counter);

impl AsRef<Counter> for Moves {
    fn as_ref(&self) -> &Counter {
        &self.0
    }
}

impl EffectHandler for Moves {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::opaque(Move::of(self.0.take())))
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.0.add(cx.unpack::<Move>(label, value)?.number());
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::msg("there is nothing to choose"))
    }
}
